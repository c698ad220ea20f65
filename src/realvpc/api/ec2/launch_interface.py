"""The network interfaces that RunInstances makes or takes (EC2 API, "InstanceNetworkInterfaceSpecification")."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from realvpc.net.instance_types import InstanceType
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.security_group import SecurityGroup
from realvpc.net.subnet import Subnet

from ..core.context import Context, Request
from ..core.errors import (
    AwsError,
    invalid_parameter,
    invalid_parameter_combination,
    invalid_parameter_value,
    unsupported_operation,
)
from ..core.lookup import check_form, find, get
from ..core.parameters import parameter_name
from .address_picker import AddressPicker, address_limit_exceeded, ipv4_block
from .default_subnet import default_subnet_for
from .ipv4_prefix import pick_ipv4_prefixes
from .network_interface import (
    NETWORK_INTERFACE,
    groups_for_interface,
    new_interface,
    refuse_not_here,
)
from .network_interface_attachment import check_device_index, check_families, in_use, too_many_interfaces
from .security_group import SECURITY_GROUP, group_named
from .subnet import SUBNET
from .wanted_ipv4 import WantedIpv4, pick_ipv4, wanted_ipv4
from .wanted_ipv6 import WantedIpv6, wanted_ipv6

_INSTEAD = (
    ("SubnetId", "subnet ID"),
    ("SecurityGroupIds", "security groups"),
    ("SecurityGroups", "security groups"),
    ("PrivateIpAddress", "private address"),
    ("Ipv6Addresses", "IPv6 addresses"),
    ("Ipv6AddressCount", "IPv6 address count"),
    ("EnablePrimaryIpv6", "primary IPv6 address"),
)


_OF_A_NEW_ONE = (
    "AssociatePublicIpAddress",
    "Groups",
    "Ipv6AddressCount",
    "Ipv6Addresses",
    "PrimaryIpv6",
    "PrivateIpAddress",
    "PrivateIpAddresses",
    "SubnetId",
)


class InterfacePlan(Struct, frozen=True, kw_only=True):
    """One interface of each instance: ``existing``, or a new one in ``subnet`` with addresses of both families."""

    device_index: int
    subnet: Subnet
    groups: tuple[SecurityGroup, ...]
    private: WantedIpv4 = WantedIpv4()
    ipv6: WantedIpv6 = WantedIpv6()
    associate_public_address: bool
    delete_on_termination: bool = True
    description: str = ""
    existing: NetworkInterface | None = None

    @property
    def has_fixed_address(self) -> bool:
        return self.existing is not None or self.private.has_fixed or self.ipv6.has_fixed

    @property
    def address_count(self) -> int:
        """How many addresses of the subnet each instance takes."""
        return self.private.size

    def fits(self, kind: InstanceType) -> bool:
        """Whether an interface of the type may have so many addresses."""
        row = self.existing
        private, ipv6 = (row.ipv4_slots, row.ipv6_slots) if row else (self.private.slots, self.ipv6.slots)
        return private <= kind.addresses and ipv6 <= kind.ipv6_addresses


def read_interfaces(ctx: Context, request: Request, kind: InstanceType) -> list[InterfacePlan]:
    """The interfaces in the order of their device index.

    Raises ``InvalidSubnetID.NotFound``, ``InvalidNetworkInterfaceID.NotFound``, ``InvalidNetworkInterface.InUse``,
    ``InvalidGroup.NotFound``, InvalidParameter for a group of another VPC, what ``default_subnet_for`` raises where no
    subnet is named, InvalidParameterCombination, InvalidParameterValue, AttachmentLimitExceeded,
    PrivateIpAddressLimitExceeded, UnsupportedOperation for an IPv6-only subnet where the type is none of Nitro's.
    """
    specifications, placement = request.get("NetworkInterfaces") or [], request.get("Placement") or {}
    if specifications:
        for name, words in _INSTEAD:
            if request.get(name):
                raise invalid_parameter_combination(
                    f"Network interfaces and an instance-level {words} may not be specified on the same request"
                )
        plans = [_from_specification(ctx, entry, len(specifications), placement) for entry in specifications]
    else:
        plans = [_from_request(ctx, request, placement)]
    plans.sort(key=lambda plan: plan.device_index)
    _check_indexes(plans, kind)
    zone = plans[0].subnet
    for name, actual in (("AvailabilityZone", zone.zone_name), ("AvailabilityZoneId", zone.zone_id)):
        if (placement.get(name) or actual) != actual:  # Terraform sends an empty zone
            raise invalid_parameter_value(
                f"Value ({placement[name]}) for parameter {parameter_name(name)} is invalid. "
                f"Subnet '{zone.id}' is in the availability zone {actual}"
            )
    return plans


def _check_indexes(plans: list[InterfacePlan], kind: InstanceType) -> None:
    taken = Counter(plan.existing.id for plan in plans if plan.existing)
    for interface_id, times in taken.items():
        if times > 1:
            raise in_use(interface_id)
    indexes = [plan.device_index for plan in plans]
    for index in indexes:
        check_device_index(index)
    if len(set(indexes)) != len(indexes):
        raise invalid_parameter_value("Each network interface requires a unique device index.")
    if indexes[0] != 0:
        raise invalid_parameter_value("When specifying network interfaces, you must include a device at index 0.")
    if len(plans) > kind.interfaces:
        raise too_many_interfaces(len(plans), kind.name)
    check_families(kind, *(plan.subnet for plan in plans))
    if not all(plan.fits(kind) for plan in plans):
        raise address_limit_exceeded()
    if len({plan.subnet.vpc_id for plan in plans}) > 1:
        raise invalid_parameter_combination("Network interfaces must be in the same VPC.")
    if len({plan.subnet.zone_id for plan in plans}) > 1:
        raise invalid_parameter_combination("Network interfaces must be in the same Availability Zone.")


def _from_request(ctx: Context, request: Request, placement: Mapping[str, Any]) -> InterfacePlan:
    names = request.get("SecurityGroups") or []
    if names and request.get("SubnetId"):
        raise invalid_parameter_combination("The parameter groupName cannot be used with the parameter subnet")
    subnet = _subnet(ctx, request, placement)
    by_name = [group_named(ctx, name).id for name in names]
    return InterfacePlan(
        device_index=0,
        subnet=subnet,
        groups=_groups(ctx, subnet, [*by_name, *(request.get("SecurityGroupIds") or ())]),
        private=wanted_ipv4(subnet, {"PrivateIpAddress": request.get("PrivateIpAddress")}),
        ipv6=wanted_ipv6(subnet, request),
        associate_public_address=subnet.map_public_ip_on_launch,
    )


def _subnet(ctx: Context, named: Mapping[str, Any], placement: Mapping[str, Any]) -> Subnet:
    """That of SubnetId, or the default one where the request places its instances."""
    return get(ctx, SUBNET, named["SubnetId"]) if named.get("SubnetId") else default_subnet_for(ctx, placement)


def _from_specification(
    ctx: Context, entry: Mapping[str, Any], count: int, placement: Mapping[str, Any]
) -> InterfacePlan:
    refuse_not_here(entry)
    if entry.get("InterfaceType") not in (None, "interface") or entry.get("AssociateCarrierIpAddress"):
        raise unsupported_operation("The parameter interfaceType is not supported.")
    if entry.get("DeviceIndex") is None:
        raise invalid_parameter_value("Each network interface requires a device index.")
    associate = entry.get("AssociatePublicIpAddress")
    if associate and count > 1:
        raise invalid_parameter_combination(
            "The associatePublicIPAddress parameter cannot be specified when launching with multiple network "
            "interfaces."
        )
    if entry.get("NetworkInterfaceId"):
        return _existing(ctx, entry)
    subnet = _subnet(ctx, entry, placement)
    if associate:
        ipv4_block(subnet)
    if associate is None:
        associate = subnet.map_public_ip_on_launch and count == 1
    return InterfacePlan(
        device_index=entry["DeviceIndex"],
        subnet=subnet,
        groups=_groups(ctx, subnet, entry.get("Groups")),
        private=wanted_ipv4(subnet, entry),
        ipv6=wanted_ipv6(subnet, entry),
        associate_public_address=associate,
        delete_on_termination=entry.get("DeleteOnTermination", True),
        description=entry.get("Description") or "",
    )


def _existing(ctx: Context, entry: Mapping[str, Any]) -> InterfacePlan:
    for name in _OF_A_NEW_ONE:
        if entry.get(name):
            raise invalid_parameter_combination(
                f"The parameter {parameter_name(name)} cannot be used with the parameter networkInterfaceId"
            )
    interface = get(ctx, NETWORK_INTERFACE, entry["NetworkInterfaceId"])
    if interface.attachment is not None:
        raise in_use(interface.id)
    return InterfacePlan(
        device_index=entry["DeviceIndex"],
        subnet=ctx.network.subnets[interface.subnet_id],
        groups=(),
        associate_public_address=False,
        delete_on_termination=entry.get("DeleteOnTermination", False),
        existing=interface,
    )


def _of_another_vpc(group: SecurityGroup, subnet: Subnet) -> AwsError:
    return invalid_parameter(f"Security group {group.id} and subnet {subnet.id} belong to different networks.")


def _groups(ctx: Context, subnet: Subnet, group_ids: Iterable[str] | None) -> tuple[SecurityGroup, ...]:
    """A launch has a sentence of its own for a group that there is not."""
    for group_id in group_ids or ():
        check_form(SECURITY_GROUP, group_id)
        if find(ctx, SECURITY_GROUP, group_id) is None:
            raise AwsError(
                SECURITY_GROUP.not_found, f"The security group '{group_id}' does not exist in VPC '{subnet.vpc_id}'"
            )
    return groups_for_interface(ctx, subnet, group_ids, _of_another_vpc)


def make_interface(
    ctx: Context, plan: InterfacePlan, instance_id: str, picker: AddressPicker, tags: Mapping[str, str]
) -> NetworkInterface:
    """The interface of one instance, attached."""
    interface = plan.existing or new_interface(
        ctx,
        picker,
        plan.subnet,
        plan.groups,
        pick_ipv4(picker, plan.subnet, plan.private.addresses),
        plan.ipv6,
        prefixes=pick_ipv4_prefixes(picker, plan.subnet, plan.private.prefixes),
        description=plan.description,
        tags=tags,
    )
    attachment = Attachment(
        id=ctx.new_id("eni-attach"),
        owner_id=instance_id,
        device_index=plan.device_index,
        attached_at=ctx.now,
        delete_on_termination=plan.delete_on_termination,
    )
    return replace(
        interface,
        attachment=attachment,
        public_address=picker.public() if plan.associate_public_address else interface.public_address,
        associate_public_address=plan.associate_public_address,
    )
