"""Who reaches whom and why not, and what became of the packets."""

from __future__ import annotations

import asyncio
from typing import Any

from ..api.ssm.agent_report import SSM, why_managed
from ..net.instance import Instance
from ..net.network import Network
from ..net.reasons import Reason
from ..net.trace import INTERNET
from ..node.answer import NodeError
from ..reach import report
from ..reach.endpoint import UnknownEndpointError, resolve
from .desk import Answer, Desk, Refusal

_CELLS_AT_A_TIME = 16


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
            return why_managed(desk.service.state, _instance_called(network, str(request["source"])))
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
    """Every running instance against every other; ``instances`` keeps those with these ids, separated by commas.

    Everybody else's requests are answered in between.
    """
    only = frozenset(request["instances"].split(",")) if "instances" in request else None
    network = desk.service.state.network
    try:
        whole = report.Matrix(network, request.get("protocol", "icmp"), int(request.get("port", 0)), only)
    except ValueError as error:
        raise Refusal(str(error)) from None
    cells = []
    for cell in whole.cells():
        cells.append(cell)
        if len(cells) % _CELLS_AT_A_TIME == 0:
            await asyncio.sleep(0)
    return whole.report(cells)
