"""Flows end by themselves, whether or not anybody sends: the same program, with shorter times."""

from __future__ import annotations

import ctypes as c
import time
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import pytest

from realvpc.fabric.bpf import constants, layout
from realvpc.fabric.bpf.constants import ALL_INTERFACES
from realvpc.fabric.bpf.layout import number_of
from realvpc.fabric.bpf.libbpf import check, library
from realvpc.fabric.loader import Object
from realvpc.net.addresses import Address
from tests.running import eventually

from .frames import frame
from .kernel import Kernel
from .program import A_ADDRESS, B_ADDRESS, C_ADDRESS, A, C, Send, packet, tally
from .shorter import shortened

pytestmark = pytest.mark.root

SYN, ACK, RST = 0x02, 0x10, 0x04
SHORTER = {"SECONDS_TCP_CLOSED": 1, "FLOWS_PER_LOOK": 10}
FORGOTTEN = "that flows are forgotten"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Object]:
    with shortened(tmp_path_factory.mktemp("timers"), SHORTER) as loaded:
        yield loaded


def test_a_closed_flow_makes_room_soon_and_an_established_one_stays(send: Send, tracking: Kernel) -> None:
    there, closed = packet(A_ADDRESS, C_ADDRESS, source_port=1), packet(A_ADDRESS, C_ADDRESS, source_port=2)
    for flow in (there, closed):
        send(frame(flow, tcp_flags=SYN))
        send(frame(flow.reply(), tcp_flags=SYN | ACK), C)
    assert tally(tracking, number_of(A)) == 2
    send(frame(closed, tcp_flags=RST))
    eventually(
        lambda: tally(tracking, number_of(A)) == 1 and tally(tracking, number_of(C)) == 1,
        what=FORGOTTEN,
    )
    assert tally(tracking, ALL_INTERFACES) == 2 == len(tracking.flows())
    time.sleep(0.5)  # and some more looks
    assert len(tracking.flows()) == 2


def test_every_flow_has_its_turn(send: Send, tracking: Kernel) -> None:
    for port in range(50):
        flow = packet(A_ADDRESS, C_ADDRESS, source_port=port)
        send(frame(flow, tcp_flags=SYN))
        if port % 2:
            send(frame(flow, tcp_flags=RST))
    eventually(lambda: len(tracking.flows()) == 50, what=FORGOTTEN)
    assert [tally(tracking, number_of(row)) for row in (A, C)] == [25, 25]


def test_few_flows_are_not_looked_at_again_and_again(send: Send, tracking: Kernel) -> None:
    """Once a second each: a look takes the time of whoever sends just then."""
    ports = range(30)
    for port in ports:
        send(frame(packet(A_ADDRESS, B_ADDRESS, source_port=port), tcp_flags=SYN))
    ours = Address.parse(B_ADDRESS).packed
    eventually(lambda: next_turn(tracking)["remote"] == ours, what="that others' are gone")
    started, turns = time.monotonic(), []
    while time.monotonic() < started + 0.5:
        turns.append(next_turn(tracking)["local_port"])
        time.sleep(0.005)
    looks = (time.monotonic() - started) / (constants.NANOSECONDS_BETWEEN_LOOKS / constants.NANOSECONDS)
    flows = sum((after - before) % len(ports) for before, after in pairwise(turns))
    assert 0 < flows < 4 * looks < SHORTER["FLOWS_PER_LOOK"] * looks


def next_turn(kernel: Kernel) -> Mapping[str, Any]:
    """The key of the flow that is looked at next."""
    key = c.create_string_buffer(layout.FLOW_KEY.size)
    check(library().bpf_map_lookup_elem(kernel.loaded.maps["turns"].fd, None, key), "look whose turn it is")
    return layout.FLOW_KEY.unpack(key.raw)


def test_the_flows_of_an_interface_go_with_it(send: Send, tracking: Kernel) -> None:
    send(frame(packet(A_ADDRESS, C_ADDRESS)))
    send(frame(packet(A_ADDRESS, B_ADDRESS)))
    key = layout.ID.pack(number_of(A))
    tracking.loaded.maps["interfaces"].delete([key])
    tracking.loaded.maps["tallies"].delete([key])
    eventually(lambda: tally(tracking, ALL_INTERFACES) == 1, what=FORGOTTEN)
    assert len(tracking.flows()) == 1, "C's own"
