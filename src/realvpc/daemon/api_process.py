"""The API process: the state, the AWS endpoint, and the operator's socket."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Coroutine
from datetime import timedelta
from functools import partial
from random import SystemRandom
from typing import Any
from uuid import uuid4

from realvpc.admin.app import admin_app
from realvpc.admin.desk import CLOCK_SETTING, Desk
from realvpc.api.core.context import Options
from realvpc.api.core.errors import AwsError
from realvpc.api.core.sweep import AT_ONCE, sweep
from realvpc.api.ec2instanceconnect.tunnel import TUNNEL_ACTIONS
from realvpc.api.machine_report import agent_seen
from realvpc.api.service import NOBODY, Service
from realvpc.api.ssm.agent import agents_seen
from realvpc.aside import aside
from realvpc.clock import Clock
from realvpc.config import Credentials, Fabric, Settings, Switch
from realvpc.http_connection import BoundedHttp
from realvpc.iam.first_start import first_accounts
from realvpc.node_link import NodeLink
from realvpc.session.channel_action import CHANNEL_ACTIONS
from realvpc.session.channel_action import SERVICE as MESSAGES
from realvpc.session.tunnels import Tunnels
from realvpc.store.database import Database
from realvpc.store.group_commit import GroupCommit
from realvpc.wire.origin import parse_origin
from realvpc.wire.page_guard import page_guard
from realvpc.wire.upstream import Upstream

from .authority import authority_of
from .collector import freeze_what_stays
from .consoles import console_actions
from .endpoint import endpoint
from .endpoint_tls import EndpointTls
from .flow_logs import FlowLogDelivery
from .guest_services import GuestServices
from .http_server import HttpServer
from .loop_watch import LoopWatch
from .object_store import ObjectStore
from .settle import settling
from .systems_manager import SystemsManager
from .target_health import TargetHealth

SWEEP_SECONDS = 60.0
_SWITCH_SECONDS = 0.001  # after which the loop gets its turn while something long is worked on beside it

log = logging.getLogger(__name__)


def run_api(
    settings: Settings, public: socket.socket, operator: socket.socket, tls: ssl.SSLContext | None = None
) -> None:
    """Serve on both listeners until SIGTERM or SIGINT.  Raises StateFileError and AuthorityError."""
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
        has_fabric=has_fabric,
        any_image=settings.credentials is Credentials.ANY,
        quotas=settings.quota_mode,
        default_vpc=settings.default_vpc is Switch.ON,
        policies=settings.policies is Switch.ON,
        has_s3=settings.upstream is not None,
    )
    journal = GroupCommit(database)
    service = Service(database, clock.now, SystemRandom(), options, journal=journal)
    if not service.state.directory.accounts:
        service.report(lambda ctx: first_accounts(ctx.now, ctx.random), "first start")
        await service.settled()

    guests, node = _for_machines(settings, database, service, clock) if has_fabric else (None, None)
    manager = SystemsManager(settings, service, clock.now)
    patient = settling(service.actions["ec2"], service.written_context, service.feed)
    service.include({"ssm": manager.actions, "ec2": patient | console_actions(node.console if node else None)})
    service.include({"ec2-instance-connect": TUNNEL_ACTIONS, MESSAGES: CHANNEL_ACTIONS})
    tunnels = Tunnels(manager.instances, partial(_has_tunnels, service))
    desk = Desk(settings, database, service, clock, node)
    upstream = Upstream(parse_origin(settings.upstream), uuid4().hex) if settings.upstream else None
    app = endpoint(settings, service, manager.data_channels, tunnels, admin_app(desk, local=False), upstream)
    guest_app = endpoint(settings, service, manager.data_channels, tunnels, None, upstream)
    private_app = endpoint(settings, service, manager.data_channels, tunnels, None, None, private=True)
    watch = LoopWatch()
    desk.stall = watch
    desk.internal_errors = lambda: sum(each.internal_errors for each in (app, guest_app, private_app, guests) if each)
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
    sys.setswitchinterval(_SWITCH_SECONDS)
    freeze_what_stays()
    log.info("serving %s, revision %d", settings.endpoint_url, service.revision)
    works = [watch.run(), _sweeping(service, manager)]
    if node and guests:
        store = ObjectStore(parse_origin(settings.upstream)) if settings.upstream else None
        flow_logs = FlowLogDelivery(service, node.take_flows, clock.now, store)
        health = TargetHealth(service, manager.instances)
        works += [node.run(), guests.run(guest_app, private_app), flow_logs.run(), health.run()]
    with contextlib.closing(journal):
        async with _background(*works):
            await asyncio.gather(servers[0].serve([public]), servers[1].serve([operator]))
    log.info("stopped at revision %d", service.revision)


def _has_tunnels(service: Service, name: str) -> bool:
    endpoint = service.state.network.instance_connect_endpoints.get(name)
    return endpoint is not None and not endpoint.is_leaving


def _for_machines(
    settings: Settings, database: Database, service: Service, clock: Clock
) -> tuple[GuestServices, NodeLink]:
    """Who serves the machines, and who has the node run them.  Raises AuthorityError and StorageError."""
    authority = authority_of(settings.database.parent, database)
    guests = GuestServices(
        settings.node_socket, service, clock.now, EndpointTls(authority, lambda: service.written[0].network)
    )
    return guests, NodeLink(settings.node_socket, service, guests.open, guests.lose, authority.pem)


async def _sweeping(service: Service, manager: SystemsManager) -> None:
    while True:
        await _sweep(service)
        manager.sweep()
        await asyncio.sleep(SWEEP_SECONDS)


async def _sweep(service: Service) -> None:
    """What cannot be written is found again by the next one."""
    with contextlib.suppress(AwsError):
        await _swept(service)


async def _swept(service: Service) -> None:
    """A bit at a time, and what has to be looked for in much is looked for beside the loop.  Raises AwsError."""
    swept = AT_ONCE
    while swept == AT_ONCE:
        await service.turn()
        swept = len(service.report(sweep, "sweep"))
        await service.settled()
    service.report(service.key_uses.report, "access keys used")
    found = await aside(NOBODY.account, agents_seen, service.context(NOBODY))
    for row in found.puts:
        await service.turn()
        service.report(agent_seen(row.id), "agent seen")


@contextlib.asynccontextmanager
async def _background(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Work beside the block: cancelled after it; what fails in it ends the process, for the next `up` to heal."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        yield
        for task in tasks:
            task.cancel()
