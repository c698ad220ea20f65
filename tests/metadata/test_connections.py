"""Connections to the metadata service, on a real socket."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, AsyncExitStack

import pytest

from realvpc.metadata.app import MetadataApp, MetadataProtocol
from tests.serving import served

from .conftest import Launch, World

ASK = b"PUT /latest/api/token HTTP/1.1\r\nHost: x\r\nX-aws-ec2-metadata-token-ttl-seconds: 60\r\n\r\n"


def serving(world: World, instance_id: str) -> AbstractAsyncContextManager[tuple[str, int]]:
    """To whoever connects, as this instance; the address."""
    (interface,) = world.service.state.network.interfaces_of(instance_id)
    app = MetadataApp(lambda peer: interface, lambda: world.service.state, world.clock.now, world.service.key)
    return served(app, MetadataProtocol)


def test_a_connection_carries_one_answer(world: World, launch: Launch) -> None:
    async def scenario() -> bytes:
        async with serving(world, launch()) as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(ASK + ASK)
            everything = await reader.read()
            writer.close()
            return everything

    answer = asyncio.run(scenario())
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_an_interface_cannot_keep_the_service_from_others(world: World, launch: Launch) -> None:
    async def scenario() -> None:
        async with serving(world, launch()) as address, AsyncExitStack() as stack:
            for _ in range(MetadataProtocol.connections_per_peer or 0):
                reader, writer = await asyncio.open_connection(*address)
                stack.callback(writer.close)
            reader, writer = await asyncio.open_connection(*address)
            stack.callback(writer.close)
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
            other, port = "127.0.0.2", address[1]
            reader, writer = await asyncio.open_connection(address[0], port, local_addr=(other, 0))
            stack.callback(writer.close)
            writer.write(ASK)
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")

    asyncio.run(scenario())


def test_who_says_nothing_is_not_waited_for(world: World, launch: Launch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MetadataProtocol, "patience", 0.01)

    async def scenario() -> None:
        async with serving(world, launch()) as address:
            reader, writer = await asyncio.open_connection(*address)
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
            writer.close()

    asyncio.run(scenario())
