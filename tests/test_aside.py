"""Work beside the loop: one thing after the other, and accounts take turns."""

from __future__ import annotations

import asyncio
import threading
from typing import NoReturn

import pytest

from realvpc.aside import aside
from tests.patience import PATIENCE_SECONDS


class Bench:
    """Work that notes who had it done; nothing is, until the gate is open."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.began = threading.Event()
        self.done: list[str] = []

    def ask(self, account: str) -> asyncio.Task[None]:
        return asyncio.create_task(aside(account, self._work, account))

    def _work(self, account: str) -> None:
        self.began.set()
        assert self.gate.wait(PATIENCE_SECONDS)
        self.done.append(account)


def test_who_asks_for_much_delays_others_by_one_thing() -> None:
    bench = Bench()

    async def scenario() -> None:
        asked = [bench.ask(account) for account in ("much", "much", "much", "much", "little", "less")]
        await asyncio.sleep(0)
        bench.gate.set()
        await asyncio.gather(*asked)

    asyncio.run(scenario())
    assert sorted(bench.done) == sorted(("much",) * 4 + ("little", "less"))
    assert max(bench.done.index("little"), bench.done.index("less")) <= 3


def test_what_nobody_waits_for_any_more_is_not_begun() -> None:
    bench = Bench()

    async def scenario() -> None:
        first, left, last = bench.ask("first"), bench.ask("left"), bench.ask("last")
        await asyncio.sleep(0)
        assert await asyncio.to_thread(bench.began.wait, PATIENCE_SECONDS)
        left.cancel()
        await asyncio.wait([left])
        bench.gate.set()
        await asyncio.gather(first, last)

    asyncio.run(scenario())
    assert bench.done == ["first", "last"]


def test_what_is_raised_is_raised_where_it_is_waited_for() -> None:
    def fail() -> NoReturn:
        raise LookupError("there")

    async def scenario() -> None:
        with pytest.raises(LookupError, match="there"):
            await aside("", fail)
        assert await aside("", str, 5) == "5"

    asyncio.run(scenario())
