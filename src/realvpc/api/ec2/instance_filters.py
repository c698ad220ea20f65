"""The filters of DescribeInstances and DescribeInstanceStatus (EC2 API Reference)."""

from __future__ import annotations

from collections.abc import Callable

from realvpc.net.hostnames import instance_private_name, private_dns_name
from realvpc.net.instance import Instance
from realvpc.net.instance_types import INSTANCE_TYPES
from realvpc.net.network_interface import NetworkInterface

from ..core.context import Context
from ..core.describe import FilterValues, no_values
from .network_interface import INTERFACE_FILTERS, public_name


def _of_primary(value: Callable[[Context, NetworkInterface], object]) -> FilterValues[Instance]:
    return lambda ctx, row: [value(ctx, interface) for interface in ctx.network.interfaces_of(row.id)[:1]]


def _of_interfaces(values: FilterValues[NetworkInterface]) -> FilterValues[Instance]:
    return lambda ctx, row: [
        value for interface in ctx.network.interfaces_of(row.id) for value in values(ctx, interface)
    ]


def _group_names(ctx: Context, interface: NetworkInterface) -> list[str]:
    return [ctx.network.security_groups[group_id].name for group_id in interface.group_ids]


_ASSOCIATION = ("allocation-id", "association-id", "ip-owner-id", "public-dns-name", "public-ip")
_NO_INTERFACE_HAS = (
    "addresses.association.carrier-ip",
    "addresses.association.customer-owned-ip",
    "association.carrier-ip",
    "association.customer-owned-ip",
    "ipv4-prefixes.ipv4-prefix",
    "ipv6-address",
    "ipv6-addresses.is-primary-ipv6",
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
    "ipv6-address",
    "kernel-id",
    "network-performance-options.bandwidth-weighting",
    "operator.principal",
    "outpost-arn",
    "placement-group-name",
    "placement-partition-number",
    "platform",
    "product-code",
    "product-code.type",
    "ramdisk-id",
    "requester-id",
    "spot-instance-request-id",
    "tpm-support",
    "usage-operation-update-time",
)

_INTERFACES: dict[str, FilterValues[NetworkInterface]] = {
    **INTERFACE_FILTERS,
    **{f"addresses.association.{name}": INTERFACE_FILTERS[f"association.{name}"] for name in _ASSOCIATION},
    **dict.fromkeys(_NO_INTERFACE_HAS, no_values),
    "addresses.private-dns-name": lambda ctx, row: [
        private_dns_name(address, row.region) for address in row.private_addresses
    ],
    "attachment.network-card-index": lambda ctx, row: [0] if row.attachment else [],
    "deny-all-igw-traffic": lambda ctx, row: [False],
    "ipv6-native": lambda ctx, row: [False],
    "public-dns-name": lambda ctx, row: [public_name(ctx, row)],
    "tag-key": lambda ctx, row: row.tags.keys(),
    "tag-value": lambda ctx, row: row.tags.values(),
}

STATUS_FILTERS: dict[str, FilterValues[Instance]] = {
    "availability-zone": lambda ctx, row: [row.zone_name],
    "availability-zone-id": lambda ctx, row: [row.zone_id],
    "instance-state-code": lambda ctx, row: [row.state.code],
    "instance-state-name": lambda ctx, row: [row.state],
    "operator.managed": lambda ctx, row: [False],
    "operator.principal": no_values,
}

