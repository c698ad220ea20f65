"""What the tests of the program send: a small network, and packets in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from realvpc.fabric.bpf import layout
from realvpc.fabric.bpf.layout import number_of
from realvpc.fabric.loader import Run
from realvpc.net.addresses import Address, Cidr
from realvpc.net.network import Network
from realvpc.net.packet import Packet
from realvpc.net.reasons import Reason
from realvpc.net.security_group import TCP, UDP, GroupReference, SecurityGroupRule
from realvpc.net.table import put

from ..packets.hosts import ALL_IN, ALL_OUT, host, number, peering, vpc
from .kernel import Kernel

A, B, C = number("eni", 1), number("eni", 2), number("eni", 3)
A_ADDRESS, B_ADDRESS, C_ADDRESS = "10.20.0.7", "10.30.0.7", "10.20.0.8"
A_PUBLIC, B_PUBLIC, OUTSIDE = "198.18.0.7", "198.18.0.8", "198.19.0.1"
MACS = {A: "060000000001", B: "060000000002", C: "060000000003"}


def network(rules: tuple[SecurityGroupRule, ...] | None = None) -> Network:
    """A and C in one subnet, B in a peered VPC; A and B have public addresses.  ``rules`` are those of A and C."""
    made = Network.of(
        *vpc(1, "10.20.0.0/16", peers=[("10.30.0.0/16", 1)], rules=(ALL_IN, ALL_OUT)),
        *vpc(2, "10.30.0.0/16", peers=[("10.20.0.0/16", 1)], rules=(ALL_IN, ALL_OUT)),
        *host(1, 1, A_ADDRESS, public=A_PUBLIC),
        *host(2, 2, B_ADDRESS, public=B_PUBLIC),
        *host(3, 1, C_ADDRESS),
        peering(1, 1, 2),
    )
    return made if rules is None else made.apply(put(replace(made.security_groups[number("sg", 1)], rules=rules)))


Send = Callable[..., Run]


def packet(source: str, destination: str, protocol: int = TCP, **fields: Any) -> Packet:
    ports = {"source_port": 40000, "destination_port": 80} if protocol in (TCP, UDP) else {}
    return Packet(
        source=Address.parse(source), destination=Address.parse(destination), protocol=protocol, **{**ports, **fields}
    )


def reason(run: Run) -> Reason:
    return Reason.by_number(run.reason)


def drops(kernel: Kernel, interface_id: str, why: Reason) -> int:
    key = layout.COUNTER_KEY.pack(number_of(interface_id), why.number)
    return kernel.loaded.maps["interface_counters"].total(key)


def total(kernel: Kernel) -> int:
    return sum(kernel.loaded.maps["counters"].total(layout.INDEX_KEY.pack(r.number)) for r in Reason)


def rule(
    protocol: int, low: int, high: int, peer: Cidr | GroupReference, *, is_egress: bool = False
) -> SecurityGroupRule:
    return SecurityGroupRule(
        id=f"sgr-{low}", is_egress=is_egress, protocol=protocol, from_port=low, to_port=high, peer=peer
    )


PEER = Cidr.parse("10.0.0.0/8")
TRACKING = (rule(-1, -1, -1, PEER), rule(-1, -1, -1, PEER, is_egress=True))
"""Rules that admit everything inside and leave nothing untracked."""


def tally(kernel: Kernel, interface: int) -> int:
    value = kernel.loaded.maps["tallies"].get(layout.ID.pack(interface))
    return layout.TALLY.unpack(value)["flows"] if value else 0


def begun(kernel: Kernel, interface: int) -> int:
    """Connections through NAT gateways that are counted as its own."""
    value = kernel.loaded.maps["tallies"].get(layout.ID.pack(interface))
    return layout.TALLY.unpack(value)["nat_flows"] if value else 0


def set_tally(kernel: Kernel, interface: int, flows: int, nat_flows: int = 0) -> None:
    kernel.loaded.maps["tallies"].update({layout.ID.pack(interface): layout.TALLY.pack(flows, nat_flows)})
