"""Attaching network interfaces to instances that run or are stopped, and detaching them (EC2 guide, "Elastic network
interfaces"; EC2 API Reference)."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from realvpc.net import indexes
from realvpc.net.instance import Instance, InstanceState
from realvpc.net.instance_types import INSTANCE_TYPES, InstanceType
from realvpc.net.machine import MAXIMUM_DEVICE_INDEX
from realvpc.net.network_interface import Attachment, AttachmentStatus, Detachment, NetworkInterface
from realvpc.net.resource import Resource
from realvpc.net.subnet import Subnet
from realvpc.net.table import Change, put

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError, invalid_parameter_combination, invalid_parameter_value, unsupported_operation
from ..core.lookup import named
from ..core.parameters import refuse
from .address_picker import address_limit_exceeded
from .instance import INSTANCE
from .network_interface_permission import attachable

_ATTACHABLE = (InstanceState.RUNNING, InstanceState.STOPPED)
_NOT_HERE = ("EnaQueueCount", "EnaSrdSpecification")


def attach_network_interface(ctx: Context, request: Request) -> Answer:
    """At once to an instance that is stopped; to one that runs, as soon as its host has given it the device.

    The interface is the caller's, or another account's that has given the permission.

    Raises ``InvalidNetworkInterfaceID.NotFound``, ``InvalidInstanceID.NotFound``, IncorrectState,
    ``InvalidNetworkInterface.InUse``, InvalidParameterCombination, InvalidParameterValue, AttachmentLimitExceeded,
    PrivateIpAddressLimitExceeded, UnsupportedOperation for an IPv6-only interface where the type is none of Nitro's.
    """
    refuse(request, _NOT_HERE)
    interface = attachable(ctx, request)
    instance = named(ctx, INSTANCE, request, "InstanceId")
    if interface.attachment is not None:
        raise in_use(interface.id)
    if instance.state not in _ATTACHABLE:
        raise AwsError("IncorrectState", f"Instance '{instance.id}' is not in the 'running' or 'stopped' state.")
    if ctx.network.subnets[interface.subnet_id].zone_id != instance.zone_id:
        raise invalid_parameter_combination(
            "You may not attach a network interface to an instance if they are not in the same availability zone"
        )
    index: int = request["DeviceIndex"]
    check_device_index(index)
    _check_card(request.get("NetworkCardIndex") or 0)
    _check_room(ctx, instance, interface, index)
    is_awaited = ctx.options.has_fabric and instance.machine_wanted
    attachment = Attachment(
        id=ctx.new_id("eni-attach"),
        owner_id=instance.id,
        device_index=index,
        attached_at=ctx.now,
        delete_on_termination=False,
        status=AttachmentStatus.ATTACHING if is_awaited else AttachmentStatus.ATTACHED,
    )
    return Answer(
        {"AttachmentId": attachment.id, "NetworkCardIndex": 0}, put(replace(interface, attachment=attachment))
    )


def detach_network_interface(ctx: Context, request: Request) -> Answer:
    """With Force, without waiting for the host.

    Raises ``InvalidAttachmentID.NotFound``, OperationNotPermitted for a primary interface and for one that belongs to a
    service, IncorrectState while it is being detached already.
    """
    interface = attached_with(ctx, request["AttachmentId"])
    attachment = interface.attachment
    if attachment is None or attachment.instance_id is None:
        raise AwsError("OperationNotPermitted", "You are not allowed to manage 'ela-attach' attachments.")
    if attachment.device_index == 0:
        raise AwsError(
            "OperationNotPermitted",
            "The network interface at device index 0 and networkCard index 0 cannot be detached.",
        )
    instance = ctx.network.instances.get(attachment.instance_id)
    is_awaited = ctx.options.has_fabric and instance is not None and instance.machine_wanted
    if request.get("Force") or not is_awaited:
        return Answer({}, put(detached(ctx, interface)))
    if attachment.status is AttachmentStatus.DETACHING:
        raise AwsError("IncorrectState", f"The attachment '{attachment.id}' is being detached.")
    return Answer({}, put(replace(interface, attachment=replace(attachment, status=AttachmentStatus.DETACHING))))


def attached_with(ctx: Context, attachment_id: str) -> NetworkInterface:
    """The interface of an attachment.  Raises ``InvalidAttachmentID.NotFound``."""
    interface = ctx.network.interfaces.first(indexes.attachment_id, attachment_id)
    current = interface.attachment if interface is not None else None
    if interface is None or current is None or current.id != attachment_id or not _may_detach(ctx, interface):
        raise AwsError("InvalidAttachmentID.NotFound", f"The attachment ID '{attachment_id}' does not exist")
    return interface


def _may_detach(ctx: Context, interface: NetworkInterface) -> bool:
    """The account that has the interface, and the one that has the instance."""
    instance = ctx.network.instances.get(interface.attachment.owner_id) if interface.attachment else None
    return ctx.sees(interface) or (instance is not None and ctx.sees(instance))


def detached(ctx: Context, interface: NetworkInterface) -> NetworkInterface:
    last = Detachment(attachment=interface.attachment, detached_at=ctx.now) if interface.attachment else None
    return replace(interface, attachment=None, detachment=last, public_address=None)


def settled(ctx: Context, interface_ids: Iterable[str]) -> Change:
    """What follows when the hosts have done what was wanted of these interfaces."""
    rows: list[Resource] = []
    for interface_id in interface_ids:
        interface = ctx.network.interfaces.get(interface_id)
        attachment = interface.attachment if interface else None
        if interface is None or attachment is None:
            continue
        match attachment.status:
            case AttachmentStatus.ATTACHING:
                rows.append(replace(interface, attachment=replace(attachment, status=AttachmentStatus.ATTACHED)))
            case AttachmentStatus.DETACHING:
                rows.append(detached(ctx, interface))
    return put(*rows)


def in_use(interface_id: str) -> AwsError:
    return AwsError("InvalidNetworkInterface.InUse", f"Interface: [{interface_id}] in use.")


def check_device_index(index: int) -> None:
    """Raises InvalidParameterValue."""
    if not 0 <= index <= MAXIMUM_DEVICE_INDEX:
        raise invalid_parameter_value(f"Value ({index}) for parameter deviceIndex is invalid.")


def too_many_interfaces(count: int, type_name: str) -> AwsError:
    return AwsError("AttachmentLimitExceeded", f"Interface count {count} exceeds the limit for {type_name}")


def check_families(kind: InstanceType, *subnets: Subnet) -> None:
    """Only instances of the Nitro System do without IPv4 (VPC guide, "Subnet types").  Raises UnsupportedOperation."""
    if not kind.is_nitro and any(subnet.is_ipv6_native for subnet in subnets):
        raise unsupported_operation(f"IPv6-only subnets are not supported on {kind.name}")


def _check_card(index: int) -> None:
    if index != 0:  # no type here has a second one
        raise invalid_parameter_value(f"Value ({index}) for parameter networkCardIndex is invalid.")


def _check_room(ctx: Context, instance: Instance, interface: NetworkInterface, index: int) -> None:
    kind, there = INSTANCE_TYPES[instance.instance_type], ctx.network.interfaces_of(instance.id)
    if any(row.attachment and row.attachment.device_index == index for row in there):
        raise invalid_parameter_value(
            f"Instance '{instance.id}' already has an interface attached at device index '{index}'."
        )
    check_families(kind, ctx.network.subnets[interface.subnet_id])
    if len(there) >= kind.interfaces:
        raise too_many_interfaces(len(there) + 1, kind.name)
    if interface.ipv4_slots > kind.addresses or interface.ipv6_slots > kind.ipv6_addresses:
        raise address_limit_exceeded()
