"""The API process: the state, the AWS endpoint, and the operator's socket."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Coroutine
from datetime import timedelta
from random import SystemRandom
from typing import Any

from realvpc.admin.app import admin_app
from realvpc.admin.desk import CLOCK_SETTING, Desk
from realvpc.api.core.context import Options
from realvpc.api.core.sweep import sweep
from realvpc.api.service import Service
from realvpc.api.ssm.agent import agents_seen
from realvpc.clock import Clock
from realvpc.config import Credentials, Fabric, Settings
from realvpc.http_connection import BoundedHttp
from realvpc.iam.first_start import first_accounts
from realvpc.node_link import NodeLink
from realvpc.store.database import Database
from realvpc.store.group_commit import GroupCommit
from realvpc.wire.page_guard import page_guard

from .consoles import console_actions
from .endpoint import endpoint
from .guest_services import GuestServices
from .http_server import HttpServer
from .loop_watch import LoopWatch
from .settle import settling
from .systems_manager import SystemsManager

SWEEP_SECONDS = 60.0

log = logging.getLogger(__name__)


def run_api(
    settings: Settings, public: socket.socket, operator: socket.socket, tls: ssl.SSLContext | None = None
) -> None:
    """Serve on both listeners until SIGTERM or SIGINT.  Raises StateFileError."""
    with contextlib.closing(Database(settings.database)) as database, asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(_serve(settings, database, public, operator, tls))


def _new_loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


async def _serve(
    settings: Settings,
    database: Database,
    public: socket.socket,
    operator: socket.socket,
    tls: ssl.SSLContext | None,
) -> None:
    """Put the parts together, and run them."""
    clock = Clock(timedelta(seconds=float(database.setting(CLOCK_SETTING) or 0)))
    has_fabric = settings.fabric is not Fabric.NONE
    options = Options(
        has_fabric=has_fabric, any_image=settings.credentials is Credentials.ANY, quotas=settings.quota_mode
    )
    journal = GroupCommit(database)
    service = Service(database, clock.now, SystemRandom(), options, journal=journal)
    if not service.state.directory.accounts:
        service.report(lambda ctx: first_accounts(ctx.now, ctx.random), "first start")
        await service.settled()

    guests = GuestServices(settings.node_socket, service, clock.now)
    node = NodeLink(settings.node_socket, service, guests.open, guests.lose) if has_fabric else None
    manager = SystemsManager(settings, service, clock.now)
    patient = settling(service.actions["ec2"], service.context, service.feed)
    service.include({"ssm": manager.actions, "ec2": patient | console_actions(node.console if node else None)})
    desk = Desk(settings, database, service, clock, node)
    app = endpoint(settings, service, manager.data_channels, admin_app(desk, local=False))
    guest_app = endpoint(settings, service, manager.data_channels, None)
    watch = LoopWatch()
    desk.stall = watch
    desk.internal_errors = lambda: sum(each.internal_errors for each in (app, guest_app, guests))
    public_app = app if settings.credentials is Credentials.STRICT else page_guard(app, settings.host_names)
    servers = HttpServer(public_app, BoundedHttp, tls), HttpServer(admin_app(desk, local=True))

    def stop() -> None:
        manager.stop()
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(desk.unexpected)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    gc.freeze()  # what is there now mostly stays, and the loop need not stand still while the collector looks at it
    log.info("serving %s, revision %d", settings.endpoint_url, service.revision)
    works = [watch.run(), _sweeping(service, manager), *([node.run(), guests.run(guest_app)] if node else [])]
    with contextlib.closing(journal):
        async with _background(*works):
            await asyncio.gather(servers[0].serve([public]), servers[1].serve([operator]))
    log.info("stopped at revision %d", service.revision)


async def _sweeping(service: Service, manager: SystemsManager) -> None:
    while True:
        service.report(sweep, "sweep")
        service.report(agents_seen, "agents seen")
        manager.sweep()
        await asyncio.sleep(SWEEP_SECONDS)


@contextlib.asynccontextmanager
async def _background(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Work beside the block: cancelled after it; what fails in it ends the process, for the next `up` to heal."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        yield
        for task in tasks:
            task.cancel()
