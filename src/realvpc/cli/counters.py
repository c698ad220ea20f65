"""`realvpc counters`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .terminal import ask_service, json_option, print_json, print_table, state_option


@click.command("counters", short_help="Count what was delivered, and what was dropped and why.")
@state_option
@click.option("--all", "everything", is_flag=True, help="Also the reasons that no packet has met.")
@json_option
def counters_command(state: Path | None, everything: bool, as_json: bool) -> None:
    """Show how many packets were delivered, and how many dropped for which reason.

    \b
    Examples:
      realvpc counters
      watch -n 1 realvpc counters      which one grows while a ping fails
    """
    counted: list[dict[str, Any]] = ask_service(state, "GET", "counters")
    if as_json:
        print_json(counted)
        return
    rows = [[each["packets"], each["reason"], each["layer"]] for each in counted if everything or each["packets"]]
    if rows:
        print_table(["PACKETS", "REASON", "DECIDED AT"], rows, right={0})
    else:
        click.echo("No packet yet.")
