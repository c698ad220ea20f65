"""The resources that EC2's actions concern, as ARNs (Service Authorization Reference, "Actions, resources, and
condition keys for Amazon EC2").

A row of the table of actions says of which types they are; which resources of a type a request names, is said here,
once, by the names of its members.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from realvpc.net import indexes
from realvpc.net.elastic_ip import ElasticIp
from realvpc.net.instance import Instance
from realvpc.net.resource import Resource
from realvpc.net.route_table import RouteTable
from realvpc.net.subnet import Subnet
from realvpc.net.table import Keys
from realvpc.net.vpc import Vpc

from ..core.action import Resources
from ..core.arn import arn
from ..core.context import Context, Request
from ..core.errors import AwsError
from .elastic_ip import with_public_ip
from .nouns import NOUNS
from .run_instances import with_template
from .security_group import group_named
from .volume_snapshot import volumes_to_copy

_MEMBERS: Mapping[str, str] = {  # the type of what it names, by the name of a request's member
    "AddRouteTableIds": "route-table",
    "AddSecurityGroupIds": "security-group",
    "AddSubnetIds": "subnet",
    "AllocationId": "elastic-ip",
    "AllocationIds": "elastic-ip",
    "CapacityReservationId": "capacity-reservation",
    "ClientVpnEndpointId": "client-vpn-endpoint",
    "DhcpOptionsId": "dhcp-options",
    "EgressOnlyInternetGatewayId": "egress-only-internet-gateway",
    "ExclusionId": "vpc-block-public-access-exclusion",
    "FleetId": "fleet",
    "FlowLogIds": "vpc-flow-log",
    "GatewayId": "internet-gateway",
    "GroupId": "security-group",
    "Groups": "security-group",
    "ImageId": "image",
    "InstanceId": "instance",
    "InstanceIds": "instance",
    "InstanceConnectEndpointId": "instance-connect-endpoint",
    "InternetGatewayId": "internet-gateway",
    "IpamPoolId": "ipam-pool",
    "IpamResourceDiscoveryId": "ipam-resource-discovery",
    "IpamScopeId": "ipam-scope",
    "KeyName": "key-pair",
    "LaunchTemplateId": "launch-template",
    "LocalGatewayRouteTableId": "local-gateway-route-table",
    "NatGatewayId": "natgateway",
    "NetworkAclId": "network-acl",
    "NetworkInterfaceId": "network-interface",
    "PoolId": "ipv6pool-ec2",
    "PrefixListId": "prefix-list",
    "RemoveRouteTableIds": "route-table",
    "RemoveSecurityGroupIds": "security-group",
    "RemoveSubnetIds": "subnet",
    "RouteServerId": "route-server",
    "RouteTableId": "route-table",
    "RouteTableIds": "route-table",
    "SecurityGroupIds": "security-group",
    "SecurityGroupRuleId": "security-group-rule",
    "SecondaryAllocationIds": "elastic-ip",
    "ServiceId": "vpc-endpoint-service",
    "ServiceIds": "vpc-endpoint-service",
    "SnapshotId": "snapshot",
    "SpotFleetRequestId": "spot-fleet-request",
    "SubnetCidrReservationId": "subnet-cidr-reservation",
    "SubnetId": "subnet",
    "SubnetIds": "subnet",
    "TransitGatewayAttachmentId": "transit-gateway-attachment",
    "TransitGatewayMulticastDomainId": "transit-gateway-multicast-domain",
    "TransitGatewayPolicyTableId": "transit-gateway-policy-table",
    "TransitGatewayRouteTableId": "transit-gateway-route-table",
    "VerifiedAccessEndpointId": "verified-access-endpoint",
    "VolumeId": "volume",
    "VpcEndpointId": "vpc-endpoint",
    "VpcEndpointIds": "vpc-endpoint",
    "VpcId": "vpc",
    "VpcPeeringConnectionId": "vpc-peering-connection",
}
_INSIDE = frozenset(
    {
        "InstanceCreditSpecifications",
        "InstanceSpecification",
        "LaunchTemplate",
        "NetworkInterfaces",
        "SecurityGroupRules",
        "SubnetConfigurations",
    }
)
"""Members whose elements name resources of the action too."""

_ASSOCIATIONS: Mapping[str, tuple[type[Resource], Keys, str]] = {  # by the prefixes of their ids
    "aclassoc": (Subnet, indexes.network_acl_association_id, "subnet"),
    "eipassoc": (ElasticIp, indexes.address_association_id, "elastic-ip"),
    "iip-assoc": (Instance, indexes.profile_association_id, "instance"),
    "rtbassoc": (RouteTable, indexes.route_table_association_ids, "route-table"),
    "subnet-cidr-assoc": (Subnet, indexes.ipv6_association_ids, "subnet"),
    "vpc-cidr-assoc": (Vpc, indexes.cidr_association_ids, "vpc"),
}

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


_GROUP = on("security-group")
_LAUNCHED = on(
    *("image", "instance", "network-interface", "security-group", "subnet", "volume"),
    perhaps=("key-pair", "launch-template"),
)


def on_group(ctx: Context, request: Request) -> Sequence[str]:
    """A security group, by its id or by its name in the default VPC."""
    if request.get("GroupId") is None and request.get("GroupName"):
        with suppress(AwsError):  # there is none: the action says so
            request = request | {"GroupId": group_named(ctx, request["GroupName"]).id}
    return _GROUP(ctx, request)


def on_launch(ctx: Context, request: Request) -> Sequence[str]:
    """What a launch names, and what its template names for it: by a template nobody launches what he may not."""
    with suppress(AwsError):  # no such template, or nothing that can be launched: the action says which
        request, _ = with_template(ctx, request)
    return [*_LAUNCHED(ctx, request), *_mapped(ctx, request)]


def on_registered(ctx: Context, request: Request) -> Sequence[str]:
    """A new image, and the snapshots that it is of."""
    return [*_arns(ctx, [("image", "*")]), *_mapped(ctx, request)]


def on_copied_volumes(ctx: Context, request: Request) -> Sequence[str]:
    """An instance, those of its volumes of which there are to be snapshots, and these."""
    wanted = request["InstanceSpecification"]
    volumes: Iterable[str] = ("*",)
    with suppress(AwsError):
        volumes = [row.id for row in volumes_to_copy(ctx, wanted)]
    named = [("instance", wanted["InstanceId"]), ("snapshot", "*"), *(("volume", each) for each in volumes)]
    return _arns(ctx, named)


def on_accepted(ctx: Context, request: Request) -> Sequence[str]:
    """The peering connection, and the VPC of the caller's that it leads to."""
    pcx = request["VpcPeeringConnectionId"]
    peering = ctx.network.peerings.get(pcx)
    vpc_id = peering.accepter.vpc_id if peering is not None and ctx.sees(peering) else "*"
    return _arns(ctx, [("vpc-peering-connection", pcx), ("vpc", vpc_id)])


