"""Who may make endpoints to an account's service (PrivateLink guide, "Manage permissions"; EC2 API Reference)."""

from __future__ import annotations

import re

from msgspec import Struct
from msgspec.structs import replace

from realvpc.net.endpoint_service import EVERYBODY, permission_id
from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import paginate
from ..core.errors import AwsError, invalid_parameter
from ..core.filter import FilterValues, no_values, passing
from ..core.lookup import named
from .endpoint_service import ENDPOINT_SERVICE

PRINCIPALS_MAXIMUM = 1000
"""Of one service, so that what a call may cost is bounded."""

_PRINCIPAL = re.compile(r"arn:aws:iam::[0-9]{12}:(?:root|(?:user|role)/[\w+=,.@-]{1,64})", re.ASCII)  # without a path
_TYPES = {"root": "Account", "user": "User", "role": "Role"}
_LONGEST = 256  # of what is told of those that are none


class _Permission(Struct, frozen=True):
    """``id`` is its place on pages, too."""

    id: str
    service_id: str
    principal: str

    @property
    def type(self) -> str:
        kind = self.principal.rpartition(":")[2].partition("/")[0]
        return _TYPES.get(kind, "All")


def modify_vpc_endpoint_service_permissions(ctx: Context, request: Request) -> Answer:
    """Endpoints that are there already stay.

    Raises ``InvalidVpcEndpointServiceId.NotFound``, InvalidPrincipal, InvalidParameter for too many.
    """
    service = named(ctx, ENDPOINT_SERVICE, request, "ServiceId")
    if request.get("PermissionType") not in (None, "vpc-endpoint"):
        raise invalid_parameter("Permissions are for VPC endpoints alone.")
    added, removed = (request.get(each) or () for each in ("AddAllowedPrincipals", "RemoveAllowedPrincipals"))
    known = {EVERYBODY, *service.principals}
    for principal in (*added, *removed):
        if principal not in known and not _PRINCIPAL.fullmatch(principal):
            raise AwsError("InvalidPrincipal", f"Invalid Principal: '{principal[:_LONGEST]}'")
    gone = {*removed}
    after = tuple(each for each in dict.fromkeys((*service.principals, *added)) if each not in gone)
    if len(after) > PRINCIPALS_MAXIMUM:
        raise invalid_parameter(f"A service can have at most {PRINCIPALS_MAXIMUM} allowed principals.")
    new = [each for each in after if each not in service.principals]
    shown = [_render(_Permission(permission_id(service.id, each), service.id, each)) for each in new]
    return Answer({"AddedPrincipals": shown, "ReturnValue": True}, put(replace(service, principals=after)))


def describe_vpc_endpoint_service_permissions(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidVpcEndpointServiceId.NotFound``, InvalidParameterValue for a filter or a page."""
    service = named(ctx, ENDPOINT_SERVICE, request, "ServiceId")
    rows = [_Permission(permission_id(service.id, each), service.id, each) for each in service.principals]
    shown, token = paginate(request, passing(ctx, request, rows, _filter))
    return Answer({"AllowedPrincipals": [_render(row) for row in shown], "NextToken": token})


def _render(row: _Permission) -> Response:
    return {
        "PrincipalType": row.type,
        "Principal": row.principal,
        "ServicePermissionId": row.id,
        "ServiceId": row.service_id,
        "PermissionType": "vpc-endpoint",
    }


_FILTERS: dict[str, FilterValues[_Permission]] = {
    "principal": lambda ctx, row: [row.principal],
    "principal-type": lambda ctx, row: [row.type],
}


def _filter(name: str) -> FilterValues[_Permission] | None:
    return no_values if name == "tag-key" or name.startswith("tag:") else _FILTERS.get(name)
