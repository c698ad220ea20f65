"""The default subnets of a default VPC, one in each zone (VPC guide, "Default subnets"; EC2 API Reference)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from realvpc.net.addresses import Cidr
from realvpc.net.subnet import DEFAULT_SUBNET_PREFIX_LENGTH, IPV6_PREFIX_LENGTHS, Subnet
from realvpc.net.table import put
from realvpc.net.vpc import IPV6_PREFIX_LENGTH, MINIMUM_PREFIX_LENGTH, Ipv6CidrAssociation, Vpc
from realvpc.net.zones import REGIONS, Zone, find_zone, zones

from ..core.context import Answer, Context, Request
from ..core.effort import COMPARING
from ..core.errors import AwsError, invalid_parameter_value, missing_parameter
from .subnet import check_subnet_quota, new_subnet, read_zone, render_subnet
from .vpc import default_vpc_of

_BLOCKS = 1 << (DEFAULT_SUBNET_PREFIX_LENGTH - MINIMUM_PREFIX_LENGTH)


def create_default_subnet(ctx: Context, request: Request) -> Answer:
    """A subnet with the first free /20 of the default VPC, or an IPv6-only one with its first free /64.

    Raises DefaultVpcDoesNotExist, DefaultSubnetAlreadyExistsInAvailabilityZone, MissingParameter,
    InvalidParameterCombination or InvalidParameterValue for the zone, SubnetLimitExceeded, ``InvalidSubnet.Conflict``
    where no such block is free.
    """
    if not request.get("AvailabilityZone") and not request.get("AvailabilityZoneId"):
        raise missing_parameter("availabilityZone")
    zone = read_zone(ctx, request)
    vpc = ctx.default_vpc
    if vpc is None:
        raise AwsError("DefaultVpcDoesNotExist", "No default VPC exists for this account in this region.")
    for subnet in _defaults_of(ctx, vpc):
        if subnet.zone_id == zone.id:
            raise AwsError(
                "DefaultSubnetAlreadyExistsInAvailabilityZone",
                f"'{subnet.id}' is already the default subnet in {zone.name}.",
            )
    check_subnet_quota(ctx, vpc)
    if request.get("Ipv6Native"):
        ipv6 = Ipv6CidrAssociation(ctx.new_id("subnet-cidr-assoc"), _free(ctx, vpc, _ipv6_blocks(vpc), "IPv6 /64"))
        subnet = new_subnet(ctx, vpc, None, zone, default_for_az=True, ipv6_cidr_associations=(ipv6,))
    else:
        subnet = _default_subnet(ctx, vpc, _free(ctx, vpc, _blocks(vpc), "/20"), zone)
    return Answer({"Subnet": render_subnet(ctx, subnet)}, put(subnet))


def _free(ctx: Context, vpc: Vpc, blocks: Iterable[Cidr], words: str) -> Cidr:
    """The first block that no subnet overlaps.  Raises ``InvalidSubnet.Conflict``."""
    taken = [block for subnet in ctx.network.subnets_of(vpc.id) for block in subnet.blocks]
    for block in blocks:
        ctx.effort.spend(COMPARING * len(taken))
        if not any(block.overlaps(each) for each in taken):
            return block
    raise AwsError("InvalidSubnet.Conflict", f"There is no free {words} CIDR block in the default VPC '{vpc.id}'.")


def default_subnets(ctx: Context, vpc: Vpc) -> list[Subnet]:
    """Those of a new default VPC: a /20 for each zone of the Region in the order of the zones' ids, as on AWS, so that
    the same block is the same place in all accounts."""
    here = sorted(zones(REGIONS[vpc.region], ctx.account_record.zone_seed), key=lambda zone: zone.id)
    return [_default_subnet(ctx, vpc, block, zone) for block, zone in zip(_blocks(vpc), here, strict=False)]


def default_subnet_for(ctx: Context, placement: Mapping[str, Any]) -> Subnet:
    """Where a launch goes that names no subnet: the default subnet of the zone that ``placement`` (request) names, or
    the first one by name.

    Raises VPCIdNotSpecified without a default VPC, MissingInput or InvalidInput where it has no such subnet,
    InvalidParameterValue for a zone that is none.
    """
    vpc = default_vpc_of(ctx)
    wanted = placement.get("AvailabilityZone") or placement.get("AvailabilityZoneId")  # Terraform sends an empty zone
    zone = find_zone(REGIONS[ctx.region], ctx.account_record.zone_seed, wanted) if wanted else None
    if wanted and zone is None:
        raise invalid_parameter_value(f"Invalid availability zone: [{wanted}]")
    subnets = sorted(_defaults_of(ctx, vpc), key=lambda subnet: subnet.zone_name)
    if not subnets:
        raise AwsError("MissingInput", f"No subnets found for the default VPC '{vpc.id}'. Please specify a subnet.")
    found = next((subnet for subnet in subnets if zone is None or subnet.zone_id == zone.id), None)
    if found is None:
        raise AwsError("InvalidInput", f"No default subnet for availability zone: '{wanted}'.")
    return found


def _defaults_of(ctx: Context, vpc: Vpc) -> Iterator[Subnet]:
    return (subnet for subnet in ctx.network.subnets_of(vpc.id) if subnet.default_for_az)


def _default_subnet(ctx: Context, vpc: Vpc, block: Cidr, zone: Zone) -> Subnet:
    return new_subnet(ctx, vpc, block, zone, default_for_az=True, map_public_ip_on_launch=True)


def _blocks(vpc: Vpc) -> Iterator[Cidr]:
    """Where default subnets may be, in their order."""
    return (vpc.primary_cidr.subnet(index, DEFAULT_SUBNET_PREFIX_LENGTH) for index in range(_BLOCKS))


def _ipv6_blocks(vpc: Vpc) -> Iterator[Cidr]:
    """The same of IPv6-only ones."""
    length = IPV6_PREFIX_LENGTHS[-1]
    return (
        block.subnet(index, length) for block in vpc.ipv6_cidrs for index in range(1 << length - IPV6_PREFIX_LENGTH)
    )
