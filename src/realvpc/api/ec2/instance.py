"""Instances as the API shows them (EC2 API Reference, "DescribeInstances")."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from realvpc.net.hostnames import instance_private_name
from realvpc.net.instance import Instance, InstanceState, MetadataOptions
from realvpc.net.instance_types import INSTANCE_TYPES
from realvpc.net.network_interface import NetworkInterface

from ..core.context import Answer, Context, Request, Response
from ..core.describe import paginate, select
from ..core.errors import AwsError
from ..core.noun import Noun, TellsPrefix, of_state
from ..core.tags import render_tags
from .instance_filters import FILTERS
from .ipv4_prefix import render_prefixes
from .network_interface import (
    of_first,
    public_name,
    render_addresses,
    render_attachment,
    render_groups,
    render_ipv6_addresses,
    render_ipv6_prefixes,
    render_public_address,
)

METADATA_OPTIONS = {
    "HttpTokens": "http_tokens",
    "HttpPutResponseHopLimit": "http_put_response_hop_limit",
    "HttpEndpoint": "http_endpoint",
    "HttpProtocolIpv6": "http_protocol_ipv6",
    "InstanceMetadataTags": "instance_metadata_tags",
}
"""The members of requests and responses, and what ``MetadataOptions`` calls them."""


def render_reservations(
    ctx: Context, instances: Iterable[Instance], render: Callable[[Context, Instance], Response] | None = None
) -> list[Response]:
    """``render`` in the place of ``render_instance``, whose results are the caller's to change."""
    render = render or render_instance
    reservations: dict[str, Response] = {}
    for instance in sorted(instances, key=lambda row: (row.reservation_id, row.ami_launch_index)):
        reservation = reservations.setdefault(
            instance.reservation_id,
            {"ReservationId": instance.reservation_id, "OwnerId": instance.account, "Groups": [], "Instances": []},
        )
        reservation["Instances"].append(render(ctx, instance))
    return list(reservations.values())


def render_instance(ctx: Context, instance: Instance) -> Response:
    """An instance without interfaces, which is a terminated one, has neither VPC nor addresses."""
    interfaces = ctx.network.interfaces_of(instance.id)
    kind = INSTANCE_TYPES[instance.instance_type]
    response: Response = {
        "InstanceId": instance.id,
        "ImageId": instance.image_id,
        "State": render_state(instance.state),
        "PrivateDnsName": "",
        "PublicDnsName": "",
        "StateTransitionReason": instance.state_transition_reason,
        "KeyName": instance.key_name,
        "AmiLaunchIndex": instance.ami_launch_index,
        "ProductCodes": [],
        "InstanceType": instance.instance_type,
        "LaunchTime": instance.launched_at,
        "Placement": render_placement(ctx, instance),
        "Monitoring": {"State": "enabled" if instance.detailed_monitoring else "disabled"},
        "Architecture": kind.architecture,
        "BlockDeviceMappings": render_block_devices(ctx, instance),
        "ClientToken": instance.client_token,
        "EbsOptimized": instance.ebs_optimized,
        "EnaSupport": True,
        "Hypervisor": "xen",
        "IamInstanceProfile": render_profile(ctx, instance),
        "NetworkInterfaces": [render_instance_interface(ctx, interface) for interface in interfaces],
        "RootDeviceName": instance.root_device_name,
        "RootDeviceType": "ebs",
        "SecurityGroups": [],
        "Tags": render_tags(instance.tags) or None,
        "VirtualizationType": "hvm",
        "CpuOptions": {"CoreCount": kind.cores, "ThreadsPerCore": instance.threads_per_core or kind.threads_per_core},
        "CapacityReservationSpecification": {"CapacityReservationPreference": instance.capacity_reservation_preference},
        "HibernationOptions": {"Configured": False},
        "MetadataOptions": render_metadata_options(instance.metadata_options),
        "EnclaveOptions": {"Enabled": False},
        "BootMode": "uefi-preferred",
        "CurrentInstanceBootMode": "uefi" if kind.is_nitro else "legacy-bios",
        "PlatformDetails": "Linux/UNIX",
        "UsageOperation": "RunInstances",
        "UsageOperationUpdateTime": _first_launched_at(ctx, instance),
        "PrivateDnsNameOptions": {
            "HostnameType": instance.hostname_type,
            "EnableResourceNameDnsARecord": instance.enable_resource_name_dns_a_record,
            "EnableResourceNameDnsAAAARecord": instance.enable_resource_name_dns_aaaa_record,
        },
        "MaintenanceOptions": {"AutoRecovery": "default", "RebootMigration": "default"},
        "NetworkPerformanceOptions": {"BandwidthWeighting": "default"},
        "Operator": {"Managed": False},
    }
    if instance.state_reason_code:
        response["StateReason"] = {"Code": instance.state_reason_code, "Message": instance.state_reason}
    return response | (_of_primary(ctx, instance, interfaces[0]) if interfaces else {})


