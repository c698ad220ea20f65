"""Network interfaces: create, delete, describe (VPC guide, "Elastic network interfaces"; EC2 API Reference)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from realvpc.net import hostnames
from realvpc.net.addresses import Address
from realvpc.net.hostnames import private_dns_name
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.quotas import SECURITY_GROUPS_PER_INTERFACE
from realvpc.net.security_group import SecurityGroup
from realvpc.net.subnet import Subnet
from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import deleting, describing
from ..core.errors import (
    AwsError,
    invalid_parameter_combination,
    invalid_parameter_value,
    unsupported_operation,
)
from ..core.filter import no_values
from ..core.lookup import get_all, named
from ..core.noun import Noun
from ..core.parameters import refuse
from ..core.tags import render_tags, tags_on_creation
from .address_picker import AddressPicker
from .security_group import SECURITY_GROUP, default_group_of
from .subnet import SUBNET

MAXIMUM_ADDRESSES = 50  # of any instance type

_NOT_HERE = (
    "Ipv4Prefixes",
    "Ipv4PrefixCount",
    "Ipv6Prefixes",
    "Ipv6PrefixCount",
    "Ipv6Addresses",
    "Ipv6AddressCount",
    "EnablePrimaryIpv6",
)


def create_network_interface(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidSubnetID.NotFound``, ``InvalidGroup.NotFound``, SecurityGroupsPerInterfaceLimitExceeded, and for
    addresses InvalidParameterValue, InvalidParameterCombination, ``InvalidIPAddress.InUse``,
    InsufficientFreeAddressesInSubnet."""
    refuse_prefixes_and_ipv6(request)
    if request.get("InterfaceType") not in (None, "interface"):
        raise unsupported_operation("The parameter interfaceType is not supported.")
    subnet = named(ctx, SUBNET, request, "SubnetId")
    groups = groups_for_interface(ctx, subnet, request.get("Groups"), different_networks)
    picker = AddressPicker(ctx)
    interface = new_interface(
        ctx,
        picker,
        subnet,
        groups,
        read_addresses(picker, subnet, request),
        description=request.get("Description") or "",
        requester_id=ctx.caller.user_id,
        tags=tags_on_creation(request, NETWORK_INTERFACE.tag_type),
    )
    response: Response = {"NetworkInterface": render_interface(ctx, interface) | {"Status": "pending"}}
    if request.get("ClientToken"):
        response["ClientToken"] = request["ClientToken"]
    return Answer(response, put(interface))


def refuse_prefixes_and_ipv6(request: Mapping[str, Any]) -> None:
    """Raises UnsupportedOperation for a request that wants IPv6 addresses or delegated prefixes."""
    refuse(request, _NOT_HERE)


def read_addresses(picker: AddressPicker, subnet: Subnet, request: Mapping[str, Any]) -> tuple[Address, ...]:
    """The private addresses of a new interface, the primary one first.

    ``request`` has PrivateIpAddress, PrivateIpAddresses and SecondaryPrivateIpAddressCount: the members of
    CreateNetworkInterface and of an interface of RunInstances.
    """
    entries = request.get("PrivateIpAddresses") or []
    single, count = request.get("PrivateIpAddress"), request.get("SecondaryPrivateIpAddressCount")
    primaries = [entry.get("PrivateIpAddress") for entry in entries if entry.get("Primary")]
    secondaries = [entry.get("PrivateIpAddress") for entry in entries if not entry.get("Primary")]
    if len(primaries) > 1 or (primaries and single and primaries != [single]):
        raise invalid_parameter_combination("Only one primary private IP address can be specified.")
    if count is not None and secondaries:
        raise invalid_parameter_combination(
            "The parameter secondaryPrivateIpAddressCount cannot be used with the parameter privateIpAddresses"
        )
    if count is not None and count < 0:
        raise invalid_parameter_value(f"Value ({count}) for parameter secondaryPrivateIpAddressCount is invalid.")
    primary = single or (primaries[0] if primaries else None)
    if primary is None and secondaries:
        primary, *secondaries = secondaries
    if 1 + len(secondaries) + (count or 0) > MAXIMUM_ADDRESSES:
        raise AwsError(
            "PrivateIpAddressLimitExceeded", f"Number of private addresses will exceed limit {MAXIMUM_ADDRESSES}."
        )
    wanted = [primary, *secondaries, *[None] * (count or 0)]
    named = {text: picker.claim(subnet, text) for text in wanted if text}
    return tuple(named[text] if text else picker.pick(subnet) for text in wanted)


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
        if group.vpc_id != subnet.vpc_id:
            raise of_another_vpc(group, subnet)
    if len(groups) > ctx.quota(SECURITY_GROUPS_PER_INTERFACE):
        raise AwsError(
            "SecurityGroupsPerInterfaceLimitExceeded",
            "The maximum number of security groups per interface has been reached.",
        )
    return groups or (default_group_of(ctx, subnet.vpc_id),)


def different_networks(group: SecurityGroup, subnet: Subnet) -> AwsError:
    return AwsError(SECURITY_GROUP.not_found, "You have specified two resources that belong to different networks.")


