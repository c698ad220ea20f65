"""Which members of requests the actions look at, and which they ignore: recorded while the tests call them.

``python -m pytest -p tests.api.members tests/api tests/session tests/daemon`` writes ``members.json`` beside this file.
Run it when botocore is newer, after the new members are read or refused where they matter.

A member counts as seen when an action has asked the request for it, be it to read it or to refuse it. The members of a
structure are listed once one of them has been seen; else the structure stands for all of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from msgspec.structs import replace

import realvpc.api.service
from realvpc.api.actions import ACTIONS
from realvpc.api.core.action import Action, Actions
from realvpc.api.core.call import Call
from realvpc.api.core.context import Answer, Context
from realvpc.iam.evaluate import Evaluate
from realvpc.session.table import session_actions
from realvpc.wire.model import SERVICES, service_model

FILE = Path(__file__).with_name("members.json")
COMMON = frozenset({"ClientToken", "DryRun"})  # the door asks for them

_seen: dict[str, set[str]] = {}


class Asked(dict[str, Any]):
    """A request, or a structure in one, that notes what is asked of it."""

    def __init__(self, members: Mapping[str, Any], note: Callable[[str], None]) -> None:
        super().__init__({name: _asked(value, _below(note, name)) for name, value in members.items()})
        self._note = note

    def __getitem__(self, name: str) -> Any:
        self._note(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._note(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self._note(str(name))
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        for name in super().__iter__():
            self._note(name)
            yield name


def _below(note: Callable[[str], None], name: str) -> Callable[[str], None]:
    return lambda member: note(f"{name}.{member}")


def _asked(value: Any, note: Callable[[str], None]) -> Any:
    if isinstance(value, dict):
        return Asked(value, note)
    return [_asked(element, note) for element in value] if isinstance(value, list) else value


def pytest_configure(config: pytest.Config) -> None:
    """Every action is performed behind the one door."""
    enter: Callable[..., Answer] = vars(realvpc.api.service)["enter"]

    def noting(ctx: Context, actions: Actions, evaluate: Evaluate, call: Call) -> Answer:
        row = actions.get(call.service, {}).get(call.action)
        rows = {call.service: {call.action: _noting(row, call)}} if row else actions
        return enter(ctx, rows, evaluate, call)

    setattr(realvpc.api.service, "enter", noting)  # noqa: B010 - mypy forbids to assign to a module's function


def pytest_sessionfinish(session: pytest.Session) -> None:
    rows = {}
    for action in performed():
        asked = _seen.get(action, set())
        possible = members_of(action, asked)
        seen, ignored = sorted(possible & asked), sorted(possible - asked)
        rows[action] = {"seen": seen} | ({"ignored": ignored} if ignored else {})
    lines = (f"  {json.dumps(action)}: {json.dumps(row)}" for action, row in rows.items())
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _noting(row: Action, call: Call) -> Action:
    seen = _seen.setdefault(f"{call.service}:{call.action}", set())
    return replace(row, perform=lambda ctx, request: row.perform(ctx, Asked(request, seen.add)))


def performed() -> list[str]:
    """All actions that are performed here: ``ec2:CreateVpc``."""
    names = {f"{service}:{action}" for service in SERVICES for action in ACTIONS[service]}
    of_sessions = {f"ssm:{action}" for action in session_actions(Mock(), Mock())}
    return sorted(names | of_sessions | {"ec2:GetConsoleOutput"})


def members_of(action: str, seen: Collection[str]) -> set[str]:
    """The members that a request can have, those of structures where one of theirs has been seen."""
    service, _, name = action.partition(":")
    shape = service_model(service).operation_model(name).input_shape
    return set(_members(shape, "", frozenset(seen))) if shape is not None else set()


def _members(shape: Any, prefix: str, seen: frozenset[str]) -> Iterator[str]:
    for name, member in shape.members.items():
        path = f"{prefix}{name}"
        if path in COMMON:
            continue
        yield path
        while member.type_name in ("list", "map"):
            member = member.member if member.type_name == "list" else member.value
        if member.type_name == "structure" and any(each.startswith(f"{path}.") for each in seen):
            yield from _members(member, f"{path}.", seen)
