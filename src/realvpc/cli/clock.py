"""`realvpc clock`."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import click

from .terminal import ask_service, json_option, print_json, state_option

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _duration(text: str) -> timedelta:
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhdw])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise click.BadParameter(f"{text!r} is no duration like 7d, 90m or 1d12h")
    try:
        return sum((timedelta(**{_UNITS[unit]: float(number)}) for number, unit in parts), timedelta())
    except OverflowError:
        raise click.BadParameter(f"{text!r} is longer than a calendar") from None


def _written(offset: timedelta) -> str:
    """``7d`` or ``1d 2h 30m``: as it is typed."""
    seconds = round(offset.total_seconds())
    parts = [(seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s")]
    return " ".join(f"{count}{unit}" for count, unit in parts if count)


@click.command("clock", short_help="Show or move the service's clock.")
@state_option
@click.option("--advance", type=_duration, metavar="7d", help="Move the service's clock forward.")
@click.option("--reset", is_flag=True, help="Back to the machine's time.")
@json_option
def clock_command(state: Path | None, advance: timedelta | None, reset: bool, as_json: bool) -> None:
    """Show or move the service's clock, to see today what AWS does in a week.

    \b
    Example, a peering request that nobody accepted:
      realvpc clock --advance 7d
      aws ec2 describe-vpc-peering-connections --query 'VpcPeeringConnections[].Status.Code'
    """
    if advance and reset:
        raise click.UsageError("--advance and --reset exclude each other.")
    if reset:
        answer = ask_service(state, "POST", "clock", offset=0)
    elif advance:
        answer = ask_service(state, "POST", "clock", advance=advance.total_seconds())
    else:
        answer = ask_service(state, "GET", "clock")
    if as_json:
        print_json(answer)
        return
    offset = timedelta(seconds=answer["clock_offset"])
    click.echo(f"{answer['time']}  " + (f"{_written(offset)} ahead of the machine" if offset else "the machine's time"))
