"""What Route 53 lists and RealVPC has none of, as tables (Route 53 API Reference)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from ..core.action import Action, Perform, on_all
from ..core.arn import arn
from ..core.context import Answer, Context, Request
from ..core.errors import AwsError
from .common import own_zone, page_by_token, page_size

_MAXIMUM_PAGE = 100

BY_MARKER: Mapping[str, tuple[str, str]] = {
    "ListHealthChecks": ("HealthChecks", "Marker"),
    "ListReusableDelegationSets": ("DelegationSets", "Marker"),
    "ListTrafficPolicies": ("TrafficPolicySummaries", "TrafficPolicyIdMarker"),
    "ListTrafficPolicyInstances": ("TrafficPolicyInstances", "HostedZoneIdMarker"),
}
"""The members of the response: the list, and where it began."""

BY_TOKEN: Mapping[str, str] = {
    "ListCidrCollections": "CidrCollections",
    "ListHealthCheckSources": "HealthCheckSources",
    "ListQueryLoggingConfigs": "QueryLoggingConfigs",
}
"""The list's member of the response."""

COUNTS: Mapping[str, str] = {
    "GetHealthCheckCount": "HealthCheckCount",
    "GetTrafficPolicyInstanceCount": "TrafficPolicyInstanceCount",
}


class Unknown(Struct, frozen=True):
    """``member`` of the request names a ``kind`` of resource, of which there is none."""

    member: str
    kind: str
    code: str
    says: str
    status: int = 404

    def resources(self, ctx: Context, request: Request) -> Sequence[str]:
        return (arn("route53", "", "", f"{self.kind}/{request[self.member]}"),)

    def nothing_named(self, ctx: Context, request: Request) -> Answer:
        """Raises ``code``."""
        raise AwsError(self.code, self.says.format(request[self.member]), self.status)


UNKNOWN: Mapping[str, Unknown] = {
    "GetHealthCheck": Unknown(
        "HealthCheckId", "healthcheck", "NoSuchHealthCheck", "No health check exists with the specified ID {}"
    ),
    "GetQueryLoggingConfig": Unknown(
        "Id", "queryloggingconfig", "NoSuchQueryLoggingConfig", "No query logging config found with ID: {}"
    ),
    "GetReusableDelegationSet": Unknown(
        "Id", "delegationset", "NoSuchDelegationSet", "No delegation set found with ID: {}", 400
    ),
    "GetTrafficPolicy": Unknown(
        "Id", "trafficpolicy", "NoSuchTrafficPolicy", "No traffic policy exists with the specified ID {}"
    ),
    "GetTrafficPolicyInstance": Unknown(
        "Id",
        "trafficpolicyinstance",
        "NoSuchTrafficPolicyInstance",
        "No traffic policy instance exists with the specified ID {}",
    ),
}


def _by_marker(member: str, marker: str) -> Perform:
    """Raises InvalidInput for MaxItems."""

    def nothing_listed(ctx: Context, request: Request) -> Answer:
        size = page_size(request, "MaxItems", _MAXIMUM_PAGE)
        return Answer({member: [], marker: request.get(marker), "IsTruncated": False, "MaxItems": str(size)})

    return nothing_listed


def _by_token(member: str) -> Perform:
    """Raises InvalidInput, InvalidPaginationToken, and of a zone that is named NoSuchHostedZone, AccessDenied."""

    def nothing_listed(ctx: Context, request: Request) -> Answer:
        if request.get("HostedZoneId"):
            own_zone(ctx, request["HostedZoneId"])
        nothing: list[Any] = []
        page_by_token(request, nothing, page_size(request, "MaxResults", _MAXIMUM_PAGE))
        return Answer({member: nothing})

    return nothing_listed


def _zero(member: str) -> Perform:
    return lambda ctx, request: Answer({member: 0})


ACTIONS: dict[str, Action] = {
    **{name: Action(_by_marker(*members), on_all) for name, members in BY_MARKER.items()},
    **{name: Action(_by_token(member), on_all) for name, member in BY_TOKEN.items()},
    **{name: Action(_zero(member), on_all) for name, member in COUNTS.items()},
    **{name: Action(row.nothing_named, row.resources) for name, row in UNKNOWN.items()},
}
