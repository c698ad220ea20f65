"""What a document of an account's own runs (Systems Manager guide, "Command document plugin reference").

Documents of schema 2.x whose steps on Linux are ``aws:runShellScript``; the others are kept and cannot be run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from realvpc.api.core.errors import AwsError, unsupported_operation
from realvpc.hostile_json import read_json

from .documents import LARGEST_COMMAND, RUN_SHELL_SCRIPT, SECONDS, Document, Parameter
from .precondition import judge
from .step import Step

PLUGIN = "aws:runShellScript"
_REFERENCE = re.compile(r"\{\{\s*([\w:./-]{1,1024})\s*\}\}", re.ASCII)
_TYPES = ("Boolean", "Integer", "String", "StringList")
_SSM = "ssm:"

Lookup = Callable[[str], str | None]
"""The value of a parameter of Parameter Store, by its name."""


def step_of_script(name: str, given: Mapping[str, Sequence[str]], more: Mapping[str, Any] | None = None) -> Step:
    """One that runs a script, with the parameters of AWS-RunShellScript.  Raises InvalidParameters."""
    bound = RUN_SHELL_SCRIPT.bind(given)
    return Step(
        name=name,
        script="\n".join(bound["commands"]),
        directory=bound["workingDirectory"][0],
        seconds=int(bound["executionTimeout"][0]),
        **(more or {}),
    )


def steps_of(name: str, content: str, given: Mapping[str, Sequence[str]], lookup: Lookup) -> tuple[Step, ...]:
    """``content`` was checked when it was taken.  Raises InvalidParameters, UnsupportedOperation."""
    document = read_json(content)
    template = _Template(_bound(name, document.get("parameters", {}), given), lookup)
    schema = str(document.get("schemaVersion"))
    steps = tuple(_step(name, step, schema, template) for step in document.get("mainSteps") or ())
    if not steps:
        raise _not_run(name)
    return steps


def _step(document: str, step: Mapping[str, Any], schema: str, template: _Template) -> Step:
    judgement = judge(step["name"], step.get("precondition"), schema, template.resolved)
    if judgement.skipped:
        return Step(name=step["name"], skipped=judgement.skipped)
    inputs = step.get("inputs")
    if step["action"] != PLUGIN or not isinstance(inputs, dict):
        raise _not_run(document)
    lines = [text for line in _list(inputs.get("runCommand")) for text in template.filled(line)]
    seconds = " ".join(template.filled(inputs.get("timeoutSeconds", "3600")))
    if not re.fullmatch(SECONDS, seconds):
        raise AwsError("InvalidParameters", f"timeoutSeconds has to be a number of seconds, not {seconds}.")
    directory = " ".join(template.filled(inputs.get("workingDirectory", "")))
    parameters = {"commands": lines or [""], "executionTimeout": [seconds], "workingDirectory": [directory]}
    flow = {
        "on_failure": template.resolved(_text(inputs.get("onFailure", ""))),
        "on_success": template.resolved(_text(inputs.get("onSuccess", ""))),
        "is_finally": template.resolved(_text(inputs.get("finallyStep", ""))) == "true",
        "failed": judgement.failed,
    }
    return step_of_script(step["name"], parameters, flow)


def _not_run(name: str) -> AwsError:
    return unsupported_operation(f"Only documents whose steps on Linux are {PLUGIN} can be run here: {name}.")


def _bound(name: str, declared: dict[str, Any], given: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The values of all parameters.  Raises InvalidParameters, UnsupportedOperation."""
    parameters, defaults = {}, {}
    for each, row in declared.items():
        if row["type"] not in _TYPES or row.get("allowedPattern"):
            raise unsupported_operation(f"The type or the pattern of the parameter {each} is not supported.")
        several = row["type"] == "StringList"
        if several and "default" in row:
            defaults[each] = [_text(value) for value in _list(row["default"])]
        default = _text(row["default"]) if "default" in row and not several else None
        parameters[each] = Parameter("", default, several=several)
    values = Document(name, "", None, parameters).bind({**defaults, **given})
    for each, row in declared.items():
        allowed = [_text(value) for value in _list(row.get("allowedValues", []))]
        if allowed and not set(values[each]) <= set(allowed):
            raise AwsError("InvalidParameters", f"Parameter {each} has to be one of {', '.join(allowed)}.")
    return values


class _Template:
    """Puts values in the place of their names: as many as a command may be long, however often it names them."""

    def __init__(self, values: Mapping[str, list[str]], lookup: Lookup) -> None:
        self._values, self._lookup = values, lookup
        self._left = LARGEST_COMMAND

    def filled(self, line: Any) -> Iterator[str]:
        """A line with its values; one that is a list's name becomes the list.  Raises InvalidParameters."""
        text = _text(line)
        alone = _REFERENCE.fullmatch(text.strip())
        if alone and alone[1] in self._values:
            yield from map(self._spent, self._values[alone[1]])
            return
        yield _REFERENCE.sub(lambda found: self._spent(self._value(found)), text)

    def resolved(self, text: str) -> str:
        """A text with the values of the document's parameters, as preconditions have them."""
        return _REFERENCE.sub(lambda found: self._spent(" ".join(self._values.get(found[1], [found[0]]))), text)

    def _value(self, found: re.Match[str]) -> str:
        """What is nobody's name stays as it is."""
        name = found[1]
        if not name.startswith(_SSM):
            return " ".join(self._values[name]) if name in self._values else found[0]
        value = self._lookup(name.removeprefix(_SSM))
        if value is None:
            raise AwsError("InvalidParameters", f"Parameter {name.removeprefix(_SSM)} does not exist.")
        return value

    def _spent(self, value: str) -> str:
        self._left -= len(value) + 1  # an empty one is a line, too
        if self._left < 0:
            raise AwsError("InvalidParameters", f"The command is longer than {LARGEST_COMMAND} bytes.")
        return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
