"""`realvpc doctor`."""

from __future__ import annotations

import os
from pathlib import Path

import click
import msgspec
from msgspec.structs import replace

from realvpc import config

from .remedy import remedied
from .terminal import faint, json_option, mark, print_json, state_option, strong


@click.command("doctor")
@state_option
@click.option("--fabric", type=click.Choice([each.value for each in config.Fabric]), help="Check for this fabric only.")
@json_option
def doctor_command(state: Path | None, fabric: str | None, as_json: bool) -> None:
    """Check this machine: kernel, rights, tools, port. Says how to mend what is missing; exits with 1 then.

    \b
    Examples:
      sudo realvpc doctor
      realvpc doctor --fabric none      without packets less is needed
    """
    from .checks import examine

    directory = state.absolute() if state else config.default_state_dir(os.environ, os.geteuid())
    settings = config.decide(directory, os.environ, 0, fabric=fabric)  # as root would decide
    without_packets = settings.fabric is config.Fabric.NONE
    findings = [
        replace(each, remedy=remedied(each.remedy))
        for each in examine(settings)
        if not (without_packets and each.packets)
    ]
    bad = [each for each in findings if each.good is False]
    if as_json:
        print_json(msgspec.to_builtins(findings))
    else:
        width = max(len(each.name) for each in findings)
        for each in findings:
            click.echo(f"  {mark(each.good)} {each.name:{width}}  {each.detail}")
            if each.good is not True and each.remedy:
                click.echo(f"    {'':{width}}  {faint('→')} {each.remedy}")
        click.echo(f"{len(bad)} of {len(findings)} checks failed." if bad else strong("RealVPC can run here."))
    raise SystemExit(1 if bad else 0)
