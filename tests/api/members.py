"""Which members of requests the actions look at, and which they ignore: recorded while the tests call them.

``python -m pytest -p tests.api.members tests/api tests/session tests/daemon`` writes ``members.json`` beside this file.
Run it when botocore is newer, after the new members are read or refused where they matter.

A member counts as seen when an action has asked the request for it, be it to read it or to refuse it. The members of a
structure are listed once one of them has been seen; else the structure stands for all of them. The actions of sessions,
commands and documents need a service around them, so that what they ask for is looked up in their text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache, wraps
from pathlib import Path
from typing import Any

import msgspec
import pytest

import realvpc.session
from realvpc.api.actions import ACTIONS
from realvpc.api.core.call import Call
from realvpc.api.service import Service
from realvpc.daemon.consoles import ConsoleActions
from realvpc.session.actions import SessionActions
from realvpc.session.command_actions import CommandActions
from realvpc.session.document_actions import DocumentActions
from realvpc.wire.model import SERVICES, service_model

FILE = Path(__file__).with_name("members.json")
COMMON = frozenset({"DryRun"})  # of every action of EC2: the door asks for it

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
    for kind in (Service, ConsoleActions, SessionActions, CommandActions, DocumentActions):
        setattr(kind, "handle", _noting(kind.handle))  # noqa: B010 - five types, one wrapper


def pytest_sessionfinish(session: pytest.Session) -> None:
    rows = {}
    for action in performed():
        asked = [*_seen.get(action, ()), *(_named_in_sessions(action) if action in in_sessions() else ())]
        possible = members_of(action, asked)
        seen = sorted(possible.intersection(asked))
        ignored = sorted(possible.difference(asked))
        rows[action] = {"seen": seen} | ({"ignored": ignored} if ignored else {})
    lines = (f"  {json.dumps(action)}: {json.dumps(row)}" for action, row in rows.items())
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _noting(handle: Callable[[Any, Call], Any]) -> Callable[[Any, Call], Any]:
    @wraps(handle)
    def noting(self: Any, call: Call) -> Any:
        seen = _seen.setdefault(f"{call.service}:{call.action}", set())
        return handle(self, msgspec.structs.replace(call, params=Asked(call.params, seen.add)))

    return noting


def performed() -> list[str]:
    """All actions that are performed here: ``ec2:CreateVpc``."""
    names = {f"{service}:{action}" for service in SERVICES for action in ACTIONS[service]}
    return sorted(names | in_sessions() | {"ec2:GetConsoleOutput"})


@cache
def in_sessions() -> frozenset[str]:
    return frozenset(f"ssm:{name}" for name in service_model("ssm").operation_names if f'"{name}"' in _sessions())


def _named_in_sessions(action: str) -> list[str]:
    return [name for name in members_of(action, []) if f'"{name}"' in _sessions()]


@cache
def _sessions() -> str:
    return "".join(file.read_text() for file in sorted(Path(realvpc.session.__file__).parent.glob("*.py")))


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
