"""The attributes of a network interface, one at a time (EC2 API Reference)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.network_interface import NetworkInterface
from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from ..core.errors import AwsError, invalid_parameter_combination, invalid_parameter_value
from ..core.lookup import named
from ..core.parameters import refuse, required
from .address_picker import AddressPicker, ipv4_block
from .network_interface import (
    NETWORK_INTERFACE,
    changeable,
    different_networks,
    groups_for_interface,
    render_attachment,
    render_groups,
)
from .wanted_ipv6 import without_ipv6

_MODIFIABLE = (
    "AssociatePublicIpAddress",
    "Attachment",
    "Description",
    "EnablePrimaryIpv6",
    "Groups",
    "SourceDestCheck",
)
_NOT_HERE = ("AssociatedSubnetIds", "ConnectionTrackingSpecification", "EnaSrdSpecification")


def modify_network_interface_attribute(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidNetworkInterfaceID.NotFound``, ``InvalidGroup.NotFound``, ``InvalidAttachmentID.NotFound``,
    InvalidParameterCombination unless exactly one attribute is given."""
    interface = changeable(ctx, request)
    refuse(request, _NOT_HERE)
    given = [name for name in _MODIFIABLE if request.get(name) is not None]
    if not given:
        raise invalid_parameter_combination("No attributes specified.")
    if len(given) > 1:
        raise invalid_parameter_combination("Fields for multiple attribute types specified: " + ", ".join(given))
    return Answer({}, put(_modified(ctx, interface, request, given[0])))


def _modified(ctx: Context, interface: NetworkInterface, request: Request, name: str) -> NetworkInterface:
    match name:
        case "Description":
            return replace(interface, description=request["Description"].get("Value") or "")
        case "SourceDestCheck":
            return replace(interface, source_dest_check=request["SourceDestCheck"].get("Value", True))
        case "Groups":
            return with_groups(ctx, interface, request["Groups"])
        case "EnablePrimaryIpv6":
            return _with_primary_ipv6(interface, wanted=request["EnablePrimaryIpv6"])
        case "Attachment":
            return _with_attachment(interface, request)
        case _:
            return _with_public_address(ctx, interface, wanted=request["AssociatePublicIpAddress"])


def with_groups(ctx: Context, interface: NetworkInterface, group_ids: list[str]) -> NetworkInterface:
    """The interface with these groups instead of its own."""
    subnet = ctx.network.subnets[interface.subnet_id]
    groups = groups_for_interface(ctx, subnet, group_ids, different_networks)
    return replace(interface, group_ids=tuple(group.id for group in groups))


def _with_attachment(interface: NetworkInterface, request: Request) -> NetworkInterface:
    wanted = request["Attachment"]
    attachment = interface.attachment
    attachment_id = required(wanted, "AttachmentId")
    if attachment is None or attachment_id != attachment.id:
        raise AwsError("InvalidAttachmentID.NotFound", f"The attachment ID '{attachment_id}' does not exist")
    keep = attachment.delete_on_termination
    return replace(
        interface, attachment=replace(attachment, delete_on_termination=wanted.get("DeleteOnTermination", keep))
    )


def _with_primary_ipv6(interface: NetworkInterface, *, wanted: bool) -> NetworkInterface:
    """Its first IPv6 address becomes the primary one, and stays that (EC2 API Reference).

    Raises InvalidParameterCombination without an address, InvalidParameterValue for one that is to be primary no more.
    """
    if not wanted and interface.has_primary_ipv6:
        raise invalid_parameter_value(f"The primary IPv6 address of interface {interface.id} cannot be disabled")
    if wanted and not interface.ipv6_addresses:
        raise without_ipv6()
    return replace(interface, has_primary_ipv6=wanted)


def _with_public_address(ctx: Context, interface: NetworkInterface, *, wanted: bool) -> NetworkInterface:
    """A public address for the primary interface of a running instance, or none any more."""
    if not wanted:
        return replace(interface, public_address=None, associate_public_address=False)
    ipv4_block(ctx.network.subnets[interface.subnet_id])
    instance = ctx.network.instance_of(interface)
    has_use = instance is not None and instance.machine_wanted and ctx.network.public_address_of(interface) is None
    address = AddressPicker(ctx).public() if has_use else interface.public_address
    return replace(interface, public_address=address, associate_public_address=True)


def reset_network_interface_attribute(ctx: Context, request: Request) -> Answer:
    """The source/destination check is on again; nothing else can be reset.

    Raises ``InvalidNetworkInterfaceID.NotFound``, InvalidParameterCombination.
    """
    interface = changeable(ctx, request)
    if request.get("SourceDestCheck") is None:
        raise invalid_parameter_combination("No attributes specified.")
    return Answer({}, put(replace(interface, source_dest_check=True)))


def describe_network_interface_attribute(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidNetworkInterfaceID.NotFound``; InvalidParameterCombination without an attribute."""
    interface = named(ctx, NETWORK_INTERFACE, request, "NetworkInterfaceId")
    attributes: dict[str, Response] = {
        "attachment": {"Attachment": render_attachment(ctx, interface, interface.attachment)},
        "associatePublicIpAddress": {"AssociatePublicIpAddress": interface.associate_public_address},
        "description": {"Description": {"Value": interface.description}},
        "groupSet": {"Groups": render_groups(ctx, interface)},
        "sourceDestCheck": {"SourceDestCheck": {"Value": interface.source_dest_check}},
    }
    name = request.get("Attribute")
    if name not in attributes:
        raise invalid_parameter_combination("No attributes specified.")
    return Answer({"NetworkInterfaceId": interface.id} | attributes[name])
