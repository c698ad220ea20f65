"""Record sets: change and list (Route 53 API Reference)."""

from __future__ import annotations

from realvpc.net.domain_name import order
from realvpc.net.hosted_zone import RecordSet
from realvpc.net.quotas import RECORD_SETS_PER_ZONE

from ..core.context import Answer, Context, Request, Response
from ..core.effort import COMPARING, FINDING
from .change_batch import ChangeBatch
from .common import canonical_name, invalid_input, own_zone, page_size, submitted

_MAXIMUM_PAGE = 300


def change_resource_record_sets(ctx: Context, request: Request) -> Answer:
    """All changes of the batch or none.  Raises NoSuchHostedZone, AccessDenied, InvalidChangeBatch, InvalidInput."""
    zone = own_zone(ctx, request["HostedZoneId"])
    batch = request["ChangeBatch"]
    rows, largest = ctx.state.names.record_sets_of(zone.id), ctx.quota(RECORD_SETS_PER_ZONE)
    ctx.effort.spend(COMPARING * len(rows))
    change = ChangeBatch(zone, rows, largest).result(batch["Changes"])
    return submitted(ctx, change, comment=batch.get("Comment") or "")


def list_resource_record_sets(ctx: Context, request: Request) -> Answer:
    """By name, from right to left, and type; from StartRecordName and StartRecordType on.

    Raises NoSuchHostedZone, AccessDenied, InvalidInput.
    """
    zone = own_zone(ctx, request["HostedZoneId"])
    size = page_size(request, "MaxItems", _MAXIMUM_PAGE)
    name, record_type = request.get("StartRecordName"), request.get("StartRecordType") or ""
    if record_type and not name:
        raise invalid_input("StartRecordType needs StartRecordName.")
    if request.get("StartRecordIdentifier"):
        raise invalid_input("StartRecordIdentifier is not available here: no record set has an identifier.")
    start = (order(canonical_name(name, "InvalidInput")), record_type) if name else ("", "")
    found = ctx.state.names.record_sets_of(zone.id)
    ctx.effort.spend(FINDING * len(found))
    keyed = sorted(((order(row.name), row.type), row) for row in found)
    rows = [row for key, row in keyed if key >= start]
    following = rows[size] if len(rows) > size else None
    return Answer(
        {
            "ResourceRecordSets": [_render(row) for row in rows[:size]],
            "IsTruncated": following is not None,
            "NextRecordName": following.name if following else None,
            "NextRecordType": following.type if following else None,
            "MaxItems": str(size),
        }
    )


def _render(row: RecordSet) -> Response:
    return {
        "Name": row.name,
        "Type": row.type,
        "TTL": row.ttl,
        "ResourceRecords": [{"Value": value} for value in row.values],
    }
