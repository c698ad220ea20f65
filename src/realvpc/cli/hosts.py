"""`realvpc hosts`: who is called what, and lives where."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from realvpc.columns import align, width

from .terminal import ask_service, faint, print_json, print_table, state_option, word

_IPV6 = "ipv6_address"
_COLUMNS = (
    ("name", "NAME"),
    ("id", "INSTANCE"),
    ("address", "PRIVATE IP"),
    ("public_address", "PUBLIC IP"),
    (_IPV6, "IPV6"),
    ("private_dns_name", "PRIVATE DNS NAME"),
    ("vpc", "VPC"),
    ("account", "ACCOUNT"),
    ("region", "REGION"),
    ("state", "STATE"),
)
_SPARED_FIRST = ("private_dns_name", _IPV6, "region", "account", "vpc")
"""What a narrow terminal does without, in this order."""


@click.command("hosts", short_help="List the instances' names and addresses.")
@state_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "hosts"]),
    default="table",
    help="How to print [table]; hosts: as lines of /etc/hosts.",
)
@click.option("--json", "form", flag_value="json", help="Print JSON.")
@click.option("--vpc", type=word, metavar="VPC", help="Those in this VPC only (its id).")
@click.option("--all", "everything", is_flag=True, help="Also those that are terminated.")
def hosts_command(state: Path | None, form: str, vpc: str | None, everything: bool) -> None:
    """List the names and addresses of all instances, of every account and Region.

    \b
    Examples:
      realvpc hosts
      realvpc hosts --json | jq -r '.[] | select(.state == "running") | .id'
      realvpc hosts --format hosts | sudo realvpc exec VPC-A-EC2 -- tee -a /etc/hosts
    """
    found: list[dict[str, Any]] = ask_service(state, "GET", "instances", vpc=vpc)
    instances = sorted(
        (each for each in found if everything or each["state"] != "terminated"),
        key=lambda each: (each["account"], each["region"], each["vpc"] or "", each["name"] or "", each["id"]),
    )
    if form == "json":
        print_json(instances)
    elif form == "hosts":
        for line in hosts_file(instances):
            click.echo(line)
    elif instances:
        _print(instances)
    else:
        click.echo("There is no instance.")


def hosts_file(instances: Iterable[dict[str, Any]]) -> list[str]:
    """Lines for /etc/hosts (hosts(5)): address, private DNS name, and the Name tag as far as it is a host's name.

    VPCs may have equal addresses: a comment begins each.
    """
    lines: list[str] = []
    vpc = None
    for each in (each for each in instances if each["address"] or each[_IPV6]):
        if each["vpc"] != vpc:
            vpc = each["vpc"]
            lines.append(f"# {vpc}, account {each['account']}, {each['region']}")
        names = [each["private_dns_name"], _host_name(each["name"] or ""), each["id"]]
        if each["address"]:
            lines.append(f"{each['address']} {' '.join(filter(None, names))}")
            names.pop(0)
        if each[_IPV6]:
            lines.append(f"{each[_IPV6]} {' '.join(filter(None, names))}")
    return lines


def _host_name(tag: str) -> str:
    """What of a Name tag a resolver would take (RFC 1123, section 2.1): letters, digits, hyphens and dots."""
    return re.sub(r"-*\.[-.]*", ".", re.sub(r"[^A-Za-z0-9.]+", "-", tag)).strip("-.")


def _print(instances: Sequence[dict[str, Any]]) -> None:
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    shown = fitting([[each[key] for key, _ in _COLUMNS] for each in instances], columns)
    if not any(each[_IPV6] for each in instances):
        shown.discard(_IPV6)
    rows = [[each[key] for key, _ in _COLUMNS if key in shown] for each in instances]
    print_table([title for key, title in _COLUMNS if key in shown], rows)
    if spared := [title for key, title in _COLUMNS if key not in shown and any(each[key] for each in instances)]:
        click.echo(faint(f"Not shown for lack of room: {', '.join(spared)}. --json has them."), err=True)


def fitting(rows: Sequence[Sequence[object]], columns: int | None) -> set[str]:
    """The columns that fit into a terminal this wide (None: there is none)."""
    shown = {key for key, _ in _COLUMNS}
    cells = [[title for _, title in _COLUMNS], *([str(cell or "-") for cell in row] for row in rows)]
    for spare in _SPARED_FIRST:
        kept = [[cell for cell, (key, _) in zip(row, _COLUMNS, strict=True) if key in shown] for row in cells]
        if columns is None or max(map(width, align(kept))) <= columns:
            break
        shown.discard(spare)
    return shown