def new_interface(
    ctx: Context,
    picker: AddressPicker,
    subnet: Subnet,
    groups: Iterable[SecurityGroup],
    addresses: tuple[Address, ...],
    *,
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
        group_ids=tuple(group.id for group in groups),
        description=description,
        requester_id=requester_id,
    )


# -- describe --------------------------------------------------------------------------------------------------------


def render_groups(ctx: Context, interface: NetworkInterface) -> list[Response]:
    groups = ctx.network.security_groups
    return [{"GroupId": group_id, "GroupName": groups[group_id].name} for group_id in interface.group_ids]


def render_association(ctx: Context, interface: NetworkInterface) -> Response | None:
    """The public address of the interface, from Amazon's pool; it has a name where the VPC names hosts."""
    if interface.public_address is None:
        return None
    return {
        "IpOwnerId": "amazon",
        "PublicIp": str(interface.public_address),
        "PublicDnsName": public_name(ctx, interface) or "",
    }


def public_name(ctx: Context, interface: NetworkInterface) -> str | None:
    return hostnames.public_name(ctx.network.vpcs[interface.vpc_id], interface)


def private_name(ctx: Context, interface: NetworkInterface, address: Address) -> str | None:
    vpc = ctx.network.vpcs[interface.vpc_id]
    return private_dns_name(address, interface.region) if vpc.enable_dns_hostnames else None


def render_addresses(ctx: Context, interface: NetworkInterface) -> list[Response]:
    return [
        {
            "Primary": index == 0,
            "PrivateIpAddress": str(address),
            "PrivateDnsName": private_name(ctx, interface, address),
            "Association": render_association(ctx, interface) if index == 0 else None,
        }
        for index, address in enumerate(interface.private_addresses)
    ]


def render_attachment(interface: NetworkInterface) -> Response | None:
    """As the interface shows it.  An instance shows it without the instance's id and owner."""
    attachment = interface.attachment
    if attachment is None:
        return None
    return {
        "AttachmentId": attachment.id,
        "AttachTime": attachment.attached_at,
        "DeleteOnTermination": attachment.delete_on_termination,
        "DeviceIndex": attachment.device_index,
        "NetworkCardIndex": 0,
        "InstanceId": attachment.instance_id,
        "InstanceOwnerId": interface.account,
        "Status": "attached",
    }


def render_interface(ctx: Context, interface: NetworkInterface) -> Response:
    subnet = ctx.network.subnets[interface.subnet_id]
    return {
        "NetworkInterfaceId": interface.id,
        "Association": render_association(ctx, interface),
        "Attachment": render_attachment(interface),
        "AvailabilityZone": subnet.zone_name,
        "AvailabilityZoneId": subnet.zone_id,
        "Description": interface.description,
        "Groups": render_groups(ctx, interface),
        "InterfaceType": "interface",
        "Ipv6Addresses": [],
        "MacAddress": interface.mac_address,
        "OwnerId": interface.account,
        "PrivateDnsName": private_name(ctx, interface, interface.private_address),
        "PrivateIpAddress": str(interface.private_address),
        "PrivateIpAddresses": render_addresses(ctx, interface),
        "RequesterId": interface.requester_id or None,
        "RequesterManaged": False,
        "SourceDestCheck": interface.source_dest_check,
        "Status": interface.status,
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
        "addresses.association.public-ip": "PrivateIpAddresses[].Association.PublicIp",
        "addresses.primary": "PrivateIpAddresses[].Primary",
        "addresses.private-ip-address": ".private_addresses[]",
        "association.allocation-id": no_values,
        "association.association-id": no_values,
        "association.ip-owner-id": "Association.IpOwnerId",
        "association.public-dns-name": "Association.PublicDnsName",
        "association.public-ip": ".public_address",
        "attachment.attach-time": ".attachment.attached_at",
        "attachment.attachment-id": ".attachment.id",
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
        "ipv6-addresses.ipv6-address": no_values,
        "mac-address": ".mac_address",
        "network-interface-id": ".id",
        "operator.managed": "Operator.Managed",
        "operator.principal": no_values,
        "private-dns-name": "PrivateDnsName",
        "private-ip-address": ".private_addresses[]",
        "requester-id": "RequesterId",
        "requester-managed": "RequesterManaged",
        "source-dest-check": ".source_dest_check",
        "status": ".status",
        "subnet-id": ".subnet_id",
        "vpc-id": ".vpc_id",
    },
    found_by={
        "attachment.instance-id": lambda ctx, value: ctx.network.interfaces_of(value),
        "group-id": lambda ctx, value: ctx.network.interfaces_with_group(value),
        "subnet-id": lambda ctx, value: ctx.network.interfaces_in_subnet(value),
        "vpc-id": lambda ctx, value: ctx.network.interfaces_in_vpc(value),
    },
)


def _check_unused(ctx: Context, interface: NetworkInterface) -> None:
    """Raises InvalidParameterValue while it is attached."""
    if interface.attachment is not None:
        raise invalid_parameter_value(f"Network interface '{interface.id}' is currently in use.")


describe_network_interfaces = describing(NETWORK_INTERFACE)
delete_network_interface = deleting(NETWORK_INTERFACE, "NetworkInterfaceId", _check_unused)
