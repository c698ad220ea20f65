"""Elastic IP addresses and real packets: pings in and out, at each private address of an interface."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from realvpc.fabric.fabric import Fabric
from realvpc.fabric.plan import KeptPlan, compile_plan
from realvpc.net.addresses import Address
from realvpc.net.network import Network
from realvpc.net.table import put
from tests.worlds import elastic_ip

from .hosts import bring_up, host, number, ping, ping_in_vain, vpc
from .test_fabric import counted

pytestmark = pytest.mark.root

A, B = number("i", 1), number("i", 2)
A_ADDRESS, A_SECOND, B_ADDRESS = "10.20.0.7", "10.20.0.8", "10.30.0.9"
FIRST, SECOND, B_PUBLIC = "198.18.0.77", "198.18.0.78", "198.18.0.79"
OUTSIDE = "198.19.0.1"


def network_of_two() -> Network:
    """A has two private addresses and no public one, B, in another VPC, has one of Amazon's pool."""
    network = Network.of(
        *vpc(1, "10.20.0.0/16"),
        *vpc(2, "10.30.0.0/16"),
        *host(1, 1, A_ADDRESS),
        *host(2, 2, B_ADDRESS, public=B_PUBLIC),
    )
    interface = network.interfaces[number("eni", 1)]
    addresses = (Address.parse(A_ADDRESS), Address.parse(A_SECOND))
    return network.apply(put(replace(interface, private_addresses=addresses)))


def test_an_address_comes_moves_and_goes_with_its_association(fabric: Fabric) -> None:
    network = network_of_two()
    bring_up(fabric, network)
    assert counted(fabric, lambda: ping_in_vain(fabric, A, OUTSIDE)) == {"IGW_NO_PUBLIC_ADDRESS": 3}

    interface = network.interfaces[number("eni", 1)]
    first, second = elastic_ip(interface, FIRST), elastic_ip(interface, SECOND, A_SECOND)
    fabric.apply(compile_plan(network.apply(put(first, second))))
    for private, public in ((A_ADDRESS, FIRST), (A_SECOND, SECOND)):
        assert ping(fabric, A, OUTSIDE, "-I", private).received == 3
        assert ping(fabric, "internet", public).received == 3
        assert ping(fabric, B, public).received == 3
    assert ping(fabric, A, SECOND).received == 3, "its own, over the gateway"

    there = network.interfaces[number("eni", 2)]
    moved = elastic_ip(there, FIRST)
    fabric.apply(compile_plan(network.apply(put(moved, second, replace(there, public_address=None)))))
    assert ping(fabric, "internet", FIRST).received == 3
    assert ping_in_vain(fabric, "internet", B_PUBLIC).received == 0
    assert counted(fabric, lambda: ping_in_vain(fabric, A, OUTSIDE, "-I", A_ADDRESS)) == {"IGW_NO_PUBLIC_ADDRESS": 3}
    assert ping(fabric, A, FIRST, "-I", A_SECOND).received == 3, "B answers now"

    fabric.apply(compile_plan(network))
    for public in (FIRST, SECOND):
        assert ping_in_vain(fabric, "internet", public).received == 0


def test_what_changes_is_all_that_a_change_writes(fabric: Fabric) -> None:
    """The kept plan's difference takes an address from one interface to another, as the service does it."""
    network = network_of_two()
    bring_up(fabric, network)
    kept = KeptPlan(network)
    for index in (1, 2, 1):
        interface = network.interfaces[number("eni", index)]
        change = put(elastic_ip(interface, FIRST), replace(interface, public_address=None))
        network = network.apply(change)
        delta = kept.advance(network, change)
        parts = (delta.puts, delta.deletes)
        touched = {kind for part in parts for kind in part.__struct_fields__ if getattr(part, kind)}
        assert touched == {"addresses", "public_addresses"}
        fabric.apply_delta(delta.puts, delta.deletes)
        assert ping(fabric, "internet", FIRST).received == 3
        assert ping(fabric, (A, B)[index - 1], OUTSIDE).received == 3
