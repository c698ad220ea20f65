"""Network interfaces: create, delete, describe (VPC guide, "Elastic network interfaces"; EC2 API Reference)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from realvpc.net import hostnames, indexes
from realvpc.net.addresses import Address, Cidr
from realvpc.net.hostnames import private_dns_name
from realvpc.net.instance_types import INSTANCE_TYPES
from realvpc.net.network_interface import Attachment, AttachmentStatus, NetworkInterface
from realvpc.net.security_group import SecurityGroup
from realvpc.net.subnet import Subnet
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import describing
from ..core.errors import AwsError, invalid_parameter_value, unsupported_operation
from ..core.filter import no_values
from ..core.lookup import get_all, named
from ..core.noun import Noun
from ..core.parameters import refuse
from ..core.tags import render_tags, tags_on_creation
from .address_picker import MAXIMUM_ADDRESSES, AddressPicker
from .ipv4_prefix import pick_ipv4_prefixes, render_prefixes
from .public_address import disassociated
from .security_group import SECURITY_GROUP, check_group_count, default_group_of
from .subnet import SUBNET
from .wanted_ipv4 import pick_ipv4, wanted_ipv4
from .wanted_ipv6 import WantedIpv6, pick_ipv6, pick_ipv6_prefixes, wanted_ipv6

_NOT_HERE = (
    "ConnectionTrackingSpecification",
    "EnaSrdSpecification",
)


def create_network_interface(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidSubnetID.NotFound``, ``InvalidGroup.NotFound``, SecurityGroupsPerInterfaceLimitExceeded, and for
    addresses InvalidParameterValue, InvalidParameterCombination, ``InvalidIPAddress.InUse``,
    InsufficientFreeAddressesInSubnet."""
    refuse_not_here(request)
    if request.get("InterfaceType") not in (None, "interface"):
        raise unsupported_operation("The parameter interfaceType is not supported.")
    subnet = named(ctx, SUBNET, request, "SubnetId")
    groups = groups_for_interface(ctx, subnet, request.get("Groups"), different_networks)
    picker, private = AddressPicker(ctx), wanted_ipv4(subnet, request)
    interface = new_interface(
        ctx,
        picker,
        subnet,
        groups,
        pick_ipv4(picker, subnet, private.addresses),
        wanted_ipv6(subnet, request),
        prefixes=pick_ipv4_prefixes(picker, subnet, private.prefixes),
        description=request.get("Description") or "",
        requester_id=ctx.caller.user_id,
        tags=tags_on_creation(request, NETWORK_INTERFACE.tag_type, code="InvalidParameter"),
    )
    response: Response = {"NetworkInterface": render_interface(ctx, interface) | {"Status": "pending"}}
    if request.get("ClientToken"):
        response["ClientToken"] = request["ClientToken"]
    return Answer(response, put(interface))


def refuse_not_here(request: Mapping[str, Any]) -> None:
    """Raises UnsupportedOperation for a request that wants time-outs of its own, or EnaSrd."""
    refuse(request, _NOT_HERE)


def groups_for_interface(
    ctx: Context,
    subnet: Subnet,
    group_ids: Iterable[str] | None,
    of_another_vpc: Callable[[SecurityGroup, Subnet], AwsError],
) -> tuple[SecurityGroup, ...]:
    """The groups of an interface in ``subnet``; without ids the VPC's default group.

    Raises ``InvalidGroup.NotFound``, SecurityGroupsPerInterfaceLimitExceeded, and what ``of_another_vpc`` makes.
    """
    groups = tuple(get_all(ctx, SECURITY_GROUP, group_ids or ()))
    for group in groups:
        if subnet.vpc_id not in ctx.network.vpc_ids_of(group):
            raise of_another_vpc(group, subnet)
    check_group_count(ctx, groups)
    return groups or (default_group_of(ctx, subnet.vpc_id),)


