"""Instances of all accounts, and what they write to their consoles."""

from __future__ import annotations

import base64
from typing import Any

from ..api.ec2.instance_state import SERVER_ERROR
from ..net.hostnames import instance_private_name, public_name
from ..net.instance import Instance, InstanceState
from ..net.network import Network
from ..node.answer import NodeError
from .desk import Answer, Desk, Refusal


async def instances(desk: Desk, request: dict[str, Any]) -> Answer:
    """Every instance of every account, the oldest launch first.

    ``name`` keeps those with this id or Name tag, ``vpc`` those in the VPC with this id.
    """
    wanted, vpc = request.get("name"), request.get("vpc")
    network = desk.service.state.network
    if vpc is not None and vpc not in network.vpcs:
        raise Refusal(f"there is no VPC {vpc}, of any account or Region", 404)
    rows = sorted(network.instances.values(), key=lambda row: (row.launched_at, row.id))
    found = [_instance(network, row) for row in rows if wanted in (None, row.id, row.tags.get("Name"))]
    return [each for each in found if vpc in (None, each["vpc"])]


def given_up(network: Network) -> list[dict[str, str]]:
    """The instances that are stopped because their machines could not be started, and why."""
    return [
        {"id": row.id, "reason": row.state_reason or ""}
        for row in sorted(network.instances.values(), key=lambda row: row.id)
        if row.state is InstanceState.STOPPED and row.state_reason_code == SERVER_ERROR
    ]


def _instance(network: Network, row: Instance) -> dict[str, Any]:
    """``address`` is the primary private one, which an instance in an IPv6-only subnet does not have; a terminated
    instance has neither addresses nor a VPC."""
    interface = next(iter(network.interfaces_of(row.id)), None)
    private = interface.private_address if interface else None
    public = network.public_address_of(interface) if interface else None
    return {
        "id": row.id,
        "name": row.tags.get("Name"),
        "account": row.account,
        "region": row.region,
        "state": row.state,
        "type": row.instance_type,
        "vpc": interface.vpc_id if interface else None,
        "subnet": interface.subnet_id if interface else None,
        "address": str(private) if private else None,
        "public_address": str(public) if public else None,
        "ipv6_address": str(interface.ipv6_addresses[0]) if interface and interface.ipv6_addresses else None,
        "private_dns_name": instance_private_name(row, interface) if interface else None,
        "public_dns_name": public_name(network.vpcs[interface.vpc_id], public) if interface else None,
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
