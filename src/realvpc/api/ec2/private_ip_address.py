"""Secondary private addresses of a network interface, given and taken away later on (EC2 guide, "Secondary IP
addresses"; EC2 API Reference, "AssignPrivateIpAddresses")."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from realvpc.net.addresses import Address
from realvpc.net.elastic_ip import ElasticIp
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.table import Change, put

from ..core.context import Answer, Context, Request, Response
from ..core.errors import invalid_parameter_combination, invalid_parameter_value, missing_parameter
from ..core.parameters import unnamed_count
from .address_picker import AddressPicker, address_limit_exceeded, read_private_address
from .ipv4_prefix import pick_ipv4_prefixes, wanted_ipv4_prefixes
from .network_interface import addresses_allowed, changeable


def assign_private_ip_addresses(ctx: Context, request: Request) -> Answer:
    """With AllowReassignment, from whichever interface of the subnet has an address as a secondary one; an Elastic IP
    address comes with it.

    Raises ``InvalidNetworkInterfaceID.NotFound``, MissingParameter, InvalidParameterCombination, InvalidParameterValue,
    PrivateIpAddressLimitExceeded, InsufficientFreeAddressesInSubnet.
    """
    interface = changeable(ctx, request)
    subnet = ctx.network.subnets[interface.subnet_id]
    texts, asked = request.get("PrivateIpAddresses") or [], request.get("SecondaryPrivateIpAddressCount")
    count = unnamed_count(request, "SecondaryPrivateIpAddressCount", "PrivateIpAddresses", texts)
    prefixes = wanted_ipv4_prefixes(request)
    if prefixes and (texts or count):
        raise invalid_parameter_combination("Prefixes and secondary addresses cannot be specified together.")
    if not (texts or prefixes) and asked is None:
        raise missing_parameter("privateIpAddresses or secondaryPrivateIpAddressCount")
    if asked == 0:
        raise invalid_parameter_value(f"Value ({count}) for parameter secondaryPrivateIpAddressCount is invalid.")
    named_ones = tuple(dict.fromkeys(read_private_address(subnet, text) for text in texts))
    wanted = [address for address in named_ones if address not in interface.private_addresses]
    if interface.ipv4_slots + len(wanted) + count + len(prefixes) > addresses_allowed(ctx, interface, ipv4=True):
        raise address_limit_exceeded()
    change = _taken(ctx, interface, wanted, may_take=bool(request.get("AllowReassignment")))
    picker = AddressPicker(ctx)
    picked = [picker.pick(subnet) for _ in range(count)]
    delegated = pick_ipv4_prefixes(picker, subnet, prefixes)
    after = replace(
        interface,
        private_addresses=(*interface.private_addresses, *wanted, *picked),
        ipv4_prefixes=interface.ipv4_prefixes + delegated,
    )
    response: Response = {
        "NetworkInterfaceId": interface.id,
        "AssignedPrivateIpAddresses": [{"PrivateIpAddress": str(address)} for address in (*named_ones, *picked)],
    }
    if delegated:
        response["AssignedIpv4Prefixes"] = [{"Ipv4Prefix": str(prefix)} for prefix in delegated]
    return Answer(response, change + put(after))


def unassign_private_ip_addresses(ctx: Context, request: Request) -> Answer:
    """An Elastic IP address that stands for one stays with the account.

    Raises ``InvalidNetworkInterfaceID.NotFound``, MissingParameter, InvalidParameterValue.
    """
    interface = changeable(ctx, request)
    texts, prefixes = request.get("PrivateIpAddresses") or [], request.get("Ipv4Prefixes") or []
    if not (texts or prefixes):
        raise missing_parameter("privateIpAddresses")
    taken = {prefix for prefix in interface.ipv4_prefixes if str(prefix) in prefixes}
    if len(taken) < len(set(prefixes)):
        raise invalid_parameter_value(f"Some of the specified prefixes are not assigned to interface {interface.id}")
    gone = {address for address in interface.private_addresses[1:] if str(address) in texts}
    if len(gone) < len(set(texts)):
        raise invalid_parameter_value(f"Some of the specified addresses are not assigned to interface {interface.id}")
    kept = tuple(address for address in interface.private_addresses if address not in gone)
    delegated = tuple(prefix for prefix in interface.ipv4_prefixes if prefix not in taken)
    after = replace(interface, private_addresses=kept, ipv4_prefixes=delegated)
    return Answer({}, _freed(ctx, interface, gone) + put(after))


def _taken(ctx: Context, interface: NetworkInterface, addresses: Sequence[Address], *, may_take: bool) -> Change:
    """The change that lets go of these addresses where they are, and of the Elastic IP addresses there."""
    held = [
        (address, holder)
        for address in addresses
        if (holder := ctx.network.interface_at(interface.vpc_id, address)) is not None
    ]
    if held and not may_take:
        listed = ", ".join(str(address) for address, _ in held)
        raise invalid_parameter_value(f"[{listed}] assigned, but move is not allowed.")
    holders: dict[str, NetworkInterface] = {}
    moved: dict[str, set[Address]] = {}
    for address, holder in held:
        if holder.attachment is not None and holder.attachment.instance_id is None:
            raise invalid_parameter_value(f"[{address}] is in use by a service")
        if address not in holder.private_addresses:
            raise invalid_parameter_value(f"[{address}] is in a prefix of another interface")
        if holder.private_address == address:
            raise invalid_parameter_value(f"[{address}] is the primary address of another interface")
        holders[holder.id] = holder
        moved.setdefault(holder.id, set()).add(address)
    change = Change()
    for holder_id, leaving in moved.items():
        holder = holders[holder_id]
        kept = tuple(address for address in holder.private_addresses if address not in leaving)
        change += put(replace(holder, private_addresses=kept), *_following(ctx, holder, leaving, interface))
    return change


def _following(
    ctx: Context, holder: NetworkInterface, addresses: set[Address], to: NetworkInterface
) -> list[ElasticIp]:
    """The Elastic IP addresses that move with these private ones."""
    return [
        replace(row, association=replace(row.association, interface_id=to.id))
        for row in ctx.network.elastic_ips_of(holder.id)
        if row.association and row.association.private_address in addresses
    ]


def _freed(ctx: Context, interface: NetworkInterface, addresses: set[Address]) -> Change:
    """The change that takes the Elastic IP addresses from these private ones."""
    return put(
        *(
            replace(row, association=None)
            for row in ctx.network.elastic_ips_of(interface.id)
            if row.association and row.association.private_address in addresses
        )
    )
