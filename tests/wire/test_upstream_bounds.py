"""An upstream or a client that does not do what it should: nobody waits for ever, and nothing is answered twice."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import pytest

from realvpc.api.core.errors import AwsError
from realvpc.wire import upstream
from realvpc.wire.origin import Origin
from realvpc.wire.upstream import Truncated, Upstream
from tests.patience import PATIENCE_SECONDS


@contextlib.asynccontextmanager
async def upstream_of(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[Upstream]:
    """One that speaks as ``answer`` does, byte by byte."""
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield Upstream(Origin("http", "127.0.0.1", server.sockets[0].getsockname()[1]), "ours")


async def nothing_more() -> Any:
    await asyncio.Event().wait()


async def unheard(message: Any) -> None:
    raise AssertionError(message)


def test_an_upstream_that_only_says_that_it_will_answer_is_left() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"HTTP/1.1 102 Processing\r\n\r\n")
                await writer.drain()

    async def run_it() -> None:
        async with upstream_of(answer) as there, asyncio.timeout(PATIENCE_SECONDS):
            scope = {"method": "GET", "path": "/", "headers": []}
            with pytest.raises(AwsError, match="it says without end that it will answer"):
                await there.forward(scope, nothing_more, unheard)

    asyncio.run(run_it())


def test_a_body_that_comes_in_drops_has_as_long_as_the_upstream_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """And so has one that the upstream does not take: a place is not held for ever."""
    monkeypatch.setattr(upstream, "SILENT_SECONDS", 0.3)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async def run_it() -> None:
        async with upstream_of(answer) as there, asyncio.timeout(PATIENCE_SECONDS):
            for pause, size in ((0.05, 1), (0.0, 1 << 20)):

                async def receive(pause: float = pause, size: int = size) -> Any:
                    await asyncio.sleep(pause)
                    return {"type": "http.request", "body": b"x" * size, "more_body": True}

                scope = {"method": "PUT", "path": "/", "headers": [(b"transfer-encoding", b"chunked")]}
                with pytest.raises(AwsError, match="it does not answer"):
                    await there.forward(scope, receive, unheard)

    asyncio.run(run_it())


@pytest.mark.parametrize(("name", "value"), [("IDLE_SECONDS", 0.2), ("LONGEST_BODY", 1)], ids=["slow", "long"])
def test_a_refusal_is_no_second_answer(monkeypatch: pytest.MonkeyPatch, name: str, value: float) -> None:
    """The upstream answers before it has the body, and then the body does not come, or is too long."""
    monkeypatch.setattr(upstream, name, value)
    begun = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await asyncio.sleep(60)

    async def receive() -> Any:
        await begun.wait()
        if name == "IDLE_SECONDS":
            await asyncio.sleep(60)
        return {"type": "http.request", "body": b"xx", "more_body": True}

    async def send(message: Mapping[str, Any]) -> None:
        begun.set()

    async def run_it() -> None:
        async with upstream_of(answer) as there, asyncio.timeout(PATIENCE_SECONDS):
            scope = {"method": "PUT", "path": "/", "headers": [(b"transfer-encoding", b"chunked")]}
            with pytest.raises(Truncated):
                await there.forward(scope, receive, send)

    asyncio.run(run_it())
