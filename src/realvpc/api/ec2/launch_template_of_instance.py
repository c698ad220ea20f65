"""GetLaunchTemplateData: an instance as a launch template would say it (EC2 API Reference)."""

from __future__ import annotations

from realvpc.net.instance import Instance
from realvpc.net.network_interface import NetworkInterface

from ..core.context import Answer, Context, Request, Response
from ..core.lookup import named
from ..core.tags import is_reserved, render_tags
from .instance import INSTANCE, METADATA_OPTIONS
from .volume import VOLUME


def get_launch_template_data(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidInstanceID.NotFound``."""
    instance = named(ctx, INSTANCE, request, "InstanceId")
    rendered = INSTANCE.render(ctx, instance)
    placement = rendered["Placement"]
    data: Response = {
        "ImageId": instance.image_id,
        "InstanceType": instance.instance_type,
        "KeyName": instance.key_name,
        "UserData": instance.user_data,
        "Monitoring": {"Enabled": instance.detailed_monitoring},
        "Placement": {name: placement[name] for name in ("AvailabilityZone", "GroupName", "Tenancy")},
        "BlockDeviceMappings": [
            {"DeviceName": volume.device_name, "Ebs": {"DeleteOnTermination": volume.delete_on_termination}}
            for volume in ctx.state.inventory.volumes_of(instance.id)
        ],
        "NetworkInterfaces": [_interface(interface) for interface in ctx.network.interfaces_of(instance.id)],
        "EbsOptimized": instance.ebs_optimized,
        "DisableApiTermination": instance.disable_api_termination,
        "DisableApiStop": instance.disable_api_stop,
        "InstanceInitiatedShutdownBehavior": instance.shutdown_behavior,
        "MetadataOptions": {
            member: getattr(instance.metadata_options, name) for member, name in METADATA_OPTIONS.items()
        },
        "TagSpecifications": _tags(ctx, instance),
    }
    for name in (
        *("CapacityReservationSpecification", "CpuOptions", "EnclaveOptions", "HibernationOptions"),
        *("PrivateDnsNameOptions",),
    ):
        data[name] = rendered[name]
    if instance.instance_profile_arn:
        data["IamInstanceProfile"] = {"Arn": instance.instance_profile_arn}
    if instance.cpu_credits:
        data["CreditSpecification"] = {"CpuCredits": instance.cpu_credits}
    return Answer({"LaunchTemplateData": {name: value for name, value in data.items() if value is not None}})


def _interface(interface: NetworkInterface) -> Response:
    attachment = interface.attachment
    assert attachment is not None
    private: Response = {
        "PrivateIpAddress": next(map(str, interface.private_addresses), None),
        "PrivateIpAddresses": [
            {"PrivateIpAddress": str(address), "Primary": address == interface.private_address}
            for address in interface.private_addresses
        ],
    }
    ipv6: Response = {"Ipv6Addresses": [{"Ipv6Address": str(address)} for address in interface.ipv6_addresses]}
    return {
        "NetworkInterfaceId": interface.id,
        "DeviceIndex": attachment.device_index,
        "DeleteOnTermination": attachment.delete_on_termination,
        "Description": interface.description,
        "SubnetId": interface.subnet_id,
        "Groups": list(interface.group_ids),
        **(private if interface.private_addresses else {}),
        **(ipv6 if interface.ipv6_addresses else {}),
    }


def _tags(ctx: Context, instance: Instance) -> list[Response]:
    """Of the instance and its volumes, each tag once; those that AWS gave are left out."""
    volumes: dict[str, str] = {}
    for volume in ctx.state.inventory.volumes_of(instance.id):
        volumes |= volume.tags
    found = ((INSTANCE.tag_type, instance.tags), (VOLUME.tag_type, volumes))
    own = ((kind, {key: value for key, value in tags.items() if not is_reserved(key)}) for kind, tags in found)
    return [{"ResourceType": kind, "Tags": render_tags(tags)} for kind, tags in own if tags]
