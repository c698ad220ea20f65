"""VPC peering connections: create, accept, reject, delete, describe (VPC peering guide; EC2 API Reference)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net import indexes
from realvpc.net.peering import Peering, PeeringEvent, PeeringSide, PeeringStatus
from realvpc.net.quotas import OUTSTANDING_PEERING_REQUESTS, PEERINGS_PER_VPC
from realvpc.net.table import put
from realvpc.net.vpc import Vpc
from realvpc.net.zones import REGIONS

from ..core.context import Answer, Context, Request, Response
from ..core.describe import describing
from ..core.errors import AwsError, invalid_parameter_value, missing_parameter
from ..core.lookup import check_form, named
from ..core.noun import Noun
from ..core.tags import render_tags, tags_on_creation
from .multipath_resilience import asked_multipath_resilience
from .vpc import VPC

_ENDED = frozenset({PeeringStatus.DELETED, PeeringStatus.REJECTED, PeeringStatus.FAILED, PeeringStatus.EXPIRED})


def create_vpc_peering_connection(ctx: Context, request: Request) -> Answer:
    """Ask the owner of another VPC to connect it with one of the caller's.

    A wrong accepter (VPC, account or Region) and overlapping CIDR blocks are no errors of the call: the connection is
    made and has ``failed``, so that nobody learns about other people's VPCs.  Asking for what is pending or active
    already returns that connection.

    Raises MissingParameter, InvalidParameterValue (a VPC with itself, an unknown Region), ``InvalidVpcID.NotFound``
    (the requester's VPC), InvalidParameterCombination, OutstandingVpcPeeringConnectionLimitExceeded.
    """
    vpc = named(ctx, VPC, request, "VpcId")
    if request.get("PeerVpcId") is None:
        raise missing_parameter("peerVpcId")
    if not request["PeerVpcId"]:
        raise AwsError("InvalidVpcId.Malformed", 'Invalid id: ""')
    check_form(VPC, request["PeerVpcId"])
    accepter = PeeringSide(
        account=request.get("PeerOwnerId") or ctx.account,
        region=request.get("PeerRegion") or ctx.region,
        vpc_id=request["PeerVpcId"],
    )
    if accepter.vpc_id == vpc.id:
        raise invalid_parameter_value("The vpcId and peerVpcId values must be different.")
    if accepter.region not in REGIONS:
        raise invalid_parameter_value(f"Invalid value '{accepter.region}' for peerRegion.")
    requester = PeeringSide(
        account=ctx.account,
        region=ctx.region,
        vpc_id=vpc.id,
        tags=tags_on_creation(request, PEERING.tag_type),
        allow_multipath_resilience=asked_multipath_resilience(
            request.get("RequesterPeeringConnectionOptions") or {}, before=False, across=accepter.region != ctx.region
        ),
    )

    existing = next((peering for peering in _live(ctx, vpc.id) if _asks_the_same(peering, vpc, accepter)), None)
    if existing is not None:
        return _answer(ctx, existing, existing.status_at(ctx.now))
    allowed = ctx.quota(OUTSTANDING_PEERING_REQUESTS)
    if _has_outstanding_requests(ctx, allowed):
        raise AwsError(
            "OutstandingVpcPeeringConnectionLimitExceeded",
            f"You have reached the limit of {allowed} outstanding VPC peering requests.",
        )

    peering = Peering(
        id=ctx.new_id("pcx"),
        account=ctx.account,
        region=ctx.region,
        requester=requester,
        accepter=accepter,
        status=PeeringStatus.PENDING_ACCEPTANCE,
        requested_at=ctx.now,
    )
    if not peering.can_connect(ctx.network.vpcs.get):
        peering = replace(peering, status=PeeringStatus.FAILED, ended_at=ctx.now)
    answer = _answer(ctx, peering, PeeringStatus.INITIATING_REQUEST)
    return Answer(answer.response, put(peering))


def accept_vpc_peering_connection(ctx: Context, request: Request) -> Answer:
    """Accept a request, as the accepter and in the accepter's Region.

    Where the requester allows multipath resilience, so does the accepter by accepting.

    Raises OperationNotPermitted, InvalidStateTransition (also when the VPCs can no longer be connected),
    VpcPeeringConnectionAlreadyExists (the two VPCs have an active connection, made the other way round) and
    ActiveVpcPeeringConnectionPerVpcLimitExceeded.
    """
    peering = _for_accepter(ctx, request, "accept")
    accepted = _after(ctx, peering, PeeringEvent.ACCEPT, "active")
    if not accepted.can_connect(ctx.network.vpcs.get):
        raise _invalid_transition(peering, PeeringStatus.FAILED, "active")
    if accepted.requester.allow_multipath_resilience:
        accepted = replace(accepted, accepter=replace(accepted.accepter, allow_multipath_resilience=True))
    sides = (peering.requester.vpc_id, peering.accepter.vpc_id)
    if ctx.network.active_peering_between(*sides):
        raise AwsError(
            "VpcPeeringConnectionAlreadyExists",
            f"The vpc peering connection identified by {peering.id} already exists.",
        )
    for vpc_id in sides:
        if sum(p.is_active for p in ctx.network.peerings_of(vpc_id)) >= (
            allowed := ctx.quota(PEERINGS_PER_VPC, ctx.network.vpcs.get(vpc_id))
        ):
            raise AwsError(
                "ActiveVpcPeeringConnectionPerVpcLimitExceeded",
                f"The VPC {vpc_id} has reached the limit of {allowed} active VPC peering connections.",
            )
    answer = _answer(ctx, accepted, PeeringStatus.PROVISIONING)
    return Answer(answer.response, put(accepted))


def reject_vpc_peering_connection(ctx: Context, request: Request) -> Answer:
    """Refuse a request, as the accepter and in the accepter's Region.  Raises like accept."""
    peering = _for_accepter(ctx, request, "reject")
    return Answer({"Return": True}, put(_after(ctx, peering, PeeringEvent.REJECT, "rejected")))


def delete_vpc_peering_connection(ctx: Context, request: Request) -> Answer:
    """End an active connection (either owner) or take a request back (the requester).

    Raises OperationNotPermitted for an accepter who should reject, InvalidStateTransition for what has ended already.
    """
    peering = named(ctx, PEERING, request, "VpcPeeringConnectionId")
    deleted = _after(ctx, peering, PeeringEvent.DELETE, "deleting")
    if not peering.is_active and ctx.account != peering.requester.account:
        raise AwsError("OperationNotPermitted", f"User {ctx.account} cannot delete peering {peering.id}")
    return Answer({"Return": True}, put(deleted))


def render(ctx: Context, peering: Peering, status: PeeringStatus) -> Response:
    """``vpcPeeringConnection`` as this caller sees it.

    The requester's CIDR blocks and options show while it lives, the accepter's once it has accepted; of a connection
    that has ended or failed, only whose VPCs they were.
    """
    response: Response = {
        "VpcPeeringConnectionId": peering.id,
        "RequesterVpcInfo": _render_side(ctx, peering.requester, with_details=status not in _ENDED),
        "AccepterVpcInfo": _render_side(ctx, peering.accepter, with_details=status is PeeringStatus.ACTIVE),
        "Status": {"Code": str(status), "Message": status_message(peering, status)},
        "Tags": render_tags(peering.tags_seen_by(ctx.account, ctx.region)),
    }
    if status in (PeeringStatus.INITIATING_REQUEST, PeeringStatus.PENDING_ACCEPTANCE):
        response["ExpirationTime"] = peering.expires_at
    if status not in _ENDED:
        response["MultipathResilienceStatus"] = str(peering.multipath_resilience)
    return response


def render_options(side: PeeringSide) -> Response:
    """Two of the booleans are of EC2-Classic and always false."""
    multipath: Response = {"AllowMultipathResilience": side.allow_multipath_resilience}
    if side.allow_multipath_resilience:
        multipath["MultipathResilienceMode"] = "always-on"
    return multipath | {
        "AllowDnsResolutionFromRemoteVpc": side.allow_dns_resolution,
        "AllowEgressFromLocalClassicLinkToRemoteVpc": False,
        "AllowEgressFromLocalVpcToRemoteClassicLink": False,
    }


def status_message(peering: Peering, status: PeeringStatus) -> str:
    match status:
        case PeeringStatus.INITIATING_REQUEST:
            return f"Initiating Request to {peering.accepter.account}"
        case PeeringStatus.PENDING_ACCEPTANCE:
            return f"Pending Acceptance by {peering.accepter.account}"
        case PeeringStatus.FAILED:
            return "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range"
        case PeeringStatus.DELETED:
            return f"Deleted by {peering.ended_by}"
        case _:
            return str(status).capitalize()


def _render_side(ctx: Context, side: PeeringSide, *, with_details: bool) -> Response:
    response: Response = {"OwnerId": side.account, "Region": side.region, "VpcId": side.vpc_id}
    vpc = ctx.network.vpcs.get(side.vpc_id)
    if with_details and vpc is not None:
        response["CidrBlock"] = str(vpc.primary_cidr)
        response["CidrBlockSet"] = [{"CidrBlock": str(cidr)} for cidr in vpc.cidrs]
        response["PeeringOptions"] = render_options(side)
        if vpc.ipv6_cidrs:
            response["Ipv6CidrBlockSet"] = [{"Ipv6CidrBlock": str(cidr)} for cidr in vpc.ipv6_cidrs]
    return response


def _answer(ctx: Context, peering: Peering, status: PeeringStatus) -> Answer:
    return Answer({"VpcPeeringConnection": render(ctx, peering, status)})


def _live(ctx: Context, vpc_id: str) -> list[Peering]:
    return [peering for peering in ctx.network.peerings_of(vpc_id) if peering.is_live_at(ctx.now)]


def _asks_the_same(peering: Peering, vpc: Vpc, accepter: PeeringSide) -> bool:
    """With a wrong account or Region it is another request: what there is with the right ones stays untold."""
    asked = (peering.requester.vpc_id, peering.accepter.vpc_id, peering.accepter.account, peering.accepter.region)
    return asked == (vpc.id, accepter.vpc_id, accepter.account, accepter.region)


def _has_outstanding_requests(ctx: Context, count: int) -> bool:
    """Whether so many wait for an answer.  Those that have expired do not; they are told apart when it matters."""
    pending = ctx.network.peerings.where(indexes.pending_request_of, (ctx.account, ctx.region))
    if len(pending) < count:
        return False
    return sum(peering.status_at(ctx.now) is PeeringStatus.PENDING_ACCEPTANCE for peering in pending) >= count


def _for_accepter(ctx: Context, request: Request, verb: str) -> Peering:
    """The connection, if this is the account and the Region that may accept or reject it."""
    peering = named(ctx, PEERING, request, "VpcPeeringConnectionId")
    if ctx.account != peering.accepter.account:
        raise AwsError("OperationNotPermitted", f"User {ctx.account} cannot {verb} peering {peering.id}")
    if ctx.region != peering.accepter.region:
        allowed = "accepted" if verb == "accept" else "accepted or rejected"
        raise AwsError(
            "OperationNotPermitted",
            f"Incorrect region ({ctx.region}) specified for this request. VPC peering connection {peering.id} "
            f"must be {allowed} in region {peering.accepter.region}",
        )
    return peering


def _after(ctx: Context, peering: Peering, event: PeeringEvent, target: str) -> Peering:
    after = peering.after(event, ctx.now, ctx.account)
    if after is None:
        raise _invalid_transition(peering, peering.status_at(ctx.now), target)
    return after


def _invalid_transition(peering: Peering, status: PeeringStatus, target: str) -> AwsError:
    return AwsError(
        "InvalidStateTransition",
        f"Invalid state transition for {peering.id}, attempted to transition from {status} to {target}",
    )


PEERING = Noun(
    type=Peering,
    prefix="pcx",
    not_found="InvalidVpcPeeringConnectionID.NotFound",
    malformed="InvalidVpcPeeringConnectionId.Malformed",
    words="vpcPeeringConnection ID",
    tag_type="vpc-peering-connection",
    ids="VpcPeeringConnectionIds",
    result="VpcPeeringConnections",
    render=lambda ctx, peering: render(ctx, peering, peering.status_at(ctx.now)),
    filters={
        "accepter-vpc-info.cidr-block": "AccepterVpcInfo.CidrBlockSet[].CidrBlock",
        "accepter-vpc-info.owner-id": ".accepter.account",
        "accepter-vpc-info.vpc-id": ".accepter.vpc_id",
        "expiration-time": "ExpirationTime",
        "requester-vpc-info.cidr-block": "RequesterVpcInfo.CidrBlockSet[].CidrBlock",
        "requester-vpc-info.owner-id": ".requester.account",
        "requester-vpc-info.vpc-id": ".requester.vpc_id",
        "status-code": lambda ctx, row: (row.status_at(ctx.now),),
        "status-message": "Status.Message",
        "vpc-peering-connection-id": ".id",
    },
    found_by=dict.fromkeys(
        ("accepter-vpc-info.vpc-id", "requester-vpc-info.vpc-id"), lambda ctx, value: ctx.network.peerings_of(value)
    ),
)

describe_vpc_peering_connections = describing(PEERING)
