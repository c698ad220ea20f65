"""Secondary addresses of NAT gateways, given and taken away later on (VPC guide, "Work with NAT gateways").

What is taken away is gone at once, and so are the connections over it: there is nothing to drain.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from realvpc.net import indexes
from realvpc.net.addresses import Address
from realvpc.net.elastic_ip import ElasticIp
from realvpc.net.nat_gateway import Connectivity, NatGateway
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.table import put

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError, invalid_parameter_combination, invalid_parameter_value, unsupported_operation
from ..core.lookup import get_all, named, not_found
from ..core.parameters import unnamed_count
from .address_picker import AddressPicker
from .elastic_ip import ELASTIC_IP
from .nat_gateway import NAT_GATEWAY, mapped_to, render_address
from .nat_gateway_request import check_as_many, check_distinct, check_room
from .wanted_ipv4 import pick_ipv4


def associate_nat_gateway_address(ctx: Context, request: Request) -> Answer:
    """Each Elastic IP address gets a private one of the gateway's subnet.

    Raises NatGatewayNotFound, UnsupportedOperation for a private gateway, ``InvalidAllocationID.NotFound``,
    ``Resource.AlreadyAssociated``, InvalidParameterCombination, InvalidParameterValue, ``InvalidIPAddress.InUse``,
    InsufficientFreeAddressesInSubnet, AddressLimitExceeded, PrivateIpAddressLimitExceeded.
    """
    gateway, interface = _available(ctx, request, Connectivity.PUBLIC)
    _check_zone(ctx, gateway, request)
    allocation_ids, texts = tuple(request["AllocationIds"]), request.get("PrivateIpAddresses") or []
    check_distinct(allocation_ids)
    rows = get_all(ctx, ELASTIC_IP, allocation_ids)
    for row in rows:
        if row.association is not None:
            raise AwsError("Resource.AlreadyAssociated", f"Elastic IP address {row.id} is already associated")
    if texts:
        check_as_many(texts, allocation_ids)
    there = len(interface.private_addresses)
    check_room(ctx, private=there + len(rows), public=there + len(rows))
    added = pick_ipv4(AddressPicker(ctx), ctx.network.subnets[gateway.subnet_id], texts or [None] * len(rows))
    after = replace(interface, private_addresses=(*interface.private_addresses, *added))
    mapped = [mapped_to(ctx, row, after, address) for row, address in zip(rows, added, strict=True)]
    change = put(after, *mapped)
    return Answer(_shown(ctx.with_state(ctx.state.apply(change)), gateway, after, added, "associating"), change)


def disassociate_nat_gateway_address(ctx: Context, request: Request) -> Answer:
    """The private addresses go, too.

    Raises NatGatewayNotFound, UnsupportedOperation for a private gateway, ``InvalidAssociationID.NotFound``, and
    InvalidParameterValue for the primary address.
    """
    gateway, interface = _available(ctx, request, Connectivity.PUBLIC)
    gone: dict[Address, ElasticIp] = {}
    for association_id in request["AssociationIds"]:
        row = ctx.network.elastic_ips.first(indexes.address_association_id, association_id)
        if row is None or row.association is None or row.association.interface_id != interface.id:
            raise AwsError("InvalidAssociationID.NotFound", f"The association ID '{association_id}' does not exist")
        gone[row.association.private_address] = row
    _check_secondary(interface, gone)
    response = _shown(ctx, gateway, interface, tuple(gone), "disassociating")
    freed = [replace(row, association=None) for row in gone.values()]
    return Answer(response, put(_without(interface, gone), *freed))


def assign_private_nat_gateway_address(ctx: Context, request: Request) -> Answer:
    """Raises NatGatewayNotFound, UnsupportedOperation for a public gateway, InvalidParameterCombination,
    InvalidParameterValue, ``InvalidIPAddress.InUse``, InsufficientFreeAddressesInSubnet,
    PrivateIpAddressLimitExceeded."""
    gateway, interface = _available(ctx, request, Connectivity.PRIVATE)
    texts: list[str] = request.get("PrivateIpAddresses") or []
    count = unnamed_count(request, "PrivateIpAddressCount", "PrivateIpAddresses", ())
    if bool(texts) == bool(count):
        raise invalid_parameter_combination(
            "The request must contain exactly one of privateIpAddresses or privateIpAddressCount"
        )
    check_room(ctx, private=len(interface.private_addresses) + len(texts) + count, public=0)
    added = pick_ipv4(AddressPicker(ctx), ctx.network.subnets[gateway.subnet_id], texts or [None] * count)
    after = replace(interface, private_addresses=(*interface.private_addresses, *added))
    return Answer(_shown(ctx, gateway, after, added, "assigning"), put(after))


def unassign_private_nat_gateway_address(ctx: Context, request: Request) -> Answer:
    """Raises NatGatewayNotFound, UnsupportedOperation for a public gateway, and InvalidParameterValue for the primary
    address and for one that the gateway has not."""
    gateway, interface = _available(ctx, request, Connectivity.PRIVATE)
    by_text = {str(address): address for address in interface.private_addresses}
    for text in request["PrivateIpAddresses"]:
        if text not in by_text:
            raise invalid_parameter_value(f"Address {text} is not assigned to NAT gateway {gateway.id}")
    gone = tuple(by_text[text] for text in dict.fromkeys(request["PrivateIpAddresses"]))
    _check_secondary(interface, gone)
    response = _shown(ctx, gateway, interface, gone, "unassigning")
    return Answer(response, put(_without(interface, gone)))


def _available(ctx: Context, request: Request, connectivity: Connectivity) -> tuple[NatGateway, NetworkInterface]:
    gateway = named(ctx, NAT_GATEWAY, request, "NatGatewayId")
    interface = ctx.network.interface_of_nat_gateway(gateway.id)
    if interface is None:
        raise not_found(NAT_GATEWAY, gateway.id)
    if gateway.connectivity is not connectivity:
        raise unsupported_operation(
            f"The operation is not supported for a NAT gateway with connectivity type {gateway.connectivity}."
        )
    return gateway, interface


def _check_zone(ctx: Context, gateway: NatGateway, request: Request) -> None:
    """A zone may be named although there is only one.  Raises InvalidParameterValue for another one."""
    subnet = ctx.network.subnets[gateway.subnet_id]
    for member, own in (("AvailabilityZone", subnet.zone_name), ("AvailabilityZoneId", subnet.zone_id)):
        if request.get(member) not in (None, "", own):
            name = member[:1].lower() + member[1:]
            raise invalid_parameter_value(f"Value ({request[member]}) for parameter {name} is invalid.")


def _check_secondary(interface: NetworkInterface, gone: Sequence[Address] | dict[Address, ElasticIp]) -> None:
    if interface.private_address in gone:
        raise invalid_parameter_value(f"The primary address {interface.private_address} cannot be taken away.")


def _without(interface: NetworkInterface, gone: Sequence[Address] | dict[Address, ElasticIp]) -> NetworkInterface:
    return replace(interface, private_addresses=tuple(each for each in interface.private_addresses if each not in gone))


def _shown(
    ctx: Context, gateway: NatGateway, interface: NetworkInterface, addresses: Sequence[Address], status: str
) -> dict[str, object]:
    shown = [render_address(ctx, interface, address, status) for address in addresses]
    return {"NatGatewayId": gateway.id, "NatGatewayAddresses": shown}
