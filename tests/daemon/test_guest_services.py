"""The sockets of what is served to machines: new ones, when machines do not find them any more."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop

from realvpc.clock import Clock
from realvpc.daemon import guest_services
from realvpc.daemon.authority import open_authority
from realvpc.daemon.endpoint_tls import EndpointTls
from realvpc.daemon.guest_services import GuestServices
from realvpc.net.network import Network
from realvpc.net.services import Listener
from realvpc.net.zones import REGIONS
from realvpc.node.client import open_listeners
from realvpc.wire.app import App
from realvpc.wire.sigv4 import Anyone
from tests.patience import PATIENCE_SECONDS

from ..api.conftest import new_service
from ..loopback import PORT, own_address

TIMES = 5


class Opened:
    """Sockets on the loopback, always at the same places: the namespaces are still there."""

    def __init__(self) -> None:
        self.address = own_address()
        self.ports = {listener: PORT + number for number, listener in enumerate(Listener)}
        self.times = 0
        self.at_once = 0
        self.is_new = asyncio.Event()

    async def __call__(self, path: Path) -> dict[Listener, socket.socket]:
        self.at_once += 1
        assert self.at_once == 1, "one at a time"
        await asyncio.sleep(0.05)
        sockets = {each: self._open(each) for each in Listener}
        self.at_once, self.times = 0, self.times + 1
        self.is_new.set()
        return sockets

    def _open(self, listener: Listener) -> socket.socket:
        is_stream = listener.protocol == "tcp"
        opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM if is_stream else socket.SOCK_DGRAM)
        if is_stream:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((self.address, self.ports[listener]))
        if is_stream:
            opened.listen()
        opened.setblocking(False)
        return opened


@asynccontextmanager
async def served(directory: Path) -> AsyncIterator[tuple[GuestServices, asyncio.Task[None]]]:
    """Services on the first sockets, and the task that serves them."""
    clock = Clock()
    service = new_service(clock)
    app = App(service.handle, service.knows, Anyone(service.credential, REGIONS.__contains__))
    tls = EndpointTls(open_authority(directory, is_new=True), Network)
    guests = GuestServices(directory / "node.sock", service, clock.now, tls)
    await guests.open()
    running = asyncio.create_task(guests.run(app, app))
    try:
        yield guests, running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario)


def test_they_are_let_go_before_new_ones_take_their_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def scenario() -> None:
        opened = Opened()
        monkeypatch.setattr(guest_services, "open_listeners", opened)
        async with served(tmp_path) as (guests, running):
            callers = []
            for _ in range(TIMES):
                opened.is_new.clear()
                await asyncio.sleep(0.05)
                callers += [socket.create_connection((opened.address, port)) for port in stream_ports(opened)]
                await asyncio.sleep(0.05)
                guests.lose()
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await asyncio.gather(opened.is_new.wait(), guests.open(), guests.open())
            assert opened.times == 1 + TIMES
            assert not running.done()
        for each in callers:
            each.close()

    run(scenario())


def stream_ports(opened: Opened) -> list[int]:
    return [port for listener, port in opened.ports.items() if listener.protocol == "tcp"]


def test_what_is_lost_while_new_ones_are_opened_is_not_forgotten(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def scenario() -> None:
        opened = Opened()
        monkeypatch.setattr(guest_services, "open_listeners", opened)
        async with served(tmp_path) as (guests, _):
            await asyncio.sleep(0.05)
            guests.lose()
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not opened.at_once:
                    await asyncio.sleep(0)
                guests.lose()
                while opened.times < 3:
                    await asyncio.sleep(0.01)

    run(scenario())


def test_they_are_let_go_however_far_their_start_has_come(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def scenario() -> None:
        opened = Opened()
        monkeypatch.setattr(guest_services, "open_listeners", opened)
        async with served(tmp_path) as (guests, running):
            for turns in range(12):
                times = opened.times
                for _ in range(turns):
                    await asyncio.sleep(0)
                guests.lose()
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while opened.times == times and not running.done():
                        await asyncio.sleep(0)
                assert not running.done(), f"after {turns} turns of the loop: {running.exception()!r}"

    run(scenario())


def test_without_a_descriptor_left_they_are_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What ends `run` ends the process, and clients have most of the descriptors."""
    monkeypatch.setattr(guest_services, "_PAUSE_SECONDS", 0.01)

    async def scenario() -> None:
        opened = Opened()
        tries: list[Path] = []

        async def none_left(path: Path) -> dict[Listener, socket.socket]:
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
            tries.append(path)
            try:
                return await open_listeners(path)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

        monkeypatch.setattr(guest_services, "open_listeners", opened)
        async with served(tmp_path) as (guests, running):
            await asyncio.sleep(0.05)
            monkeypatch.setattr(guest_services, "open_listeners", none_left)
            guests.lose()
            async with asyncio.timeout(PATIENCE_SECONDS):
                while len(tries) < 3 and not running.done():
                    await asyncio.sleep(0.01)
                monkeypatch.setattr(guest_services, "open_listeners", opened)
                await guests.open()
            assert not running.done()

    run(scenario())
