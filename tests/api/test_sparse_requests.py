"""Requests that say as little as the model lets them: members that it does not require are nowhere relied upon."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from inspect import isawaitable
from random import Random
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape

from realvpc.api.core.call import Call
from realvpc.api.core.errors import AwsError
from realvpc.clock import Clock
from realvpc.daemon import settle
from realvpc.session import command_actions
from realvpc.wire.model import SERVICES, service_model

from .conftest import caller
from .ssm.test_session import Manager
from .test_random_requests import Generator

_DEPTH = 4


def sparse(shape: Shape, words: Any, name: str, depth: int = 0) -> Iterator[Any]:
    """Values of a shape: with nothing in it but what is required, and with one more member each."""
    if isinstance(shape, StructureShape):
        required = {n: next(sparse(shape.members[n], words, n, depth + 1)) for n in shape.required_members}
        yield required
        if depth < _DEPTH:
            for member, inner in shape.members.items():
                for value in sparse(inner, words, member, depth + 1):
                    yield required | {member: value}
    elif isinstance(shape, ListShape):
        for value in sparse(shape.member, words, name, depth + 1):
            yield [value]
        yield []
    elif isinstance(shape, MapShape):
        yield {}
    else:
        value = words(shape, name, depth)
        yield "?" if value == "\ud800" else value  # which no dialect lets through


@pytest.mark.parametrize("service", SERVICES)
def test_no_action_relies_on_what_need_not_be_there(
    service: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settle, "PATIENCE", 0.0)
    monkeypatch.setattr(command_actions, "PATIENCE", 0.0)
    manager = Manager(clock)
    generator = Generator(manager.service, Random(5), manager.rooms)
    requests = 0

    async def send(action: str, params: dict[str, Any]) -> None:
        response = manager.service.handle(Call(service, action, params, caller(), "req-1"))
        if isawaitable(response):
            await response

    with asyncio.Runner() as runner:
        for action in manager.service.actions[service]:
            shape = service_model(service).operation_model(action).input_shape
            if shape is None:
                continue
            for params in sparse(shape, generator.word, ""):
                requests += 1
                try:
                    runner.run(send(action, params))
                except AwsError:
                    continue
                except Exception as error:
                    raise AssertionError(f"{action} {params}") from error
        manager.rooms.commands.cancel_all()
    assert requests > len(manager.service.actions[service])
