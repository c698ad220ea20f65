"""The resources that EC2's actions concern, as ARNs (Service Authorization Reference, "Actions, resources, and
condition keys for Amazon EC2").

A row of the table of actions says of which types they are; which resources of a type a request names, is said here,
once, by the names of its members.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..core.action import Resources
from ..core.arn import arn
from ..core.context import Context, Request
from .nouns import NOUNS

_MEMBERS: Mapping[str, str] = {  # the type of what it names, by the name of a request's member
    "DhcpOptionsId": "dhcp-options",
    "GatewayId": "internet-gateway",
    "GroupId": "security-group",
    "Groups": "security-group",
    "ImageId": "image",
    "InstanceId": "instance",
    "InstanceIds": "instance",
    "InternetGatewayId": "internet-gateway",
    "KeyName": "key-pair",
    "NetworkInterfaceId": "network-interface",
    "RouteTableId": "route-table",
    "SecurityGroupIds": "security-group",
    "SecurityGroupRuleId": "security-group-rule",
    "SnapshotId": "snapshot",
    "SubnetId": "subnet",
    "VolumeId": "volume",
    "VpcId": "vpc",
    "VpcPeeringConnectionId": "vpc-peering-connection",
}
_INSIDE = ("NetworkInterfaces", "SecurityGroupRules")
"""Members whose elements name resources of the action too."""

_OF_NO_ACCOUNT = frozenset({"image", "snapshot"})
_TYPES = {noun.prefix: noun.tag_type for noun in NOUNS.values()}


def on(*types: str, perhaps: Sequence[str] = ()) -> Resources:
    """Resources of these types: those that a request names, or ``vpc/*`` where it names none, as when it creates one.

    Of the types that it concerns ``perhaps`` only those that it names.
    """

    def resources(ctx: Context, request: Request) -> Sequence[str]:
        named: dict[str, list[str]] = {}
        for kind, name in _named(ctx, request):
            named.setdefault(kind, []).append(name)
        whole = [(kind, name) for kind in types for name in named.get(kind, ("*",))]
        return _arns(ctx, [*whole, *((kind, name) for kind in perhaps for name in named.get(kind, ()))])

    return resources


def on_accepted(ctx: Context, request: Request) -> Sequence[str]:
    """The peering connection, and the VPC of the caller's that it leads to."""
    pcx = request["VpcPeeringConnectionId"]
    peering = ctx.network.peerings.get(pcx)
    vpc_id = peering.accepter.vpc_id if peering is not None and ctx.sees(peering) else "*"
    return _arns(ctx, [("vpc-peering-connection", pcx), ("vpc", vpc_id)])


def on_tagged(ctx: Context, request: Request) -> Sequence[str]:
    """Whatever is given or loses tags, by the prefixes of its ids."""
    return _arns(ctx, [(_TYPES.get(each.rpartition("-")[0], "*"), each) for each in request["Resources"]])


def on_key_pair(ctx: Context, request: Request) -> Sequence[str]:
    """The ARN of a key pair has its name in it, whichever way it is named."""
    key = ctx.state.inventory.key_pairs.get(request.get("KeyPairId") or "")
    name = key.name if key is not None and ctx.sees(key) else request.get("KeyName")
    return _arns(ctx, [("key-pair", name or "*")])


def _named(ctx: Context, request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Type and id of the resources that a request names."""
    for member, value in request.items():
        if member in _MEMBERS and value:
            ids = [value] if isinstance(value, str) else value
            yield from ((_MEMBERS[member], each) for each in ids)
        elif member in _INSIDE:
            for element in value:
                yield from _named(ctx, element)
        elif member == "AssociationId":
            yield from _associated(ctx, value)


def _associated(ctx: Context, association_id: str) -> Iterator[tuple[str, str]]:
    """What an association is part of."""
    network = ctx.network
    match association_id.rpartition("-")[0]:
        case "vpc-cidr-assoc":
            for vpc in ctx.visible(network.vpcs):
                if any(each.id == association_id for each in vpc.cidr_associations):
                    yield "vpc", vpc.id
        case "rtbassoc":
            for table in ctx.visible(network.route_tables):
                if any(each.id == association_id for each in table.associations):
                    yield "route-table", table.id
        case "iip-assoc":
            for instance in ctx.visible(network.instances):
                if instance.instance_profile_association_id == association_id:
                    yield "instance", instance.id


def _arns(ctx: Context, named: Iterable[tuple[str, str]]) -> list[str]:
    def one(kind: str, name: str) -> str:
        return arn("ec2", ctx.region, "" if kind in _OF_NO_ACCOUNT else ctx.account, f"{kind}/{name}")

    return list(dict.fromkeys(one(kind, name) for kind, name in named))