def different_networks(group: SecurityGroup, subnet: Subnet) -> AwsError:
    return AwsError(SECURITY_GROUP.not_found, "You have specified two resources that belong to different networks.")


def new_interface(
    ctx: Context,
    picker: AddressPicker,
    subnet: Subnet,
    groups: Iterable[SecurityGroup],
    addresses: tuple[Address, ...],
    ipv6: WantedIpv6,
    *,
    prefixes: tuple[Cidr, ...] = (),
    description: str = "",
    requester_id: str = "",
    tags: Mapping[str, str] | None = None,
) -> NetworkInterface:
    return NetworkInterface(
        id=picker.interface_id(),
        account=ctx.account,
        region=ctx.region,
        tags=dict(tags or {}),
        vpc_id=subnet.vpc_id,
        subnet_id=subnet.id,
        mac_address=picker.mac_address(),
        private_addresses=addresses,
        ipv4_prefixes=prefixes,
        ipv6_addresses=pick_ipv6(picker, subnet, ipv6.addresses),
        ipv6_prefixes=pick_ipv6_prefixes(picker, subnet, ipv6.prefixes),
        has_primary_ipv6=ipv6.has_primary,
        group_ids=tuple(group.id for group in groups),
        description=description,
        requester_id=requester_id,
    )


def is_managed(interface: NetworkInterface) -> bool:
    """Whether it belongs to a service, as those of NAT gateways and endpoints, and only that may change it."""
    return interface.attachment is not None and interface.attachment.instance_id is None


def check_unmanaged(interface: NetworkInterface) -> None:
    """Raises AuthFailure, as AWS does whoever asks."""
    if is_managed(interface):
        raise AwsError("AuthFailure", "You do not have permission to access the specified resource.")


def changeable(ctx: Context, request: Request) -> NetworkInterface:
    """The interface that the request is about.  Raises ``InvalidNetworkInterfaceID.NotFound``, AuthFailure."""
    interface = named(ctx, NETWORK_INTERFACE, request, "NetworkInterfaceId")
    check_unmanaged(interface)
    return interface


def addresses_allowed(ctx: Context, interface: NetworkInterface, *, ipv4: bool) -> int:
    """How many addresses of a family it may have: on an instance, as many as the type says."""
    instance = ctx.network.instances.get(interface.attachment.owner_id) if interface.attachment else None
    if instance is None:
        return MAXIMUM_ADDRESSES
    kind = INSTANCE_TYPES[instance.instance_type]
    return kind.addresses if ipv4 else kind.ipv6_addresses


# -- describe --------------------------------------------------------------------------------------------------------


def render_groups(ctx: Context, interface: NetworkInterface) -> list[Response]:
    groups = ctx.network.security_groups
    return [{"GroupId": group_id, "GroupName": groups[group_id].name} for group_id in interface.group_ids]


def render_association(ctx: Context, interface: NetworkInterface, private: Address) -> Response | None:
    """The public address that a private one of the interface is mapped to, as the interface shows it."""
    shown = render_public_address(ctx, interface, private)
    public = ctx.network.public_addresses_of(interface).get(private)
    elastic = ctx.network.elastic_ip_with(public) if public is not None else None
    if shown is None or elastic is None or elastic.association is None:
        return shown
    return shown | {"AllocationId": elastic.id, "AssociationId": elastic.association.id}


def render_public_address(ctx: Context, interface: NetworkInterface, private: Address) -> Response | None:
    """The same as an instance shows it; the address has a name where the VPC names hosts."""
    public = ctx.network.public_addresses_of(interface).get(private)
    if public is None:
        return None
    elastic = ctx.network.elastic_ip_with(public)
    return {
        "IpOwnerId": elastic.account if elastic else "amazon",
        "PublicIp": str(public),
        "PublicDnsName": hostnames.public_name(ctx.network.vpcs[interface.vpc_id], public) or "",
    }


def public_name(ctx: Context, interface: NetworkInterface) -> str | None:
    """The name of its primary address."""
    return hostnames.public_name(ctx.network.vpcs[interface.vpc_id], ctx.network.public_address_of(interface))


