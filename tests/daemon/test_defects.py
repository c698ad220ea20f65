"""What fails although nobody expected it is seen by whoever asks how the service is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from realvpc.admin.app import admin_app
from realvpc.admin.desk import Desk, Route
from realvpc.api.core.context import Options
from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.config import Settings
from realvpc.store.database import Database

SEEN = "1 times something failed that nobody expected"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock, settings = Clock(timedelta()), Settings(state_dir=tmp_path, run_dir=tmp_path, operator=0)
    with closing(Database(tmp_path / "state.db")) as database:
        service = Service(database, clock.now, Random(1), Options())
        yield Desk(settings, database, service, clock, None)


def test_a_callback_of_the_event_loop(desk: Desk) -> None:
    async def run() -> None:
        asyncio.get_running_loop().set_exception_handler(desk.unexpected)
        asyncio.get_running_loop().call_soon(lambda: 1 // 0)
        await asyncio.sleep(0)

    assert desk.faults() == []
    asyncio.run(run())
    (fault,) = desk.faults()
    assert fault.startswith(SEEN)


def test_a_path_of_the_operators_endpoint(desk: Desk) -> None:
    async def broken(desk: Desk, parameters: dict[str, Any]) -> None:
        raise ZeroDivisionError

    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/broken", "query_string": b"", "headers": []}

    async def run() -> None:
        await admin_app(desk, local=True, routes={("GET", "/broken"): Route(broken)})(scope, receive, send)

    asyncio.run(run())
    assert sent[0]["status"] == 500
    (fault,) = desk.faults()
    assert fault.startswith(SEEN)
