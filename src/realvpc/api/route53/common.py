"""What the Route 53 actions share: finding zones, errors, ids, changes and pages (Route 53 API Reference)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from realvpc.net.domain_name import canonical
from realvpc.net.hosted_zone import HostedZone, ZoneVpc
from realvpc.net.table import Change
from realvpc.net.vpc import Vpc
from realvpc.store.state import SubmittedChange

from ..core.context import Answer, Context, Request, Response
from ..core.errors import AwsError
from ..core.page import make_token, read_token
from ..core.remembered import remember

T = TypeVar("T")

_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_ID_LENGTH = 20  # after the letter that says what it is
MAXIMUM_LABEL, MAXIMUM_NAME = 63, 255


def invalid_input(message: str) -> AwsError:
    return AwsError("InvalidInput", message)


def access_denied(ctx: Context) -> AwsError:
    return AwsError("AccessDenied", f"User: {ctx.caller.arn} is not authorized to access this resource", 403)


def new_id(ctx: Context, letter: str) -> str:
    """``Z…`` for a hosted zone, ``C…`` for a change."""
    return letter + "".join(ctx.random.choice(_ID_LETTERS) for _ in range(_ID_LENGTH))


def any_zone(ctx: Context, zone_id: str) -> HostedZone:
    """The zone, whoever owns it.  Raises NoSuchHostedZone."""
    zone = ctx.state.names.hosted_zones.get(zone_id)
    if zone is None:
        raise AwsError("NoSuchHostedZone", f"No hosted zone found with ID: {zone_id}", 404)
    return zone


def own_zone(ctx: Context, zone_id: str) -> HostedZone:
    """The caller's zone.  Raises NoSuchHostedZone, AccessDenied."""
    zone = any_zone(ctx, zone_id)
    if not ctx.sees(zone):
        raise access_denied(ctx)
    return zone


def requested_vpc(request: Request) -> ZoneVpc:
    """The VPC that a request names.  Raises InvalidInput."""
    vpc = request["VPC"]
    if not vpc.get("VPCId") or not vpc.get("VPCRegion"):
        raise invalid_input("The VPC needs both VPCId and VPCRegion.")
    return ZoneVpc(vpc["VPCRegion"], vpc["VPCId"])


def existing_vpc(ctx: Context, asked: ZoneVpc) -> Vpc:
    """The VPC, whoever owns it.  Raises InvalidVPCId."""
    vpc = ctx.network.vpcs.get(asked.vpc_id)
    if vpc is None or vpc.region != asked.region:
        raise invalid_vpc(asked)
    return vpc


def invalid_vpc(asked: ZoneVpc) -> AwsError:
    return AwsError(
        "InvalidVPCId",
        f"The VPC {asked.vpc_id} in region {asked.region} that you provided is not authorized to make the association.",
    )


def check_free(ctx: Context, name: str, vpc: ZoneVpc) -> None:
    """Raises ConflictingDomainExists when a zone of this name answers in the VPC already, be it a private hosted zone
    or the hidden one that AWS makes for the private names of an interface endpoint.

    Zones inside each other are allowed, and the more specific one wins.
    """
    other = next((zone for zone in ctx.state.names.hosted_zones_of(vpc.vpc_id) if zone.name == name), None)
    endpoint = next(
        (
            row
            for row in ctx.network.vpc_endpoints_of(vpc.vpc_id)
            if row.private_dns_enabled and name.removesuffix(".") in row.service.private_names
        ),
        None,
    )
    if other is not None or endpoint is not None:
        # AWS tells the id of the hidden zone, which no call shows; the endpoint's says what is in the way.
        taken = f"hosted zone {other.id}" if other else f"hosted zone of {endpoint.id}" if endpoint else ""
        raise AwsError(
            "ConflictingDomainExists",
            f"The VPC {vpc.vpc_id} in region {vpc.region} has already been associated with the {taken} "
            "with the same domain name.",
        )


def canonical_name(name: str, code: str = "InvalidDomainName") -> str:
    """Raises ``code``: InvalidDomainName, where the action has that."""
    try:
        return canonical(name)
    except ValueError:
        raise AwsError(code, name_problem(name)) from None


def name_problem(name: str) -> str:
    """What is wrong with a name that is none, in Route 53's words; of a bad character, only which one it is."""
    labels = name.removesuffix(".").split(".")
    if not all(labels):
        code, words = "DomainLabelEmpty", "Domain label is empty"
    elif any(len(label) > MAXIMUM_LABEL for label in labels):
        code, words = "DomainLabelTooLong", "Domain label is too long"
    elif len(name) > MAXIMUM_NAME:
        code, words = "DomainNameTooLong", "Domain name is too long"
    else:
        code, words = "UnsupportedCharacter", "Value contains unsupported characters"
        name = next((letter for letter in name if letter in '"\\' or not "!" <= letter <= "~"), name)
    return f"FATAL problem: {code} ({words}) encountered with '{name}'"


def submitted(ctx: Context, change: Change, response: Response | None = None, *, comment: str = "") -> Answer:
    """The answer that commits a change and tells its id.

    The answer shows it as PENDING, as AWS does; it is in force before the client can ask.
    """
    row = SubmittedChange(id=new_id(ctx, "C"), account=ctx.account, submitted_at=ctx.now, comment=comment)
    info = render_change(row) | {"Status": "PENDING"}
    remembered = remember(ctx, ctx.state.tokens.changes, row, lambda each: each.submitted_at)
    return Answer({"ChangeInfo": info} | (response or {}), change + remembered)


def render_change(row: SubmittedChange) -> Response:
    return {
        "Id": f"/change/{row.id}",
        "Status": "INSYNC",
        "SubmittedAt": row.submitted_at,
        "Comment": row.comment or None,
    }


def render_vpc(vpc: ZoneVpc) -> Response:
    return {"VPCRegion": vpc.region, "VPCId": vpc.vpc_id}


def page_size(request: Request, member: str, maximum: int) -> int:
    """The size of a page, which Route 53 takes as text; more than the maximum is the maximum.  Raises InvalidInput."""
    text = request.get(member)
    if text is None:
        return maximum
    if not (text.isascii() and text.isdigit()) or int(text[:9]) < 1:
        raise invalid_input(f"The value '{text[:64]}' for {member} is not a positive number.")
    return min(int(text[:9]), maximum)


def page_by_token(request: Request, rows: Sequence[T], size: int) -> tuple[Sequence[T], str | None]:
    """One page of rows in a fixed order, and the token of the next one.  Raises InvalidPaginationToken."""
    start = 0
    if request.get("NextToken"):
        told = read_token(request["NextToken"])
        if told is None or not (told.isascii() and told.isdigit()):
            raise AwsError("InvalidPaginationToken", "The pagination token that you specified is not valid.")
        start = int(told[:9])
    end = start + size
    return rows[start:end], make_token(str(end)) if end < len(rows) else None
