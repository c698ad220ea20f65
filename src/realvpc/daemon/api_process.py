"""The API process: the state, the AWS endpoint, and the operator's socket."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from datetime import timedelta
from random import SystemRandom
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from realvpc.admin.app import admin_app
from realvpc.admin.desk import CLOCK_SETTING, Desk
from realvpc.api.actions import knows
from realvpc.api.call import Actions, Call, Handler
from realvpc.api.context import Context, Options
from realvpc.api.service import Service
from realvpc.api.ssm_agent import agents_seen
from realvpc.api.sweep import sweep
from realvpc.clock import Clock
from realvpc.config import Credentials, Fabric, SessionSettings, Settings
from realvpc.dns.server import Resolver
from realvpc.http_connection import BoundedHttp, GuestHttp
from realvpc.iam.account import Account
from realvpc.iam.first_start import first_accounts
from realvpc.metadata.app import MetadataApp, MetadataProtocol
from realvpc.net.addresses import Address
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.services import Listener
from realvpc.net.table import put
from realvpc.net.zones import REGIONS
from realvpc.session.actions import SessionActions
from realvpc.session.command_actions import CommandActions
from realvpc.session.command_runner import CommandRunner
from realvpc.session.document_actions import DocumentActions
from realvpc.session.journal import SessionJournal
from realvpc.session.server import DataChannels
from realvpc.session.sessions import Limits, Sessions
from realvpc.session.transcript import Transcripts
from realvpc.store.database import Database
from realvpc.wire.app import App, AsgiApp
from realvpc.wire.sigv4 import Anyone, Verifier

from .check_ip import check_ip
from .consoles import ConsoleActions
from .guest_services import GuestServices
from .http_server import HttpServer
from .instances import NodeInstances, known_address
from .settle import settling

if TYPE_CHECKING:
    from realvpc.node_link import NodeLink

SWEEP_SECONDS = 60.0

log = logging.getLogger(__name__)


def run_api(settings: Settings, public: socket.socket, operator: socket.socket) -> None:
    """Serve on both listeners until SIGTERM or SIGINT.  Raises StateFileError."""
    with contextlib.closing(Database(settings.database)) as database, asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(_serve(settings, database, public, operator))


def _new_loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


async def _serve(settings: Settings, database: Database, public: socket.socket, operator: socket.socket) -> None:
    clock = Clock(timedelta(seconds=float(database.setting(CLOCK_SETTING) or 0)))
    has_fabric = settings.fabric is not Fabric.NONE
    options = Options(has_fabric=has_fabric, any_image=settings.credentials is Credentials.ANY)
    changed = asyncio.Event()
    service = Service(database, clock.now, SystemRandom(), options, on_change=lambda revision: changed.set())
    if not service.state.directory.accounts:
        service.report(lambda ctx: first_accounts(ctx.now, ctx.random), "first start")
    guests = GuestServices(settings.node_socket) if has_fabric else None
    node = _node_link(settings, service, changed, guests) if guests else None
    desk = Desk(settings, database, service, clock, node)
    journal = SessionJournal(settings.session_journal, clock.now())
    sessions = Sessions(clock.now, _session_limits(settings.sessions), journal, journal.history)
    instances = NodeInstances(settings.node_socket, lambda *host: known_address(service.state.network, *host))
    commands = CommandRunner(instances, clock.now)
    transcripts = Transcripts(settings.transcripts_dir) if settings.sessions.transcripts else None
    data_channels = DataChannels(sessions, instances, transcripts.open if transcripts else lambda session: None)

    def context(call: Call) -> Context:
        return service.context(call.caller)

    special: tuple[Actions, ...] = (
        SessionActions(sessions, context, urlsplit(settings.endpoint_url).netloc),
        CommandActions(commands, context),
        DocumentActions(),
        ConsoleActions(context, node.console if node else None),
    )

    def endpoint(admin: AsgiApp | None) -> App:
        return App(
            _handler(settings, service, special),
            lambda name, action: knows(name, action) or any(each.knows(name, action) for each in special),
            _authenticator(settings, service),
            admin,
            settling(lambda: service.state.network),
            data_channels,
        )

    app, guest_app = endpoint(admin_app(desk, local=False)), endpoint(None)
    metadata = MetadataApp(_interface_of(service), lambda: service.state, clock.now, service.key)
    resolver = Resolver(lambda: service.state.network)
    counting = (app, guest_app, metadata, resolver)
    desk.internal_errors = lambda: sum(each.internal_errors for each in counting)
    servers = (HttpServer(app, BoundedHttp), HttpServer(admin_app(desk, local=True)))
    background = [_sweeping(service, sessions)]
    if guests and node:
        background += [
            node.run(),
            guests.run(
                {
                    Listener.METADATA: HttpServer(metadata, MetadataProtocol).on,
                    Listener.RESOLVER_UDP: resolver.on_udp,
                    Listener.RESOLVER_TCP: resolver.on_tcp,
                    Listener.ENDPOINT: HttpServer(guest_app, GuestHttp).on,
                    Listener.CHECK_IP: HttpServer(check_ip, GuestHttp).on,
                }
            ),
        ]

    def stop() -> None:
        sessions.end_all("The service is stopping.")
        commands.cancel_all()
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    log.info("serving %s, revision %d", settings.endpoint_url, service.revision)
    async with _background(*background):
        await asyncio.gather(servers[0].serve([public]), servers[1].serve([operator]))
    log.info("stopped at revision %d", service.revision)


def _interface_of(service: Service) -> Callable[[str], NetworkInterface | None]:
    """Whose identity a guest service's peer has."""
    return lambda peer: service.state.network.interface_with_identity(Address.parse(peer))


def _node_link(settings: Settings, service: Service, changed: asyncio.Event, guests: GuestServices) -> NodeLink:
    """Loaded only where there is a fabric: without one, any platform will do."""
    from realvpc.node_link import NodeLink

    return NodeLink(settings.node_socket, service, changed, guests.open)


def _handler(settings: Settings, service: Service, special: tuple[Actions, ...]) -> Handler:
    """All actions, the special ones first.

    Where the access key is the account, accounts begin to exist when they first call.
    """

    def perform(call: Call) -> dict[str, Any] | Awaitable[dict[str, Any]]:
        known = (each for each in special if each.knows(call.service, call.action))
        return next(known, service).handle(call)

    if settings.credentials is Credentials.STRICT:
        return perform

    def handle(call: Call) -> dict[str, Any] | Awaitable[dict[str, Any]]:
        account = call.caller.account
        if account not in service.state.directory.accounts:
            row = Account(id=account, account=account, name=account)
            service.report(lambda ctx: put(row), f"first call of {account}")
        return perform(call)

    return handle


def _authenticator(settings: Settings, service: Service) -> Verifier | Anyone:
    kind = Verifier if settings.credentials is Credentials.STRICT else Anyone
    return kind(service.credential, REGIONS.__contains__)


async def _sweeping(service: Service, sessions: Sessions) -> None:
    while True:
        service.report(sweep, "sweep")
        service.report(agents_seen, "agents seen")
        sessions.sweep()
        await asyncio.sleep(SWEEP_SECONDS)


@contextlib.asynccontextmanager
async def _background(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Work beside the block: cancelled after it; what fails in it ends the process, for the next `up` to heal."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        yield
        for task in tasks:
            task.cancel()


def _session_limits(settings: SessionSettings) -> Limits:
    return Limits(timedelta(minutes=settings.idle_minutes), timedelta(minutes=settings.maximum_minutes))
