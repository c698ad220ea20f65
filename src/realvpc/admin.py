"""What `realvpc` commands and test suites ask of the service, beside AWS's actions (``admin_app`` has the wire)."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

from . import __version__
from .api.call import Caller
from .api.context import Context
from .api.errors import AwsError
from .api.image_intake import announced, contents_in_use, unpacked, withdrawn
from .api.service import Service
from .api.ssm_agent_report import SSM, why_managed
from .api.sweep import everything
from .clock import Clock
from .config import Settings
from .net.hostnames import instance_private_name, public_name
from .net.instance import Instance, InstanceState
from .net.machine_image import MachineImage
from .net.network import Network
from .net.reasons import Reason
from .net.table import Change, delete
from .net.trace import INTERNET
from .node.client import NodeError
from .reach import report
from .reach.endpoint import UnknownEndpointError, resolve
from .store.database import Database

if TYPE_CHECKING:
    from .node_link import NodeLink

CLOCK_SETTING = "clock-offset"

Answer: TypeAlias = Any
"""What JSON can say."""


class Refusal(Exception):  # noqa: N818 - like AwsError: an answer, not a fault
    """What was asked for cannot be: a sentence for people, and the HTTP status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class Desk:
    """What the handlers work with.  ``node`` is None where there is no fabric."""

    def __init__(
        self, settings: Settings, database: Database, service: Service, clock: Clock, node: NodeLink | None
    ) -> None:
        self.settings = settings
        self.database = database
        self.service = service
        self.clock = clock
        self.node = node
        self.internal_errors: Callable[[], int] = lambda: 0

    def faults(self) -> list[str]:
        """What is wrong right now, in sentences; empty when all is well."""
        found = list(self.node.faults()) if self.node else []
        if count := self.internal_errors():
            found.append(f"{count} requests were answered with InternalError: see {self.settings.log('api')}")
        return found


Handler: TypeAlias = Callable[[Desk, dict[str, Any]], Awaitable[Answer]]


class Route(Struct, frozen=True):
    """``public``: answered over TCP too.  ``any_mode``: only where signatures are not checked."""

    handle: Handler
    public: bool = False
    any_mode: bool = False


async def health(desk: Desk, request: dict[str, Any]) -> Answer:
    """Whether the service works, for load balancers, containers and `realvpc up`."""
    faults = desk.faults()
    return {
        "status": "degraded" if faults else "ok",
        "ready": desk.node is None or desk.node.ready,
        "version": __version__,
        "fabric": desk.settings.fabric,
        "credentials": desk.settings.credentials,
        "faults": faults,
    }


async def status(desk: Desk, request: dict[str, Any]) -> Answer:
    """What `realvpc status` shows."""
    state = desk.service.state
    return {
        **await health(desk, request),
        "endpoint_url": desk.settings.endpoint_url,
        "state_dir": str(desk.settings.state_dir),
        "revision": desk.service.revision,
        "time": desk.clock.now().isoformat(timespec="seconds"),
        "clock_offset": desk.clock.offset.total_seconds(),
        "accounts": len(state.directory.accounts),
        "resources": {kind.__name__: len(state.network.table(kind)) for kind in state.network.TYPES},
        "instances": _tally(instance.state for instance in state.network.instances.values()),
        "machines_wanted": sum(instance.machine_wanted for instance in state.network.instances.values()),
        "node": await desk.node.status() if desk.node else None,
    }


async def move_clock(desk: Desk, request: dict[str, Any]) -> Answer:
    """``offset``: seconds between the machine's clock and the service's, from now on.  ``advance``: that much more."""
    try:
        offset = timedelta(seconds=float(request.get("offset", desk.clock.offset.total_seconds())))
        offset += timedelta(seconds=float(request.get("advance", 0)))
        time = desk.clock.now() - desk.clock.offset + offset
    except (ValueError, TypeError, OverflowError):
        raise Refusal("a clock is moved by a number of seconds, and not past the year 9999") from None
    desk.database.set_setting(CLOCK_SETTING, str(offset.total_seconds()))
    desk.clock.offset = offset
    return {"time": time.isoformat(timespec="seconds"), "clock_offset": offset.total_seconds()}


async def read_clock(desk: Desk, request: dict[str, Any]) -> Answer:
    return {"time": desk.clock.now().isoformat(timespec="seconds"), "clock_offset": desk.clock.offset.total_seconds()}


