"""`realvpc counters`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .instances import complete_any
from .terminal import ask_service, json_option, print_json, print_table, state_option, word


@click.command("counters", short_help="Count what was delivered, and what was dropped and why.")
@click.argument("name", required=False, type=word, metavar="[INSTANCE|INTERFACE]", shell_complete=complete_any)
@state_option
@click.option("--all", "everything", is_flag=True, help="Also the reasons that no packet has met.")
@json_option
def counters_command(name: str | None, state: Path | None, everything: bool, as_json: bool) -> None:
    """Show how many packets were delivered, and how many dropped for which reason.

    Of an INSTANCE (its id or Name tag) or a network INTERFACE (its id): how many were dropped there, of those that it
    sent and of those that were sent to it, since it was made.

    \b
    Examples:
      realvpc counters
      watch -n 1 realvpc counters      which one grows while a ping fails
      realvpc counters VPC-A-EC2       and at whose interface
    """
    asked = {"of": name} if name else {}
    counted: list[dict[str, Any]] = ask_service(state, "GET", "counters", **asked)
    if as_json:
        print_json(counted)
        return
    shown = [each for each in counted if everything or each["packets"]]
    several = len({each.get("interface") for each in counted}) > 1
    columns = {"PACKETS": "packets", "REASON": "reason", "DECIDED AT": "layer"}
    columns |= {"INTERFACE": "interface"} if several else {}
    if shown:
        print_table(list(columns), [[each[key] for key in columns.values()] for each in shown], right={0})
    else:
        click.echo("No packet was dropped there." if name else "No packet yet.")
