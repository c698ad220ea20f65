"""The condition keys of Route 53's actions (Service Authorization Reference; Route 53 guide, "Using IAM policy
conditions for fine-grained access control")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from realvpc.iam.evaluate import Conditions
from realvpc.net.domain_name import canonical

from ..core.context import Context, Request

_PREFIX = "route53:ChangeResourceRecordSets"


def of_changes(ctx: Context, request: Request, resource: str) -> Conditions:
    """Names are in small letters and without the dot at their end, or they could be written in many ways."""
    changes = (request.get("ChangeBatch") or {}).get("Changes") or ()
    sets = [each.get("ResourceRecordSet") or {} for each in changes]
    return {
        f"{_PREFIX}Actions": _each(change.get("Action") for change in changes),
        f"{_PREFIX}NormalizedRecordNames": _each(map(_normalized, sets)),
        f"{_PREFIX}RecordTypes": _each(each.get("Type") for each in sets),
    }


def of_vpc(ctx: Context, request: Request, resource: str) -> Conditions:
    vpc = request.get("VPC") or {}
    if not vpc.get("VPCId"):
        return {}
    return {"route53:VPCs": (f"VPCId={vpc['VPCId']},VPCRegion={vpc.get('VPCRegion') or ''}",)}


def _normalized(record_set: Mapping[str, Any]) -> str:
    name: str = record_set.get("Name") or ""
    try:
        name = canonical(name)
    except ValueError:  # it is no name: the action says so
        name = name.lower()
    return name.removesuffix(".")


def _each(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in values if each))
