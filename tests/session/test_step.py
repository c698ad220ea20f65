"""How the steps of a document follow on one another (the agent's own tests: ``runpluginutil_test.go``)."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.session.step import Result, Status, Step, concluded, ends_document, without_run, worst

OK, BAD = Result(status=Status.SUCCESS, code=0), Result(status=Status.FAILED, code=1)
LATE = Result(status=Status.TIMED_OUT, code=137)


def step(**more: Any) -> Step:
    return Step(name="step", **more)


def run(*steps: tuple[Step, Result]) -> list[str]:
    """What becomes of each, where those that are run end so."""
    ended, found = False, []
    for place, (each, result) in enumerate(steps):
        done = without_run(each, is_last=place + 1 == len(steps), ended=ended)
        became = done or concluded(each, result)
        ended = ended or ends_document(each, became)
        is_skipped = done is not None and done.status is Status.SUCCESS
        found.append("skipped" if is_skipped else str(became.status))
    return found


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (((step(), BAD), (step(), OK)), ["Failed", "Success"]),
        (((step(on_failure="exit"), BAD), (step(), OK)), ["Failed", "skipped"]),
        (((step(on_failure="exit"), OK), (step(), OK)), ["Success", "Success"]),
        (((step(on_failure="exit"), LATE), (step(), OK)), ["TimedOut", "Success"]),
        (((step(on_failure="successAndExit"), BAD), (step(), OK)), ["Success", "skipped"]),
        (((step(on_failure="other"), BAD), (step(), OK)), ["Failed", "Success"]),
        (((step(on_success="exit"), OK), (step(), OK)), ["Success", "skipped"]),
        (((step(on_success="exit"), BAD), (step(), OK)), ["Failed", "Success"]),
        (((step(on_success="exit", skipped="x"), OK), (step(), OK)), ["skipped", "Success"]),
        (((step(failed="x", on_failure="exit"), OK), (step(), OK)), ["Failed", "skipped"]),
        (((step(on_failure="exit"), BAD), (step(), OK), (step(is_finally=True), OK)), ["Failed", "skipped", "Success"]),
        (((step(on_failure="exit"), BAD), (step(is_finally=True), OK), (step(), OK)), ["Failed", "skipped", "skipped"]),
        (((step(on_failure="exit"), BAD), (step(is_finally=True, skipped="x"), OK)), ["Failed", "skipped"]),
    ],
)
def test_what_follows_on_a_step(steps: tuple[tuple[Step, Result], ...], found: list[str]) -> None:
    assert run(*steps) == found


@pytest.mark.parametrize(("code", "status"), [(168, Status.SUCCESS), (169, Status.FAILED)])
def test_two_exit_codes_end_the_document(code: int, status: Status) -> None:
    ended = Result(status=Status.FAILED, code=code, stdout="out", stderr="err")
    found = concluded(step(), ended)
    assert (found.status, found.code) == (status, code)
    assert found.stdout.startswith(f"out\nStep exited with code {code}.")
    assert found.stderr.startswith("err\n") is (code == 169)
    assert run((step(), ended), (step(), OK), (step(is_finally=True), OK)) == [str(status), "skipped", "Success"]


def test_a_failure_that_is_success_says_so_and_keeps_its_errors() -> None:
    found = concluded(step(on_failure="successAndExit"), Result(status=Status.FAILED, code=7, stderr="err"))
    assert (found.status, found.code) == (Status.SUCCESS, 168)
    assert found.stderr == "err\nStep was found to have onFailure property. Further document steps will be skipped."


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([Status.SUCCESS, Status.TIMED_OUT, Status.FAILED, Status.CANCELLED], Status.FAILED),
        ([Status.SUCCESS, Status.TIMED_OUT, Status.CANCELLED], Status.TIMED_OUT),
        ([Status.SUCCESS, Status.CANCELLED], Status.CANCELLED),
        ([Status.FAILED, Status.PENDING], Status.IN_PROGRESS),
        ([Status.PENDING, Status.PENDING], Status.PENDING),
        ([], Status.SUCCESS),
    ],
)
def test_a_document_is_as_its_worst_step(statuses: list[Status], expected: Status) -> None:
    assert worst(statuses) is expected
