"""Flows end by themselves, whether or not anybody sends: the same program, with shorter times."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator

import pytest

from realvpc.fabric import loader
from realvpc.fabric.bpf import build, constants, layout
from realvpc.fabric.bpf.constants import ALL_INTERFACES
from realvpc.fabric.bpf.generate import header
from realvpc.fabric.bpf.layout import number_of
from realvpc.fabric.loader import Object

from .frames import frame
from .kernel import SMALL, Kernel
from .program import A_ADDRESS, B_ADDRESS, C_ADDRESS, A, C, Send, packet, tally

pytestmark = pytest.mark.root

SYN, ACK, RST = 0x02, 0x10, 0x04
SHORTER = {"SECONDS_TCP_CLOSED": 1, "FLOWS_PER_LOOK": 2}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Object]:
    directory = tmp_path_factory.mktemp("timers")
    text = header()
    for name, seconds in SHORTER.items():
        text = text.replace(f"#define {name} {getattr(constants, name)}\n", f"#define {name} {seconds}\n")
    (directory / "generated.h").write_text(text)
    shutil.copytree(build.SOURCE.parent, directory / "src")
    build.compile_program(directory / "src" / build.SOURCE.name, directory / "vpc.bpf.o")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loader, "OBJECT", directory / "vpc.bpf.o")
        with Object(max_entries=SMALL) as loaded:
            yield loaded


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_closed_flow_makes_room_soon_and_an_established_one_stays(send: Send, tracking: Kernel) -> None:
    there, closed = packet(A_ADDRESS, C_ADDRESS, source_port=1), packet(A_ADDRESS, C_ADDRESS, source_port=2)
    for flow in (there, closed):
        send(frame(flow, tcp_flags=SYN))
        send(frame(flow.reply(), tcp_flags=SYN | ACK), C)
    assert tally(tracking, number_of(A)) == 2
    send(frame(closed, tcp_flags=RST))
    wait_for(lambda: tally(tracking, number_of(A)) == 1 and tally(tracking, number_of(C)) == 1)
    assert tally(tracking, ALL_INTERFACES) == 2 == len(tracking.flows())
    time.sleep(0.5)  # and some more looks
    assert len(tracking.flows()) == 2


def test_every_flow_has_its_turn(send: Send, tracking: Kernel) -> None:
    for port in range(50):
        flow = packet(A_ADDRESS, C_ADDRESS, source_port=port)
        send(frame(flow, tcp_flags=SYN))
        if port % 2:
            send(frame(flow, tcp_flags=RST))
    wait_for(lambda: len(tracking.flows()) == 50)
    assert [tally(tracking, number_of(row)) for row in (A, C)] == [25, 25]


def test_the_flows_of_an_interface_go_with_it(send: Send, tracking: Kernel) -> None:
    send(frame(packet(A_ADDRESS, C_ADDRESS)))
    send(frame(packet(A_ADDRESS, B_ADDRESS)))
    key = layout.ID.pack(number_of(A))
    tracking.loaded.maps["interfaces"].delete([key])
    tracking.loaded.maps["tallies"].delete([key])
    wait_for(lambda: tally(tracking, ALL_INTERFACES) == 1)
    assert len(tracking.flows()) == 1, "C's own"