def private_name(ctx: Context, interface: NetworkInterface, address: Address) -> str | None:
    vpc = ctx.network.vpcs[interface.vpc_id]
    return private_dns_name(address, interface.region) if vpc.enable_dns_hostnames else None


def render_addresses(
    ctx: Context,
    interface: NetworkInterface,
    render: Callable[[Context, NetworkInterface, Address], Response | None] = render_association,
) -> list[Response]:
    """The primary one first; none in an IPv6-only subnet."""
    return [
        {
            "Primary": index == 0,
            "PrivateIpAddress": str(address),
            "PrivateDnsName": private_name(ctx, interface, address),
            "Association": render(ctx, interface, address),
        }
        for index, address in enumerate(interface.private_addresses)
    ]


def of_first(addresses: list[Response]) -> Response:
    """What an interface shows of its primary address beside the list."""
    return {name: value for each in addresses[:1] for name, value in each.items() if name != "Primary"}


def render_ipv6_addresses(interface: NetworkInterface) -> list[Response]:
    primary = interface.primary_ipv6
    return [{"Ipv6Address": str(address), "IsPrimaryIpv6": address == primary} for address in interface.ipv6_addresses]


def render_ipv6_prefixes(interface: NetworkInterface) -> list[Response] | None:
    """None where there are none, as of IPv4."""
    return [{"Ipv6Prefix": str(prefix)} for prefix in interface.ipv6_prefixes] or None


def render_attachment(ctx: Context, interface: NetworkInterface, attachment: Attachment | None) -> Response | None:
    """As the interface shows it.  An instance shows it without the instance's id and owner."""
    if attachment is None:
        return None
    instance = ctx.network.instances.get(attachment.instance_id or "")
    return {
        "AttachmentId": attachment.id,
        "AttachTime": attachment.attached_at,
        "DeleteOnTermination": attachment.delete_on_termination,
        "DeviceIndex": attachment.device_index,
        "NetworkCardIndex": 0,
        "InstanceId": attachment.instance_id,
        "InstanceOwnerId": (instance or interface).account if attachment.instance_id else "amazon-aws",
        "Status": str(AttachmentStatus.ATTACHING if instance and instance.is_launching else attachment.status),
    }


_TYPES = {
    "eice": "ec2_instance_connect_endpoint",
    "nat": "nat_gateway",
    "nlb": "network_load_balancer",
    "vpce": "vpc_endpoint",
}
"""By the prefix of the owner's id."""


def _interface_type(interface: NetworkInterface) -> str:
    """Whose it is."""
    owner = interface.attachment.owner_id if interface.attachment else ""
    return _TYPES.get(owner.partition("-")[0], "interface")


def render_interface(ctx: Context, interface: NetworkInterface) -> Response:
    subnet = ctx.network.subnets[interface.subnet_id]
    addresses = render_addresses(ctx, interface)
    return {
        "NetworkInterfaceId": interface.id,
        **of_first(addresses),
        "Attachment": render_attachment(ctx, interface, interface.attachment_shown_at(ctx.now)),
        "AvailabilityZone": subnet.zone_name,
        "AvailabilityZoneId": subnet.zone_id,
        "DenyAllIgwTraffic": interface.deny_all_igw_traffic or None,
        "Description": interface.description,
        "Groups": render_groups(ctx, interface),
        "InterfaceType": _interface_type(interface),
        "Ipv4Prefixes": render_prefixes(interface),
        "Ipv6Address": str(interface.ipv6_addresses[0]) if interface.ipv6_addresses else None,
        "Ipv6Addresses": render_ipv6_addresses(interface),
        "Ipv6Prefixes": render_ipv6_prefixes(interface),
        "MacAddress": interface.mac_address,
        "OwnerId": interface.account,
        "PrivateIpAddresses": addresses,
        "RequesterId": interface.requester_id or None,
        "RequesterManaged": is_managed(interface),
        "SourceDestCheck": interface.source_dest_check,
        "Status": interface.status_at(ctx.now),
        "SubnetId": interface.subnet_id,
        "TagSet": render_tags(interface.tags),
        "VpcId": interface.vpc_id,
        "Operator": {"Managed": False},
    }


