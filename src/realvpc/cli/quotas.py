"""`realvpc quotas`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from realvpc.config import DEFAULT_REGION
from realvpc.net.quotas import LARGEST

from .terminal import ask_service, json_option, print_json, print_table, say, state_option, word


@click.command("quotas", short_help="Show or change how much an account may have.")
@click.argument("quota", type=word, required=False)
@click.argument("value", type=click.IntRange(0, LARGEST), required=False)
@click.option("--reset", is_flag=True, help="QUOTA as all accounts begin with it.")
@click.option("--account", type=word, default="main", metavar="NAME", help="Of this account (name or id) [main].")
@click.option("--region", type=word, metavar="REGION", help=f"In this Region [AWS_REGION, or {DEFAULT_REGION}].")
@state_option
@json_option
def quotas_command(
    quota: str | None,
    value: int | None,
    reset: bool,
    account: str,
    region: str | None,
    state: Path | None,
    as_json: bool,
) -> None:
    """Show how much an account may have in a Region, all of it or of QUOTA (its code or name) alone; or give QUOTA
    another VALUE at once.

    Accounts begin with AWS's defaults, unless `realvpc up --quotas` says otherwise; with --credentials any they begin
    with a laboratory's.

    \b
    Examples:
      realvpc quotas
      realvpc quotas L-F678F1CE
      realvpc quotas L-F678F1CE 20              20 VPCs
      realvpc quotas "VPCs per Region" 20 --account other --region eu-west-1
      realvpc quotas L-F678F1CE --reset
    """
    if reset and quota is None:
        raise click.UsageError("--reset takes a QUOTA.")
    if reset and value is not None:
        raise click.UsageError("QUOTA takes a VALUE or --reset.")
    place = {"account": account, "region": region or os.environ.get("AWS_REGION") or DEFAULT_REGION}
    if reset or value is not None:
        changed = ask_service(state, "POST", "quotas", quota=quota, value=value, **place)
        if as_json:
            print_json(changed)
        else:
            say(f"{changed['name']}: {_figure(changed['value'])}")
        return
    found: list[dict[str, Any]] = ask_service(state, "GET", "quotas", quota=quota, **place)
    if as_json:
        print_json(found)
        return
    rows = [[each["key"], each["name"], _figure(each["value"]), _figure(each["default"])] for each in found]
    print_table(["QUOTA", "NAME", "VALUE", "AT FIRST"], rows, right={2, 3})


def _figure(value: int | None) -> str:
    return "none" if value is None else f"{value:,}"
