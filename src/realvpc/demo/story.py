"""Telling what happens, to people and to ``--json``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
import jmespath
from msgspec import Struct

from realvpc.client.aws import Performed
from realvpc.client.command import as_typed

from .ping import Ping

# What to show of a response: as ``aws … --query`` would.
_QUERIES = {
    "CreateVpc": "Vpc.[VpcId, CidrBlock]",
    "CreateSubnet": "Subnet.[SubnetId, CidrBlock, AvailabilityZone, AvailabilityZoneId]",
    "CreateInternetGateway": "[InternetGateway.InternetGatewayId]",
    "CreateRouteTable": "[RouteTable.RouteTableId]",
    "AssociateRouteTable": "[AssociationId, AssociationState.State]",
    "CreateRoute": "[Return]",
    "ReplaceRoute": "[Return]",
    "CreateSecurityGroup": "[GroupId]",
    "AuthorizeSecurityGroupIngress": "SecurityGroupRules[].[SecurityGroupRuleId, IpProtocol, CidrIpv4][]",
    "CreateRole": "[Role.Arn]",
    "CreateInstanceProfile": "[InstanceProfile.Arn]",
    "RunInstances": "Instances[].[InstanceId, PrivateIpAddress, State.Name][]",
    "DescribeInstances": "Reservations[].Instances[].[InstanceId, PrivateIpAddress, PublicIpAddress, State.Name][]",
    "GetParameter": "[Parameter.Value]",
    "GetCallerIdentity": "[Account, Arn]",
    "CreateVpcPeeringConnection": "VpcPeeringConnection.[VpcPeeringConnectionId, Status.Code]",
    "AcceptVpcPeeringConnection": "VpcPeeringConnection.[VpcPeeringConnectionId, Status.Code]",
    "DescribeVpcPeeringConnections": "VpcPeeringConnections[].[VpcPeeringConnectionId, Status.Code][]",
    "DescribeRouteTables": "RouteTables[].Routes[].join(' ', [DestinationCidrBlock, "
    "GatewayId || VpcPeeringConnectionId || 'other', State])",
}


class Check(Struct, frozen=True):
    """Something that AWS shows, and whether it was seen here."""

    what: str
    seen: str
    as_on_aws: bool


class Story:
    """Prints as it goes unless ``quiet``; remembers everything for ``record``.

    ``japanese``: the reasons' language.  ``remedied`` makes the commands that are suggested what a person can type.
    """

    def __init__(
        self, *, quiet: bool, japanese: bool = False, remedied: Callable[[str], str] = lambda text: text
    ) -> None:
        self._quiet = quiet
        self._remedied = remedied
        self.japanese = japanese
        self._chapters: list[dict[str, Any]] = []
        self.checks: list[Check] = []

    def chapter(self, title: str) -> None:
        self._chapters.append({"title": title, "steps": []})
        self._print(f"\n{click.style(f'{len(self._chapters)}. {title}', bold=True)}\n")

    def call(self, call: Performed) -> None:
        """An API call, as the command that a person would type, and what came back."""
        command = as_typed(call.words)
        seen = _summary(call)
        self._step(account=call.profile.name, command=command, seen=seen)
        self._print(f"  {click.style(f'{call.profile.name} $', fg='cyan')} {command}")
        if seen:
            self._print(click.style(f"      {seen}", dim=True))

    def ping(self, where: str, ping: Ping, *, expected_loss: int) -> None:
        """A ping from inside the instance ``where``; a check that its loss is what AWS shows."""
        self._step(instance=where, command=ping.command, seen=ping.output)
        self._print(f"\n  {click.style(f'[ssm-user@{where}]$', fg='magenta')} {ping.command}")
        for line in ping.output.splitlines():
            self._print(f"      {line}")
        self.check(f"{where}: {ping.command}", f"{ping.loss_percent:.0f} % loss", ping.loss_percent == expected_loss)

    def check(self, what: str, seen: str, as_on_aws: bool) -> None:
        self.checks.append(Check(what, seen, as_on_aws))
        verdict = (
            click.style("as on AWS", fg="green") if as_on_aws else click.style("NOT as on AWS", fg="red", bold=True)
        )
        self._print(f"\n  {click.style('=>', bold=True)} {seen}: {verdict}")

    def say(self, text: str) -> None:
        self._print(f"  {self._remedied(text)}")

    @property
    def as_on_aws(self) -> bool:
        return all(check.as_on_aws for check in self.checks)

    def record(self) -> dict[str, Any]:
        checks = [{"what": c.what, "seen": c.seen, "as_on_aws": c.as_on_aws} for c in self.checks]
        return {"as_on_aws": self.as_on_aws, "checks": checks, "chapters": self._chapters}

    def _step(self, **step: Any) -> None:
        self._chapters[-1]["steps"].append(step)

    def _print(self, text: str) -> None:
        if not self._quiet:
            click.echo(text)


def _summary(call: Performed) -> str:
    if call.error is not None:
        return str(call.error)
    query = _QUERIES.get(call.operation)
    found = jmespath.search(query, call.response) if query else None
    return "  ".join(str(item) for item in found if item is not None) if found else ""