async def accounts(desk: Desk, request: dict[str, Any]) -> Answer:
    """Every account with its access keys, secrets included: the operator hands them out."""
    directory = desk.service.state.directory
    keys = sorted(directory.access_keys.values(), key=lambda key: (key.created_at, key.id))
    return [
        {
            "id": account.id,
            "name": account.name,
            "access_keys": [
                {"id": key.id, "secret": key.secret, "arn": key.arn} for key in keys if key.account == account.id
            ],
        }
        for account in sorted(directory.accounts.values(), key=lambda account: (account.zone_seed, account.name))
    ]


async def instances(desk: Desk, request: dict[str, Any]) -> Answer:
    """Every instance of every account; ``name`` keeps those with this id or Name tag."""
    wanted = request.get("name")
    network = desk.service.state.network
    rows = network.instances.values()
    return [_instance(network, row) for row in rows if wanted in (None, row.id, row.tags.get("Name"))]


def _instance(network: Network, row: Instance) -> dict[str, Any]:
    """``address`` is the primary private one; a terminated instance has neither addresses nor a VPC."""
    interface = next(iter(network.interfaces_of(row.id)), None)
    public = interface.public_address if interface else None
    return {
        "id": row.id,
        "name": row.tags.get("Name"),
        "account": row.account,
        "region": row.region,
        "state": row.state,
        "type": row.instance_type,
        "vpc": interface.vpc_id if interface else None,
        "subnet": interface.subnet_id if interface else None,
        "address": str(interface.private_address) if interface else None,
        "public_address": str(public) if public else None,
        "private_dns_name": instance_private_name(row, interface) if interface else None,
        "public_dns_name": public_name(network.vpcs[interface.vpc_id], interface) if interface else None,
    }


async def console(desk: Desk, request: dict[str, Any]) -> Answer:
    """What ``instance`` (its id) wrote to its console from the position ``since`` on, or the end of it, in base64.

    ``position`` is where to go on; ``runs`` whether there may be more to come.
    """
    if desk.node is None:
        raise Refusal("there is no console: this service runs with --fabric none", 409)
    row = desk.service.state.network.instances.get(str(request.get("instance")))
    if row is None:
        raise Refusal(f"there is no instance {request.get('instance')}", 404)
    since = str(request.get("since", ""))
    if since and not since.isdecimal():
        raise Refusal(f"a position is a number, not {since!r}")
    try:
        found = await desk.node.console_since(row.id, int(since) if since else None)
    except NodeError as error:
        raise Refusal(str(error), 503) from error
    return {
        "output": base64.b64encode(found.output).decode(),
        "position": found.position,
        "runs": row.state not in (InstanceState.STOPPED, InstanceState.TERMINATED),
    }


async def images(desk: Desk, request: dict[str, Any]) -> Answer:
    """The images that operators have added, of every account, and the contents that anything needs."""
    network = desk.service.state.network
    rows = sorted(network.machine_images.values(), key=lambda row: (row.name, row.account, row.region))
    return {"images": [_image(row) for row in rows], "contents": sorted(contents_in_use(network))}


async def announce_image(desk: Desk, request: dict[str, Any]) -> Answer:
    """An image ``name`` that is to be: one in each of ``regions`` for each of ``accounts`` (ids), of one content."""
    service, content, change = desk.service, "", Change()
    try:
        for account, region in product(request["accounts"], request["regions"]):
            ctx = service.context(Caller(account=account, region=region, arn="", user_id="", access_key_id=""))
            content = content or ctx.new_id("image")
            change += announced(ctx, str(request["name"]), str(request.get("description", "")), content)
    except KeyError as error:
        raise Refusal(f"{error} is missing") from None
    except AwsError as error:
        raise Refusal(error.message) from error
    service.report(lambda ctx: change, f"image {content} announced")
    rows = [row for row in service.state.network.machine_images.values() if row.content == content]
    return {"content": content, "images": [_image(row) for row in rows]}


async def finish_image(desk: Desk, request: dict[str, Any]) -> Answer:
    """The ``content`` is there, ``size`` bytes of it; without a size it has failed, and its images go."""
    content, size = str(request.get("content")), request.get("size")

    def fact(ctx: Context) -> Change:
        return withdrawn(ctx.network, content) if size is None else unpacked(ctx.network, content, int(size))

    desk.service.report(fact, f"image {content} {'failed' if size is None else 'unpacked'}")
    return {}


