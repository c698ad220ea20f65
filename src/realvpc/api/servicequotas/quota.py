"""Quotas: what there are, AWS's defaults, and what counts for the caller (Service Quotas API Reference)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from realvpc.net.quotas import LARGEST, LISTED, SERVICE_NAMES, Quota

from ..core.context import Answer, Context, Request, Response
from ..core.errors import AwsError
from ..core.page import BadTokenError, page

T = TypeVar("T")

LEVEL = "ACCOUNT"
_PAGE = 100


def list_services(ctx: Context, request: Request) -> Answer:
    """Those that have quotas here."""
    shown, token = paged(request, SERVICE_NAMES, lambda code: code)
    services = [{"ServiceCode": code, "ServiceName": SERVICE_NAMES[code]} for code in shown]
    return Answer({"Services": services, "NextToken": token})


def list_service_quotas(ctx: Context, request: Request) -> Answer:
    """What counts for the caller, whether or not it was raised.  Raises NoSuchResourceException."""
    quotas = _of_service(request["ServiceCode"])
    if request.get("QuotaCode"):
        quotas = [find(request)]
    if request.get("QuotaAppliedAtLevel") == "RESOURCE":
        quotas = []  # of the quotas here, each is an account's
    shown, token = paged(request, quotas, lambda quota: quota.code)
    return Answer({"Quotas": [_render(ctx, quota) for quota in shown], "NextToken": token})


def get_service_quota(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchResourceException."""
    quota = find(request)
    refuse_context(request)
    return Answer({"Quota": _render(ctx, quota)})


def list_aws_default_service_quotas(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchResourceException."""
    shown, token = paged(request, _of_service(request["ServiceCode"]), lambda quota: quota.code)
    return Answer({"Quotas": [_render_default(ctx, quota) for quota in shown], "NextToken": token})


def get_aws_default_service_quota(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchResourceException."""
    return Answer({"Quota": _render_default(ctx, find(request))})


def list_tags_for_resource(ctx: Context, request: Request) -> Answer:
    """None: nobody can set one here.  Raises NoSuchResourceException for what is no quota of the caller's."""
    if all(quota_arn(ctx, quota, ctx.account) != request["ResourceARN"] for quota in LISTED):
        raise AwsError("NoSuchResourceException", "The request failed because the specified quota does not exist.")
    return Answer({"Tags": []})


def find(request: Request) -> Quota:
    """The quota that a request names.  Raises NoSuchResourceException."""
    code = request["QuotaCode"]
    for quota in _of_service(request["ServiceCode"]):
        if quota.code == code:
            return quota
    raise AwsError("NoSuchResourceException", "The request failed because the specified quota does not exist.")


def refuse_context(request: Request) -> None:
    """Raises IllegalArgumentException: no quota here is a resource's."""
    if request.get("ContextId"):
        raise AwsError("IllegalArgumentException", "The quota does not support resource-level quotas.")


def paged(
    request: Request, rows: Iterable[T], place: Callable[[T], str], *, newest_first: bool = False
) -> tuple[list[T], str | None]:
    """Raises InvalidPaginationTokenException."""
    try:
        return page(rows, place, request.get("MaxResults") or _PAGE, request.get("NextToken"), backwards=newest_first)
    except BadTokenError:
        raise AwsError("InvalidPaginationTokenException", "Invalid input was provided.") from None


def quota_arn(ctx: Context, quota: Quota, account: str) -> str:
    return f"arn:aws:servicequotas:{ctx.region}:{account}:{quota.service}/{quota.code}"


def _of_service(service: str) -> list[Quota]:
    if service not in SERVICE_NAMES:
        raise AwsError("NoSuchResourceException", "The request failed because the specified service does not exist.")
    return [quota for quota in LISTED if quota.service == service]


def _render(ctx: Context, quota: Quota) -> Response:
    return _essentials(quota) | {
        "QuotaArn": quota_arn(ctx, quota, ctx.account),
        "Value": float(min(ctx.quota(quota), LARGEST)),
    }


def _render_default(ctx: Context, quota: Quota) -> Response:
    return _essentials(quota) | {"QuotaArn": quota_arn(ctx, quota, ""), "Value": float(quota.default)}


def _essentials(quota: Quota) -> Response:
    return {
        "ServiceCode": quota.service,
        "ServiceName": SERVICE_NAMES[quota.service],
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Unit": "None",
        "Adjustable": quota.is_adjustable,
        "GlobalQuota": quota.is_global,
        "QuotaAppliedAtLevel": LEVEL,
    }
