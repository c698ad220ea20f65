"""What becomes of public addresses when instances and network interfaces come and go (EC2 guide, "Public IPv4
addresses" and "Elastic IP addresses")."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.elastic_ip import AddressAssociation, ElasticIp
from realvpc.net.network import Network
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.table import Change, put

from ..core.context import Context
from .address_picker import AddressPicker


def with_public_address(network: Network, interface: NetworkInterface, picker: AddressPicker) -> NetworkInterface:
    """The interface of an instance that runs or is about to, with an address of Amazon's pool where the launch asked
    for one.

    An instance of several interfaces gets none, nor does an interface that has a public address, be it an Elastic IP
    address of a secondary private one.
    """
    is_alone = interface.attachment is not None and len(network.interfaces_of(interface.attachment.owner_id)) == 1
    if not (interface.associate_public_address and is_alone) or network.public_addresses_of(interface):
        return interface
    return replace(interface, public_address=picker.public())


def in_exchange(ctx: Context, change: Change, ended: AddressAssociation) -> Change:
    """The change, which ends an association, and the address that its instance gets for it, as if it started now."""
    later = ctx.with_state(ctx.state.apply(change))
    interface = later.network.interfaces[ended.interface_id]
    instance = later.network.instance_of(interface)
    if instance is None or not instance.machine_wanted:
        return change
    after = with_public_address(later.network, interface, AddressPicker(later))
    return change if after is interface else change + put(after)


def disassociated(network: Network, interface: NetworkInterface) -> tuple[ElasticIp, ...]:
    """The Elastic IP addresses of an interface that goes: they stay with the account."""
    return tuple(replace(row, association=None) for row in network.elastic_ips_of(interface.id))
