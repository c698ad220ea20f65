"""The filters of DescribeInstances and DescribeInstanceStatus (EC2 API Reference)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from realvpc.net.hostnames import instance_private_name, private_dns_name
from realvpc.net.instance import Instance
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.volume import Volume

from ..core.context import Context
from ..core.filter import FilterValues, no_values
from .network_interface import NETWORK_INTERFACE, public_name


def _of_primary(value: Callable[[Context, NetworkInterface], object]) -> FilterValues[Instance]:
    return lambda ctx, row: [value(ctx, interface) for interface in ctx.network.interfaces_of(row.id)[:1]]


def _of_interfaces(values: FilterValues[NetworkInterface]) -> FilterValues[Instance]:
    return lambda ctx, row: [
        value for interface in ctx.network.interfaces_of(row.id) for value in values(ctx, interface)
    ]


def _as_interface(name: str) -> FilterValues[NetworkInterface]:
    """What interfaces themselves show to a filter."""
    values = NETWORK_INTERFACE.values_of(name)
    assert values is not None, name
    return values


def _of_volumes(value: Callable[[Volume], object]) -> FilterValues[Instance]:
    return lambda ctx, row: [value(volume) for volume in ctx.state.inventory.volumes_of(row.id)]


def _private_names(ctx: Context, row: NetworkInterface) -> Iterable[str]:
    return [private_dns_name(address, row.region) for address in row.private_addresses]


_ASSOCIATION = ("allocation-id", "association-id", "ip-owner-id", "public-dns-name", "public-ip")
_NO_INTERFACE_HAS = (
    "addresses.association.carrier-ip",
    "addresses.association.customer-owned-ip",
    "association.carrier-ip",
    "association.customer-owned-ip",
    "ipv4-prefixes.ipv4-prefix",
    "ipv6-prefixes.ipv6-prefix",
    "outpost-arn",
)
_NO_INSTANCE_HAS = (
    "affinity",
    "capacity-reservation-id",
    "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id",
    "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-resource-group-arn",
    "host-id",
    "instance-lifecycle",
    "kernel-id",
    "operator.principal",
    "outpost-arn",
    "platform",
    "product-code",
    "product-code.type",
    "ramdisk-id",
    "requester-id",
    "spot-instance-request-id",
    "tpm-support",
)

_INTERFACES: dict[str, FilterValues[NetworkInterface]] = {
    **{name: _as_interface(name) for name in (*NETWORK_INTERFACE.filters, "owner-id", "tag-key", "tag-value")},
    **{f"addresses.association.{name}": _as_interface(f"association.{name}") for name in _ASSOCIATION},
    **dict.fromkeys(_NO_INTERFACE_HAS, no_values),
    "addresses.private-dns-name": _private_names,
    "attachment.network-card-index": lambda ctx, row: (0,) if row.attachment else (),
    "deny-all-igw-traffic": lambda ctx, row: (False,),
    "ipv6-address": lambda ctx, row: row.ipv6_addresses[:1],
    "ipv6-addresses.is-primary-ipv6": lambda ctx, row: {address == row.primary_ipv6 for address in row.ipv6_addresses},
    "ipv6-native": lambda ctx, row: (ctx.network.subnets[row.subnet_id].is_ipv6_native,),
    "public-dns-name": lambda ctx, row: (public_name(ctx, row),),
}

STATUS_FILTERS: dict[str, str | FilterValues[Instance]] = {
    "availability-zone": ".zone_name",
    "availability-zone-id": ".zone_id",
    "instance-state-code": ".state.code",
    "instance-state-name": ".state",
    "operator.managed": "Operator.Managed",
    "operator.principal": no_values,
}

FILTERS: dict[str, str | FilterValues[Instance]] = {
    **STATUS_FILTERS,
    **dict.fromkeys(_NO_INSTANCE_HAS, no_values),
    **{f"network-interface.{name}": _of_interfaces(values) for name, values in _INTERFACES.items()},
    "architecture": "Architecture",
    "block-device-mapping.attach-time": _of_volumes(lambda volume: volume.attached_since),
    "block-device-mapping.delete-on-termination": _of_volumes(lambda volume: volume.delete_on_termination),
    "block-device-mapping.device-name": _of_volumes(lambda volume: volume.device_name),
    "block-device-mapping.status": "BlockDeviceMappings[].Ebs.Status",
    "block-device-mapping.volume-id": _of_volumes(lambda volume: volume.id),
    "boot-mode": "BootMode",
    "capacity-reservation-specification.capacity-reservation-preference": (
        "CapacityReservationSpecification.CapacityReservationPreference"
    ),
    "client-token": ".client_token",
    "current-instance-boot-mode": "CurrentInstanceBootMode",
    "dns-name": _of_primary(public_name),
    "ebs-optimized": ".ebs_optimized",
    "ena-support": "EnaSupport",
    "enclave-options.enabled": "EnclaveOptions.Enabled",
    "hibernation-options.configured": "HibernationOptions.Configured",
    "hypervisor": "Hypervisor",
    "iam-instance-profile.arn": ".instance_profile_arn",
    "iam-instance-profile.id": "IamInstanceProfile.Id",
    "image-id": ".image_id",
    "instance-id": ".id",
    "instance-type": ".instance_type",
    "instance.group-id": "SecurityGroups[].GroupId",
    "instance.group-name": "SecurityGroups[].GroupName",
    "ip-address": _of_primary(lambda ctx, interface: ctx.network.public_address_of(interface)),
    "ipv6-address": lambda ctx, row: [
        address for primary in ctx.network.interfaces_of(row.id)[:1] for address in primary.ipv6_addresses
    ],
    "key-name": ".key_name",
    "placement-group-name": lambda ctx, row: (
        (group.name,)
        if (group := ctx.state.inventory.placement_groups.get(row.placement_group_id or "")) is not None
        else ()
    ),
    "placement-partition-number": ".partition_number",
    "launch-index": ".ami_launch_index",
    "launch-time": ".launched_at",
    "maintenance-options.auto-recovery": "MaintenanceOptions.AutoRecovery",
    "metadata-options.http-endpoint": ".metadata_options.http_endpoint",
    "metadata-options.http-protocol-ipv4": lambda ctx, row: ("enabled",),
    "metadata-options.http-protocol-ipv6": ".metadata_options.http_protocol_ipv6",
    "metadata-options.http-put-response-hop-limit": ".metadata_options.http_put_response_hop_limit",
    "metadata-options.http-tokens": ".metadata_options.http_tokens",
    "metadata-options.instance-metadata-tags": ".metadata_options.instance_metadata_tags",
    "metadata-options.state": "MetadataOptions.State",
    "monitoring-state": "Monitoring.State",
    "network-performance-options.bandwidth-weighting": "NetworkPerformanceOptions.BandwidthWeighting",
    "platform-details": "PlatformDetails",
    "private-dns-name": lambda ctx, row: [
        instance_private_name(row, primary) for primary in ctx.network.interfaces_of(row.id)[:1]
    ],
    "private-dns-name-options.enable-resource-name-dns-a-record": ".enable_resource_name_dns_a_record",
    "private-dns-name-options.enable-resource-name-dns-aaaa-record": ".enable_resource_name_dns_aaaa_record",
    "private-dns-name-options.hostname-type": ".hostname_type",
    "private-ip-address": _of_primary(lambda ctx, interface: interface.private_address),
    "reason": ".state_transition_reason",
    "reservation-id": ".reservation_id",
    "root-device-name": ".root_device_name",
    "root-device-type": "RootDeviceType",
    "source-dest-check": _of_primary(lambda ctx, interface: interface.source_dest_check),
    "state-reason-code": ".state_reason_code",
    "state-reason-message": ".state_reason",
    "subnet-id": _of_primary(lambda ctx, interface: interface.subnet_id),
    "tenancy": "Placement.Tenancy",
    "usage-operation": "UsageOperation",
    "usage-operation-update-time": "UsageOperationUpdateTime",
    "virtualization-type": "VirtualizationType",
    "vpc-id": _of_primary(lambda ctx, interface: interface.vpc_id),
}
