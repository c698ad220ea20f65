"""Connections of NAT gateways end by themselves: the same program, with shorter times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from realvpc.fabric import namespace
from realvpc.fabric.bpf.constants import ALL_NAT_GATEWAYS, TcpFlag
from realvpc.fabric.bpf.layout import number_of
from realvpc.fabric.loader import Object
from realvpc.net.reasons import Reason
from realvpc.net.security_group import TCP, UDP
from realvpc.net.table import delete
from realvpc.net.trace import INTERNET
from tests.running import eventually

from .frames import frame, read
from .kernel import Kernel
from .program import begun, packet, reason, tally
from .shorter import shortened
from .test_nat_gateway import GATEWAY_INTERFACE, INSIDE, NETWORK, OUTSIDE, A

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Object]:
    with shortened(tmp_path_factory.mktemp("timers"), {"NAT_IDLE_SECONDS": 2, "SECONDS_TCP_CLOSED": 1}) as loaded:
        yield loaded


@pytest.fixture
def kernel(loaded: Object) -> Kernel:
    loaded.maps["tallies"].delete(list(loaded.maps["tallies"]))
    return Kernel(loaded, NETWORK)


def gone(kernel: Kernel, count: int) -> None:
    """Wait until so many connections are left, and what counts them says so."""

    def are_left() -> bool:
        counted = tally(kernel, number_of(GATEWAY_INTERFACE)), tally(kernel, ALL_NAT_GATEWAYS)
        return (
            len(kernel.nat_flows()) == 2 * count and counted == (count, count) and begun(kernel, number_of(A)) == count
        )

    eventually(are_left, what="that connections are forgotten")


def test_an_idle_connection_is_forgotten_and_its_answers_with_it(where: Path, kernel: Kernel) -> None:
    asked = packet(INSIDE, OUTSIDE, UDP)
    out = namespace.run_in(where, lambda: kernel.run(frame(asked), A))
    answer = frame(read(out.data).reply())
    assert reason(namespace.run_in(where, lambda: kernel.run(answer, INTERNET))) is Reason.DELIVERED
    gone(kernel, 0)
    assert reason(namespace.run_in(where, lambda: kernel.run(answer, INTERNET))) is Reason.NAT_UNSOLICITED


def test_a_closed_connection_makes_room_before_one_that_is_open(where: Path, kernel: Kernel) -> None:
    there = packet(INSIDE, OUTSIDE, TCP, opens=True)
    for port in (40000, 40001):
        namespace.run_in(where, lambda: kernel.run(frame(replace(there, source_port=port)), A))  # noqa: B023
    namespace.run_in(where, lambda: kernel.run(frame(there, tcp_flags=TcpFlag.RST), A))
    gone(kernel, 1)
    gone(kernel, 0)


def test_connections_of_a_gateway_that_is_gone_are_forgotten(where: Path, kernel: Kernel) -> None:
    namespace.run_in(where, lambda: kernel.run(frame(packet(INSIDE, OUTSIDE, UDP)), A))
    kernel.apply(NETWORK.apply(delete(NETWORK.interfaces[GATEWAY_INTERFACE])))
    eventually(lambda: not kernel.nat_flows(), what="that connections are forgotten")
    assert tally(kernel, ALL_NAT_GATEWAYS) == 0
