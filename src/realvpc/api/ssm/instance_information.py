"""DescribeInstanceInformation: the instances that Systems Manager manages (SSM API Reference)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from realvpc.net.hostnames import instance_private_name
from realvpc.net.instance import Instance, InstanceState

from ..core.context import Answer, Context, Request, Response
from ..core.errors import AwsError
from ..core.filter import no_values, passing
from .agent import AGENT_VERSION, is_online
from .paging import paged


def describe_instance_information(ctx: Context, request: Request) -> Answer:
    """Instances whose agent is connected (``Online``) or was once (``ConnectionLost``).

    Raises InvalidFilterKey, ValidationException (both kinds of filters), InvalidNextToken.
    """
    if request.get("Filters") and request.get("InstanceInformationFilterList"):
        raise AwsError("ValidationException", "Filters and InstanceInformationFilterList cannot be used together.")
    old = [{"Key": row["key"], "Values": row["valueSet"]} for row in request.get("InstanceInformationFilterList") or []]
    filters = [{"Name": row["Key"], "Values": row["Values"]} for row in request.get("Filters") or old]
    for filter_ in filters:
        if _filter(filter_["Name"]) is None:
            raise AwsError("InvalidFilterKey", f"The filter key {filter_['Name']} is not valid.")
    managed = (row for row in ctx.visible(ctx.network.instances) if is_managed(ctx, row))
    page, token = paged(passing(ctx, {"Filters": filters}, managed, _filter), lambda row: row.id, request)
    return Answer({"InstanceInformationList": [_render(ctx, row) for row in page], "NextToken": token})


def is_managed(ctx: Context, instance: Instance) -> bool:
    """Whether its agent is connected, or was once."""
    return instance.state is not InstanceState.TERMINATED and (
        instance.registered_at is not None or is_online(ctx, instance)
    )


def _ping_status(ctx: Context, instance: Instance) -> str:
    return "Online" if is_online(ctx, instance) else "ConnectionLost"


def _filter(name: str) -> Callable[[Context, Instance], Any] | None:
    if name.startswith("tag:"):
        key = name.removeprefix("tag:")
        return lambda ctx, row: [value for k, value in row.tags.items() if k == key]
    return _FILTERS.get(name)


_FILTERS: dict[str, Callable[[Context, Instance], Any]] = {
    "ActivationIds": no_values,
    "AgentVersion": lambda ctx, row: [AGENT_VERSION],
    "AssociationStatus": no_values,
    "IamRole": no_values,
    "InstanceIds": lambda ctx, row: [row.id],
    "PingStatus": lambda ctx, row: [_ping_status(ctx, row)],
    "PlatformTypes": lambda ctx, row: ["Linux"],
    "ResourceType": lambda ctx, row: ["EC2Instance"],
    "SourceIds": lambda ctx, row: [row.id],
    "SourceTypes": lambda ctx, row: ["AWS::EC2::Instance"],
    "tag-key": lambda ctx, row: row.tags.keys(),
}


def information_of(ctx: Context, instance: Instance) -> dict[str, str]:
    """As the inventory shows it (Systems Manager guide, "Metadata collected by inventory")."""
    shown = _render(ctx, instance)
    return {
        "AgentType": "amazon-ssm-agent",
        "AgentVersion": shown["AgentVersion"],
        "ComputerName": shown["ComputerName"],
        "InstanceId": instance.id,
        "InstanceStatus": "Active" if shown["PingStatus"] == "Online" else "ConnectionLost",
        "IpAddress": shown["IPAddress"],
        "PlatformName": shown["PlatformName"],
        "PlatformType": shown["PlatformType"],
        "PlatformVersion": shown["PlatformVersion"],
        "ResourceType": shown["ResourceType"],
    }


def _render(ctx: Context, instance: Instance) -> Response:
    primary = ctx.network.interfaces_of(instance.id)[0]
    status = _ping_status(ctx, instance)
    return {
        "InstanceId": instance.id,
        "PingStatus": status,
        "LastPingDateTime": ctx.now if status == "Online" else instance.registered_at,
        "AgentVersion": AGENT_VERSION,
        "IsLatestVersion": True,
        "PlatformType": "Linux",
        "PlatformName": "Amazon Linux",
        "PlatformVersion": "2023",
        "ResourceType": "EC2Instance",
        "IPAddress": next(map(str, primary.addresses), None),
        "ComputerName": instance_private_name(instance, primary),
        "SourceId": instance.id,
        "SourceType": "AWS::EC2::Instance",
    }
