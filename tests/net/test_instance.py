"""The life cycle of an instance."""

from __future__ import annotations

import pytest

from realvpc.net.instance import MACHINE_WANTED, TRANSITIONS, InstanceEvent, InstanceState

S, E = InstanceState, InstanceEvent


def test_states_have_the_codes_of_the_ec2_api() -> None:
    codes = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
    assert {str(state): state.code for state in S} == codes


@pytest.mark.parametrize("state", S)
def test_every_state_can_be_terminated_and_nothing_comes_back_from_it(state: InstanceState) -> None:
    seen, frontier = set(), {state}
    while frontier:
        seen |= frontier
        frontier = {after for (before, _), after in TRANSITIONS.items() if before in frontier} - seen
    assert S.TERMINATED in seen
    assert {TRANSITIONS.get((S.TERMINATED, event), S.TERMINATED) for event in E} == {S.TERMINATED}


def test_a_machine_is_wanted_in_just_the_states_that_a_report_of_one_can_follow() -> None:
    assert {before for (before, event) in TRANSITIONS if event is E.MACHINE_UP} <= MACHINE_WANTED
