"""Finding resources by id, with AWS's errors for ids that are malformed or unknown.

The spellings are AWS's, irregular as they are (EC2 API Reference, "Error codes").
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from msgspec import Struct

from realvpc.net.dhcp_options import DhcpOptions, default_options
from realvpc.net.instance import Instance
from realvpc.net.internet_gateway import InternetGateway
from realvpc.net.key_pair import KeyPair
from realvpc.net.machine_image import DiskSnapshot, MachineImage
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.peering import Peering
from realvpc.net.resource import Resource
from realvpc.net.route_table import RouteTable
from realvpc.net.security_group import ListedRule, SecurityGroup
from realvpc.net.subnet import Subnet
from realvpc.net.volume import Volume
from realvpc.net.vpc import Vpc

from .context import Context
from .errors import AwsError

R = TypeVar("R", bound=Resource)


class Kind(Struct, Generic[R], frozen=True):
    """One type of resource as the API names it."""

    type: type[R]
    prefix: str
    not_found: str
    malformed: str
    noun: str  # as in "The vpc ID 'vpc-…' does not exist"
    tag_type: str  # as in TagSpecification.N.ResourceType


VPC = Kind(Vpc, "vpc", "InvalidVpcID.NotFound", "InvalidVpcID.Malformed", "vpc ID", "vpc")
SUBNET = Kind(Subnet, "subnet", "InvalidSubnetID.NotFound", "InvalidSubnetID.Malformed", "subnet ID", "subnet")
ROUTE_TABLE = Kind(
    RouteTable, "rtb", "InvalidRouteTableID.NotFound", "InvalidRouteTableId.Malformed", "routeTable ID", "route-table"
)
INTERNET_GATEWAY = Kind(
    InternetGateway,
    "igw",
    "InvalidInternetGatewayID.NotFound",
    "InvalidInternetGatewayId.Malformed",
    "internetGateway ID",
    "internet-gateway",
)
SECURITY_GROUP = Kind(
    SecurityGroup, "sg", "InvalidGroup.NotFound", "InvalidGroupId.Malformed", "security group", "security-group"
)
SECURITY_GROUP_RULE = Kind(  # derived: not among KINDS
    ListedRule,
    "sgr",
    "InvalidSecurityGroupRuleId.NotFound",
    "InvalidSecurityGroupRuleId.Malformed",
    "security group rule ID",
    "security-group-rule",
)
NETWORK_INTERFACE = Kind(
    NetworkInterface,
    "eni",
    "InvalidNetworkInterfaceID.NotFound",
    "InvalidNetworkInterfaceId.Malformed",
    "networkInterface ID",
    "network-interface",
)
INSTANCE = Kind(Instance, "i", "InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed", "instance ID", "instance")
VOLUME = Kind(Volume, "vol", "InvalidVolume.NotFound", "InvalidVolumeID.Malformed", "volume", "volume")
IMAGE = Kind(MachineImage, "ami", "InvalidAMIID.NotFound", "InvalidAMIID.Malformed", "image id", "image")
SNAPSHOT = Kind(DiskSnapshot, "snap", "InvalidSnapshot.NotFound", "InvalidSnapshotID.Malformed", "snapshot", "snapshot")
KEY_PAIR = Kind(KeyPair, "key", "InvalidKeyPair.NotFound", "InvalidKeyPairId.Malformed", "key pair", "key-pair")
PEERING = Kind(
    Peering,
    "pcx",
    "InvalidVpcPeeringConnectionID.NotFound",
    "InvalidVpcPeeringConnectionId.Malformed",
    "vpcPeeringConnection ID",
    "vpc-peering-connection",
)

DHCP_OPTIONS = Kind(
    DhcpOptions,
    "dopt",
    "InvalidDhcpOptionID.NotFound",
    "InvalidDhcpOptionsId.Malformed",
    "dhcpOption ID",
    "dhcp-options",
)

KINDS: tuple[Kind[Any], ...] = (
    VPC,
    SUBNET,
    ROUTE_TABLE,
    INTERNET_GATEWAY,
    SECURITY_GROUP,
    NETWORK_INTERFACE,
    INSTANCE,
    VOLUME,
    PEERING,
    KEY_PAIR,
    IMAGE,
    SNAPSHOT,
    DHCP_OPTIONS,
)

_HEX = re.compile(r"[0-9a-f]{8}(?:[0-9a-f]{9})?")


def check_form(kind: Kind[R], resource_id: str) -> None:
    """Raises ``Invalid….Malformed`` unless the id is the prefix and 8 or 17 hexadecimal digits."""
    prefix, dash, digits = resource_id.rpartition("-")
    if not dash or prefix != kind.prefix:
        raise AwsError(kind.malformed, f'Invalid id: "{resource_id}" (expecting "{kind.prefix}-...")')
    if not _HEX.fullmatch(digits):
        raise AwsError(kind.malformed, f'Invalid id: "{resource_id}"')


def rows_of(ctx: Context, kind: Kind[R]) -> Mapping[str, R]:
    """What there is of a kind, by id; the caller's default DHCP options among it."""
    table: Mapping[str, R] = ctx.state.table(kind.type)
    if kind.type is not DhcpOptions:
        return table
    default: Any = default_options(ctx.account, ctx.region)
    return ChainMap(dict(table), {default.id: default})


def find(ctx: Context, kind: Kind[R], resource_id: str) -> R | None:
    """The resource, if the caller sees it."""
    row = rows_of(ctx, kind).get(resource_id)
    return row if row is not None and ctx.sees(row) else None


def get(ctx: Context, kind: Kind[R], resource_id: str) -> R:
    """The resource.  Raises ``Invalid….Malformed`` or ``Invalid….NotFound``."""
    check_form(kind, resource_id)
    row = find(ctx, kind, resource_id)
    if row is None:
        raise not_found(kind, resource_id)
    return row


def not_found(kind: Kind[Any], *resource_ids: str) -> AwsError:
    names = ", ".join(resource_ids)
    if len(resource_ids) > 1:
        return AwsError(kind.not_found, f"The {kind.noun}s '{names}' do not exist")
    return AwsError(kind.not_found, f"The {kind.noun} '{names}' does not exist")
