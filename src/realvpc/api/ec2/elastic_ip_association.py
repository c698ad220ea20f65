"""What an Elastic IP address is mapped to (EC2 guide, "Elastic IP addresses"; EC2 API Reference)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net import indexes
from realvpc.net.addresses import Address
from realvpc.net.elastic_ip import AddressAssociation, ElasticIp
from realvpc.net.instance import InstanceState
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.table import put

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError, invalid_parameter_combination, invalid_parameter_value
from ..core.lookup import get, named
from ..core.parameters import required
from .elastic_ip import ELASTIC_IP, check_one_name, with_public_ip
from .instance import INSTANCE, only_interface
from .network_interface import NETWORK_INTERFACE, check_unmanaged
from .public_address import in_exchange

_IN_TRANSITION = (InstanceState.PENDING, InstanceState.SHUTTING_DOWN, InstanceState.TERMINATED)


def associate_address(ctx: Context, request: Request) -> Answer:
    """Map an address to a private one of an interface, whose own address of Amazon's pool, if it has one, is released.

    Wherever the address was, and what was there before it, makes room, unless AllowReassociation is false.  Raises
    ``InvalidAllocationID.NotFound``, AuthFailure, ``InvalidNetworkInterfaceID.NotFound``,
    ``InvalidInstanceID.NotFound``, InvalidInstanceID, InvalidParameterValue, InvalidParameterCombination,
    ``Gateway.NotAttached``, ``Resource.AlreadyAssociated``.
    """
    address = _address(ctx, request)
    interface = _interface(ctx, request)
    private = _private_address(interface, request)
    if ctx.network.internet_gateway_of(interface.vpc_id) is None:
        raise AwsError("Gateway.NotAttached", f"Network {interface.vpc_id} is not attached to any internet gateway")
    before = address.association
    check_unmanaged(interface)
    if before is not None:
        check_unmanaged(ctx.network.interfaces[before.interface_id])
    if before is not None and (before.interface_id, before.private_address) == (interface.id, private):
        return Answer({"AssociationId": before.id})
    others = [row for row in ctx.network.elastic_ips_of(interface.id) if _stands_for(row, private)]
    if request.get("AllowReassociation") is False:
        for row in (address, *others):
            _check_free(row)
    after = AddressAssociation(id=ctx.new_id("eipassoc"), interface_id=interface.id, private_address=private)
    change = put(*(replace(row, association=None) for row in others), replace(address, association=after))
    if private == interface.private_address and interface.public_address is not None:
        change += put(replace(interface, public_address=None))
    return Answer({"AssociationId": after.id}, in_exchange(ctx, change, before) if before else change)


def _address(ctx: Context, request: Request) -> ElasticIp:
    check_one_name(request)
    public_ip = request.get("PublicIp")
    if not public_ip:
        return get(ctx, ELASTIC_IP, required(request, "AllocationId"))
    if request.get("NetworkInterfaceId"):
        raise invalid_parameter_combination(
            "You must specify an allocation id when mapping an address to a network interface"
        )
    return with_public_ip(ctx, public_ip)


def _interface(ctx: Context, request: Request) -> NetworkInterface:
    """That the request names, or the only one of its instance."""
    instance_id, interface_id = request.get("InstanceId"), request.get("NetworkInterfaceId")
    if bool(instance_id) == bool(interface_id):
        raise invalid_parameter_combination("You must specify either an instance ID or a network interface ID.")
    if interface_id:
        return get(ctx, NETWORK_INTERFACE, interface_id)
    instance = named(ctx, INSTANCE, request, "InstanceId")
    if instance.state in _IN_TRANSITION:
        raise AwsError(
            "InvalidInstanceID",
            f"The {instance.state} instance '{instance.id}' is not in a valid state for this operation.",
        )
    interface = only_interface(ctx, instance)
    assert interface is not None, "only what is terminated has none"
    return interface


def _private_address(interface: NetworkInterface, request: Request) -> Address:
    """That the request names, or the primary one."""
    text = request.get("PrivateIpAddress")
    if not text:
        if interface.private_address is None:
            raise invalid_parameter_value(f"Network interface {interface.id} does not have a private IPv4 address")
        return interface.private_address
    for address in interface.private_addresses:
        if str(address) == text:
            return address
    raise invalid_parameter_value(f"Address {text} is not assigned to network interface {interface.id}")


def _stands_for(row: ElasticIp, private: Address) -> bool:
    return row.association is not None and row.association.private_address == private


def _check_free(row: ElasticIp) -> None:
    if row.association is not None:
        raise AwsError(
            "Resource.AlreadyAssociated",
            f"resource {row.id} is already associated with associate-id {row.association.id}",
        )


def disassociate_address(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidAssociationID.NotFound``; InvalidParameterValue for a request that names the address instead."""
    public_ip = request.get("PublicIp")
    if public_ip and not request.get("AssociationId"):
        with_public_ip(ctx, public_ip)
        raise invalid_parameter_value(
            "You must specify an association id when unmapping an address from a VPC instance"
        )
    association_id = required(request, "AssociationId")
    row = ctx.network.elastic_ips.first(indexes.address_association_id, association_id)
    if row is None or row.association is None or not ctx.sees(row):
        raise AwsError("InvalidAssociationID.NotFound", f"The association ID '{association_id}' does not exist")
    check_unmanaged(ctx.network.interfaces[row.association.interface_id])
    return Answer({}, in_exchange(ctx, put(replace(row, association=None)), row.association))
