"""The life cycle of an instance: which events each state knows, and which it ignores or refuses."""

from __future__ import annotations

from itertools import product

import pytest

from realvpc.net.instance import MACHINE_WANTED, TRANSITIONS, InstanceEvent, InstanceState

S, E = InstanceState, InstanceEvent

EXPECTED = {
    # state: start, stop, reboot, terminate, machine-up, machine-down, machine-failed
    S.PENDING: (None, None, None, S.SHUTTING_DOWN, S.RUNNING, S.STOPPED, S.SHUTTING_DOWN),
    S.RUNNING: (S.RUNNING, S.STOPPING, S.RUNNING, S.SHUTTING_DOWN, None, S.STOPPED, S.STOPPED),
    S.STOPPING: (None, S.STOPPING, None, S.SHUTTING_DOWN, None, S.STOPPED, S.STOPPED),
    S.STOPPED: (S.PENDING, S.STOPPED, None, S.TERMINATED, None, None, None),
    S.SHUTTING_DOWN: (None, None, None, S.SHUTTING_DOWN, None, S.TERMINATED, S.TERMINATED),
    S.TERMINATED: (None, None, S.TERMINATED, S.TERMINATED, None, None, None),
}


@pytest.mark.parametrize(("state", "event"), list(product(S, E)))
def test_every_event_in_every_state(state: InstanceState, event: InstanceEvent) -> None:
    assert TRANSITIONS.get((state, event)) == EXPECTED[state][list(E).index(event)]


def test_nothing_leads_out_of_terminated() -> None:
    assert {after for (before, _), after in TRANSITIONS.items() if before is S.TERMINATED} == {S.TERMINATED}


@pytest.mark.parametrize("state", S)
def test_terminate_is_never_refused_and_leads_to_an_end(state: InstanceState) -> None:
    after = TRANSITIONS[state, E.TERMINATE]
    assert S.TERMINATED in (after, TRANSITIONS.get((after, E.MACHINE_DOWN)))


def test_a_machine_is_wanted_while_the_instance_is_on_its_way_up_or_up() -> None:
    assert {S.PENDING, S.RUNNING} == MACHINE_WANTED