FILTERS: dict[str, FilterValues[Instance]] = {
    **STATUS_FILTERS,
    **dict.fromkeys(_NO_INSTANCE_HAS, no_values),
    **{f"network-interface.{name}": _of_interfaces(values) for name, values in _INTERFACES.items()},
    "architecture": lambda ctx, row: ["x86_64"],
    "block-device-mapping.attach-time": lambda ctx, row: [v.created_at for v in ctx.state.inventory.volumes_of(row.id)],
    "block-device-mapping.delete-on-termination": lambda ctx, row: [
        v.delete_on_termination for v in ctx.state.inventory.volumes_of(row.id)
    ],
    "block-device-mapping.device-name": lambda ctx, row: [
        v.device_name for v in ctx.state.inventory.volumes_of(row.id)
    ],
    "block-device-mapping.status": lambda ctx, row: ["attached" for _ in ctx.state.inventory.volumes_of(row.id)],
    "block-device-mapping.volume-id": lambda ctx, row: [v.id for v in ctx.state.inventory.volumes_of(row.id)],
    "boot-mode": lambda ctx, row: ["uefi-preferred"],
    "capacity-reservation-specification.capacity-reservation-preference": lambda ctx, row: ["open"],
    "client-token": lambda ctx, row: [row.client_token],
    "current-instance-boot-mode": lambda ctx, row: [
        "uefi" if INSTANCE_TYPES[row.instance_type].is_nitro else "legacy-bios"
    ],
    "dns-name": _of_primary(public_name),
    "ebs-optimized": lambda ctx, row: [row.ebs_optimized],
    "ena-support": lambda ctx, row: [True],
    "enclave-options.enabled": lambda ctx, row: [False],
    "hibernation-options.configured": lambda ctx, row: [False],
    "hypervisor": lambda ctx, row: ["xen"],
    "iam-instance-profile.arn": lambda ctx, row: [row.instance_profile_arn],
    "iam-instance-profile.id": lambda ctx, row: [
        profile.profile_id
        for profile in [ctx.directory.instance_profiles.get(row.instance_profile_arn or "")]
        if profile is not None
    ],
    "image-id": lambda ctx, row: [row.image_id],
    "instance-id": lambda ctx, row: [row.id],
    "instance-type": lambda ctx, row: [row.instance_type],
    "instance.group-id": lambda ctx, row: [
        group_id for interface in ctx.network.interfaces_of(row.id)[:1] for group_id in interface.group_ids
    ],
    "instance.group-name": lambda ctx, row: [
        name for interface in ctx.network.interfaces_of(row.id)[:1] for name in _group_names(ctx, interface)
    ],
    "ip-address": _of_primary(lambda ctx, interface: interface.public_address),
    "key-name": lambda ctx, row: [row.key_name],
    "launch-index": lambda ctx, row: [row.ami_launch_index],
    "launch-time": lambda ctx, row: [row.launched_at],
    "maintenance-options.auto-recovery": lambda ctx, row: ["default"],
    "metadata-options.http-endpoint": lambda ctx, row: [row.metadata_options.http_endpoint],
    "metadata-options.http-protocol-ipv4": lambda ctx, row: ["enabled"],
    "metadata-options.http-protocol-ipv6": lambda ctx, row: [row.metadata_options.http_protocol_ipv6],
    "metadata-options.http-put-response-hop-limit": lambda ctx, row: [row.metadata_options.http_put_response_hop_limit],
    "metadata-options.http-tokens": lambda ctx, row: [row.metadata_options.http_tokens],
    "metadata-options.instance-metadata-tags": lambda ctx, row: [row.metadata_options.instance_metadata_tags],
    "metadata-options.state": lambda ctx, row: ["applied"],
    "monitoring-state": lambda ctx, row: ["enabled" if row.detailed_monitoring else "disabled"],
    "platform-details": lambda ctx, row: ["Linux/UNIX"],
    "private-dns-name": lambda ctx, row: [
        instance_private_name(row, primary) for primary in ctx.network.interfaces_of(row.id)[:1]
    ],
    "private-dns-name-options.enable-resource-name-dns-a-record": lambda ctx, row: [
        row.enable_resource_name_dns_a_record
    ],
    "private-dns-name-options.enable-resource-name-dns-aaaa-record": lambda ctx, row: [
        row.enable_resource_name_dns_aaaa_record
    ],
    "private-dns-name-options.hostname-type": lambda ctx, row: [row.hostname_type],
    "private-ip-address": _of_primary(lambda ctx, interface: interface.private_address),
    "reason": lambda ctx, row: [row.state_transition_reason],
    "reservation-id": lambda ctx, row: [row.reservation_id],
    "root-device-name": lambda ctx, row: ["/dev/xvda"],
    "root-device-type": lambda ctx, row: ["ebs"],
    "source-dest-check": _of_primary(lambda ctx, interface: interface.source_dest_check),
    "state-reason-code": lambda ctx, row: [row.state_reason_code],
    "state-reason-message": lambda ctx, row: [row.state_reason],
    "subnet-id": _of_primary(lambda ctx, interface: interface.subnet_id),
    "tenancy": lambda ctx, row: ["default"],
    "usage-operation": lambda ctx, row: ["RunInstances"],
    "virtualization-type": lambda ctx, row: ["hvm"],
    "vpc-id": _of_primary(lambda ctx, interface: interface.vpc_id),
}
