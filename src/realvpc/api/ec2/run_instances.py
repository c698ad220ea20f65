"""RunInstances: from a request to instances with their interfaces and volumes (EC2 API Reference)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.instance import Instance, InstanceEvent, InstanceState
from realvpc.net.instance_types import InstanceType
from realvpc.net.machine_image import MachineImage
from realvpc.net.quotas import INSTANCE_VCPUS_PER_REGION
from realvpc.net.resource import Resource
from realvpc.net.subnet import Subnet
from realvpc.net.table import Change, put

from ..core.context import Answer, Context, Request, Response
from ..core.errors import AwsError, invalid_parameter_combination
from ..core.tags import tags_by_type
from .address_picker import AddressPicker, insufficient_addresses
from .instance import INSTANCE, render_reservations
from .instance_state import happens
from .launch import (
    find_profile,
    read_capacity_reservation,
    read_counts,
    read_cpu_credits,
    read_image,
    read_instance_type,
    read_key_pair,
    read_threads_per_core,
    read_user_data,
    refuse_what_is_not_here,
)
from .launch_interface import InterfacePlan, make_interface, read_interfaces
from .launch_template import named_template, version_of
from .launch_template_data import launch_request
from .launch_volume import make_volume, read_volumes
from .metadata_options import check_shown_tags, launch_options
from .network_interface import NETWORK_INTERFACE
from .placement import read_placement
from .subnet import check_hostname_type
from .volume import VOLUME

_TAGGED = (INSTANCE.tag_type, NETWORK_INTERFACE.tag_type, VOLUME.tag_type, "spot-instances-request")


def run_instances(ctx: Context, request: Request) -> Answer:
    """Launch as many instances as there is room for, MaxCount at most and MinCount at least.

    They are ``pending`` until a host reports their machines.  Raises what the readers of ``launch`` and
    ``launch_interface`` raise, InsufficientFreeAddressesInSubnet, VcpuLimitExceeded; with a launch template what
    ``named_template``, ``version_of`` and ``launch_request`` raise.
    """
    request, from_template = with_template(ctx, request)
    refuse_what_is_not_here(request)
    kind = read_instance_type(request)
    plans = read_interfaces(ctx, request, kind)
    picker = AddressPicker(ctx)
    count = _count(ctx, request, kind, plans, picker)
    tags = tags_by_type(request, _TAGGED)
    tags[INSTANCE.tag_type] |= from_template
    image_id, image = read_image(ctx, request, kind)
    template = _template(ctx, request, kind, image_id, image, plans[0].subnet)
    check_shown_tags(template.metadata_options, tags[INSTANCE.tag_type])
    volumes = read_volumes(ctx, request, image)

    instances: list[Instance] = []
    belongings: list[Resource] = []
    for index in range(count):
        instance = replace(template, id=ctx.new_id("i"), ami_launch_index=index, tags=dict(tags[INSTANCE.tag_type]))
        if template.instance_profile_arn:
            instance = replace(instance, instance_profile_association_id=ctx.new_id("iip-assoc"))
        instances.append(instance)
        belongings += [
            make_interface(ctx, plan, instance.id, picker, tags[NETWORK_INTERFACE.tag_type]) for plan in plans
        ]
        belongings += [make_volume(ctx, instance, plan, tags[VOLUME.tag_type]) for plan in volumes]
    launched = put(*instances, *belongings)
    later = ctx.with_state(ctx.state.apply(launched))
    response = render_reservations(later, instances)[0]
    for shown in response["Instances"]:
        shown["StateReason"] = {"Code": "pending", "Message": "pending"}
    change = launched if ctx.options.has_fabric else launched + _running(later, instances)
    return Answer(response, change)


def with_template(ctx: Context, request: Request) -> tuple[Request, dict[str, str]]:
    """The request together with its launch template, and the tags that tell instances' template."""
    wanted = request.get("LaunchTemplate")
    if not wanted:
        return request, {}
    template = named_template(ctx, wanted)
    version = version_of(ctx, template, wanted.get("Version") or "$Default")
    tags = {"aws:ec2launchtemplate:id": template.id, "aws:ec2launchtemplate:version": str(version.number)}
    return launch_request(version.data, request), tags