def _first_launched_at(ctx: Context, instance: Instance) -> datetime | None:
    """Since when the instance is billed as it is: its root volume is as old, ``launched_at`` is of the last start."""
    root = ctx.state.inventory.root_volume_of(instance)
    return root.created_at if root else None


def render_placement(ctx: Context, instance: Instance) -> Response:
    group = ctx.state.inventory.placement_groups.get(instance.placement_group_id or "")
    return {
        "AvailabilityZone": instance.zone_name,
        "AvailabilityZoneId": instance.zone_id,
        "GroupName": group.name if group else "",
        "GroupId": group.id if group else None,
        "PartitionNumber": instance.partition_number,
        "Tenancy": instance.tenancy,
    }


def render_state(state: InstanceState) -> Response:
    return {"Code": state.code, "Name": str(state)}


def render_metadata_options(options: MetadataOptions) -> Response:
    """They are ``applied`` as soon as they are set: the service reads them at every request."""
    return {"State": "applied"} | {member: getattr(options, name) for member, name in METADATA_OPTIONS.items()}


def _of_primary(ctx: Context, instance: Instance, primary: NetworkInterface) -> Response:
    """What an instance shows of its primary interface."""
    public = ctx.network.public_address_of(primary)
    return {
        "PrivateDnsName": instance_private_name(instance, primary),
        "PublicDnsName": public_name(ctx, primary) or "",
        "PrivateIpAddress": str(primary.private_address) if primary.private_address else None,
        "Ipv6Address": str(primary.ipv6_addresses[0]) if primary.ipv6_addresses else None,
        "PublicIpAddress": str(public) if public is not None else None,
        "SecurityGroups": render_groups(ctx, primary),
        "SourceDestCheck": primary.source_dest_check,
        "SubnetId": primary.subnet_id,
        "VpcId": primary.vpc_id,
    }


def render_block_devices(ctx: Context, instance: Instance) -> list[Response]:
    """The root device first, then by name."""
    root = ctx.state.inventory.root_volume_of(instance)
    volumes = ctx.state.inventory.volumes_of(instance.id)
    return [
        {
            "DeviceName": volume.device_name,
            "Ebs": {
                "AttachTime": volume.attached_since,
                "DeleteOnTermination": volume.delete_on_termination,
                "Status": "attached",
                "VolumeId": volume.id,
            },
        }
        for volume in sorted(volumes, key=lambda row: (row is not root, row.device_name))
    ]


def render_profile(ctx: Context, instance: Instance) -> Response | None:
    """The instance profile; when it was deleted meanwhile, its ARN alone is left."""
    if instance.instance_profile_arn is None:
        return None
    profile = ctx.directory.instance_profiles.get(instance.instance_profile_arn)
    return {"Arn": instance.instance_profile_arn, "Id": profile.profile_id if profile else None}


def render_instance_interface(ctx: Context, interface: NetworkInterface) -> Response:
    attachment = render_attachment(ctx, interface, interface.attachment) or {}
    addresses = render_addresses(ctx, interface, render_public_address)
    return {
        **of_first(addresses),
        "Attachment": {
            name: value for name, value in attachment.items() if name not in ("InstanceId", "InstanceOwnerId")
        },
        "Description": interface.description,
        "Groups": render_groups(ctx, interface),
        "InterfaceType": "interface",
        "Ipv4Prefixes": render_prefixes(interface),
        "Ipv6Addresses": render_ipv6_addresses(interface),
        "Ipv6Prefixes": render_ipv6_prefixes(interface),
        "MacAddress": interface.mac_address,
        "NetworkInterfaceId": interface.id,
        "OwnerId": interface.account,
        "PrivateIpAddresses": addresses,
        "SourceDestCheck": interface.source_dest_check,
        "Status": "in-use",
        "SubnetId": interface.subnet_id,
        "VpcId": interface.vpc_id,
    }


INSTANCE = Noun(
    type=Instance,
    prefix="i",
    not_found="InvalidInstanceID.NotFound",
    malformed="InvalidInstanceID.Malformed",
    words="instance ID",
    tag_type="instance",
    ids="InstanceIds",
    result="Instances",
    render=of_state(render_instance),
    filters=FILTERS,
    tells_prefix=TellsPrefix.NEVER,
)


def only_interface(ctx: Context, instance: Instance) -> NetworkInterface | None:
    """That of an instance that is named in its place; None for one that is terminated.  Raises InvalidInstanceID."""
    interfaces = ctx.network.interfaces_of(instance.id)
    if len(interfaces) > 1:
        raise AwsError(
            "InvalidInstanceID",
            f"There are multiple interfaces attached to instance '{instance.id}'. "
            "Please specify an interface ID for the operation instead.",
        )
    return next(iter(interfaces), None)


def describe_instances(ctx: Context, request: Request) -> Answer:
    """By reservation.  Raises ``InvalidInstanceID.NotFound``, InvalidParameterValue for a filter."""
    page, token = paginate(request, select(ctx, request, INSTANCE))
    return Answer({"Reservations": render_reservations(ctx, page, INSTANCE.render), "NextToken": token})
