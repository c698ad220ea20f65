"""Where the shells of sessions come from: the node process, which is loaded only where there is one."""

from __future__ import annotations

from pathlib import Path

from realvpc.session.shell import OpenShell, Shell, ShellError


def shells_of(node_socket: Path) -> OpenShell:
    """Opens each shell on a connection of its own."""

    async def open_shell(instance_id: str, command: str | None) -> Shell:
        from realvpc.node.client import NodeError, NodeShell

        try:
            return await NodeShell.open(node_socket, instance_id, command)
        except NodeError as error:
            raise ShellError(str(error)) from error

    return open_shell
