"""Asking for more (Service Quotas guide, "Requesting a quota increase").

Nobody has to read the requests here: what AWS gives at most is given at once, and where that is not known as much as a
laboratory has.  More is the operator's to give, whose host it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from realvpc.net.quotas import (
    QUOTAS,
    RULES_PER_INTERFACE,
    RULES_PER_SECURITY_GROUP,
    SECURITY_GROUPS_PER_INTERFACE,
    SERVICE_NAMES,
    AppliedQuota,
    Quota,
    QuotaRequest,
)
from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from ..core.errors import AwsError
from .quota import LEVEL, find, paged, quota_arn, refuse_context

_PENDING, _APPROVED, _NOT_APPROVED = "PENDING", "APPROVED", "NOT_APPROVED"
_MOST = 1000  # requests of an account in a Region that are remembered; of those that stay open AWS allows 20


def request_service_quota_increase(ctx: Context, request: Request) -> Answer:
    """The answer says that the request is pending; whoever asks again sees what became of it.

    Raises NoSuchResourceException, IllegalArgumentException for a quota that nobody can raise or a value that is no
    increase (what counts is a whole number), and QuotaExceededException.
    """
    quota = find(request)
    refuse_context(request)
    wanted: float = request["DesiredValue"]
    if not quota.is_adjustable:
        raise AwsError("IllegalArgumentException", "The quota is not adjustable.")
    if int(wanted) <= ctx.quota(quota):
        raise AwsError(
            "IllegalArgumentException", "You must provide a quota value greater than the current quota value"
        )
    if ctx.count(ctx.directory.quota_requests) >= _MOST:
        raise AwsError(
            "QuotaExceededException",
            "You have exceeded your service quota. To perform the requested action, remove some of the relevant "
            "resources, or use Service Quotas to request a service quota increase.",
        )
    is_given = wanted <= quota.most_on_request and _fits_the_others(ctx, quota, wanted)
    asked = QuotaRequest(
        id=f"{ctx.random.getrandbits(160):040x}",
        account=ctx.account,
        region=ctx.region,
        key=quota.key,
        wanted=wanted,
        requester_arn=ctx.caller.arn,
        asked_at=ctx.now,
        is_given=is_given,
    )
    given = (AppliedQuota.of(ctx.account, ctx.region, quota, int(wanted)),) if is_given else ()
    return Answer({"RequestedQuota": _render(ctx, asked) | {"Status": _PENDING}}, put(asked, *given))


def get_requested_service_quota_change(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchResourceException."""
    row = ctx.directory.quota_requests.get(request["RequestId"])
    if row is None or not ctx.sees(row):
        raise AwsError("NoSuchResourceException", "The request failed because the specified request does not exist.")
    return Answer({"RequestedQuota": _render(ctx, row)})


def list_requested_service_quota_change_history(ctx: Context, request: Request) -> Answer:
    """All, or those of a service, with a status; the newest first."""
    service = request.get("ServiceCode")
    return _history(ctx, request, (row for row in _all(ctx) if service in (None, QUOTAS[row.key].service)))


def list_requested_service_quota_change_history_by_quota(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchResourceException."""
    quota = find(request)
    return _history(ctx, request, (row for row in _all(ctx) if row.key == quota.key))


def on_quota(ctx: Context, request: Request) -> Sequence[str]:
    """The resources that a request for more concerns (Service Authorization Reference, "Service Quotas")."""
    return (f"arn:aws:servicequotas:{ctx.region}:{ctx.account}:{request['ServiceCode']}/{request['QuotaCode']}",)


def _fits_the_others(ctx: Context, quota: Quota, wanted: float) -> bool:
    """Whether what an interface has to look at stays within what AWS allows of rules and groups together."""
    other = {
        RULES_PER_SECURITY_GROUP: SECURITY_GROUPS_PER_INTERFACE,
        SECURITY_GROUPS_PER_INTERFACE: RULES_PER_SECURITY_GROUP,
    }
    return quota not in other or wanted * ctx.quota(other[quota]) <= RULES_PER_INTERFACE


def _all(ctx: Context) -> Iterable[QuotaRequest]:
    return (row for row in ctx.visible(ctx.directory.quota_requests) if row.key in QUOTAS)


def _history(ctx: Context, request: Request, rows: Iterable[QuotaRequest]) -> Answer:
    status = request.get("Status")
    if request.get("QuotaRequestedAtLevel") == "RESOURCE":
        rows = ()
    shown, token = paged(
        request,
        (row for row in rows if status in (None, _status(row))),
        lambda row: f"{row.asked_at.isoformat()} {row.id}",
        newest_first=True,
    )
    return Answer({"RequestedQuotas": [_render(ctx, row) for row in shown], "NextToken": token})


def _status(row: QuotaRequest) -> str:
    return _APPROVED if row.is_given else _NOT_APPROVED


def _render(ctx: Context, row: QuotaRequest) -> Response:
    quota = QUOTAS[row.key]
    return {
        "Id": row.id,
        "ServiceCode": quota.service,
        "ServiceName": SERVICE_NAMES[quota.service],
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "DesiredValue": row.wanted,
        "Status": _status(row),
        "Created": row.asked_at,
        "LastUpdated": row.asked_at,
        "Requester": msgspec.json.encode({"accountId": row.account, "callerArn": row.requester_arn}).decode(),
        "QuotaArn": quota_arn(ctx, quota, row.account),
        "GlobalQuota": quota.is_global,
        "Unit": "None",
        "QuotaRequestedAtLevel": LEVEL,
    }
