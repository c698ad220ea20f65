"""Whether a step of a document is for this platform and these parameters (Systems Manager guide, "Writing command
documents: preconditions"), in the words of AWS's agent (``evaluatePreconditions`` of amazon-ssm-agent).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct

_PLATFORM, _HERE = "platformType", "linux"
_OPERATOR = "StringEquals"
_PARAMETER_STORE = re.compile(r"\{\{\s*ssm(?:-secure)?:")
_SECOND = "the second argument for the platformType variable can't contain document parameters"
_NONE = "at least one of operator's arguments must contain a valid document parameter"


class Judgement(Struct, frozen=True):
    """``skipped`` and ``failed`` say why the step is not run; both are empty where it is."""

    skipped: str = ""
    failed: str = ""


def judge(name: str, conditions: Any, schema: str, fill: Callable[[str], str]) -> Judgement:
    """``conditions`` is what the step has for a precondition; ``fill`` puts parameters' values in their places."""
    if not conditions:
        return Judgement()
    if schema < "2.2":
        words = "Precondition is not supported for document schema version prior to 2.2."
        return Judgement(failed=f"{words} Step name: {name}")
    is_allowed, wrong = True, []
    for operator, arguments in conditions.items() if isinstance(conditions, dict) else ():
        if operator != _OPERATOR:
            wrong.append(f'unrecognized operator: "{operator}"')
            continue
        holds, words = _equals(arguments, fill)
        is_allowed = is_allowed and holds
        wrong += [f'"{operator}": {words}'] if words else []
    if not is_allowed:
        words = f"Step execution skipped due to unsatisfied preconditions: '{', '.join(wrong)}'."
        return Judgement(skipped=f"{words} Step name: {name}")
    if wrong:
        words = f"Unrecognized precondition(s): '{', '.join(wrong)}', please update agent to latest version."
        return Judgement(failed=f"{words} Step name: {name}")
    return Judgement()


def _equals(arguments: Any, fill: Callable[[str], str]) -> tuple[bool, str]:
    """Whether the step may be run, and what is wrong with the condition, or not as it asks."""
    if not isinstance(arguments, list) or len(arguments) != 2 or not all(isinstance(each, str) for each in arguments):
        return True, "operator accepts exactly 2 arguments"
    first, second = arguments
    shown = f"[{first}, {second}]"
    if first == second:
        return True, f"[{first} {second}]" if first == _PLATFORM else "operator's arguments can't be identical"
    if any(map(_PARAMETER_STORE.search, arguments)):
        return True, "operator's arguments can't contain SSM parameters"
    if _PLATFORM in arguments:
        platform = second if first == _PLATFORM else first
        if fill(platform).lower() != platform.lower():
            return True, _SECOND
        return (True, "") if platform.lower() == _HERE else (False, shown)
    filled = [fill(each) for each in arguments]
    if filled == arguments:
        return True, _NONE
    return (True, "") if filled[0] == filled[1] else (False, shown)
