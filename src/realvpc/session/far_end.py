"""What a session is with, in an instance: a shell, a command, a port.  And where those come from."""

from __future__ import annotations

import socket
from typing import Literal, Protocol

from .data_channel import Event
from .descriptor import Turns
from .message import PayloadType

PENDING = 1 << 20  # bytes of input that the far end has not taken yet, before the client is made to wait


class FarEndError(Exception):
    """What a session is for could not be opened; the text says why."""


class Shell(Protocol):
    """A command on a terminal in an instance."""

    terminal: int
    """The master; closed by `close`."""

    async def exited(self) -> None:
        """Returns when the command has ended."""

    async def close(self) -> None:
        """End the command, if it has not."""


class Program(Protocol):
    """A command in an instance, on pipes.  Our ends of them, which `close` closes: to write, to read, to read."""

    stdin: int
    stdout: int
    stderr: int

    def close_stdin(self) -> None:
        """Nothing more will be written."""

    async def exited(self) -> int:
        """Returns the exit code when the command has ended, 128 + n after signal n; 255 when nobody knows."""

    async def close(self) -> None:
        """End the command, if it has not."""


class Instances(Protocol):
    """Opens things in instances, by their ids.  All raise FarEndError."""

    async def shell(self, instance_id: str, command: str | None) -> Shell:
        """ssm-user's shell, or a command of theirs in its place."""

    async def program(self, instance_id: str, command: str, user: Literal["ssm-user", "root"]) -> Program:
        """A command for `/bin/sh -c`."""

    async def socket(self, instance_id: str) -> socket.socket:
        """A TCP socket in the instance's network, not connected."""

    async def resolve(self, instance_id: str, host: str) -> str:
        """The IPv4 address that the instance knows a host by."""


class Line(Protocol):
    """The session's side of a far end."""

    turns: Turns

    def room(self) -> bool:
        """Whether more may be sent now."""

    def send(self, data: bytes, kind: PayloadType = PayloadType.OUTPUT) -> None:
        """Send to the client."""

    def drained(self) -> None:
        """The far end has taken input that was pending."""

    def finish(self, farewell: str = "") -> None:
        """Nothing more will be sent: the session is over."""


class FarEnd(Protocol):
    """What is opened.  Once it is, nothing that it does raises."""

    @property
    def pending(self) -> int:
        """Bytes of input that are not taken yet."""

    def receive(self, event: Event) -> None:
        """Input of the client."""

    def resume(self) -> None:
        """There may be room again."""

    async def close(self) -> None:
        """End whatever there is."""
