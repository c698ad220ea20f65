"""Subnets: create, delete, describe, attributes (VPC guide, "Subnets for your VPC"; EC2 API Reference)."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from realvpc.net.hostnames import HOSTNAME_TYPES
from realvpc.net.quotas import SUBNETS_PER_VPC
from realvpc.net.route_table import RouteTable
from realvpc.net.subnet import Subnet
from realvpc.net.table import delete, put
from realvpc.net.vpc import valid_block
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
from .vpc import VPC

_NOT_HERE = ("Ipv4IpamPoolId", "Ipv6IpamPoolId", "Ipv6CidrBlock", "Ipv6Native", "OutpostArn")


def create_subnet(ctx: Context, request: Request) -> Answer:
    """A subnet in the zone that is named, by name or id, or else in the first one.

    Raises ``InvalidSubnet.Range`` for a block outside the VPC or of the wrong size, ``InvalidSubnet.Conflict``,
    InvalidParameterValue for an unknown zone, SubnetLimitExceeded; UnsupportedOperation for IPv6, address pools and
    Outposts.
    """
    vpc = named(ctx, VPC, request, "VpcId")
    refuse(request, _NOT_HERE)
    if not request.get("CidrBlock"):
        raise AwsError("MissingParameter", "Either 'ipv6CidrBlock' or 'cidrBlock' should be provided.")
    cidr = parse_cidr(request["CidrBlock"], "cidrBlock")
    if not valid_block(cidr) or not any(block.covers(cidr) for block in vpc.cidrs):
        raise AwsError("InvalidSubnet.Range", f"The CIDR '{cidr}' is invalid.")
    siblings = ctx.network.subnets_of(vpc.id)
    if any(cidr.overlaps(sibling.cidr) for sibling in siblings):
        raise AwsError("InvalidSubnet.Conflict", f"The CIDR '{cidr}' conflicts with another subnet")
    if len(siblings) >= ctx.quota(SUBNETS_PER_VPC):
        raise AwsError("SubnetLimitExceeded", "The maximum number of subnets has been reached.")
    zone = _zone(ctx, request)
    subnet = Subnet(
        id=ctx.new_id("subnet"),
        account=ctx.account,
        region=ctx.region,
        tags=tags_on_creation(request, SUBNET.tag_type),
        vpc_id=vpc.id,
        cidr=cidr,
        zone_name=zone.name,
        zone_id=zone.id,
    )
    return Answer({"Subnet": _render(ctx, subnet)}, put(subnet))


def _zone(ctx: Context, request: Request) -> Zone:
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


def delete_subnet(ctx: Context, request: Request) -> Answer:
    """Delete an empty subnet; its route table association goes with it.

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
    return Answer({}, put(*tables) + delete(subnet))


def _without(table: RouteTable, subnet: Subnet) -> RouteTable:
    rest = tuple(association for association in table.associations if association.subnet_id != subnet.id)
    return replace(table, associations=rest)


def _render(ctx: Context, subnet: Subnet) -> Response:
    return {
        "SubnetId": subnet.id,
        "SubnetArn": _arn(subnet),
        "OwnerId": subnet.account,
        "VpcId": subnet.vpc_id,
        "State": "available",
        "CidrBlock": str(subnet.cidr),
        "AvailableIpAddressCount": ctx.network.available_addresses(subnet),
        "AvailabilityZone": subnet.zone_name,
        "AvailabilityZoneId": subnet.zone_id,
        "DefaultForAz": False,
        "MapPublicIpOnLaunch": subnet.map_public_ip_on_launch,
        "MapCustomerOwnedIpOnLaunch": False,
        "AssignIpv6AddressOnCreation": subnet.assign_ipv6_address_on_creation,
        "Ipv6CidrBlockAssociationSet": [],
        "Ipv6Native": False,
        "EnableDns64": False,
        "PrivateDnsNameOptionsOnLaunch": {
            "HostnameType": subnet.private_dns_hostname_type,
            "EnableResourceNameDnsARecord": subnet.enable_resource_name_dns_a_record,
            "EnableResourceNameDnsAAAARecord": subnet.enable_resource_name_dns_aaaa_record,
        },
        "BlockPublicAccessStates": {"InternetGatewayBlockMode": "off"},
        "Tags": render_tags(subnet.tags),
    }


def _arn(subnet: Subnet) -> str:
    return f"arn:aws:ec2:{subnet.region}:{subnet.account}:subnet/{subnet.id}"


# What can be set, as field of the Subnet; and what would need IPv6 addresses, an Outpost or a local network.
_FIELDS = {
    "MapPublicIpOnLaunch": "map_public_ip_on_launch",
    "PrivateDnsHostnameTypeOnLaunch": "private_dns_hostname_type",
    "EnableResourceNameDnsARecordOnLaunch": "enable_resource_name_dns_a_record",
}
_NEED_IPV6 = ("AssignIpv6AddressOnCreation", "EnableDns64", "EnableResourceNameDnsAAAARecordOnLaunch")
_NEED_OUTPOST = (
    "MapCustomerOwnedIpOnLaunch",
    "CustomerOwnedIpv4Pool",
    "EnableLniAtDeviceIndex",
    "DisableLniAtDeviceIndex",
)


def modify_subnet_attribute(ctx: Context, request: Request) -> Answer:
    """Set one attribute.

    Raises MissingParameter or InvalidParameterCombination unless it is exactly one, InvalidParameterValue for one that
    needs an IPv6 block, UnsupportedOperation for one that needs an Outpost.
    """
    subnet = named(ctx, SUBNET, request, "SubnetId")
    given = [name for name in (*_FIELDS, *_NEED_IPV6, *_NEED_OUTPOST) if request.get(name) is not None]
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
    if name in _FIELDS:
        return Answer({}, put(replace(subnet, **{_FIELDS[name]: value})))
    if value and name in _NEED_IPV6:
        raise invalid_parameter_value(
            f"Invalid value 'true' for {parameter_name(name)}. "
            f"The subnet '{subnet.id}' does not have an associated IPv6 CIDR block."
        )
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
    render=_render,
    filters={
        **dict.fromkeys(("availability-zone", "availabilityZone"), ".zone_name"),
        **dict.fromkeys(("availability-zone-id", "availabilityZoneId"), ".zone_id"),
        "available-ip-address-count": "AvailableIpAddressCount",
        **dict.fromkeys(("cidr", "cidr-block", "cidrBlock"), ".cidr"),
        "customer-owned-ipv4-pool": no_values,
        **dict.fromkeys(("default-for-az", "defaultForAz"), "DefaultForAz"),
        "enable-dns64": "EnableDns64",
        "enable-lni-at-device-index": no_values,
        "ipv6-cidr-block-association.association-id": no_values,
        "ipv6-cidr-block-association.ipv6-cidr-block": no_values,
        "ipv6-cidr-block-association.state": no_values,
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
