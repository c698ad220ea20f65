"""`realvpc demo`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realvpc.config import SettingsError

from .accounts import profile, region_option
from .remedy import remedied
from .terminal import (
    ask_service,
    complain,
    faint,
    japanese,
    json_option,
    print_json,
    service_with_packets,
    state_option,
    strong,
)

if TYPE_CHECKING:
    from realvpc.client.aws import Transport


@click.group("demo")
def demo_command() -> None:
    """Replay a walkthrough with real packets."""


@demo_command.command("peering", short_help="VPC peering in and across accounts; it is not transitive.")
@state_option
@json_option
@region_option
@click.option(
    "--client",
    "transport",
    type=click.Choice(["botocore", "aws"]),
    default="botocore",
    help="Make each call with botocore (quick), or by running the aws command that is printed [botocore].",
)
def peering_demo(state: Path | None, as_json: bool, region: str, transport: Transport) -> None:
    """Peer VPCs inside an account and across accounts, and see that peering is not transitive.

    Each step is printed as the aws command that a person would type, with what came back.  The pings come from
    inside the instances.  Exits with 1 when something is not as AWS shows it.  VPCs of an earlier run are taken away
    first.

    \b
    Examples:
      sudo realvpc demo peering
      sudo realvpc demo peering --client aws --region eu-west-1
    """
    from realvpc.client.aws import Aws, CallFailedError
    from realvpc.demo.peering import Walkthrough, clean_up
    from realvpc.demo.ping import PingError
    from realvpc.demo.story import Story
    from realvpc.node.answer import NodeError

    settings = service_with_packets(state, "the demo")
    profiles = [profile(state, account, region) for account in ("main", "other")]
    story = Story(quiet=as_json, japanese=japanese(os.environ), remedied=remedied)
    main, other = (Aws(each, transport, story.call) for each in profiles)
    walkthrough = Walkthrough(
        story, main, other, settings, lambda method, path, **more: ask_service(state, method, path, **more)
    )
    try:
        for each in profiles:
            if (removed := clean_up(Aws(each))) and not as_json:
                click.echo(faint(f"{removed} VPC(s) of an earlier demo taken away in account {each.name}"))
        walkthrough.run()
    except (CallFailedError, NodeError, PingError) as error:
        raise SettingsError(str(error)) from error
    if as_json:
        print_json(story.record())
    elif story.as_on_aws:
        click.echo(strong(f"\nAll {len(story.checks)} checks are as on AWS. The VPCs are still there: look around.\n"))
    else:
        wrong = ", ".join(check.what for check in story.checks if not check.as_on_aws)
        complain(f"not as on AWS: {wrong}")
    sys.exit(0 if story.as_on_aws else 1)