async def remove_image(desk: Desk, request: dict[str, Any]) -> Answer:
    """The images with this ``name``, or the one with this id, and their snapshots, as far as no other needs them."""
    name = request.get("name")
    network = desk.service.state.network
    doomed = [row for row in network.machine_images.values() if name in (row.name, row.id)]
    if not doomed:
        raise Refusal(f"there is no image {name}. `realvpc image list` names those that there are", 404)
    kept = {row.snapshot_id for row in network.machine_images.values() if row not in doomed}
    snapshots = [network.disk_snapshots.get(row.snapshot_id) for row in doomed if row.snapshot_id not in kept]
    change = delete(*doomed, *(row for row in snapshots if row is not None))
    desk.service.report(lambda ctx: change, f"image {name} removed")
    return {"images": [_image(row) for row in doomed]}


def _image(row: MachineImage) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "account": row.account,
        "region": row.region,
        "state": row.state,
        "size_gib": row.minimum_size_gib,
        "created_at": row.created_at.isoformat(timespec="seconds"),
        "content": row.content,
    }


async def counters(desk: Desk, request: dict[str, Any]) -> Answer:
    """Packets by reason, as the fabric has counted them."""
    if desk.node is None:
        raise Refusal("there are no packets to count: this service runs with --fabric none", 409)
    try:
        counted = await desk.node.counters()
    except NodeError as error:
        raise Refusal(str(error), 503) from error
    return [{"reason": reason.name, "layer": reason.layer, "packets": counted.get(reason.name, 0)} for reason in Reason]


async def why(desk: Desk, request: dict[str, Any]) -> Answer:
    """Whether ``source`` reaches ``destination`` (ids, Name tags, addresses, ``internet``, ``ssm``), and why not."""
    network = desk.service.state.network
    try:
        if request["destination"] == SSM:
            return why_managed(network, desk.service.state.directory, _instance_called(network, str(request["source"])))
        source = resolve(network, str(request["source"]))
        public = request.get("public") == "1" or source.interface_id == INTERNET
        destination = resolve(network, str(request["destination"]), public=public)
        return report.why(network, source, destination, request.get("protocol", "icmp"), int(request.get("port", 0)))
    except KeyError as error:
        raise Refusal(f"{error} is missing") from None
    except (UnknownEndpointError, ValueError) as error:
        raise Refusal(str(error)) from None


def _instance_called(network: Network, name: str) -> Instance:
    """By id or Name tag; of several that have had the name, one that runs.  Raises UnknownEndpointError."""
    rows = [row for row in network.instances.values() if name in (row.id, row.tags.get("Name"))]
    if not rows:
        raise UnknownEndpointError(f"{name!r} is no instance, which Systems Manager could manage")
    return max(rows, key=lambda row: (row.machine_wanted, row.launched_at))


async def matrix(desk: Desk, request: dict[str, Any]) -> Answer:
    """Every running instance against every other; ``instances`` keeps those with these ids, separated by commas."""
    only = frozenset(request["instances"].split(",")) if "instances" in request else None
    try:
        return report.matrix(
            desk.service.state.network, request.get("protocol", "icmp"), int(request.get("port", 0)), only
        )
    except ValueError as error:
        raise Refusal(str(error)) from None


async def reset(desk: Desk, request: dict[str, Any]) -> Answer:
    """Empty the state, as test suites do between tests.  Accounts and their keys stay: clients hold them."""
    desk.service.report(everything, "reset")
    return {"status": "ok"}


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/_realvpc/health"): Route(health, public=True),
    ("GET", "/_realvpc/status"): Route(status),
    ("GET", "/_realvpc/clock"): Route(read_clock),
    ("POST", "/_realvpc/clock"): Route(move_clock),
    ("GET", "/_realvpc/accounts"): Route(accounts),
    ("GET", "/_realvpc/instances"): Route(instances),
    ("GET", "/_realvpc/console"): Route(console),
    ("GET", "/_realvpc/counters"): Route(counters),
    ("GET", "/_realvpc/images"): Route(images),
    ("POST", "/_realvpc/images/announce"): Route(announce_image),
    ("POST", "/_realvpc/images/finish"): Route(finish_image),
    ("POST", "/_realvpc/images/remove"): Route(remove_image),
    ("GET", "/_realvpc/why"): Route(why),
    ("GET", "/_realvpc/matrix"): Route(matrix),
    ("POST", "/_realvpc/reset"): Route(reset, public=True, any_mode=True),
    ("POST", "/moto-api/reset"): Route(reset, public=True, any_mode=True),
}
"""The whole of it: method and path, and who answers."""


def _tally(states: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for state in states:
        counts[state] = counts.get(state, 0) + 1
    return counts
