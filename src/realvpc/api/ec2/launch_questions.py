"""What a launch concerns: what it names, what its template names for it, and what it finds where nothing is named (EC2
guide, "Launch instances using a launch template")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from realvpc.net.instance import Instance
from realvpc.net.network_interface import NetworkInterface

from ..core.arn import arn
from ..core.context import Context, Request
from ..core.errors import AwsError
from ..core.question import Prospect
from .launch_template import named_template
from .run_instances import with_template

_TEMPLATE, _IS_OF_TEMPLATE = "ec2:LaunchTemplate", "ec2:IsLaunchTemplateResource"
_OVERRIDDEN_BY: Mapping[str, Sequence[str]] = {
    "image": ("ImageId",),
    "key-pair": ("KeyName",),
    "network-interface": ("NetworkInterfaces",),
    "placement-group": ("Placement",),
    "security-group": ("SecurityGroupIds", "SecurityGroups", "NetworkInterfaces"),
    "snapshot": ("BlockDeviceMappings",),
    "subnet": ("SubnetId", "NetworkInterfaces"),
    "volume": ("BlockDeviceMappings",),
}
"""The members of a request that name a resource in the place of what the template says, by its type."""


def of_template(ctx: Context, request: Request) -> Mapping[str, Mapping[str, str]]:
    """The condition keys about the template, by type of resource, ``""`` for all others."""
    template = None
    if request.get("LaunchTemplate"):
        with suppress(AwsError):
            template = named_template(ctx, request["LaunchTemplate"])
    if template is None:
        return {"": {_IS_OF_TEMPLATE: "false"}}
    own = {_TEMPLATE: arn("ec2", template.region, template.account, f"launch-template/{template.id}")}
    return {
        kind: own | {_IS_OF_TEMPLATE: str(not any(request.get(each) for each in members)).lower()}
        for kind, members in [*_OVERRIDDEN_BY.items(), ("", ())]
    }


def launched(ctx: Context, request: Request, arns: Sequence[str], prospect: Prospect) -> tuple[Sequence[str], Request]:
    """The ARNs of what the launch concerns, and its request together with its template.

    Where it would fail they are those that it names.
    """
    with suppress(AwsError):
        request, _ = with_template(ctx, request)
    puts = prospect.puts()
    if puts is None:
        return arns, request
    interfaces = [row for row in puts if isinstance(row, NetworkInterface)]
    instances = [row for row in puts if isinstance(row, Instance)]
    groups = ctx.state.inventory.placement_groups
    is_there = ctx.network.interfaces
    found = {
        "network-interface": [row.id if row.id in is_there else "*" for row in interfaces],
        "image": [row.image_id for row in instances],
        "subnet": [row.subnet_id for row in interfaces],
        "security-group": [each for row in interfaces for each in row.group_ids],
        "placement-group": [groups[row.placement_group_id].name for row in instances if row.placement_group_id],
    }
    kept = [each for each in arns if _kind(each) not in found]
    named = (_arn(ctx, kind, name) for kind, names in found.items() for name in names)
    return list(dict.fromkeys((*kept, *named))), request


def _kind(resource: str) -> str:
    return resource.split(":", 5)[-1].partition("/")[0]


def _arn(ctx: Context, kind: str, name: str) -> str:
    return arn("ec2", ctx.region, "" if kind == "image" else ctx.account, f"{kind}/{name}")