NETWORK_INTERFACE = Noun(
    type=NetworkInterface,
    prefix="eni",
    not_found="InvalidNetworkInterfaceID.NotFound",
    malformed="InvalidNetworkInterfaceId.Malformed",
    words="networkInterface ID",
    tag_type="network-interface",
    ids="NetworkInterfaceIds",
    result="NetworkInterfaces",
    render=render_interface,
    filters={
        "addresses.association.owner-id": "PrivateIpAddresses[].Association.IpOwnerId",
        "addresses.association.public-ip": lambda ctx, row: ctx.network.public_addresses_of(row).values(),
        "addresses.primary": "PrivateIpAddresses[].Primary",
        "addresses.private-ip-address": ".private_addresses[]",
        "association.allocation-id": "PrivateIpAddresses[].Association.AllocationId",
        "association.association-id": "PrivateIpAddresses[].Association.AssociationId",
        "association.ip-owner-id": "PrivateIpAddresses[].Association.IpOwnerId",
        "association.public-dns-name": "PrivateIpAddresses[].Association.PublicDnsName",
        "association.public-ip": lambda ctx, row: ctx.network.public_addresses_of(row).values(),
        "attachment.attach-time": ".attachment.attached_at",
        "attachment.attachment-id": "Attachment.AttachmentId",
        "attachment.delete-on-termination": ".attachment.delete_on_termination",
        "attachment.device-index": ".attachment.device_index",
        "attachment.instance-id": ".attachment.instance_id",
        "attachment.instance-owner-id": "Attachment.InstanceOwnerId",
        "attachment.status": "Attachment.Status",
        "availability-zone": "AvailabilityZone",
        "availability-zone-id": "AvailabilityZoneId",
        "description": ".description",
        "group-id": ".group_ids[]",
        "group-name": "Groups[].GroupName",
        "interface-type": "InterfaceType",
        "ipv6-addresses.ipv6-address": ".ipv6_addresses[]",
        "mac-address": ".mac_address",
        "network-interface-id": ".id",
        "operator.managed": "Operator.Managed",
        "operator.principal": no_values,
        "private-dns-name": "PrivateDnsName",
        "private-ip-address": ".private_addresses[]",
        "requester-id": "RequesterId",
        "requester-managed": "RequesterManaged",
        "source-dest-check": ".source_dest_check",
        "status": "Status",
        "subnet-id": ".subnet_id",
        "vpc-id": ".vpc_id",
    },
    found_by={
        "attachment.attachment-id": lambda ctx, value: ctx.network.interfaces.where(indexes.attachment_id, value),
        "attachment.instance-id": lambda ctx, value: ctx.network.interfaces_of(value),
        "group-id": lambda ctx, value: ctx.network.interfaces_with_group(value),
        "subnet-id": lambda ctx, value: ctx.network.interfaces_in_subnet(value),
        "vpc-id": lambda ctx, value: ctx.network.interfaces_in_vpc(value),
    },
)


def delete_network_interface(ctx: Context, request: Request) -> Answer:
    """Its Elastic IP addresses stay with the account.  Raises InvalidParameterValue while it is attached."""
    interface = named(ctx, NETWORK_INTERFACE, request, "NetworkInterfaceId")
    if interface.attachment is not None:
        raise invalid_parameter_value(f"Network interface '{interface.id}' is currently in use.")
    permissions = ctx.state.inventory.permissions_of(interface.id)
    return Answer({}, delete(interface, *permissions) + put(*disassociated(ctx.network, interface)))


describe_network_interfaces = describing(NETWORK_INTERFACE)