def on_tagged(ctx: Context, request: Request) -> Sequence[str]:
    """Whatever is given or loses tags, by the prefixes of its ids."""
    return _arns(ctx, [(_TYPES.get(each.rpartition("-")[0], "*"), each) for each in request["Resources"]])


def on_logged(ctx: Context, request: Request) -> Sequence[str]:
    """New flow logs, and the VPCs, subnets or interfaces that they are of, by the prefixes of their ids."""
    named = [(_TYPES.get(each.rpartition("-")[0], "*"), each) for each in request["ResourceIds"]]
    return _arns(ctx, [("vpc-flow-log", "*"), *named])


def on_key_pair(ctx: Context, request: Request) -> Sequence[str]:
    """The ARN of a key pair has its name in it, whichever way it is named."""
    key = ctx.state.inventory.key_pairs.get(request.get("KeyPairId") or "")
    name = key.name if key is not None and ctx.sees(key) else request.get("KeyName")
    return _arns(ctx, [("key-pair", name or "*")])


def on_placement_group(ctx: Context, request: Request) -> Sequence[str]:
    """The ARN of a placement group has its name in it."""
    return _arns(ctx, [("placement-group", request.get("GroupName") or "*")])


def _mapped(ctx: Context, request: Mapping[str, Any]) -> list[str]:
    """The snapshots that block device mappings name."""
    disks = (each.get("Ebs") or {} for each in request.get("BlockDeviceMappings") or ())
    return _arns(ctx, (("snapshot", name) for disk in disks if (name := disk.get("SnapshotId"))))


def _named(ctx: Context, request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Type and id of the resources that a request names."""
    for member, value in request.items():
        if member in _MEMBERS and value:
            ids = [value] if isinstance(value, str) else value
            yield from ((_MEMBERS[member], each) for each in ids)
        elif member in _INSIDE:
            for element in [value] if isinstance(value, Mapping) else value:
                yield from _named(ctx, element)
        elif member == "LaunchTemplateName":
            yield from _template(ctx, value)
        elif member in ("AssociationId", "AssociationIds"):
            for each in [value] if isinstance(value, str) else value:
                yield from _associated(ctx, each)
        elif member == "PublicIp" and value:
            with suppress(AwsError):
                yield "elastic-ip", with_public_ip(ctx, value).id
        elif member == "AttachmentId":
            yield from _attached(ctx, value)


def _template(ctx: Context, name: str) -> Iterator[tuple[str, str]]:
    """ARNs of launch templates have ids, whichever way requests name them."""
    template = ctx.state.inventory.launch_template_named(ctx.account, ctx.region, name)
    if template is not None:
        yield "launch-template", template.id


def _associated(ctx: Context, association_id: str) -> Iterator[tuple[str, str]]:
    """What an association is part of."""
    found = _ASSOCIATIONS.get(association_id.rpartition("-")[0])
    if found is None:
        return
    kind, index, tag_type = found
    row = ctx.network.table(kind).first(index, association_id)
    if row is None or not ctx.sees(row):
        return
    yield tag_type, row.id
    if isinstance(row, ElasticIp) and row.association is not None:
        yield "network-interface", row.association.interface_id


def _attached(ctx: Context, attachment_id: str) -> Iterator[tuple[str, str]]:
    """What an attachment joins."""
    interface = ctx.network.interfaces.first(indexes.attachment_id, attachment_id)
    if interface is not None and interface.attachment is not None and ctx.sees(interface):
        yield "network-interface", interface.id
        yield "instance", interface.attachment.owner_id


def _arns(ctx: Context, named: Iterable[tuple[str, str]]) -> list[str]:
    def one(kind: str, name: str) -> str:
        return arn("ec2", ctx.region, "" if kind in _OF_NO_ACCOUNT else ctx.account, f"{kind}/{name}")

    return list(dict.fromkeys(one(kind, name) for kind, name in named))
