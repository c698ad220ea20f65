"""Root's side of the node's socket: one blocking connection, for a command."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from ..net.machine import Wanted
from . import messages as m
from .answer import PATIENCE_SECONDS, NodeError, NodeLostError, expect, open_answer, terminal_of
from .channel import Channel, Frame, FrameError
from .terminal import Relay

_A = TypeVar("_A")


class NodeConnection:
    """One blocking connection, for a command of root.

    The node greets at once, however much it has to do: one that does not is a process that is alive and silent.  `pid`
    is the node's.
    """

    def __init__(self, path: Path, *, timeout: float | None = None) -> None:
        """`timeout` is in seconds, for each message; the greeting always has one.  Raises NodeLostError."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._channel = Channel(sock)
        try:
            sock.settimeout(timeout or PATIENCE_SECONDS)
            sock.connect(str(path))
            self.pid = self._ask(m.Hello(), m.Welcome).pid
            sock.settimeout(timeout)
        except OSError as error:
            sock.close()
            raise NodeLostError(f"the node at {path} cannot be reached: {error}") from error
        except NodeError:
            sock.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._channel.close()

    def counters(self) -> dict[str, int]:
        """Packets by name of the reason.  Raises NodeError."""
        return self._ask(m.Counters(), m.CountersAre).counters

    def status(self) -> m.StatusIs:
        """Raises NodeError."""
        return self._ask(m.Status(), m.StatusIs)

    def audit(self) -> m.StatusIs:
        """Have everything looked at, and mended where it can be.  Raises NodeError."""
        return self._ask(m.Audit(), m.StatusIs)

    def console(self, instance_id: str) -> bytes:
        """The end of a machine's console output.  Raises NodeError."""
        return self._ask(m.Console(instance_id), m.ConsoleIs).output

    def delete_disks(self, *names: str) -> None:
        """Delete disks that were kept aside, all or none.  Raises NodeError."""
        self._ask(m.DeleteDisks(names), m.Deleted)

    def shutdown(self, machines: Wanted) -> None:
        """End the node; see `messages.Shutdown`.  Raises NodeError."""
        self._ask(m.Shutdown(machines), m.Done)

    def probe(self, instance_id: str) -> socket.socket:
        """A raw ICMP socket in a machine's network namespace.  Raises NodeError."""
        frame = self._exchange(m.OpenProbe(instance_id))
        expect(open_answer(frame, keep_fds=True), m.Opened)
        assert frame is not None, "Opened came with it"
        return socket.socket(fileno=frame.fds[0])

    def exec(
        self,
        instance_id: str,
        argv: Sequence[str],
        *,
        user: str = "root",
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        tty: bool = False,
        stdio: tuple[int, int, int] | None = None,
    ) -> int:
        """Run a command in a machine and return its exit code, 128 + n after signal n.  Raises NodeError.

        It works on `stdio` (descriptors), which is the caller's own unless given; with `tty` on a terminal of the
        machine that is relayed to them.
        """
        files = stdio or (sys.stdin.fileno(), sys.stdout.fileno(), sys.stderr.fileno())
        request = m.Exec(instance_id=instance_id, argv=tuple(argv), user=user, cwd=cwd, env=dict(env or {}), tty=tty)
        if not tty:
            self.start(request, files)
            return self.wait()
        started = self._exchange(request)
        try:
            expect(open_answer(started, keep_fds=True), m.Started)
            with Relay(terminal_of(started), files[0], files[1]) as relay:
                relay.run(until_readable=self._channel.socket.fileno())
            return self.wait()
        finally:
            if started:
                started.close_fds()

    def start(self, request: m.Exec, stdio: tuple[int, int, int]) -> None:
        """Begin a command on these descriptors, which it has for itself then; closing kills it.  Raises NodeError."""
        expect(open_answer(self._exchange(request, stdio)), m.Started)

    def wait(self) -> int:
        """The exit code of what was begun, once it has ended.  Raises NodeError."""
        return expect(open_answer(self._receive()), m.Exited).code

    def _ask(self, request: m.Request, kind: type[_A]) -> _A:
        return expect(open_answer(self._exchange(request)), kind)

    def _exchange(self, request: m.Request, fds: tuple[int, ...] = ()) -> Frame | None:
        try:
            self._channel.send(m.encode(request), fds)
        except OSError as error:
            raise NodeLostError(str(error)) from error
        return self._receive()

    def _receive(self) -> Frame | None:
        try:
            return self._channel.receive()
        except (OSError, FrameError) as error:
            raise NodeLostError(str(error)) from error
