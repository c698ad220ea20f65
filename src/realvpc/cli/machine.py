"""`realvpc exec` and `realvpc shell`: commands inside an instance."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from realvpc.config import SettingsError

from .terminal import ask_service, print_table, service_with_packets, state_option


@click.command(
    "exec",
    short_help="Run a command in an instance.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@state_option
@click.option("--user", default="root", help="User in the instance [root].")
@click.option("--tty", "-t", is_flag=True, help="Give the command a terminal.")
@click.argument("instance")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec_command(state: Path | None, user: str, tty: bool, instance: str, command: tuple[str, ...]) -> None:
    """Run COMMAND in INSTANCE (its id or its Name tag) and exit with its exit code.

    \b
    Examples:
      sudo realvpc exec VPC-A-EC2 -- ping -c 3 10.30.4.69
      sudo realvpc exec i-0a1b2c3d4e5f60718 -- ip route
    """
    words = command[1:] if command[0] == "--" else command
    if not words:
        raise click.UsageError("A command is missing after --.")
    sys.exit(_run(state, instance, words, user=user, tty=tty))


@click.command("shell", short_help="Open a shell in an instance.")
@state_option
@click.option("--user", default="ssm-user", help="User in the instance, as Session Manager's [ssm-user].")
@click.argument("instance")
def shell_command(state: Path | None, user: str, instance: str) -> None:
    """Open a shell in INSTANCE (its id or its Name tag); without a terminal it reads commands from its input.

    \b
    Examples:
      sudo realvpc shell VPC-A-EC2
      echo 'ip route' | sudo realvpc shell VPC-A-EC2
    """
    terminal = sys.stdin.isatty()
    sys.exit(_run(state, instance, ("/bin/bash", "-i") if terminal else ("/bin/bash",), user=user, tty=terminal))


def _run(state: Path | None, instance: str, command: tuple[str, ...], *, user: str, tty: bool) -> int:
    from realvpc.node.client import NodeConnection, NodeError

    settings = service_with_packets(state, "looking into an instance")
    instance_id = find_instance(state, instance)
    try:
        with NodeConnection(settings.node_socket) as node:
            return node.exec(instance_id, command, user=user, tty=tty, env={"TERM": os.environ.get("TERM", "dumb")})
    except NodeError as error:
        raise SettingsError(str(error)) from error


def find_instance(state: Path | None, name: str) -> str:
    """The id of the one running instance with this id or Name tag, of whichever account.  Raises SettingsError."""
    found: list[dict[str, Any]] = ask_service(state, "GET", "instances", name=name)
    running = [each for each in found if each["state"] == "running"]
    if len(running) == 1:
        instance_id: str = running[0]["id"]
        return instance_id
    if running:
        print_table(["INSTANCE", "ACCOUNT", "REGION", "ADDRESS"], [list(map(each.get, _SHOWN)) for each in running])
        raise SettingsError(f"{len(running)} running instances are called {name}: use the id")
    if found:
        raise SettingsError(f"{name} is {found[0]['state']}, not running")
    raise SettingsError(f"there is no instance {name}. `realvpc matrix` names those that run")


_SHOWN = ("id", "account", "region", "address")
