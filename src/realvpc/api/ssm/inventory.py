"""The inventory of managed instances: what somebody has put there, and what the agent says of itself (SSM API
Reference)."""

from __future__ import annotations

from typing import Any

import msgspec

from realvpc.net.instance import Instance
from realvpc.net.ssm_inventory import InventoryItem
from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from ..core.errors import AwsError
from ..core.parameters import refuse
from .instance_information import information_of, is_managed
from .inventory_filter import Entries, passes, tests_of
from .paging import paged

INFORMATION = "AWS:InstanceInformation"
_OF_AWS = frozenset(
    f"AWS:{name}"
    for name in (
        *("Application", "AWSComponent", "BillingInfo", "ComplianceItem", "File", "InstanceDetailedInformation"),
        *("InstanceInformation", "Network", "PatchCompliance", "PatchSummary", "Service", "Tag", "WindowsRegistry"),
        *("WindowsRole", "WindowsUpdate"),
    )
)
_LARGEST_ITEM, _LARGEST = 200 << 10, 1 << 20  # bytes, and of all that an instance has
_MOST_CUSTOM_TYPES = 20
_READ_IN_A_STEP = 40  # characters


def put_inventory(ctx: Context, request: Request) -> Answer:
    """Each item takes the place of what there was of its type.

    Raises InvalidInstanceId, InvalidTypeNameException, InvalidItemContentException, ItemContentMismatchException,
    ItemSizeLimitExceededException, TotalSizeLimitExceededException, CustomSchemaCountLimitExceededException,
    UnsupportedInventoryItemContextException.
    """
    instance = _managed(ctx, request["InstanceId"])
    told: dict[str, InventoryItem] = {}
    for item in request["Items"]:
        if item["TypeName"] in told:
            raise AwsError("InvalidItemContentException", f"The type {item['TypeName']} is there more than once.")
        told[item["TypeName"]] = _item(ctx, instance, item)
    whole = {row.type: row for row in ctx.state.inventory.inventory_of(instance.id)} | told
    if sum(name.startswith("Custom:") for name in whole) > _MOST_CUSTOM_TYPES:
        raise AwsError(
            "CustomSchemaCountLimitExceededException",
            f"You have exceeded the limit for custom schemas: an instance has {_MOST_CUSTOM_TYPES} at most.",
        )
    if sum(len(row.entries.encode()) for row in whole.values()) > _LARGEST:
        raise AwsError(
            "TotalSizeLimitExceededException",
            "The size of inventory data has exceeded the total size limit for the resource.",
        )
    return Answer({}, put(*told.values()))


def _item(ctx: Context, instance: Instance, item: Request) -> InventoryItem:
    name = item["TypeName"]
    if name == INFORMATION:
        raise AwsError("InvalidTypeNameException", f"{INFORMATION} is what the agent says of itself.")
    _check_type(name)
    if item.get("Context"):
        raise AwsError(
            "UnsupportedInventoryItemContextException", f"The Context attribute is not supported for {name}."
        )
    row_id, digest = f"{instance.id}/{name}", item.get("ContentHash") or ""
    entries = item.get("Content")
    if entries is None:
        before = ctx.state.inventory.inventory_items.get(row_id)
        if before is None or not digest or before.content_hash != digest:
            raise AwsError(
                "ItemContentMismatchException",
                f"The inventory item {name} has no content, or its content hash is not that of what was put before.",
            )
        text = before.entries
    else:
        text = msgspec.json.encode(entries).decode()
        ctx.effort.spend(len(text) // _READ_IN_A_STEP)
    if len(text.encode()) > _LARGEST_ITEM:
        raise AwsError("ItemSizeLimitExceededException", "The inventory item size has exceeded the size limit.")
    return InventoryItem(
        id=row_id,
        account=instance.account,
        region=instance.region,
        instance_id=instance.id,
        type=name,
        schema_version=item["SchemaVersion"],
        captured_at=item["CaptureTime"],
        content_hash=digest,
        entries=text,
    )


def list_inventory_entries(ctx: Context, request: Request) -> Answer:
    """Of one type.  Raises InvalidInstanceId, InvalidTypeNameException, InvalidFilter, InvalidNextToken."""
    instance, name = _managed(ctx, request["InstanceId"]), request["TypeName"]
    _check_type(name)
    tests = tests_of(request.get("Filters") or (), name)
    found = _shown(ctx, instance, name)
    entries: Entries = found["Content"] if found else []
    rows = [
        (f"{number:05}", entry) for number, entry in enumerate(entries) if all(passes(test, [entry]) for test in tests)
    ]
    page, token = paged(rows, lambda pair: pair[0], request)
    shown = {"TypeName": name, "InstanceId": instance.id, "Entries": [entry for _, entry in page], "NextToken": token}
    return Answer(shown | {member: found[member] for member in ("SchemaVersion", "CaptureTime") if found})


def get_inventory(ctx: Context, request: Request) -> Answer:
    """Of all managed instances that pass the filters, one type of each.

    Raises InvalidTypeNameException, InvalidFilter, InvalidNextToken, UnsupportedOperation.
    """
    refuse(request, ("Aggregators",))
    wanted = [each["TypeName"] for each in request.get("ResultAttributes") or ()] or [INFORMATION]
    for name in wanted:
        _check_type(name)
    tests = tests_of(request.get("Filters") or (), "")
    rows = [
        row
        for row in ctx.visible(ctx.network.instances)
        if is_managed(ctx, row) and all(passes(test, _content(ctx, row, test.type)) for test in tests)
    ]
    page, token = paged(rows, lambda row: row.id, request)
    entities = [
        {"Id": row.id, "Data": {name: shown for name in wanted if (shown := _shown(ctx, row, name)) is not None}}
        for row in page
    ]
    return Answer({"Entities": entities, "NextToken": token})


def _shown(ctx: Context, instance: Instance, name: str) -> Response | None:
    """What there is of a type, or None."""
    if name == INFORMATION:
        return {
            "TypeName": name,
            "SchemaVersion": "1.0",
            "CaptureTime": f"{ctx.now:%Y-%m-%dT%H:%M:%SZ}",
            "Content": [information_of(ctx, instance)],
        }
    row = ctx.state.inventory.inventory_items.get(f"{instance.id}/{name}")
    if row is None:
        return None
    ctx.effort.spend(len(row.entries) // _READ_IN_A_STEP)
    content: list[dict[str, Any]] = msgspec.json.decode(row.entries)
    return {
        "TypeName": name,
        "SchemaVersion": row.schema_version,
        "CaptureTime": row.captured_at,
        "ContentHash": row.content_hash or None,
        "Content": content,
    }


def _content(ctx: Context, instance: Instance, name: str) -> Entries:
    shown = _shown(ctx, instance, name)
    return shown["Content"] if shown else []


def _managed(ctx: Context, instance_id: str) -> Instance:
    """Raises InvalidInstanceId."""
    instance = ctx.network.instances.get(instance_id)
    if instance is None or not ctx.sees(instance) or not is_managed(ctx, instance):
        raise AwsError("InvalidInstanceId", f"{instance_id} is not a managed instance of the account.")
    return instance


def _check_type(name: str) -> None:
    """Raises InvalidTypeNameException."""
    if not name.startswith("Custom:") and name not in _OF_AWS:
        raise AwsError("InvalidTypeNameException", f"The parameter type name {name} is not valid.")
