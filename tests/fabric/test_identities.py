"""Nobody is answered with what is another's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from realvpc.fabric.bpf import layout
from realvpc.fabric.bpf.layout import number_of
from realvpc.fabric.identities import Identities
from realvpc.net.network import Network
from realvpc.net.packet import Packet
from realvpc.net.reasons import Reason
from realvpc.net.security_group import UDP
from realvpc.net.services import RESOLVER, identity_of
from realvpc.net.trace import SERVICES
from realvpc.net.walk import walk

from ..packets.hosts import host, number, vpc

TWIN = 1 << 24 | 1  # the same last 24 bits as 1
A, B, C = number("eni", 1), number("eni", TWIN), number("eni", 2)
KEY_OF_BOTH, KEY_OF_C = layout.IDENTITY_KEY.pack(1), layout.IDENTITY_KEY.pack(2)


def entry(interface_id: str) -> bytes:
    return layout.ID.pack(number_of(interface_id))


def test_a_number_that_two_have_is_nobodys_and_a_fault() -> None:
    identities = Identities()
    assert identities.change([A, B, C], []) == ({KEY_OF_C: entry(C)}, {KEY_OF_BOTH})
    (fault,) = identities.faults
    assert A in fault
    assert B in fault


def test_who_comes_later_takes_nothing_from_who_was_first() -> None:
    identities = Identities()
    identities.change([A], [])
    assert identities.change([B], []) == ({}, {KEY_OF_BOTH})
    assert identities.change([], [A]) == ({KEY_OF_BOTH: entry(B)}, set())
    assert identities.faults == ()
    assert identities.change([], [B]) == ({}, {KEY_OF_BOTH})


@given(st.lists(st.tuples(st.booleans(), st.sets(st.integers(0, 40)))))
def test_they_depend_on_who_is_there_and_not_on_what_was(steps: list[tuple[bool, set[int]]]) -> None:
    identities = Identities()
    there: set[str] = set()
    held: dict[bytes, bytes] = {}
    for comes, numbers in steps:
        rows = {number("eni", value % 8 + (value // 8 << 24)) for value in numbers}
        puts, deletes = identities.change(rows, []) if comes else identities.change([], rows)
        there = there | rows if comes else there - rows
        held = {key: value for key, value in (held | puts).items() if key not in deletes}
    fresh = Identities()
    assert fresh.change(there, [])[0] == held
    assert fresh.faults == identities.faults


def test_walk_delivers_no_answer_to_either() -> None:
    network = Network.of(*vpc(1, "10.20.0.0/16"), *host(1, 1, "10.20.0.7"), *host(TWIN, 1, "10.20.0.8"))
    answer = Packet(source=RESOLVER, destination=identity_of(A), protocol=UDP, source_port=53, destination_port=40000)
    assert walk(network, answer, SERVICES).reason is Reason.UNKNOWN_INTERFACE
