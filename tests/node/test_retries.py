"""How often, and when, something that failed is tried again."""

from __future__ import annotations

from realvpc.node.messages import Fault
from realvpc.node.retries import FIRST_DELAY, LONGEST_DELAY, Retries


def test_each_attempt_waits_twice_as_long_up_to_a_bound() -> None:
    retries, now = Retries(), 100.0
    delays = []
    for _ in range(12):
        retry = retries.failed("i-1", "no", now)
        delays.append(retry.delay(now))
        assert not retries.due("i-1", now)
        now = retry.at
        assert retries.due("i-1", now)
    assert [round(delay, 3) for delay in delays[:3]] == [FIRST_DELAY, 2 * FIRST_DELAY, 4 * FIRST_DELAY]
    assert round(delays[-1], 3) == LONGEST_DELAY
    assert retry.attempts == 12


def test_subjects_do_not_share_a_budget() -> None:
    retries = Retries()
    retries.failed("i-1", "no", 0)
    assert retries.due("i-2", 0)
    assert retries.failed("i-2", "neither", 0).attempts == 1
    retries.forget("i-2")
    assert retries.faults == (Fault("i-1", "no"),)
    retries.forget("i-1")
    assert not retries.faults
    assert retries.due("i-1", 0)
