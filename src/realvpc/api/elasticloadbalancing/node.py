"""The nodes of a load balancer: a network interface in each of its subnets, as requests name them (Network Load
Balancers guide, "Availability Zones", "Security groups")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from realvpc.net.addresses import Address
from realvpc.net.elastic_ip import AddressAssociation, ElasticIp
from realvpc.net.load_balancer import LoadBalancer
from realvpc.net.load_balancing import free_indexes
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.quotas import SECURITY_GROUPS_PER_INTERFACE
from realvpc.net.security_group import SecurityGroup
from realvpc.net.subnet import Subnet
from realvpc.net.table import Change, put

from ..core.context import Context, Request
from ..core.errors import AwsError
from ..core.lookup import find
from ..ec2.address_picker import AddressPicker
from ..ec2.network_interface import new_interface
from ..ec2.security_group import SECURITY_GROUP
from ..ec2.subnet import SUBNET
from ..ec2.wanted_ipv6 import WantedIpv6
from .common import invalid_configuration, validation_error

_ENOUGH = 8  # free addresses of a subnet (guide, "Prerequisites")


class WantedNode(Struct, frozen=True):
    """A subnet, and of its node the private address or the Elastic IP address, where the request names one."""

    subnet: Subnet
    address: str = ""
    elastic: ElasticIp | None = None


def read_nodes(ctx: Context, request: Request, *, is_internal: bool) -> list[WantedNode]:
    """By zone; whether addresses are free is nobody's question yet.

    Raises ValidationError, SubnetNotFound, InvalidSubnet, AllocationIdNotFound, ResourceInUse,
    InvalidConfigurationRequest.
    """
    mappings = request.get("SubnetMappings") or ()
    plain = request.get("Subnets") or ()
    if plain and mappings:
        raise validation_error("You cannot specify both subnets and subnet mappings")
    wanted = [WantedNode(_subnet(ctx, subnet_id)) for subnet_id in dict.fromkeys(plain)]
    wanted += [_mapped(ctx, mapping, is_internal=is_internal) for mapping in mappings]
    if not wanted:
        raise validation_error("At least one subnet must be specified")
    if len({row.subnet.vpc_id for row in wanted}) > 1:
        raise AwsError("InvalidSubnet", "All subnets must belong to the same VPC")
    if len({row.subnet.zone_id for row in wanted}) < len(wanted):
        raise invalid_configuration(
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
        )
    elastic = [row.elastic.id for row in wanted if row.elastic]
    if len({*elastic}) < len(elastic):
        raise _unavailable()
    return sorted(wanted, key=lambda row: row.subnet.zone_name)


def _subnet(ctx: Context, subnet_id: str) -> Subnet:
    subnet = find(ctx, SUBNET, subnet_id)
    if subnet is None:
        raise AwsError("SubnetNotFound", f"The subnet ID '{subnet_id}' does not exist")
    if subnet.is_ipv6_native:
        raise AwsError("InvalidSubnet", f"The subnet '{subnet_id}' has no IPv4 addresses")
    return subnet


def _mapped(ctx: Context, mapping: Request, *, is_internal: bool) -> WantedNode:
    if mapping.get("IPv6Address") or mapping.get("SourceNatIpv6Prefix"):
        raise invalid_configuration("Load balancers have IPv4 addresses alone here")
    subnet = _subnet(ctx, mapping.get("SubnetId") or "")
    address, allocation_id = mapping.get("PrivateIPv4Address") or "", mapping.get("AllocationId")
    if address and not is_internal:
        raise invalid_configuration("You can specify a private IPv4 address for an internal load balancer only")
    if allocation_id and is_internal:
        raise invalid_configuration("You cannot specify an Elastic IP address for an internal load balancer")
    if address:
        _check_address(subnet, address)
    return WantedNode(subnet, address, _elastic(ctx, allocation_id) if allocation_id else None)


def _check_address(subnet: Subnet, text: str) -> None:
    try:
        address = Address.parse(text)
    except ValueError:
        raise validation_error(f"The IP address '{text}' is not valid") from None
    if not (address.is_ipv4 and subnet.usable(address)):
        raise validation_error(f"The IP address '{text}' is not in the subnet '{subnet.id}'")


def _elastic(ctx: Context, allocation_id: str) -> ElasticIp:
    row = ctx.network.elastic_ips.get(allocation_id)
    if row is None or not ctx.sees(row):
        raise AwsError("AllocationIdNotFound", f"The allocation IDs '{allocation_id}' do not exist")
    return row


def _unavailable() -> AwsError:
    return AwsError("ResourceInUse", "The allocation IDs are not available for use")


def is_there(ctx: Context, node: NetworkInterface, wanted: WantedNode) -> bool:
    """Whether a node of the wanted subnet has the addresses that are named."""
    address_is = wanted.address in ("", str(node.private_address))
    return address_is and (wanted.elastic is None or wanted.elastic in ctx.network.elastic_ips_of(node.id))


def read_groups(ctx: Context, vpc_id: str, group_ids: Iterable[str]) -> list[SecurityGroup]:
    """Raises InvalidSecurityGroup, InvalidConfigurationRequest."""
    rows = [find(ctx, SECURITY_GROUP, group_id) for group_id in dict.fromkeys(group_ids)]
    groups = [row for row in rows if row is not None and vpc_id in ctx.network.vpc_ids_of(row)]
    if len(groups) < len(rows):
        raise AwsError("InvalidSecurityGroup", "One or more security groups are invalid")
    if len(groups) > (most := ctx.quota(SECURITY_GROUPS_PER_INTERFACE)):
        raise invalid_configuration(f"The maximum number of security groups has been reached: '{most}'")
    return groups


def new_nodes(
    ctx: Context, balancer: LoadBalancer, wanted: Sequence[WantedNode], groups: Sequence[SecurityGroup]
) -> Change:
    """The interfaces, with Elastic IP addresses mapped to them.  Without groups nothing is filtered.

    Raises InvalidSubnet, ValidationError, ResourceInUse, InvalidConfigurationRequest.
    """
    if any(node.elastic and node.elastic.association for node in wanted):
        raise _unavailable()
    picker, change = AddressPicker(ctx), Change()
    places = free_indexes(ctx.network, balancer)
    for node in wanted:
        place = next(places, None)
        if place is None:
            raise invalid_configuration("The load balancer has no room for another network interface")
        row = _new_node(ctx, picker, balancer, node, groups, place)
        change += put(row, *([_mapped_to(ctx, node.elastic, row)] if node.elastic else ()))
    return change


def _new_node(
    ctx: Context,
    picker: AddressPicker,
    balancer: LoadBalancer,
    node: WantedNode,
    groups: Sequence[SecurityGroup],
    place: int,
) -> NetworkInterface:
    if picker.unreserved(node.subnet) < _ENOUGH and not node.address:
        raise AwsError(
            "InvalidSubnet",
            f"Not enough IP space available in {node.subnet.id}. ELB requires at least {_ENOUGH} free IP addresses "
            "in each subnet.",
        )
    try:
        address = picker.claim(node.subnet, node.address) if node.address else picker.pick(node.subnet)
    except AwsError as error:
        raise validation_error(error.message) from error
    made = new_interface(
        ctx,
        picker,
        node.subnet,
        groups,
        (address,),
        WantedIpv6(),
        description=f"ELB {balancer.arn_suffix}",
        requester_id="amazon-elb",
    )
    attachment = Attachment(
        id=ctx.new_id("ela-attach"),
        owner_id=balancer.id,
        device_index=place,
        attached_at=ctx.now,
        delete_on_termination=False,
    )
    public = None if balancer.is_internal or node.elastic else picker.public()
    return replace(made, attachment=attachment, is_filtered=bool(groups), public_address=public)


def _mapped_to(ctx: Context, row: ElasticIp, interface: NetworkInterface) -> ElasticIp:
    association = AddressAssociation(
        id=ctx.new_id("eipassoc"), interface_id=interface.id, private_address=interface.private_addresses[0]
    )
    return replace(row, association=association)
