"""Who reaches whom and why not, and what became of the packets."""

from __future__ import annotations

import asyncio
from typing import Any

from ..api.ssm.agent_report import SSM, why_managed
from ..dns.stub import known_address
from ..net.addresses import Address
from ..net.instance import Instance
from ..net.network import Network
from ..net.reasons import Reason
from ..net.trace import INTERNET
from ..node.answer import NodeError
from ..reach import report
from ..reach.endpoint import (
    Endpoint,
    NoNameError,
    UnknownEndpointError,
    has_only_ipv6,
    instance_called,
    resolve,
)
from ..store.state import State
from .desk import Answer, Desk, Refusal

_CELLS_AT_A_TIME = 16


async def counters(desk: Desk, request: dict[str, Any]) -> Answer:
    """Packets by reason, as the fabric has counted them.

    With ``of`` (an instance's id or Name tag, or an interface's id), those that were dropped at its interfaces: what it
    sent, and what was sent to it and refused there.
    """
    if desk.node is None:
        raise Refusal("there are no packets to count: this service runs with --fabric none", 409)
    names = _interfaces_of(desk.service.state.network, str(request["of"])) if "of" in request else (None,)
    try:
        counted = [(name, await desk.node.counters(name)) for name in names]
    except NodeError as error:
        raise Refusal(str(error), 503) from error
    return [
        {"reason": reason.name, "layer": reason.layer, "packets": packets.get(reason.name, 0)}
        | ({"interface": name} if name else {})
        for name, packets in counted
        for reason in Reason
    ]


def _interfaces_of(network: Network, name: str) -> tuple[str, ...]:
    """Their ids.  Raises Refusal."""
    try:
        found = resolve(network, name)
    except UnknownEndpointError as error:
        raise Refusal(str(error)) from None
    row = network.interfaces.get(found.interface_id) if found.interface_id else None
    if row is None:
        raise Refusal(f"{name} is no instance or network interface, at which packets are counted")
    if name == row.id or row.attachment is None:
        return (row.id,)
    return tuple(each.id for each in network.interfaces_of(row.attachment.owner_id))


async def why(desk: Desk, request: dict[str, Any]) -> Answer:
    """Whether ``source`` reaches ``destination`` (ids, Name tags, addresses, ``internet``, ``ssm``; names of DNS as the
    source finds them), and why not.

    With ``ipv6``, to an IPv6 address, or where one of them has no other, from an IPv6 address to one.
    """
    network = desk.service.state.network
    try:
        if request["destination"] == SSM:
            return why_managed(desk.service.state, _instance_called(network, str(request["source"])))
        names = str(request["source"]), str(request["destination"])
        ipv6 = request.get("ipv6") == "1" or any(_is_ipv6(name) or has_only_ipv6(network, name) for name in names)
        source = resolve(network, names[0], ipv6=ipv6)
        public = request.get("public") == "1" or source.interface_id == INTERNET
        try:
            destination = resolve(network, names[1], public=public, ipv6=ipv6)
        except NoNameError as error:
            destination = _found_by_name(desk.service.state, source, names[1], error, ipv6=ipv6)
            source = resolve(network, names[0], ipv6=not destination.address.is_ipv4)
        return report.why(network, source, destination, request.get("protocol", "icmp"), int(request.get("port", 0)))
    except KeyError as error:
        raise Refusal(f"{error} is missing") from None
    except (UnknownEndpointError, ValueError) as error:
        raise Refusal(str(error)) from None


def _found_by_name(state: State, source: Endpoint, name: str, error: NoNameError, *, ipv6: bool) -> Endpoint:
    """What the source finds under a name of DNS, of IPv4 first; raises the error when that is nothing."""
    if source.interface_id == INTERNET:
        raise UnknownEndpointError(f"{error}. Names of DNS are looked up by instances alone: give an address")
    interface = state.network.interfaces.get(source.interface_id or "")
    owner = interface.attachment.owner_id if interface is not None and interface.attachment is not None else ""
    families = (True,) if ipv6 else (False, True)
    found = (known_address(state, owner, name, ipv6=family) for family in families)
    address = next(filter(None, found), None)
    if address is None:
        raise UnknownEndpointError(f"{error}. As a name of DNS it leads to no address from {source.name}")
    return Endpoint(name, None, Address.parse(address))


def _is_ipv6(name: str) -> bool:
    try:
        return not Address.parse(name).is_ipv4
    except ValueError:
        return False


def _instance_called(network: Network, name: str) -> Instance:
    """Raises UnknownEndpointError."""
    instance = instance_called(network, name)
    if instance is None:
        raise UnknownEndpointError(f"{name!r} is no instance, which Systems Manager could manage")
    return instance


async def matrix(desk: Desk, request: dict[str, Any]) -> Answer:
    """Every running instance against every other; ``instances`` keeps those with these ids, separated by commas, and
    ``ipv6`` those that have an IPv6 address, from which they are asked about then.

    Everybody else's requests are answered in between.
    """
    only = frozenset(request["instances"].split(",")) if "instances" in request else None
    network = desk.service.state.network
    try:
        ways = request.get("protocol", "icmp"), int(request.get("port", 0))
        whole = report.Matrix(network, *ways, only, ipv6=request.get("ipv6") == "1")
    except ValueError as error:
        raise Refusal(str(error)) from None
    cells = []
    for cell in whole.cells():
        cells.append(cell)
        if len(cells) % _CELLS_AT_A_TIME == 0:
            await asyncio.sleep(0)
    return whole.report(cells)
