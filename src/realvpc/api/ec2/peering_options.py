"""Options of a VPC peering connection (peering guide, "Enable DNS resolution for a VPC peering connection")."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.peering import Peering, PeeringSide
from realvpc.net.table import put

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError, missing_parameter
from ..core.lookup import named
from .multipath_resilience import asked_multipath_resilience
from .peering import PEERING, render_options

_CLASSIC_LINK = ("AllowEgressFromLocalClassicLinkToRemoteVpc", "AllowEgressFromLocalVpcToRemoteClassicLink")


def modify_vpc_peering_connection_options(ctx: Context, request: Request) -> Answer:
    """Let the other side resolve this side's public names to private addresses, or traffic take several paths.

    Each account sets its own side; one account that owns both may set both.  Raises OperationNotPermitted (not active,
    another account's side, the EC2-Classic options between Regions, multipath resilience of another Region's side),
    InvalidParameterCombination and InvalidVpcPeeringConnectionState.DnsHostnamesDisabled.
    """
    peering = named(ctx, PEERING, request, "VpcPeeringConnectionId")
    wanted = {
        side: request[f"{side.capitalize()}PeeringConnectionOptions"]
        for side in ("accepter", "requester")
        if request.get(f"{side.capitalize()}PeeringConnectionOptions") is not None
    }
    if not wanted:
        raise missing_parameter("accepterPeeringConnectionOptions or requesterPeeringConnectionOptions")
    if not peering.is_active:
        raise AwsError(
            "OperationNotPermitted",
            f"Peering {peering.id} is not active. Peering options can be added only to active peerings.",
        )
    changed = peering
    response = {}
    for name, options in wanted.items():
        side = _modified_side(ctx, peering, name, options)
        changed = replace(changed, **{name: side})
        response[f"{name.capitalize()}PeeringConnectionOptions"] = render_options(side)
    return Answer(response, put(changed))


def _modified_side(ctx: Context, peering: Peering, name: str, options: Request) -> PeeringSide:
    side: PeeringSide = getattr(peering, name)
    if side.account != ctx.account:
        raise AwsError(
            "OperationNotPermitted",
            f"User {ctx.account} does not have permission to modify the {name} side peering options",
        )
    classic_link = [option for option in _CLASSIC_LINK if option in options]
    if classic_link and peering.is_cross_region:
        raise AwsError(
            "OperationNotPermitted",
            f"Modifying VPC peering connection options {', '.join(classic_link)} "
            "is not supported for cross-region VPC peering connections",
        )
    allow = options.get("AllowDnsResolutionFromRemoteVpc", side.allow_dns_resolution)
    if allow and not side.allow_dns_resolution:
        _require_dns(ctx, peering)
    multipath = asked_multipath_resilience(
        options, before=side.allow_multipath_resilience, across=peering.is_cross_region
    )
    if multipath != side.allow_multipath_resilience and side.region != ctx.region:
        raise AwsError(
            "OperationNotPermitted",
            f"Incorrect region ({ctx.region}) specified for this request. Multipath resilience of the {name} side of "
            f"{peering.id} must be modified in region {side.region}",
        )
    return replace(side, allow_dns_resolution=allow, allow_multipath_resilience=multipath)


def _require_dns(ctx: Context, peering: Peering) -> None:
    for vpc_id in (peering.requester.vpc_id, peering.accepter.vpc_id):
        vpc = ctx.network.vpcs[vpc_id]
        if not vpc.names_hosts:
            raise AwsError(
                "InvalidVpcPeeringConnectionState.DnsHostnamesDisabled",
                f"The DNS hostnames option is disabled for VPC {vpc_id}. "
                "Enable DNS hostnames and DNS resolution in both VPCs.",
            )
