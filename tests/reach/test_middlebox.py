"""What is answered where an instance on the way decides: a NAT instance, a firewall, a router."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.net.addresses import ANY_IPV4, Address, Cidr
from realvpc.net.network import Network
from realvpc.net.route_table import Route, TableRoute, Target, TargetKind
from realvpc.net.table import put
from realvpc.reach.endpoint import resolve
from realvpc.reach.report import why

from ..packets.hosts import ALL_IN, ALL_OUT, host, number, peering, vpc

PRIVATE, BOX, FAR = number("i", 1), number("i", 2), number("i", 3)
TO_BOX = Target(TargetKind.NETWORK_INTERFACE, number("eni", 2))
NOT_KNOWN = (None, "AT_A_MIDDLEBOX", number("eni", 2))


@pytest.fixture
def network() -> Network:
    """What has no other route leads from the first VPC to its instance 2, whose source/destination check is off."""
    made = Network.of(
        *vpc(1, "10.20.0.0/16", peers=[("10.30.0.0/16", 1)], rules=(ALL_IN, ALL_OUT)),
        *vpc(2, "10.30.0.0/16", peers=[("10.20.0.0/16", 1)], rules=(ALL_IN, ALL_OUT)),
        *host(1, 1, "10.20.1.7"),
        *host(2, 1, "10.20.1.8", public="198.18.0.11"),
        *host(3, 2, "10.30.1.9"),
        peering(1, 1, 2),
    )
    table = made.route_tables[number("rtb", 1)]
    box = replace(made.interfaces[number("eni", 2)], source_dest_check=False)
    return made.apply(put(box, TableRoute.of(table, Route(ANY_IPV4, TO_BOX))))


def ask(network: Network, source: str, destination: str) -> dict[str, Any]:
    return why(network, resolve(network, source), resolve(network, destination), "icmp", 0)


def verdict(answer: dict[str, Any]) -> tuple[bool | None, str, str | None]:
    return answer["reachable"], answer["reason"], answer["arrived_at"]


@pytest.mark.parametrize("destination", ["internet", "198.19.0.1", "10.99.0.5"])
def test_what_it_forwards_is_not_known(network: Network, destination: str) -> None:
    answer = ask(network, PRIVATE, destination)
    assert verdict(answer) == NOT_KNOWN
    assert answer["direction"] == "forward"
    assert answer["sentence"] == (
        f"A route leads to {number('eni', 2)}, whose source/destination check is off: whether that machine passes on "
        f"what is for {answer['destination']} is decided inside it."
    )


def test_its_own_address_is_reached(network: Network) -> None:
    assert ask(network, PRIVATE, BOX)["reachable"] is True
    assert ask(network, PRIVATE, "10.20.1.8")["reachable"] is True


def test_its_public_address_is_translated_elsewhere(network: Network) -> None:
    """What comes to it for that over a route, its kernel takes for somebody else's."""
    box = resolve(network, BOX, public=True)
    assert verdict(why(network, resolve(network, PRIVATE), box, "icmp", 0)) == NOT_KNOWN


def test_another_interface_of_its_own_is_reached(network: Network) -> None:
    far = Route(Cidr.parse("10.99.0.0/24"), TO_BOX)
    box = network.interfaces[number("eni", 2)]
    second = replace(box, id=number("eni", 9), private_addresses=(Address.parse("10.99.0.5"),), public_address=None)
    more = network.apply(put(second, TableRoute.of(network.route_tables[number("rtb", 1)], far)))
    assert ask(more, PRIVATE, "10.99.0.5")["reachable"] is True


def test_with_the_check_on_nothing_gets_there(network: Network) -> None:
    checked = network.apply(put(replace(network.interfaces[number("eni", 2)], source_dest_check=True)))
    assert verdict(ask(checked, PRIVATE, "internet")) == (False, "DESTINATION_CHECK", None)


def test_an_answer_that_it_takes_is_not_known_either(network: Network) -> None:
    far_back = Route(Cidr.parse("10.30.1.0/24"), TO_BOX)
    answer = ask(network.apply(put(TableRoute.of(network.route_tables[number("rtb", 1)], far_back))), FAR, PRIVATE)
    assert (answer["reachable"], answer["reason"], answer["direction"]) == (None, "AT_A_MIDDLEBOX", "reply")
