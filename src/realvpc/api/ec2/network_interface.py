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
from realvpc.net.services import identity_of
from realvpc.net.subnet import Subnet
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import FilterValues, describe, no_values, render_tags
from ..core.errors import (
    AwsError,
    invalid_parameter_combination,
    invalid_parameter_value,
    unsupported_operation,
)
from ..core.idempotency import earlier_resources, remembering
from ..core.lookup import NETWORK_INTERFACE, SECURITY_GROUP, SUBNET, find, get
from ..core.parameters import refuse
from ..core.tags import tags_on_creation
from .address_picker import AddressPicker
from .security_group import default_group_of

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
    earlier = earlier_resources(ctx, "CreateNetworkInterface", request)
    if earlier is not None and (existing := find(ctx, NETWORK_INTERFACE, earlier[0])) is not None:
        return Answer({"NetworkInterface": render_interface(ctx, existing)})
    subnet = get(ctx, SUBNET, request["SubnetId"])
    groups = groups_for_interface(ctx, subnet, request.get("Groups"), different_networks)
    interface = new_interface(
        ctx,
        subnet,
        groups,
        read_addresses(AddressPicker(ctx), subnet, request),
        description=request.get("Description") or "",
        tags=tags_on_creation(request, NETWORK_INTERFACE.tag_type),
    )
    response: Response = {"NetworkInterface": render_interface(ctx, interface) | {"Status": "pending"}}
    if request.get("ClientToken"):
        response["ClientToken"] = request["ClientToken"]
    return remembering(ctx, "CreateNetworkInterface", request, Answer(response, put(interface)), interface.id)


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
    wanted = [primary, *secondaries, *[None] * (count or 0)]
    if len(wanted) > MAXIMUM_ADDRESSES:
        raise AwsError(
            "PrivateIpAddressLimitExceeded", f"Number of private addresses will exceed limit {MAXIMUM_ADDRESSES}."
        )
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
    groups = tuple(get(ctx, SECURITY_GROUP, group_id) for group_id in dict.fromkeys(group_ids or ()))
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
    subnet: Subnet,
    groups: Iterable[SecurityGroup],
    addresses: tuple[Address, ...],
    *,
    description: str = "",
    tags: Mapping[str, str] | None = None,
) -> NetworkInterface:
    return NetworkInterface(
        id=_new_interface_id(ctx),
        account=ctx.account,
        region=ctx.region,
        tags=dict(tags or {}),
        vpc_id=subnet.vpc_id,
        subnet_id=subnet.id,
        mac_address=_new_mac_address(ctx),
        private_addresses=addresses,
        group_ids=tuple(group.id for group in groups),
        description=description,
    )


def _new_interface_id(ctx: Context) -> str:
    """One whose identity no other interface has: a service tells by it who asks (``net.services``)."""
    while True:
        interface_id = ctx.new_id("eni")
        if ctx.network.interface_with_identity(identity_of(interface_id)) is None:
            return interface_id


def _new_mac_address(ctx: Context) -> str:
    """Locally administered, as AWS's are: ``06:…``."""
    return ":".join(f"{octet:02x}" for octet in (6, *ctx.random.getrandbits(40).to_bytes(5, "big")))


def delete_network_interface(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidNetworkInterfaceID.NotFound``, and InvalidParameterValue while it is attached."""
    interface = get(ctx, NETWORK_INTERFACE, request["NetworkInterfaceId"])
    if interface.attachment is not None:
        raise invalid_parameter_value(f"Network interface '{interface.id}' is currently in use.")
    return Answer({}, delete(interface))


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
        "RequesterManaged": False,
        "SourceDestCheck": interface.source_dest_check,
        "Status": interface.status,
        "SubnetId": interface.subnet_id,
        "TagSet": render_tags(interface.tags),
        "VpcId": interface.vpc_id,
        "Operator": {"Managed": False},
    }


def describe_network_interfaces(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidNetworkInterfaceID.NotFound``, InvalidParameterValue for a filter."""
    return describe(
        ctx,
        request,
        NETWORK_INTERFACE,
        ids="NetworkInterfaceIds",
        result="NetworkInterfaces",
        render=render_interface,
        filters=INTERFACE_FILTERS,
    )


def _of_attachment(name: str) -> FilterValues[NetworkInterface]:
    def values(ctx: Context, row: NetworkInterface) -> Iterable[object]:
        rendered = render_attachment(row)
        return [rendered[name]] if rendered else []

    return values


def _when_public(value: Callable[[Context, NetworkInterface], object]) -> FilterValues[NetworkInterface]:
    return lambda ctx, row: [value(ctx, row)] if row.public_address is not None else []


INTERFACE_FILTERS: dict[str, FilterValues[NetworkInterface]] = {
    "addresses.association.owner-id": _when_public(lambda ctx, row: "amazon"),
    "addresses.association.public-ip": _when_public(lambda ctx, row: row.public_address),
    "addresses.primary": lambda ctx, row: [index == 0 for index in range(len(row.private_addresses))],
    "addresses.private-ip-address": lambda ctx, row: row.private_addresses,
    "association.allocation-id": no_values,
    "association.association-id": no_values,
    "association.ip-owner-id": _when_public(lambda ctx, row: "amazon"),
    "association.public-dns-name": _when_public(public_name),
    "association.public-ip": _when_public(lambda ctx, row: row.public_address),
    "attachment.attach-time": lambda ctx, row: [row.attachment.attached_at] if row.attachment else [],
    "attachment.attachment-id": _of_attachment("AttachmentId"),
    "attachment.delete-on-termination": _of_attachment("DeleteOnTermination"),
    "attachment.device-index": _of_attachment("DeviceIndex"),
    "attachment.instance-id": _of_attachment("InstanceId"),
    "attachment.instance-owner-id": _of_attachment("InstanceOwnerId"),
    "attachment.status": _of_attachment("Status"),
    "availability-zone": lambda ctx, row: [ctx.network.subnets[row.subnet_id].zone_name],
    "availability-zone-id": lambda ctx, row: [ctx.network.subnets[row.subnet_id].zone_id],
    "description": lambda ctx, row: [row.description],
    "group-id": lambda ctx, row: row.group_ids,
    "group-name": lambda ctx, row: [ctx.network.security_groups[group_id].name for group_id in row.group_ids],
    "interface-type": lambda ctx, row: ["interface"],
    "ipv6-addresses.ipv6-address": no_values,
    "mac-address": lambda ctx, row: [row.mac_address],
    "network-interface-id": lambda ctx, row: [row.id],
    "operator.managed": lambda ctx, row: [False],
    "operator.principal": no_values,
    "owner-id": lambda ctx, row: [row.account],
    "private-dns-name": lambda ctx, row: [private_name(ctx, row, row.private_address)],
    "private-ip-address": lambda ctx, row: row.private_addresses,
    "requester-id": no_values,
    "requester-managed": lambda ctx, row: [False],
    "source-dest-check": lambda ctx, row: [row.source_dest_check],
    "status": lambda ctx, row: [row.status],
    "subnet-id": lambda ctx, row: [row.subnet_id],
    "vpc-id": lambda ctx, row: [row.vpc_id],
}
