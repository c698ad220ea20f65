"""`realvpc default-vpc`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from realvpc.config import Switch

from .terminal import ask_service, json_option, print_json, print_table, say, state_option, word


@click.command("default-vpc", short_help="Show or change whether an account has default VPCs.")
@click.argument("wanted", type=click.Choice([each.value for each in Switch]), required=False)
@click.option("--reset", is_flag=True, help="As `realvpc up --default-vpc` says.")
@click.option("--account", type=word, default="main", metavar="NAME", help="Of this account (name or id) [main].")
@state_option
@json_option
def default_vpc_command(wanted: str | None, reset: bool, account: str, state: Path | None, as_json: bool) -> None:
    """Show which default VPCs there are, or switch them on or off for an account.

    An account finds its default VPC when it first calls EC2 in a Region: on and off are about Regions in which it has
    no VPC yet. What is there stays until its owner deletes it, and comes back with `aws ec2 create-default-vpc`.

    \b
    Examples:
      realvpc default-vpc
      realvpc default-vpc off --account other
      realvpc default-vpc --reset --account other
    """
    if reset and wanted:
        raise click.UsageError("--reset and on or off exclude each other.")
    if reset or wanted:
        changed = ask_service(state, "POST", "default-vpc", account=account, default_vpc=wanted)
        if as_json:
            print_json(changed)
        else:
            say(f"default VPC of {changed['account']}: {changed['default_vpc']}")
        return
    found: list[dict[str, Any]] = ask_service(state, "GET", "default-vpc")
    if as_json:
        print_json(found)
        return
    rows = [[each["account"], each["default_vpc"], *pair] for each in found for pair in _places(each["vpcs"])]
    print_table(["ACCOUNT", "DEFAULT VPC", "REGION", "VPC"], rows)


def _places(vpcs: dict[str, str]) -> list[tuple[str | None, str | None]]:
    """Region and VPC of each; a line for an account without, too."""
    return [*sorted(vpcs.items())] or [(None, None)]
