"""What Systems Manager opens in instances: from the node process."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from realvpc.node.answer import NodeError
from realvpc.node.client import NodeCommand, NodeShell, open_socket
from realvpc.node.messages import OpenCommand
from realvpc.session.far_end import FarEndError, Program, Shell

_UNKNOWN_CODE = 255


class NodeInstances:
    """Opens each thing on a connection of its own.

    `resolve(instance_id, host)` is the IPv4 address that an instance knows a host by, or None.
    """

    def __init__(self, node_socket: Path, resolve: Callable[[str, str], str | None]) -> None:
        self._node_socket = node_socket
        self._resolve = resolve

    async def shell(self, instance_id: str, command: str | None) -> Shell:
        try:
            return await NodeShell.open(self._node_socket, instance_id, command)
        except (NodeError, OSError) as error:
            raise FarEndError(str(error)) from error

    async def program(self, instance_id: str, command: str, user: Literal["ssm-user", "root"]) -> Program:
        ours: list[int] = []
        theirs: list[int] = []
        try:
            for side in (theirs, ours), (ours, theirs), (ours, theirs):
                for end, fd in zip(side, os.pipe(), strict=True):
                    end.append(fd)
            opened = await NodeCommand.open(
                self._node_socket, OpenCommand(instance_id, command, user), (theirs[0], theirs[1], theirs[2])
            )
        except BaseException as error:
            _close(*ours)
            if isinstance(error, NodeError | OSError):
                raise FarEndError(str(error)) from error
            raise
        finally:
            _close(*theirs)
        return _NodeProgram(opened, *ours)

    async def socket(
        self, instance_id: str, interface_id: str | None = None, *, is_ipv6: bool = False
    ) -> socket.socket:
        try:
            return await open_socket(self._node_socket, instance_id, interface_id, is_ipv6=is_ipv6)
        except (NodeError, OSError) as error:
            raise FarEndError(str(error)) from error

    async def resolve(self, instance_id: str, host: str) -> str:
        address = self._resolve(instance_id, host)
        if address is None:
            raise FarEndError(f"{host} is not known to {instance_id}")
        return address


class _NodeProgram:
    """A command and our ends of its pipes."""

    def __init__(self, command: NodeCommand, stdin: int, stdout: int, stderr: int) -> None:
        self._command = command
        self.stdin, self.stdout, self.stderr = stdin, stdout, stderr
        self._open = {stdin, stdout, stderr}

    async def exited(self) -> int:
        try:
            return await self._command.exited()
        except NodeError:
            return _UNKNOWN_CODE

    def close_stdin(self) -> None:
        if self.stdin in self._open:
            self._open.remove(self.stdin)
            _close(self.stdin)

    async def close(self) -> None:
        _close(*self._open)
        self._open.clear()
        self._command.close()


def _close(*descriptors: int) -> None:
    for fd in descriptors:
        with contextlib.suppress(OSError):
            os.close(fd)
