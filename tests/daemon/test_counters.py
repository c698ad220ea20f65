"""Whose counters are asked for by what an operator types."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from realvpc.admin.desk import Desk, Refusal
from realvpc.admin.reach import counters
from realvpc.api.core.context import Options
from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.config import Settings
from realvpc.net.reasons import Reason
from realvpc.net.table import put
from realvpc.store.database import Database
from tests.packets.hosts import number
from tests.packets.test_fabric import walkthrough

INTERFACE, INSTANCE = number("eni", 2), number("i", 2)


class Node:
    """Counts as many packets as the number of the interface, or 100."""

    async def counters(self, interface_id: str | None = None) -> dict[str, int]:
        return {"NO_ROUTE": int(interface_id[-1]) if interface_id else 100}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock, settings = Clock(timedelta()), Settings(state_dir=tmp_path, run_dir=tmp_path, operator=0)
    network = walkthrough()
    rows = [row for kind in network.TYPES for row in network.table(kind).values()]
    node: Any = Node()
    with closing(Database(tmp_path / "state.db")) as database:
        service = Service(database, clock.now, Random(1), Options())
        service.report(lambda ctx: put(*rows), "test")
        yield Desk(settings, database, service, clock, node)


def dropped(desk: Desk, **request: str) -> list[dict[str, Any]]:
    answer = asyncio.run(counters(desk, request))
    assert len(answer) == len(Reason)
    return [each for each in answer if each["packets"]]


def test_all_packets_are_counted_or_those_of_an_interface(desk: Desk) -> None:
    assert [each["packets"] for each in dropped(desk)] == [100]
    for name in (INTERFACE, INSTANCE):
        (each,) = dropped(desk, of=name)
        assert (each["reason"], each["packets"], each["interface"]) == ("NO_ROUTE", 2, INTERFACE)


@pytest.mark.parametrize("name", ["internet", "10.20.0.9", "i-0000000000000ffff", "", "nobody"])
def test_what_has_no_interface_is_refused(desk: Desk, name: str) -> None:
    with pytest.raises(Refusal):
        dropped(desk, of=name)
