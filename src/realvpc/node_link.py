"""Keeps the host at what the state says, and the state at what the host reports."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from msgspec import to_builtins

from .api.machine_report import (
    Report,
    machine_down,
    machine_failed,
    machine_removed,
    machine_up,
    machines_impaired,
)
from .api.machines import machine_specs
from .api.service import Service
from .fabric.audit import LISTENERS
from .fabric.plan import compile_plan
from .node.answer import NodeError, NodeLostError
from .node.client import NodeClient
from .node.messages import Applied, ConsoleIs, Desired, MachineDown, MachineRemoved, MachineReport, MachineUp, StatusIs

_FIRST_DELAY, _LONGEST_DELAY = 0.05, 1.0

log = logging.getLogger(__name__)


class NodeLink:
    """One connection to the node process, made again whenever it breaks.

    ``changed`` is set after every commit; commits that come while a plan is sent are sent together.  ``prepare`` does
    what has to be done before the node starts a machine; ``lose`` is called when machines do not find what that opened.
    """

    def __init__(
        self,
        node_socket: Path,
        service: Service,
        changed: asyncio.Event,
        prepare: Callable[[], Awaitable[None]],
        lose: Callable[[], None],
    ) -> None:
        self._socket = node_socket
        self._prepare = prepare
        self._lose = lose
        self._service = service
        self._changed = changed
        self._client: NodeClient | None = None
        self._applied: Applied | None = None
        self._trouble = "the node process is starting"
        self._was_connected = False
        self._faulty: set[str] | None = None  # the subjects that the node's faults were about, when last told

    @property
    def ready(self) -> bool:
        """Whether the node has brought the kernel to some revision since it was connected, be it with faults."""
        return self._client is not None and self._applied is not None

    def faults(self) -> list[str]:
        """What keeps the host from being as the state says; empty when nothing does."""
        if self._client is None:
            return [self._trouble]
        if self._applied is None:
            return ["the node process is preparing the fabric"]
        return [f"{fault.subject}: {fault.reason}" for fault in self._applied.faults]

    async def status(self) -> dict[str, Any]:
        """``limits`` and ``isolation`` in the node's words, the machines that run; None while it does not answer.

        ``repairs``: what was not as it was made and is again, the last ones, oldest first.
        """
        host: StatusIs | None = None
        if self._client:
            with contextlib.suppress(NodeError):
                host = await self._client.status()
        return {
            "connected": self._client is not None,
            "applied_revision": self._applied.revision if self._applied else None,
            "limits": host.limits if host else None,
            "isolation": host.isolation if host else None,
            "disks": host.disks if host else None,
            "kept_disks": to_builtins(host.kept) if host else [],
            "repairs": [to_builtins(repair) for repair in host.repairs] if host else [],
            "machines_up": sum(isinstance(each, MachineUp) for each in host.machines) if host else None,
        }

    async def counters(self) -> dict[str, int]:
        """Packets by name of the reason.  Raises NodeError."""
        if self._client is None:
            raise NodeLostError(self._trouble)
        return await self._client.counters()

    async def console(self, instance_id: str) -> bytes:
        """The end of a machine's console output.  Raises NodeError."""
        return (await self.console_since(instance_id, None)).output

    async def console_since(self, instance_id: str, since: int | None) -> ConsoleIs:
        """A machine's console output from a position on, or the end of it.  Raises NodeError."""
        if self._client is None:
            raise NodeLostError(self._trouble)
        return await self._client.console(instance_id, since)

    async def run(self) -> None:
        """Until cancelled."""
        delay = _FIRST_DELAY
        while True:
            try:
                await self._prepare()
                client = await NodeClient.connect(self._socket)
                delay = _FIRST_DELAY
                await self._converse(client)
            except NodeLostError as error:
                self._note(f"the node process does not answer ({error}): `realvpc up` starts it again")
            except Exception:  # the outermost frame: nothing else would say that the host does not follow any more
                self._trouble = "the node could not be told what should be: see the log of the API process"
                log.exception("telling the node failed")
            await asyncio.sleep(delay)
            delay = min(2 * delay, _LONGEST_DELAY)

    def _note(self, trouble: str) -> None:
        """Say it once, however often it is tried again; at the start, when both processes come up, not at all."""
        if trouble != self._trouble and self._was_connected:
            log.warning("%s", trouble)
        self._trouble = trouble

    async def _converse(self, client: NodeClient) -> None:
        log.info("connected to the node")
        self._client, self._applied, self._was_connected = client, None, True
        self._faulty = None
        telling = asyncio.create_task(self._tell(client))
        listening = asyncio.create_task(self._listen(client))
        try:
            done, _ = await asyncio.wait((telling, listening), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self._client = None
            for task in (telling, listening):
                task.cancel()
            await asyncio.gather(telling, listening, return_exceptions=True)
            await client.close()

    async def _tell(self, client: NodeClient) -> None:
        while True:
            self._changed.clear()
            state, revision = self._service.state, self._service.revision
            ended = tuple(sorted(state.tokens.remains))
            machines = machine_specs(state)
            await client.want(Desired(revision, compile_plan(state.network), machines, ended, self._service.state_id))
            await self._changed.wait()

    def _take_in(self, faulty: set[str]) -> None:
        """Let what the node says of these become part of the state, or be mended."""
        if LISTENERS in faulty:
            self._lose()
        if faulty != self._faulty:
            self._faulty = faulty
            self._service.report(machines_impaired(frozenset(faulty)), "node: faults")

    async def _listen(self, client: NodeClient) -> None:
        async for event in client.events():
            if isinstance(event, Applied):
                if event.faults:
                    log.warning("revision %d is applied but for %s", event.revision, event.faults)
                self._applied = event
                self._take_in({fault.subject for fault in event.faults})
            else:
                self._service.report(_fact(event), f"node: {event}")
        raise NodeLostError("the node closed the connection")


def _fact(event: MachineReport | MachineRemoved) -> Report:
    if isinstance(event, MachineRemoved):
        return machine_removed(event.id)
    if isinstance(event, MachineUp):
        return machine_up(event.id, event.boot)
    if isinstance(event, MachineDown):
        return machine_down(event.id, event.boot)
    return machine_failed(event.id, event.reason, event.boot)
