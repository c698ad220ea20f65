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
    invalid_parameter_combination,
    invalid_parameter_value,
    unsupported_operation,
)
from ..core.lookup import check_form, find, get
from ..core.parameters import parameter_name
from .address_picker import AddressPicker
from .network_interface import (
    NETWORK_INTERFACE,
    groups_for_interface,
    new_interface,
    read_addresses,
    refuse_prefixes_and_ipv6,
)
from .security_group import SECURITY_GROUP, no_default_vpc
from .subnet import SUBNET

_INSTEAD = (
    ("SubnetId", "subnet ID"),
    ("SecurityGroupIds", "security groups"),
    ("SecurityGroups", "security groups"),
    ("PrivateIpAddress", "private address"),
)


class InterfacePlan(Struct, frozen=True, kw_only=True):
    """One interface of each instance: ``existing``, or a new one in ``subnet`` as ``addresses`` (request) says."""

    device_index: int
    subnet: Subnet
    groups: tuple[SecurityGroup, ...]
    addresses: Mapping[str, Any]
    associate_public_address: bool
    delete_on_termination: bool = True
    description: str = ""
    existing: NetworkInterface | None = None

    @property
    def has_fixed_address(self) -> bool:
        return bool(self.existing or self.addresses.get("PrivateIpAddress") or self.addresses.get("PrivateIpAddresses"))

    @property
    def address_count(self) -> int:
        """How many addresses of the subnet each instance takes."""
        if self.existing:
            return 0
        fixed = len(self.addresses.get("PrivateIpAddresses") or ())
        return max(1, fixed) + (self.addresses.get("SecondaryPrivateIpAddressCount") or 0)


def read_interfaces(ctx: Context, request: Request, kind: InstanceType) -> list[InterfacePlan]:
    """The interfaces in the order of their device index.

    Raises ``InvalidSubnetID.NotFound``, ``InvalidNetworkInterfaceID.NotFound``, ``InvalidNetworkInterface.InUse``,
    ``InvalidGroup.NotFound``, VPCIdNotSpecified without any subnet, InvalidParameter for a group of another VPC,
    InvalidParameterCombination, InvalidParameterValue, AttachmentLimitExceeded, PrivateIpAddressLimitExceeded.
    """
    specifications = request.get("NetworkInterfaces") or []
    if specifications:
        for name, words in _INSTEAD:
            if request.get(name):
                raise invalid_parameter_combination(
                    f"Network interfaces and an instance-level {words} may not be specified on the same request"
                )
        plans = [_from_specification(ctx, entry, len(specifications)) for entry in specifications]
    else:
        plans = [_from_request(ctx, request)]
    plans.sort(key=lambda plan: plan.device_index)
    _check_indexes(plans, kind)
    placement = request.get("Placement") or {}
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
            raise _in_use(interface_id)
    indexes = [plan.device_index for plan in plans]
    if len(set(indexes)) != len(indexes):
        raise invalid_parameter_value("Each network interface requires a unique device index.")
    if indexes[0] != 0:
        raise invalid_parameter_value("When specifying network interfaces, you must include a device at index 0.")
    if len(plans) > kind.interfaces:
        raise AwsError("AttachmentLimitExceeded", f"Interface count {len(plans)} exceeds the limit for {kind.name}")
    if any(plan.address_count > kind.addresses for plan in plans):
        raise AwsError(
            "PrivateIpAddressLimitExceeded", f"Number of private addresses will exceed limit {kind.addresses}."
        )
    if len({plan.subnet.vpc_id for plan in plans}) > 1:
        raise invalid_parameter_combination("Network interfaces must be in the same VPC.")
    if len({plan.subnet.zone_id for plan in plans}) > 1:
        raise invalid_parameter_combination("Network interfaces must be in the same Availability Zone.")


def _from_request(ctx: Context, request: Request) -> InterfacePlan:
    if not request.get("SubnetId"):
        raise no_default_vpc()
    if request.get("SecurityGroups"):
        raise invalid_parameter_combination("The parameter groupName cannot be used with the parameter subnet")
    subnet = get(ctx, SUBNET, request["SubnetId"])
    return InterfacePlan(
        device_index=0,
        subnet=subnet,
        groups=_groups(ctx, subnet, request.get("SecurityGroupIds")),
        addresses={"PrivateIpAddress": request.get("PrivateIpAddress")},
        associate_public_address=subnet.map_public_ip_on_launch,
    )


def _from_specification(ctx: Context, entry: Mapping[str, Any], count: int) -> InterfacePlan:
    refuse_prefixes_and_ipv6(entry)
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
    if not entry.get("SubnetId"):
        raise no_default_vpc()
    subnet = get(ctx, SUBNET, entry["SubnetId"])
    if associate is None:
        associate = subnet.map_public_ip_on_launch and count == 1
    return InterfacePlan(
        device_index=entry["DeviceIndex"],
        subnet=subnet,
        groups=_groups(ctx, subnet, entry.get("Groups")),
        addresses=entry,
        associate_public_address=associate,
        delete_on_termination=entry.get("DeleteOnTermination", True),
        description=entry.get("Description") or "",
    )


def _existing(ctx: Context, entry: Mapping[str, Any]) -> InterfacePlan:
    for name in ("AssociatePublicIpAddress", "Groups", "PrivateIpAddress", "PrivateIpAddresses", "SubnetId"):
        if entry.get(name):
            raise invalid_parameter_combination(
                f"The parameter {parameter_name(name)} cannot be used with the parameter networkInterfaceId"
            )
    interface = get(ctx, NETWORK_INTERFACE, entry["NetworkInterfaceId"])
    if interface.attachment is not None:
        raise _in_use(interface.id)
    return InterfacePlan(
        device_index=entry["DeviceIndex"],
        subnet=ctx.network.subnets[interface.subnet_id],
        groups=(),
        addresses={},
        associate_public_address=False,
        delete_on_termination=entry.get("DeleteOnTermination", False),
        existing=interface,
    )


def _in_use(interface_id: str) -> AwsError:
    return AwsError("InvalidNetworkInterface.InUse", f"Interface: [{interface_id}] in use.")


def _of_another_vpc(group: SecurityGroup, subnet: Subnet) -> AwsError:
    return AwsError(
        "InvalidParameter", f"Security group {group.id} and subnet {subnet.id} belong to different networks."
    )


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
        read_addresses(picker, plan.subnet, plan.addresses),
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
