"""What Systems Manager opens in instances: from the node process, which is loaded only where there is one."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from realvpc.dns.resolve import resolve
from realvpc.net.dhcp_options import AMAZON_PROVIDED_DNS
from realvpc.net.domain_name import canonical
from realvpc.net.network import Network
from realvpc.session.far_end import FarEndError, Program, Shell

if TYPE_CHECKING:
    from realvpc.node.client import NodeCommand

_UNKNOWN_CODE = 255
_LOCALHOST = "127.0.0.1"


def known_address(network: Network, instance_id: str, host: str) -> str | None:
    """The address that an instance knows a host by: one that it is, its own, or what the VPC's resolver says.

    None when there is none, or when the VPC's DHCP options name other servers than Amazon's.
    """
    if host == "localhost":
        return _LOCALHOST
    with contextlib.suppress(ValueError):
        return str(ip_address(host)) if ip_address(host).version == 4 else None
    interfaces = network.interfaces_of(instance_id)
    if not interfaces:
        return None
    vpc = network.vpcs[interfaces[0].vpc_id]
    options = network.dhcp_options_of(vpc)
    if options is None or not vpc.enable_dns_support or AMAZON_PROVIDED_DNS not in options.name_servers:
        return None
    domains = options.search_domains if "." not in host else ()
    for name in (host, *(f"{host}.{domain}" for domain in domains)):
        with contextlib.suppress(ValueError):
            for records in resolve(network, vpc, canonical(name), "A").answer:
                if records.type == "A":
                    return records.values[0]
    return None


class NodeInstances:
    """Opens each thing on a connection of its own.

    `resolve(instance_id, host)` is the IPv4 address that an instance knows a host by, or None.
    """

    def __init__(self, node_socket: Path, resolve: Callable[[str, str], str | None]) -> None:
        self._node_socket = node_socket
        self._resolve = resolve

    async def shell(self, instance_id: str, command: str | None) -> Shell:
        from realvpc.node.client import NodeError, NodeShell

        try:
            return await NodeShell.open(self._node_socket, instance_id, command)
        except (NodeError, OSError) as error:
            raise FarEndError(str(error)) from error

    async def program(self, instance_id: str, command: str, user: Literal["ssm-user", "root"]) -> Program:
        from realvpc.node.client import NodeCommand, NodeError
        from realvpc.node.messages import OpenCommand

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

    async def socket(self, instance_id: str) -> socket.socket:
        from realvpc.node.client import NodeError, open_socket

        try:
            return await open_socket(self._node_socket, instance_id)
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
        from realvpc.node.client import NodeError

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
