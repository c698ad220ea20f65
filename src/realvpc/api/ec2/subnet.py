"""Subnets: create, delete, describe, attributes (VPC guide, "Subnets for your VPC"; EC2 API Reference)."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from realvpc.net import indexes
from realvpc.net.addresses import Cidr
from realvpc.net.ended_association import still_shown
from realvpc.net.hostnames import HOSTNAME_TYPES, RESOURCE_NAME
from realvpc.net.quotas import SUBNETS_PER_VPC
from realvpc.net.route_table import RouteTable
from realvpc.net.subnet import IPV6_PREFIX_LENGTHS, Subnet
from realvpc.net.table import delete, put
from realvpc.net.vpc import Ipv6CidrAssociation, Vpc, valid_block
from realvpc.net.zones import REGIONS, Zone, find_zone, zones

from ..core.cidr import parse_cidr
from ..core.context import Answer, Context, Request, Response
from ..core.describe import describing
from ..core.errors import (
    AwsError,
    dependency_violation,
    invalid_parameter_combination,
    invalid_parameter_value,
    missing_parameter,
    unsupported_operation,
)
from ..core.filter import no_values
from ..core.lookup import named
from ..core.noun import Noun
from ..core.parameters import parameter_name, refuse
from ..core.tags import render_tags, tags_on_creation
from .ipv6_block import render_subnet_association
from .vpc import VPC

_NOT_HERE = (
    "Ipv4IpamPoolId",
    "Ipv4NetmaskLength",
    "Ipv6IpamPoolId",
    "Ipv6NetmaskLength",
    "OutpostArn",
)


def create_subnet(ctx: Context, request: Request) -> Answer:
    """A subnet in the zone that is named, by name or id, or else in the first one.

    Raises ``InvalidSubnet.Range`` for a block outside the VPC or of the wrong size, ``InvalidSubnet.Conflict``,
    InvalidParameterValue for an unknown zone, SubnetLimitExceeded; MissingParameter and InvalidParameterCombination for
    blocks that do not go with Ipv6Native; UnsupportedOperation for address pools and Outposts.
    """
    vpc = named(ctx, VPC, request, "VpcId")
    refuse(request, _NOT_HERE)
    cidr = None if _is_ipv6_native(request) else _read_ipv4_block(ctx, vpc, request)
    ipv6 = (read_ipv6_block(ctx, vpc, request["Ipv6CidrBlock"]),) if request.get("Ipv6CidrBlock") else ()
    check_subnet_quota(ctx, vpc)
    tags = tags_on_creation(request, SUBNET.tag_type, code="InvalidParameter")
    subnet = new_subnet(ctx, vpc, cidr, read_zone(ctx, request), tags=tags, ipv6_cidr_associations=ipv6)
    associating = [render_subnet_association(row, "associating") for row in ipv6]
    begun = {"Ipv6CidrBlockAssociationSet": associating, "Tags": render_tags(subnet.tags)}
    return Answer({"Subnet": render_subnet(ctx, subnet) | begun}, put(subnet))


def _is_ipv6_native(request: Request) -> bool:
    """Raises MissingParameter, InvalidParameterCombination."""
    if not request.get("Ipv6Native"):
        return False
    if not request.get("Ipv6CidrBlock"):
        raise AwsError("MissingParameter", "Either 'ipv6CidrBlock' or 'ipv6IpamPoolId' should be provided.")
    if request.get("CidrBlock"):
        raise invalid_parameter_combination(
            "When specifying ipv4 parameters, cidrBlock or ipv4IpamPoolId, you cannot set ipv6Native to true."
        )
    return True


def _read_ipv4_block(ctx: Context, vpc: Vpc, request: Request) -> Cidr:
    """Raises MissingParameter, InvalidParameterValue, ``InvalidSubnet.Range``, ``InvalidSubnet.Conflict``."""
    if not request.get("CidrBlock"):
        raise AwsError("MissingParameter", "Either 'ipv6CidrBlock' or 'cidrBlock' should be provided.")
    cidr = parse_cidr(request["CidrBlock"], "cidrBlock")
    if not valid_block(cidr) or not any(block.covers(cidr) for block in vpc.cidrs):
        raise AwsError("InvalidSubnet.Range", f"The CIDR '{cidr}' is invalid.")
    if any(cidr.overlaps(block) for sibling in ctx.network.subnets_of(vpc.id) for block in sibling.blocks):
        raise AwsError("InvalidSubnet.Conflict", f"The CIDR '{cidr}' conflicts with another subnet")
    return cidr


def read_ipv6_block(ctx: Context, vpc: Vpc, text: str) -> Ipv6CidrAssociation:
    """The IPv6 block that a subnet of the VPC is to have.

    Raises InvalidParameterValue for what no subnet can have, ``InvalidSubnet.Range``, ``InvalidSubnet.Conflict``.
    """
    cidr = parse_cidr(text, "ipv6-cidr-block", ipv4=False)
    if cidr.prefix_length not in IPV6_PREFIX_LENGTHS:
        raise invalid_parameter_value(f"invalid value for parameter ipv6-cidr-block: {text}")
    if not any(block.covers(cidr) for block in vpc.ipv6_cidrs):
        raise AwsError("InvalidSubnet.Range", f"The IPv6 CIDR '{cidr}' is invalid.")
    if any(cidr.overlaps(block) for subnet in ctx.network.subnets_of(vpc.id) for block in subnet.blocks):
        raise AwsError("InvalidSubnet.Conflict", f"The IPv6 CIDR '{cidr}' conflicts with another subnet")
    return Ipv6CidrAssociation(ctx.new_id("subnet-cidr-assoc"), cidr)


def check_subnet_quota(ctx: Context, vpc: Vpc) -> None:
    """Raises SubnetLimitExceeded."""
    if len(ctx.network.subnets_of(vpc.id)) >= ctx.quota(SUBNETS_PER_VPC):
        raise AwsError("SubnetLimitExceeded", "The maximum number of subnets has been reached.")


def new_subnet(ctx: Context, vpc: Vpc, cidr: Cidr | None, zone: Zone, **more: Any) -> Subnet:
    """An IPv6-only one without ``cidr``; ``more`` are other fields."""
    if cidr is None:
        more |= _OF_IPV6_NATIVE
    return Subnet(
        id=ctx.new_id("subnet"),
        account=vpc.account,
        region=vpc.region,
        vpc_id=vpc.id,
        cidr=cidr,
        zone_name=zone.name,
        zone_id=zone.id,
        **more,
    )


def read_zone(ctx: Context, request: Request) -> Zone:
    """The zone that is named, or else the first one.  Raises InvalidParameterCombination, InvalidParameterValue."""
    region, seed = REGIONS[ctx.region], ctx.account_record.zone_seed
    name, zone_id = request.get("AvailabilityZone"), request.get("AvailabilityZoneId")
    if name and zone_id:
        raise invalid_parameter_combination(
            "The parameter availabilityZone cannot be used with the parameter availabilityZoneId"
        )
    wanted = name or zone_id
    if not wanted:
        return zones(region, seed)[0]
    zone = find_zone(region, seed, wanted)
    if zone is None or wanted != (zone.name if name else zone.id):
        parameter = "availabilityZone" if name else "availabilityZoneId"
        possible = ", ".join(zone.name if name else zone.id for zone in zones(region, seed))
        raise invalid_parameter_value(
            f"Value ({wanted}) for parameter {parameter} is invalid. "
            f"Subnets can currently only be created in the following availability zones: {possible}."
        )
    return zone


def check_hostname_type(subnet: Subnet, hostname_type: str) -> None:
    """Of an instance there.  Raises InvalidParameterValue: an IPv6-only one has no address to be called after."""
    if subnet.is_ipv6_native and hostname_type != RESOURCE_NAME:
        raise invalid_parameter_value(
            f"Invalid value '{hostname_type}' for hostnameType. The subnet ({subnet.id}) is an IPv6-only subnet."
        )


def delete_subnet(ctx: Context, request: Request) -> Answer:
    """Delete an empty subnet; its route table association and what is set aside in it go with it.

    Raises DependencyViolation while it has network interfaces.
    """
    subnet = named(ctx, SUBNET, request, "SubnetId")
    if ctx.network.interfaces_in_subnet(subnet.id):
        raise dependency_violation("subnet", subnet.id)
    tables = [
        _without(table, subnet)
        for table in ctx.network.route_tables_of(subnet.vpc_id)
        if any(association.subnet_id == subnet.id for association in table.associations)
    ]
    excluded = ctx.network.block_public_access_exclusions.where(indexes.excluded_id, subnet.id)
    return Answer({}, put(*tables) + delete(subnet, *ctx.state.inventory.reservations_of(subnet.id), *excluded))


def _without(table: RouteTable, subnet: Subnet) -> RouteTable:
    rest = tuple(association for association in table.associations if association.subnet_id != subnet.id)
    return replace(table, associations=rest)


def render_subnet(ctx: Context, subnet: Subnet) -> Response:
    ended = still_shown(subnet.ended_associations, ctx.now)
    ipv6 = [render_subnet_association(Ipv6CidrAssociation(row.id, row.cidr), "disassociated") for row in ended]
    ipv6 += [render_subnet_association(row) for row in subnet.ipv6_cidr_associations]
    return {
        "SubnetId": subnet.id,
        "SubnetArn": _arn(subnet),
        "OwnerId": subnet.account,
        "VpcId": subnet.vpc_id,
        "State": "available",
        "CidrBlock": str(subnet.cidr) if subnet.cidr else None,
        "AvailableIpAddressCount": ctx.network.available_addresses(subnet),
        "AvailabilityZone": subnet.zone_name,
        "AvailabilityZoneId": subnet.zone_id,
        "DefaultForAz": subnet.default_for_az,
        "MapPublicIpOnLaunch": subnet.map_public_ip_on_launch,
        "MapCustomerOwnedIpOnLaunch": False,
        "AssignIpv6AddressOnCreation": subnet.assign_ipv6_address_on_creation,
        "Ipv6CidrBlockAssociationSet": ipv6,
        "Ipv6Native": subnet.is_ipv6_native,
        "EnableDns64": subnet.enable_dns64,
        "PrivateDnsNameOptionsOnLaunch": {
            "HostnameType": subnet.private_dns_hostname_type,
            "EnableResourceNameDnsARecord": subnet.enable_resource_name_dns_a_record,
            "EnableResourceNameDnsAAAARecord": subnet.enable_resource_name_dns_aaaa_record,
        },
        "BlockPublicAccessStates": {"InternetGatewayBlockMode": str(ctx.network.block_mode_of(subnet))},
        "Tags": render_tags(subnet.tags) or None,
    }


def _arn(subnet: Subnet) -> str:
    return f"arn:aws:ec2:{subnet.region}:{subnet.account}:subnet/{subnet.id}"


# What can be set, as field of the Subnet; what needs an IPv6 block, and how messages call it; and what would need an
# Outpost or a local network.
_FIELDS = {
    "AssignIpv6AddressOnCreation": "assign_ipv6_address_on_creation",
    "EnableDns64": "enable_dns64",
    "EnableResourceNameDnsAAAARecordOnLaunch": "enable_resource_name_dns_aaaa_record",
    "EnableResourceNameDnsARecordOnLaunch": "enable_resource_name_dns_a_record",
    "MapPublicIpOnLaunch": "map_public_ip_on_launch",
    "PrivateDnsHostnameTypeOnLaunch": "private_dns_hostname_type",
}
_NEED_IPV6 = {
    "AssignIpv6AddressOnCreation": "assign-ipv6-address-on-creation",
    "EnableDns64": "enable-dns64",
    "EnableResourceNameDnsAAAARecordOnLaunch": "enable-resource-name-dns-aaaa-record-on-launch",
}
_OF_IPV6_NATIVE: dict[str, Any] = {  # fields of an IPv6-only subnet, as AWS makes it
    "assign_ipv6_address_on_creation": True,
    "enable_resource_name_dns_aaaa_record": True,
    "private_dns_hostname_type": RESOURCE_NAME,
}
_KEPT_BY_IPV6_NATIVE: dict[str, Any] = {  # and what it always has
    "AssignIpv6AddressOnCreation": True,
    "EnableResourceNameDnsARecordOnLaunch": False,
    "MapPublicIpOnLaunch": False,
    "PrivateDnsHostnameTypeOnLaunch": RESOURCE_NAME,
}
_NEED_OUTPOST = (
    "MapCustomerOwnedIpOnLaunch",
    "CustomerOwnedIpv4Pool",
    "EnableLniAtDeviceIndex",
    "DisableLniAtDeviceIndex",
)


def modify_subnet_attribute(ctx: Context, request: Request) -> Answer:
    """Set one attribute.

    Raises MissingParameter or InvalidParameterCombination unless it is exactly one, InvalidParameterValue for one that
    needs an IPv6 block, or one of IPv4, UnsupportedOperation for one that needs an Outpost.
    """
    subnet = named(ctx, SUBNET, request, "SubnetId")
    given = [name for name in (*_FIELDS, *_NEED_OUTPOST) if request.get(name) is not None]
    if not given:
        raise missing_parameter("mapPublicIpOnLaunch")
    if len(given) > 1:
        names = ", ".join(parameter_name(name) for name in given)
        raise invalid_parameter_combination(f"Fields for multiple attribute types specified: {names}")
    [name] = given
    value: Any = request[name].get("Value") if isinstance(request[name], dict) else request[name]
    if value is None:
        raise missing_parameter(f"{parameter_name(name)}.value")
    if name == "PrivateDnsHostnameTypeOnLaunch" and value not in HOSTNAME_TYPES:
        raise invalid_parameter_value(f"Invalid value '{value}' for {parameter_name(name)}.")
    if value and name in _NEED_IPV6 and subnet.ipv6_cidr is None:
        called = _NEED_IPV6[name]
        raise invalid_parameter_value(
            f"Invalid value 'true' for {called}. Cannot set {called} to true unless the subnet ({subnet.id}) has an "
            "IPv6 CIDR block associated with it."
        )
    if subnet.is_ipv6_native and _KEPT_BY_IPV6_NATIVE.get(name, value) != value:
        raise invalid_parameter_value(
            f"Invalid value '{str(value).lower()}' for {parameter_name(name)}. "
            f"The subnet ({subnet.id}) is an IPv6-only subnet."
        )
    if name in _FIELDS:
        return Answer({}, put(replace(subnet, **{_FIELDS[name]: value})))
    if value:
        raise unsupported_operation(f"The subnet '{subnet.id}' is not on an Outpost or in a Local Zone.")
    return Answer()


_LAUNCH_NAMES = "private-dns-name-options-on-launch"

SUBNET = Noun(
    type=Subnet,
    prefix="subnet",
    not_found="InvalidSubnetID.NotFound",
    malformed=None,
    words="subnet ID",
    tag_type="subnet",
    ids="SubnetIds",
    result="Subnets",
    render=render_subnet,
    filters={
        **dict.fromkeys(("availability-zone", "availabilityZone"), ".zone_name"),
        **dict.fromkeys(("availability-zone-id", "availabilityZoneId"), ".zone_id"),
        "available-ip-address-count": "AvailableIpAddressCount",
        **dict.fromkeys(("cidr", "cidr-block", "cidrBlock"), ".cidr"),
        "customer-owned-ipv4-pool": no_values,
        **dict.fromkeys(("default-for-az", "defaultForAz"), ".default_for_az"),
        "enable-dns64": "EnableDns64",
        "enable-lni-at-device-index": no_values,
        "ipv6-cidr-block-association.association-id": "Ipv6CidrBlockAssociationSet[].AssociationId",
        "ipv6-cidr-block-association.ipv6-cidr-block": "Ipv6CidrBlockAssociationSet[].Ipv6CidrBlock",
        "ipv6-cidr-block-association.state": "Ipv6CidrBlockAssociationSet[].Ipv6CidrBlockState.State",
        "ipv6-native": "Ipv6Native",
        "map-customer-owned-ip-on-launch": "MapCustomerOwnedIpOnLaunch",
        "map-public-ip-on-launch": ".map_public_ip_on_launch",
        "outpost-arn": no_values,
        f"{_LAUNCH_NAMES}.enable-resource-name-dns-a-record": ".enable_resource_name_dns_a_record",
        f"{_LAUNCH_NAMES}.enable-resource-name-dns-aaaa-record": ".enable_resource_name_dns_aaaa_record",
        f"{_LAUNCH_NAMES}.hostname-type": ".private_dns_hostname_type",
        "state": "State",
        "subnet-arn": "SubnetArn",
        **dict.fromkeys(("subnet-id", "subnetId"), ".id"),
        **dict.fromkeys(("vpc-id", "vpcId"), ".vpc_id"),
    },
    found_by=dict.fromkeys(("vpc-id", "vpcId"), lambda ctx, value: ctx.network.subnets_of(value)),
)

describe_subnets = describing(SUBNET)
