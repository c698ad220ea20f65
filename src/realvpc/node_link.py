"""Keeps the host at what the state says, and the state at what the host reports."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from .api.machine_report import (
    Report,
    interfaces_settled,
    machine_down,
    machine_failed,
    machine_removed,
    machine_up,
    machines_impaired,
)
from .api.service import Service
from .fabric.finding import LISTENERS
from .feed import Gap, Subscription
from .net.flow_gathering import Gathered
from .node.answer import NodeError, NodeLostError
from .node.client import NodeClient
from .node.messages import Applied, ConsoleIs, MachineDown, MachineRemoved, MachineReport, MachineUp, StatusIs
from .node_view import NodeView
from .store.commit import Commit, Reverted
from .store.state import State

_FIRST_DELAY, _LONGEST_DELAY = 0.05, 1.0
_STATUS_SECONDS = 5.0  # after which a node that is there counts as one that does not answer
_AUDITED_SECONDS = 20.0  # after which the node has looked again, whatever it is at
_WAITING_COMMITS = 1 << 14  # while the node is told of others

log = logging.getLogger(__name__)


class NodeLink:
    """One connection to the node process, made again whenever it breaks.

    On each the node is told the whole first, and then what the commits of the service's feed change.  ``prepare`` does
    what has to be done before the node starts a machine; ``lose`` is called when machines do not find what that opened.
    ``authority`` is whom they trust, see `Desired`.
    """

    def __init__(
        self,
        node_socket: Path,
        service: Service,
        prepare: Callable[[], Awaitable[None]],
        lose: Callable[[], None],
        authority: str = "",
    ) -> None:
        self._socket = node_socket
        self._prepare = prepare
        self._lose = lose
        self._authority = authority
        self._service = service
        self._client: NodeClient | None = None
        self._applied: Applied | None = None
        self._view: NodeView | None = None
        self._trouble = "the node process is starting"
        self._was_connected = False
        self.is_stuck = False  # what should be cannot be told, however often it is tried: until the state changes
        self._reported = 0  # the revision after the last report
        self._faulty: set[str] | None = None  # the subjects that the node's faults were about, when last told
        self._next_loss: asyncio.TimerHandle | None = None

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
            with contextlib.suppress(NodeError, TimeoutError):
                async with asyncio.timeout(_STATUS_SECONDS):
                    host = await self._client.status()
        return {
            "connected": self._client is not None,
            "applied_revision": self._applied_revision,
            "limits": host.limits if host else None,
            "isolation": host.isolation if host else None,
            "disks": host.disks if host else None,
            "kept_disks": msgspec.to_builtins(host.kept) if host else [],
            "repairs": msgspec.to_builtins(host.repairs) if host else [],
            "machines_up": sum(isinstance(each, MachineUp) for each in host.machines) if host else None,
        }

    @property
    def _applied_revision(self) -> int | None:
        """Revisions that do not concern the node count as applied with the one before them."""
        if self._applied is None or self._view is None or self._applied.revision != self._view.told:
            return self._applied.revision if self._applied else None
        return self._view.revision

    async def counters(self, interface_id: str | None = None) -> dict[str, int]:
        """Packets by name of the reason: all, or those that were dropped at an interface.  Raises NodeError."""
        if self._client is None:
            raise NodeLostError(self._trouble)
        return await self._client.counters(interface_id)

    async def take_flows(self, *, turn: bool) -> Gathered:
        """A part of what was gathered for flow logs, which nobody gets again.  Raises NodeError."""
        if self._client is None:
            raise NodeLostError(self._trouble)
        return await self._client.take_flows(turn=turn)

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
                await self._converse(client)
            except NodeLostError as error:
                self._note(f"the node process does not answer ({error}): `realvpc up` starts it again")
            except Exception as error:  # the outermost frame: else nobody says that the host does not follow any more
                self._trouble = f"the node cannot be told what should be ({error!r}): see the log of the API process"
                self.is_stuck = not isinstance(error, NodeError)  # what the node refuses now, it may do later
                log.exception("telling the node failed")
            delay = _FIRST_DELAY if self._applied else min(2 * delay, _LONGEST_DELAY)
            await asyncio.sleep(delay)

    def _note(self, trouble: str) -> None:
        """Say it once, however often it is tried again; at the start, when both processes come up, not at all."""
        if trouble != self._trouble and self._was_connected:
            log.warning("%s", trouble)
        self._trouble = trouble

    async def _converse(self, client: NodeClient) -> None:
        log.info("connected to the node")
        self._client, self._applied, self._view, self._was_connected = client, None, None, True
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
        commits: Subscription[Commit | Reverted] = self._service.feed.subscribe(
            Commit, Reverted, capacity=_WAITING_COMMITS
        )
        with commits:
            view = await self._begin(client)
            async for commit in commits:
                if isinstance(commit, Reverted):
                    if commit.revision < self._reported:  # else only what the node has never heard of is lost
                        raise NodeLostError("what it has told could not be written down")
                elif isinstance(commit, Gap):
                    view = await self._begin(client)
                elif commit.revision > view.revision:
                    # A long one in a thread: that has one to itself, so that packets do not follow the state later for
                    # whatever clients ask.
                    is_long = view.is_long(commit)
                    delta = await asyncio.to_thread(view.follow, commit) if is_long else view.follow(commit)
                    if delta is not None:
                        await client.want(delta)

    def _seen(self) -> tuple[State, int, str, str]:
        return *self._service.written, self._service.state_id, self._authority

    async def _begin(self, client: NodeClient) -> NodeView:
        """Tell the whole.  It is put together in a thread: that may take long, and the loop has others to serve."""
        self._view = view = await asyncio.to_thread(NodeView, *self._seen())
        await client.want(await asyncio.to_thread(view.whole))
        self.is_stuck = False
        return view

    async def _take_in(self, faulty: set[str]) -> None:
        """Let what the node says of these become part of the state, once for as long as it lasts, or be mended."""
        if LISTENERS in faulty - (self._faulty or set()):
            self._lose_sockets()
        if faulty != self._faulty:
            self._faulty = faulty
            await self._service.turn()
            self._service.report(machines_impaired(frozenset(faulty)), "node: faults")

    def _lose_sockets(self) -> None:
        """And again when that has not helped: their place may have been made anew once more before anybody looked."""
        self._lose()
        if self._next_loss is not None:  # of a fault that has gone, and come again since
            self._next_loss.cancel()
        self._next_loss = asyncio.get_running_loop().call_later(_AUDITED_SECONDS, self._lose_again)

    def _lose_again(self) -> None:
        if LISTENERS in (self._faulty or ()):
            self._lose_sockets()

    async def _settle(self, revision: int, faulty: set[str]) -> None:
        """Let interfaces have come, or be gone, once the node has seen to it."""
        if self._view is not None and (done := self._view.settled(revision, faulty)):
            await self._service.turn()
            self._service.report(interfaces_settled(done), "node: interfaces")

    async def _listen(self, client: NodeClient) -> None:
        async for event in client.events():
            if isinstance(event, Applied):
                if event.faults and event.faults != (self._applied.faults if self._applied else ()):
                    log.warning("revision %d is applied but for %s", event.revision, event.faults)
                self._applied = event
                faulty = {fault.subject for fault in event.faults}
                await self._take_in(faulty)
                await self._settle(event.revision, faulty)
            else:
                await self._service.turn()
                self._service.report(_fact(event), f"node: {event}")
            self._reported = self._service.revision
        raise NodeLostError("the node closed the connection")


def _fact(event: MachineReport | MachineRemoved) -> Report:
    if isinstance(event, MachineRemoved):
        return machine_removed(event.id)
    if isinstance(event, MachineUp):
        return machine_up(event.id, event.boot)
    if isinstance(event, MachineDown):
        return machine_down(event.id, event.boot)
    return machine_failed(event.id, event.reason, event.boot)
