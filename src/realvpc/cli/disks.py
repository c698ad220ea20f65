"""`realvpc disks`: those that were kept aside, because nobody had asked to delete them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from realvpc.config import SettingsError

from .terminal import (
    ask_service,
    json_option,
    print_json,
    print_table,
    say,
    service_with_packets,
    state_option,
    word,
)


@click.group("disks")
def disks_command() -> None:
    """Look after disks that nobody asked to delete.

    They are of instances that the state does not know, and nobody has terminated. They are there after state.db was
    lost, or an older one was put in its place. When a state that knows the instance is back, the instance has its
    disk again by itself.

    \b
    Examples:
      realvpc disks list
      sudo realvpc disks delete i-0a1b2c3d4e5f60718
    """


@disks_command.command("list", short_help="List the disks that were kept aside.")
@state_option
@json_option
def list_command(state: Path | None, as_json: bool) -> None:
    """List the disks that were kept aside: whose, since when, and why.

    \b
    Example:
      realvpc disks list
    """
    node = ask_service(state, "GET", "status")["node"]
    disks: list[dict[str, Any]] = node["kept_disks"] if node else []
    if as_json:
        print_json(disks)
    elif not disks:
        click.echo("No disk is kept aside.")
    else:
        print_table(["DISK", "SINCE", "SIZE", "WHY"], [_row(disk) for disk in disks], right=[2])


def _row(disk: dict[str, Any]) -> list[str | None]:
    since = datetime.fromtimestamp(disk["at"], UTC).strftime("%Y-%m-%d %H:%M:%S")
    size = None if disk["size"] is None else f"{disk['size'] / 1e6:.0f} MB"
    return [disk["name"], since, size, disk["reason"]]


@disks_command.command("delete", short_help="Delete disks that were kept aside.")
@click.argument("names", type=word, nargs=-1, required=True, metavar="DISK...")
@click.option("--yes", is_flag=True, help="Do not ask.")
@state_option
def delete_command(names: tuple[str, ...], yes: bool, state: Path | None) -> None:
    """Delete these disks for good, all of them or none. Only what `realvpc disks list` shows can be deleted here.

    \b
    Example:
      sudo realvpc disks delete i-0a1b2c3d4e5f60718
    """
    from realvpc.node.answer import NodeError
    from realvpc.node.connection import NodeConnection

    settings = service_with_packets(state, "deleting a disk")
    names = tuple(dict.fromkeys(names))
    node = ask_service(state, "GET", "status")["node"]
    kept = {disk["name"] for disk in (node["kept_disks"] if node else [])}
    if unknown := [name for name in names if name not in kept]:
        raise SettingsError(f"no disk {unknown[0]!r} is kept aside. `realvpc disks list` shows those there are")
    if not yes:
        click.confirm(f"Delete {', '.join(names)} for good?", abort=True)
    try:
        with NodeConnection(settings.node_socket) as node:
            node.delete_disks(*names)
    except NodeError as error:
        raise SettingsError(str(error)) from error
    for name in names:
        say(f"{name} deleted")
