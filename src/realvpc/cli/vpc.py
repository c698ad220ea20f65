"""`realvpc vpc create`: what the console's "VPC and more" makes, through the public API."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from realvpc.client.nat import NAT
from realvpc.config import SettingsError

from .accounts import account_option, profile, region_option
from .terminal import faint, json_option, mark, print_json, state_option, word

if TYPE_CHECKING:
    from realvpc.client.aws import Performed


@click.group("vpc")
def vpc_command() -> None:
    """Make VPCs as the console's wizard does."""


@vpc_command.command("create", short_help="Make a VPC with subnets, gateway and route tables.")
@click.option("--name", type=word, required=True, help="Name tags are made from it: NAME-vpc, NAME-igw, …")
@click.option("--cidr", type=word, required=True, metavar="10.20.0.0/16", help="The VPC's IPv4 block, /16 to /28.")
@click.option("--azs", type=click.IntRange(1, 6), default=2, help="Availability Zones [2].")
@click.option("--public", type=click.IntRange(0), help="Public subnets [one per zone].")
@click.option("--private", type=click.IntRange(0), help="Private subnets [one per zone].")
@click.option("--ipv6", is_flag=True, help="IPv6 as well: a block of Amazon's pool, a /64 for each subnet.")
@click.option(
    "--nat",
    type=click.Choice(NAT),
    default=NAT[0],
    help="NAT gateways that lead private subnets out, each with an Elastic IP address [none].",
)
@account_option
@region_option
@state_option
@json_option
def create_command(
    name: str,
    cidr: str,
    azs: int,
    public: int | None,
    private: int | None,
    ipv6: bool,
    nat: str,
    account: str,
    region: str,
    state: Path | None,
    as_json: bool,
) -> None:
    """Make a VPC and more: subnets, internet gateway, route tables, DNS host names on.

    \b
    Examples:
      realvpc vpc create --name VPC-A --cidr 10.20.0.0/16 --azs 1 --public 1 --private 0
      realvpc vpc create --name VPC-6 --cidr 10.60.0.0/16 --ipv6
      realvpc vpc create --name VPC-N --cidr 10.70.0.0/16 --nat one
    """
    from realvpc.client.aws import Aws, CallFailedError
    from realvpc.client.wizard import WizardError, create_vpc, plan_subnets
    from realvpc.net.addresses import Cidr

    calls: list[Performed] = []

    def observe(call: Performed) -> None:
        calls.append(call)
        if not as_json:
            _show(call)

    aws = Aws(profile(state, account, region), observe=observe)
    try:
        zones = sorted(zone["ZoneName"] for zone in aws("ec2", "DescribeAvailabilityZones")["AvailabilityZones"])
        if azs > len(zones):
            raise SettingsError(f"--azs: {region} has {len(zones)} Availability Zones")
        block = Cidr.parse(cidr)
        subnets = plan_subnets(
            block, zones[:azs], public=azs if public is None else public, private=azs if private is None else private
        )
        made = create_vpc(aws, name, block, subnets, ipv6=ipv6, nat=nat)
    except (CallFailedError, WizardError, ValueError) as error:
        raise SettingsError("\n".join([str(error), *_left(calls)])) from error
    if as_json:
        print_json(msgspec.to_builtins(made))
    else:
        click.echo(f"{name}-vpc is {made.vpc_id}.")


def _left(calls: list[Performed]) -> list[str]:
    """What is to be said of what was made before something failed."""
    from realvpc.client.command import as_typed
    from realvpc.client.undo import undoing

    commands = [f"  {as_typed(words)}" for words in undoing(calls)]
    return ["What was made until then stays. These commands take it away:", *commands] if commands else []


def _show(call: Performed) -> None:
    from realvpc.client.command import as_typed

    if not call.operation.startswith("Describe"):
        click.echo(f"  {mark(call.error is None)} {faint(as_typed(call.words))}")
