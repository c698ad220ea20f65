"""`realvpc exec` and `realvpc shell`: commands inside an instance."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from realvpc.config import SettingsError

from .instances import complete_running, find_running
from .terminal import service_with_packets, state_option, word


@click.command(
    "exec",
    short_help="Run a command in an instance.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@state_option
@click.option("--user", type=word, default="root", help="User in the instance [root].")
@click.option("--tty", "-t", is_flag=True, help="Give the command a terminal.")
@click.argument("instance", type=word, shell_complete=complete_running)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_command(state: Path | None, user: str, tty: bool, instance: str, command: tuple[str, ...]) -> None:
    """Run COMMAND in INSTANCE (its id or its Name tag) and exit with its exit code.

    \b
    Examples:
      sudo realvpc exec VPC-A-EC2 -- ping -c 3 10.30.4.69
      sudo realvpc exec i-0a1b2c3d4e5f60718 -- ip route
      sudo realvpc exec --tty --user ec2-user VPC-A-EC2 -- top
    """
    if command[0].startswith("-") and command[0] != "--":
        raise click.UsageError(f"Options stand before INSTANCE: exec {command[0]} … {instance} -- …")
    words = command[1:] if command[0] == "--" else command
    if not words:
        raise click.UsageError("A command is missing after --.")
    sys.exit(_run(state, instance, words, user=user, tty=tty))


@click.command("shell", short_help="Open a shell in an instance.")
@state_option
@click.option("--user", type=word, default="ssm-user", help="User in the instance, as Session Manager's [ssm-user].")
@click.argument("instance", type=word, shell_complete=complete_running)
def shell_command(state: Path | None, user: str, instance: str) -> None:
    """Open a shell in INSTANCE (its id or its Name tag); without a terminal it reads commands from its input.

    \b
    Examples:
      sudo realvpc shell VPC-A-EC2
      echo 'ip route' | sudo realvpc shell VPC-A-EC2
    """
    terminal = sys.stdin.isatty()
    sys.exit(_run(state, instance, _INTERACTIVE if terminal else _SHELL, user=user, tty=terminal))


_INTERACTIVE = ("/bin/sh", "-c", "[ ! -x /bin/bash ] || exec /bin/bash -i; exec /bin/sh -i")
_SHELL = ("/bin/sh", "-c", "[ ! -x /bin/bash ] || exec /bin/bash; exec /bin/sh")


def _run(state: Path | None, instance: str, command: tuple[str, ...], *, user: str, tty: bool) -> int:
    from realvpc.node.answer import NodeError
    from realvpc.node.connection import NodeConnection

    settings = service_with_packets(state, "looking into an instance")
    instance_id = find_running(state, instance)
    try:
        with NodeConnection(settings.node_socket) as node:
            return node.exec(instance_id, command, user=user, tty=tty, env={"TERM": os.environ.get("TERM", "dumb")})
    except NodeError as error:
        raise SettingsError(str(error)) from error
