"""IPv6 addresses of a network interface, given and taken away later on (EC2 guide, "Manage the IPv6 addresses for your
EC2 instances"; EC2 API Reference, "AssignIpv6Addresses")."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from ..core.errors import invalid_parameter_value, missing_parameter
from .address_picker import AddressPicker, address_limit_exceeded
from .network_interface import addresses_allowed, changeable
from .wanted_ipv6 import (
    pick_ipv6,
    pick_ipv6_prefixes,
    read_ipv6_address,
    read_ipv6_prefix,
    wanted_ipv6_addresses,
    wanted_ipv6_prefixes,
)


def assign_ipv6_addresses(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidNetworkInterfaceID.NotFound``, MissingParameter, InvalidParameterCombination,
    InvalidParameterValue, ``InvalidIPAddress.InUse``, PrivateIpAddressLimitExceeded,
    InsufficientFreeAddressesInSubnet, InsufficientCidrBlocks."""
    interface = changeable(ctx, request)
    subnet = ctx.network.subnets[interface.subnet_id]
    texts = request.get("Ipv6Addresses") or []
    prefixes = wanted_ipv6_prefixes(subnet, request)
    if not texts and not prefixes and request.get("Ipv6AddressCount") is None:
        raise missing_parameter("ipv6Addresses or ipv6AddressCount")
    wanted = wanted_ipv6_addresses(subnet, texts, request)
    if interface.ipv6_slots + len(wanted) + len(prefixes) > addresses_allowed(ctx, interface, ipv4=False):
        raise address_limit_exceeded()
    picker = AddressPicker(ctx)
    delegated = pick_ipv6_prefixes(picker, subnet, prefixes)
    assigned = pick_ipv6(picker, subnet, wanted)
    after = replace(
        interface,
        ipv6_addresses=(*interface.ipv6_addresses, *assigned),
        ipv6_prefixes=(*interface.ipv6_prefixes, *delegated),
    )
    response: Response = {"NetworkInterfaceId": interface.id, "AssignedIpv6Addresses": list(map(str, assigned))}
    if delegated:
        response["AssignedIpv6Prefixes"] = list(map(str, delegated))
    return Answer(response, put(after))


def unassign_ipv6_addresses(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidNetworkInterfaceID.NotFound``, MissingParameter, and InvalidParameterValue for an address that
    the interface does not have, and for its primary one."""
    interface = changeable(ctx, request)
    texts, prefixes = request.get("Ipv6Addresses") or [], request.get("Ipv6Prefixes") or []
    if not texts and not prefixes:
        raise missing_parameter("ipv6Addresses")
    gone = dict.fromkeys(read_ipv6_address(text) for text in texts)
    taken = dict.fromkeys(read_ipv6_prefix(text) for text in prefixes)
    if not (gone.keys() <= set(interface.ipv6_addresses) and taken.keys() <= set(interface.ipv6_prefixes)):
        raise invalid_parameter_value(f"Some of the specified addresses are not assigned to interface {interface.id}")
    if interface.primary_ipv6 in gone:
        raise invalid_parameter_value(
            f"The primary IPv6 address {interface.primary_ipv6} of interface {interface.id} cannot be unassigned"
        )
    kept = tuple(address for address in interface.ipv6_addresses if address not in gone)
    delegated = tuple(prefix for prefix in interface.ipv6_prefixes if prefix not in taken)
    response: Response = {"NetworkInterfaceId": interface.id, "UnassignedIpv6Addresses": list(map(str, gone))}
    if taken:
        response["UnassignedIpv6Prefixes"] = list(map(str, taken))
    return Answer(response, put(replace(interface, ipv6_addresses=kept, ipv6_prefixes=delegated)))
