"""The lengths of ids: all of RealVPC's are long, in all accounts (EC2 API Reference)."""

from __future__ import annotations

from ..core.context import Answer, Context, Request, Response
from ..core.errors import AwsError

_RESOURCES = (
    *("bundle", "conversion-task", "customer-gateway", "dhcp-options", "elastic-ip-allocation"),
    *("elastic-ip-association", "export-task", "flow-log", "image", "import-task", "instance", "internet-gateway"),
    *("network-acl", "network-acl-association", "network-interface", "network-interface-attachment", "prefix-list"),
    *("reservation", "route-table", "route-table-association", "security-group", "snapshot", "subnet"),
    *("subnet-cidr-block-association", "volume", "vpc", "vpc-cidr-block-association", "vpc-endpoint"),
    *("vpc-peering-connection", "vpn-connection", "vpn-gateway"),
)


def describe_id_format(ctx: Context, request: Request) -> Answer:
    """Of one type of resources, or of all; whoever the principal is.  Raises ``InvalidResourceType.Unknown``."""
    asked = request.get("Resource")
    if asked is not None and asked not in _RESOURCES:
        raise AwsError("InvalidResourceType.Unknown", f"The resource type '{asked}' is not supported.")
    return Answer({"Statuses": _statuses(*([asked] if asked else _RESOURCES))})


def describe_aggregate_id_format(ctx: Context, request: Request) -> Answer:
    return Answer({"UseLongIdsAggregated": True, "Statuses": _statuses(*_RESOURCES)})


def _statuses(*resources: str) -> list[Response]:
    return [{"Resource": resource, "UseLongIds": True} for resource in resources]
