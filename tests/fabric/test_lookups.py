"""Route tables that lead to one another, in the program: as `walk` has them, and never without an end."""

from __future__ import annotations

from itertools import pairwise

import pytest

from realvpc.fabric.bpf.layout import BLACKHOLE, LPM_KEY, ROUTE, ROUTE_KINDS, number_of
from realvpc.net import mtu
from realvpc.net.reasons import Reason
from realvpc.net.route_table import LOOKUPS_MAXIMUM, TargetKind

from ..packets.hosts import number
from .frames import frame
from .kernel import Kernel
from .program import A_ADDRESS, B_ADDRESS, B, Send, packet, reason

pytestmark = pytest.mark.root

FIRST, VPC_A, VPC_B = (number_of(number(kind, index)) for kind, index in (("rtb", 1), ("vpc", 1), ("vpc", 2)))


def routes(kernel: Kernel, *entries: tuple[int, int, int, int, int]) -> None:
    """Default routes: ``(table, kind, target, VPC, MTU)``."""
    held = kernel.loaded.maps["routes"]
    held.delete(list(held))
    held.update(
        {LPM_KEY.pack(160, table, bytes(10) + b"\xff\xff" + bytes(4)): ROUTE.pack(*rest[1:3], rest[0], rest[3])
         for table, *rest in entries}
    )  # fmt: skip


def chain(length: int) -> list[tuple[int, int, int, int, int]]:
    """So many tables, the last one VPC B's."""
    following = ROUTE_KINDS[TargetKind.ROUTE_TABLE]
    tables = [FIRST, *range(1000, 1000 + length - 1)]
    steps = [(table, following, to, VPC_B, mtu.SAME_REGION) for table, to in pairwise(tables)]
    return [*steps, (tables[-1], ROUTE_KINDS[TargetKind.LOCAL], 0, 0, mtu.SAME_REGION)]


@pytest.mark.parametrize("length", range(2, LOOKUPS_MAXIMUM + 3))
def test_tables_lead_to_one_another_a_few_times(send: Send, kernel: Kernel, length: int) -> None:
    routes(kernel, *chain(length))
    run = send(frame(packet(A_ADDRESS, B_ADDRESS)))
    if length <= LOOKUPS_MAXIMUM:
        assert (reason(run), run.ifindex) == (Reason.DELIVERED, kernel.ifindex(B))
    else:
        assert reason(run) is Reason.TOO_MANY_LOOKUPS


def test_the_narrowest_part_of_the_way_counts(send: Send, kernel: Kernel) -> None:
    (table, kind, target, vpc, _), last = chain(2)
    routes(kernel, (table, kind, target, vpc, 1400), last)
    assert reason(send(frame(packet(A_ADDRESS, B_ADDRESS, size=1400)))) is Reason.DELIVERED
    assert reason(send(frame(packet(A_ADDRESS, B_ADDRESS, size=1401)))) is Reason.PACKET_TOO_BIG


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (BLACKHOLE, Reason.BLACKHOLE_ROUTE),
        (99, Reason.BLACKHOLE_ROUTE),
        (ROUTE_KINDS[TargetKind.INTERNET_GATEWAY], Reason.IGW_NO_PUBLIC_ADDRESS),
        (ROUTE_KINDS[TargetKind.PEERING], Reason.PCX_REJECTS_SPOOFED_SOURCE),
    ],
)
def test_what_the_last_table_says_is_said_of_its_vpc(send: Send, kernel: Kernel, kind: int, expected: Reason) -> None:
    """A has a public address in its own VPC, not in VPC B, whose peering carries only what is B's."""
    first, (last, *_) = chain(2)
    routes(kernel, first, (last, kind, 0, VPC_A, mtu.SAME_REGION))
    assert reason(send(frame(packet(A_ADDRESS, "203.0.113.9")))) is expected


def test_a_table_that_is_not_there_has_no_route(send: Send, kernel: Kernel) -> None:
    routes(kernel, chain(2)[0])
    assert reason(send(frame(packet(A_ADDRESS, B_ADDRESS)))) is Reason.NO_ROUTE
