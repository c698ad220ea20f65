"""EC2 Instance Connect Endpoints: create, modify, delete, describe (EC2 guide, "EC2 Instance Connect Endpoint"; EC2 API
Reference).

Tunnels through them are opened at ``realvpc.tunnel``.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from realvpc.net import indexes
from realvpc.net.instance_connect_endpoint import EndpointEvent, InstanceConnectEndpoint
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.quotas import INSTANCE_CONNECT_ENDPOINTS_PER_REGION
from realvpc.net.subnet import Subnet
from realvpc.net.table import delete, put

from ..core.arn import arn
from ..core.context import Answer, Context, Request, Response
from ..core.describe import describing
from ..core.errors import AwsError, invalid_parameter_combination, invalid_parameter_value
from ..core.lookup import named
from ..core.noun import Noun
from ..core.parameters import required
from ..core.tags import render_tags, tags_on_creation
from .address_picker import AddressPicker, ipv4_block
from .network_interface import different_networks, groups_for_interface, new_interface
from .network_interface_attribute import with_groups
from .subnet import SUBNET
from .wanted_ipv6 import WantedIpv6, pick_ipv6

_NOT_PRESERVED = "Connections come from the address of the endpoint: client addresses are not preserved here."
_TYPES = ("ipv4", "dualstack", "ipv6")
_NAME = re.compile(r"[0-9a-zA-Z.-]{1,253}", re.ASCII)


def create_instance_connect_endpoint(ctx: Context, request: Request) -> Answer:
    """One for its VPC.  Without groups it has the VPC's default group.

    Raises ``InvalidSubnetID.NotFound``, ``InvalidGroup.NotFound``, SecurityGroupsPerInterfaceLimitExceeded,
    ResourceLimitExceeded, InvalidParameterValue, InvalidParameterCombination.
    """
    required(request, "SubnetId")
    subnet = named(ctx, SUBNET, request, "SubnetId")
    tags = tags_on_creation(request, INSTANCE_CONNECT_ENDPOINT.tag_type)
    preserves = bool(request.get("PreserveClientIp"))
    family = _family(request, subnet) or _default_family(subnet, preserves=preserves)
    _check_preserving(family, preserves=preserves)
    groups = groups_for_interface(ctx, subnet, request.get("SecurityGroupIds"), different_networks)
    _check_quota(ctx, subnet)
    endpoint = InstanceConnectEndpoint(
        id=ctx.new_id(INSTANCE_CONNECT_ENDPOINT.prefix),
        account=ctx.account,
        region=ctx.region,
        tags=tags,
        vpc_id=subnet.vpc_id,
        subnet_id=subnet.id,
        ip_address_type=family,
        preserve_client_ip=preserves,
        created_at=ctx.now,
    )
    picker = AddressPicker(ctx)
    ipv6 = WantedIpv6(() if family == "ipv4" else (None,))
    made = new_interface(
        ctx,
        picker,
        subnet,
        groups,
        () if subnet.is_ipv6_native else (picker.pick(subnet),),
        ipv6,
        description=f"EC2 Instance Connect Endpoint {endpoint.id}",
    )
    attachment = Attachment(
        id=ctx.new_id("ela-attach"),
        owner_id=endpoint.id,
        device_index=0,
        attached_at=ctx.now,
        delete_on_termination=False,
    )
    interface = replace(made, attachment=attachment)
    stored = endpoint if ctx.options.has_fabric else endpoint.after(EndpointEvent.UP) or endpoint
    response: Response = {"InstanceConnectEndpoint": _rendered(ctx, endpoint, interface)}
    if request.get("ClientToken"):
        response["ClientToken"] = request["ClientToken"]
    return Answer(response, put(stored, interface))


def modify_instance_connect_endpoint(ctx: Context, request: Request) -> Answer:
    """Connections that are open stay so, as far as the new groups let them.

    Raises ``InvalidInstanceConnectEndpointId.NotFound``, IncorrectState, ``InvalidGroup.NotFound``,
    InvalidParameterCombination, InvalidParameterValue.
    """
    endpoint = named(ctx, INSTANCE_CONNECT_ENDPOINT, request, "InstanceConnectEndpointId")
    subnet, interface = ctx.network.subnets[endpoint.subnet_id], _interface(ctx, endpoint)
    given = ("SecurityGroupIds", "PreserveClientIp", "IpAddressType")
    if all(request.get(member) is None for member in given):
        raise invalid_parameter_combination("No attributes specified.")
    family = _family(request, subnet) or endpoint.ip_address_type
    wished = request.get("PreserveClientIp")
    preserves = endpoint.preserve_client_ip if wished is None else bool(wished)
    _check_preserving(family, preserves=preserves)
    modified = endpoint.after(EndpointEvent.MODIFY, endpoint.state_message)
    if modified is None:
        raise AwsError("IncorrectState", f"The instance connect endpoint '{endpoint.id}' is {endpoint.state}.")
    if request.get("SecurityGroupIds"):
        interface = with_groups(ctx, interface, request["SecurityGroupIds"])
    if (family == "ipv4") == bool(interface.ipv6_addresses):
        wanted = () if family == "ipv4" else (None,)
        interface = replace(interface, ipv6_addresses=pick_ipv6(AddressPicker(ctx), subnet, wanted))
    return Answer(
        {"Return": True}, put(replace(modified, ip_address_type=family, preserve_client_ip=preserves), interface)
    )


def delete_instance_connect_endpoint(ctx: Context, request: Request) -> Answer:
    """Its tunnels end; it is gone when the host has said so.

    Raises ``InvalidInstanceConnectEndpointId.NotFound`` and ``.Malformed``.
    """
    endpoint = named(ctx, INSTANCE_CONNECT_ENDPOINT, request, "InstanceConnectEndpointId")
    interface, deleted = _interface(ctx, endpoint), endpoint.after(EndpointEvent.DELETE)
    assert deleted is not None, "in every state that is stored it can be"
    change = put(deleted) if ctx.options.has_fabric else delete(endpoint, interface)
    return Answer({"InstanceConnectEndpoint": _rendered(ctx, deleted, interface)}, change)


def _family(request: Request, subnet: Subnet) -> str | None:
    """What the request says, if anything.  Raises InvalidParameterValue."""
    wanted: str | None = request.get("IpAddressType")
    if not wanted:
        return None
    if wanted not in _TYPES:
        raise invalid_parameter_value(f"Value ({wanted}) for parameter ipAddressType is invalid.")
    if wanted != "ipv4" and subnet.ipv6_cidr is None:
        raise invalid_parameter_value("Subnet does not contain any IPv6 CIDR block ranges")
    if wanted != "ipv6":
        ipv4_block(subnet)
    return wanted


def _default_family(subnet: Subnet, *, preserves: bool) -> str:
    if subnet.is_ipv6_native:
        return "ipv6"
    return "dualstack" if subnet.ipv6_cidr and not preserves else "ipv4"


def _check_preserving(family: str, *, preserves: bool) -> None:
    """Raises InvalidParameterCombination."""
    if preserves and family != "ipv4":
        raise invalid_parameter_combination("PreserveClientIp needs the IP address type ipv4.")


def _check_quota(ctx: Context, subnet: Subnet) -> None:
    """Raises ResourceLimitExceeded: one for each VPC, which is one for each subnet, too."""
    there = ctx.network.instance_connect_endpoints.where(indexes.vpc_id, subnet.vpc_id)
    if any(row.subnet_id == subnet.id for row in there):
        raise _limit("this subnet")
    if there:
        raise _limit("this VPC")
    if ctx.count(ctx.network.instance_connect_endpoints) >= ctx.quota(INSTANCE_CONNECT_ENDPOINTS_PER_REGION):
        raise _limit("this account")


def _limit(place: str) -> AwsError:
    return AwsError(
        "ResourceLimitExceeded",
        f"You've reached the quota for the maximum number of Instance Connect Endpoints for {place}. Delete unused "
        "Instance Connect Endpoints, or request a quota increase.",
    )


def _interface(ctx: Context, endpoint: InstanceConnectEndpoint) -> NetworkInterface:
    (interface,) = ctx.network.interfaces_of(endpoint.id)
    return interface


def _render(ctx: Context, endpoint: InstanceConnectEndpoint) -> Response:
    return _rendered(ctx, endpoint, _interface(ctx, endpoint))


def _rendered(ctx: Context, endpoint: InstanceConnectEndpoint, interface: NetworkInterface) -> Response:
    subnet = ctx.network.subnets[endpoint.subnet_id]
    name = _dns_name(ctx, endpoint)
    return {
        "OwnerId": endpoint.account,
        "InstanceConnectEndpointId": endpoint.id,
        "InstanceConnectEndpointArn": arn(
            "ec2", endpoint.region, endpoint.account, f"instance-connect-endpoint/{endpoint.id}"
        ),
        "State": str(endpoint.state),
        "StateMessage": endpoint.state_message or (_NOT_PRESERVED if endpoint.preserve_client_ip else ""),
        "DnsName": name,
        "NetworkInterfaceIds": [interface.id],
        "VpcId": endpoint.vpc_id,
        "AvailabilityZone": subnet.zone_name,
        "AvailabilityZoneId": subnet.zone_id,
        "CreatedAt": endpoint.created_at,
        "SubnetId": endpoint.subnet_id,
        "PreserveClientIp": endpoint.preserve_client_ip,
        "SecurityGroupIds": list(interface.group_ids),
        "Tags": render_tags(endpoint.tags),
        "IpAddressType": endpoint.ip_address_type,
        "PublicDnsNames": {"Ipv4": {"DnsName": name}},
    }


def _dns_name(ctx: Context, endpoint: InstanceConnectEndpoint) -> str:
    """Clients of tunnels ask for this name, on port 443 and by TLS: so it is the one by which this client has come that
    way, and otherwise one of AWS's form, which instances know."""
    host, _, port = ctx.host.partition(":")
    if ctx.scheme == "https" and port in ("", "443") and _NAME.fullmatch(host):
        return host
    return endpoint.dns_name


INSTANCE_CONNECT_ENDPOINT = Noun(
    type=InstanceConnectEndpoint,
    prefix="eice",
    not_found="InvalidInstanceConnectEndpointId.NotFound",
    malformed="InvalidInstanceConnectEndpointId.Malformed",
    words="instance connect endpoint ID",
    tag_type="instance-connect-endpoint",
    ids="InstanceConnectEndpointIds",
    result="InstanceConnectEndpoints",
    render=_render,
    filters={
        "instance-connect-endpoint-id": ".id",
        "state": ".state",
        "subnet-id": ".subnet_id",
        "vpc-id": ".vpc_id",
    },
)

describe_instance_connect_endpoints = describing(INSTANCE_CONNECT_ENDPOINT)
