"""Which steps are for this platform and these parameters."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.session.precondition import Judgement, judge


def judged(*arguments: Any, operator: str = "StringEquals", schema: str = "2.2") -> Judgement:
    return judge("step", {operator: list(arguments)}, schema, lambda text: text.replace("{{ a }}", "Linux"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("platformType", "Linux"),
        ("Linux", "platformType"),
        ("platformType", "linux"),
        ("{{ a }}", "Linux"),
        ("Linux", "{{ a }}"),
    ],
)
def test_a_condition_that_holds_lets_the_step_run(arguments: tuple[str, ...]) -> None:
    assert judged(*arguments) == Judgement()


@pytest.mark.parametrize("arguments", [("platformType", "Windows"), ("MacOS", "platformType"), ("{{ a }}", "other")])
def test_one_that_does_not_hold_skips_the_step(arguments: tuple[str, ...]) -> None:
    shown = ", ".join(arguments)
    assert judged(*arguments).skipped == (
        f"Step execution skipped due to unsatisfied preconditions: '\"StringEquals\": [{shown}]'. Step name: step"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("platformType",), "exactly 2 arguments"),
        (("platformType", 1), "exactly 2 arguments"),
        (("platformType", "platformType"), "[platformType platformType]"),
        (("a", "a"), "can't be identical"),
        (("a", "b"), "must contain a valid document parameter"),
        (("{{ ssm:a }}", "b"), "can't contain SSM parameters"),
        (("{{ ssm-secure:a }}", "b"), "can't contain SSM parameters"),
        (("platformType", "{{ a }}"), "can't contain document parameters"),
    ],
)
def test_what_is_no_condition_fails_the_step(arguments: tuple[Any, ...], words: str) -> None:
    found = judged(*arguments)
    assert not found.skipped
    assert found.failed.startswith("Unrecognized precondition(s): ")
    assert words in found.failed


def test_another_operator_and_an_older_schema_know_no_conditions() -> None:
    assert 'unrecognized operator: "StringLike"' in judged("platformType", "Linux", operator="StringLike").failed
    assert "prior to 2.2" in judged("platformType", "Linux", schema="2.0").failed


def test_one_that_does_not_hold_beside_one_that_is_none_skips() -> None:
    conditions = {"StringLike": ["a", "b"], "StringEquals": ["platformType", "Windows"]}
    found = judge("step", conditions, "2.2", str)
    assert found.skipped
    assert not found.failed
