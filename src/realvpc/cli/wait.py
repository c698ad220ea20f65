"""`realvpc wait`: until instances are in a state."""

from __future__ import annotations

import time
from pathlib import Path

import click

from realvpc.config import SettingsError

from .instances import complete_any, find
from .progress import ProgressLine
from .terminal import ask_service, state_option, word

_PAUSE = 0.1  # seconds
_NEVER = {
    "running": frozenset({"shutting-down", "terminated"}),
    "stopped": frozenset({"shutting-down", "terminated"}),
    "terminated": frozenset[str](),
}
"""The states from which a state is never reached."""


@click.command("wait", short_help="Wait until instances run, are stopped or terminated.")
@state_option
@click.option("--for", "wanted", type=click.Choice(list(_NEVER)), default="running", help="The state [running].")
@click.option("--timeout", type=click.FloatRange(0), default=60.0, metavar="SECONDS", help="How long at most [60].")
@click.argument("instances", type=word, metavar="INSTANCE...", nargs=-1, required=True, shell_complete=complete_any)
def wait_command(state: Path | None, wanted: str, timeout: float, instances: tuple[str, ...]) -> None:
    """Wait until every INSTANCE (its id or its Name tag) runs. Exits with 1 when one cannot, or time runs out.

    \b
    Examples:
      realvpc wait VPC-A-EC2 VPC-B-EC2
      aws ec2 stop-instances --instance-ids i-0a1b2c3d4e5f60718
      realvpc wait --for stopped --timeout 10 i-0a1b2c3d4e5f60718
    """
    waited = {find(state, name)["id"]: name for name in instances}
    deadline = time.monotonic() + timeout
    with ProgressLine(plain=True) as line:
        while True:
            states = {each["id"]: each["state"] for each in ask_service(state, "GET", "instances")}
            left = {name: states.get(id_, "terminated") for id_, name in waited.items()}
            left = {name: now for name, now in left.items() if now != wanted}
            if not left:
                return
            told = ", ".join(f"{name} is {now}" for name, now in left.items())
            if any(now in _NEVER[wanted] for now in left.values()):
                raise SettingsError(f"{told}, and will not be {wanted}")
            if time.monotonic() >= deadline:
                raise SettingsError(f"{told} after {timeout:g} s, not {wanted}")
            line.show(f"{len(waited) - len(left)} of {len(waited)} {wanted}")
            time.sleep(_PAUSE)
