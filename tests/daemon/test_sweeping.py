"""A sweep ends, whoever else writes meanwhile and whether or not anything can be written."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from random import Random

import pytest

from realvpc.api.core import sweep as sweeping
from realvpc.api.core.context import Options
from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.daemon import api_process
from realvpc.iam.account import Account
from realvpc.net.table import put
from realvpc.store.database import Database, StorageError, Write
from realvpc.store.journal import Lost, Written
from realvpc.store.state import IdempotencyToken
from tests.patience import PATIENCE_SECONDS

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def token(number: int) -> IdempotencyToken:
    """Whose time is over."""
    return IdempotencyToken(
        id=f"{number}", account="1", region="r", fingerprint="", kept=b"", used_at=datetime(2026, 1, 1, tzinfo=UTC)
    )


def account(name: str) -> Account:
    return Account(id="1", account="1", name=name)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setattr(sweeping, "AT_ONCE", 2)
    monkeypatch.setattr(api_process, "AT_ONCE", 2)
    database = Database(":memory:")
    database.commit([Write(1, put(account("main"), *map(token, range(5))), NOW, "test")])
    return Service(database, Clock(source=lambda: NOW).now, Random(1), Options())


def test_it_takes_all_that_is_gone_and_no_more_turns_when_others_write(service: Service) -> None:
    async def busy() -> None:
        while True:
            service.report(lambda ctx: put(account(f"{ctx.random.random()}")), "test")
            await asyncio.sleep(0)

    async def scenario() -> None:
        writing = asyncio.create_task(busy())
        await asyncio.wait_for(api_process._sweep(service), PATIENCE_SECONDS)
        writing.cancel()

    asyncio.run(scenario())
    assert not service.state.tokens.used


class Full:
    """A journal on a full disk."""

    def __init__(self) -> None:
        self.tried = 0

    def start(self, written: Written, lost: Lost) -> None:
        self.lost = lost

    def write(self, write: Write) -> None:
        self.tried += 1
        asyncio.get_running_loop().call_later(0.01, self.lost, StorageError("the disk is full"))

    def close(self) -> None:
        """There is nothing to end."""


def test_what_cannot_be_written_is_left_to_the_next_sweep(service: Service) -> None:
    journal = Full()
    journal.start(service._on_written, service._on_lost)
    service._journal = journal

    async def scenario() -> None:
        await asyncio.wait_for(api_process._sweep(service), PATIENCE_SECONDS)

    asyncio.run(scenario())
    assert (journal.tried, len(service.state.tokens.used)) == (1, 5)


class Ended(Full):
    """One that writes nothing any more, and says so at once."""

    def write(self, write: Write) -> None:
        self.tried += 1
        self.lost(StorageError("the state cannot be written any more"))


def test_a_journal_that_has_ended_does_not_end_who_reads(service: Service) -> None:
    """What fails in a sweep ends the process."""
    journal = Ended()
    journal.start(service._on_written, service._on_lost)
    service._journal = journal
    for _ in range(2):
        asyncio.run(api_process._sweep(service))
    assert (journal.tried, len(service.state.tokens.used)) == (2, 5)