def _count(
    ctx: Context, request: Request, kind: InstanceType, plans: list[InterfacePlan], picker: AddressPicker
) -> int:
    minimum, maximum = read_counts(request)
    if maximum > 1 and any(plan.has_fixed_address for plan in plans):
        raise invalid_parameter_combination(
            "A network interface or a private address can be specified for a single instance only."
        )
    allowed = ctx.quota(INSTANCE_VCPUS_PER_REGION)
    room = (allowed - ctx.network.vcpus_wanted(ctx.account, ctx.region)) // kind.vcpus
    if room < minimum:
        raise AwsError(
            "VcpuLimitExceeded",
            "You have requested more vCPU capacity than your current vCPU limit of "
            f"{allowed} allows for the instance bucket that the specified instance type belongs to. "
            "Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
        )
    for subnet in {plan.subnet.id: plan.subnet for plan in plans}.values():
        here = [plan for plan in plans if plan.subnet.id == subnet.id]
        if needed := sum(plan.address_count for plan in here):
            addresses = _available(picker, subnet, here) // needed
            if addresses < minimum:
                raise insufficient_addresses(subnet)
            room = min(room, addresses)
    return min(maximum, room)


def _available(picker: AddressPicker, subnet: Subnet, plans: list[InterfacePlan]) -> int:
    """How many addresses of the subnet there are for these plans.  What is set aside is for addresses that have a name,
    and for prefixes."""
    only_unnamed = not any(plan.private.has_fixed or plan.private.prefixes for plan in plans)
    return picker.unreserved(subnet) if only_unnamed else picker.free(subnet)


def _template(
    ctx: Context, request: Request, kind: InstanceType, image_id: str, image: MachineImage, subnet: Subnet
) -> Instance:
    """The instance without an id of its own; ``subnet`` is that of its primary interface."""
    profile = find_profile(ctx, request["IamInstanceProfile"]) if request.get("IamInstanceProfile") else None
    key = read_key_pair(ctx, request)
    names: Response = request.get("PrivateDnsNameOptions") or {}
    hostname_type = names.get("HostnameType") or subnet.private_dns_hostname_type
    check_hostname_type(subnet, hostname_type)
    placement = read_placement(ctx, request, kind, ctx.network.vpcs[subnet.vpc_id])
    return Instance(
        id="",
        account=ctx.account,
        region=ctx.region,
        reservation_id=ctx.new_id("r"),
        image_id=image_id,
        image_content=image.content,
        root_device_name=image.root_device_name,
        instance_type=kind.name,
        state=InstanceState.PENDING,
        launched_at=ctx.now,
        zone_name=subnet.zone_name,
        zone_id=subnet.zone_id,
        client_token=request.get("ClientToken") or "",
        instance_profile_arn=profile.id if profile else None,
        instance_profile_associated_at=ctx.now if profile else None,
        key_name=key.name if key else None,
        authorized_key=key.authorized_key if key else None,
        user_data=read_user_data(request),
        disable_api_termination=bool(request.get("DisableApiTermination")),
        disable_api_stop=bool(request.get("DisableApiStop")),
        shutdown_behavior=request.get("InstanceInitiatedShutdownBehavior") or "stop",
        detailed_monitoring=bool((request.get("Monitoring") or {}).get("Enabled")),
        ebs_optimized=bool(request.get("EbsOptimized")),
        threads_per_core=read_threads_per_core(request, kind),
        cpu_credits=read_cpu_credits(request, kind),
        capacity_reservation_preference=read_capacity_reservation(request),
        metadata_options=launch_options(ctx, request.get("MetadataOptions") or {}),
        tenancy=placement.tenancy,
        placement_group_id=placement.group.id if placement.group else None,
        partition_number=placement.partition,
        hostname_type=hostname_type,
        enable_resource_name_dns_a_record=names.get(
            "EnableResourceNameDnsARecord", subnet.enable_resource_name_dns_a_record
        ),
        enable_resource_name_dns_aaaa_record=names.get(
            "EnableResourceNameDnsAAAARecord", subnet.enable_resource_name_dns_aaaa_record
        ),
    )


def _running(ctx: Context, instances: list[Instance]) -> Change:
    """Without a data plane there is nothing to wait for."""
    return Change.of(happens(ctx, instance, InstanceEvent.MACHINE_UP) for instance in instances)
