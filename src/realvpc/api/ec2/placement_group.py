"""Placement groups (EC2 API Reference).  They place nothing: there is one host."""

from __future__ import annotations

from collections.abc import Collection

from realvpc.net.instance import Instance, InstanceState
from realvpc.net.placement_group import DEFAULT_PARTITIONS, MOST_PARTITIONS, PlacementGroup
from realvpc.net.quotas import PLACEMENT_GROUPS_PER_REGION
from realvpc.net.table import delete, put

from ..core.arn import arn
from ..core.context import Answer, Context, Request, Response
from ..core.describe import describe
from ..core.errors import AwsError, invalid_parameter_combination, invalid_parameter_value, missing_parameter
from ..core.noun import Noun, of_row
from ..core.parameters import refuse, required
from ..core.tags import render_tags, tags_on_creation

MAXIMUM_NAME_LENGTH = 255
_STRATEGIES = ("cluster", "spread", "partition")


def create_placement_group(ctx: Context, request: Request) -> Answer:
    """Raises MissingParameter, InvalidParameterValue, InvalidParameterCombination, ``InvalidPlacementGroup.Duplicate``,
    PlacementGroupLimitExceeded, UnsupportedOperation."""
    refuse(request, ("LinkedGroupId", "ParentGroupId"))
    name = required(request, "GroupName")
    if len(name) > MAXIMUM_NAME_LENGTH or not name.isascii() or not name.isprintable():
        raise invalid_parameter_value(f"Value ({name}) for parameter GroupName is invalid.")
    strategy = request.get("Strategy") or ("partition" if request.get("PartitionCount") else None)
    if strategy is None:
        raise missing_parameter("strategy")
    if strategy not in _STRATEGIES:
        raise invalid_parameter_value(f"Value ({strategy}) for parameter strategy is invalid.")
    row = PlacementGroup(
        id=ctx.new_id(PLACEMENT_GROUP.prefix),
        account=ctx.account,
        region=ctx.region,
        tags=tags_on_creation(request, PLACEMENT_GROUP.tag_type),
        name=name,
        strategy=strategy,
        partitions=_partitions(request, strategy),
        spread_level=_spread_level(request, strategy),
    )
    if ctx.state.inventory.placement_group_named(ctx.account, ctx.region, name) is not None:
        raise AwsError("InvalidPlacementGroup.Duplicate", f"The placement group '{name}' already exists.")
    limit = ctx.quota(PLACEMENT_GROUPS_PER_REGION)
    if ctx.count(ctx.state.inventory.placement_groups) >= limit:
        raise AwsError("PlacementGroupLimitExceeded", f"You have reached the limit of {limit} placement groups.")
    return Answer({"PlacementGroup": _render(row)}, put(row))


def _partitions(request: Request, strategy: str) -> int:
    wanted = request.get("PartitionCount")
    if strategy != "partition":
        if wanted:
            raise invalid_parameter_combination("PartitionCount is valid for the strategy partition only.")
        return 0
    count: int = DEFAULT_PARTITIONS if wanted is None else wanted
    if not 1 <= count <= MOST_PARTITIONS:
        raise invalid_parameter_value(
            f"Value ({count}) for parameter partitionCount is invalid. It has to be 1 to {MOST_PARTITIONS}."
        )
    return count


def _spread_level(request: Request, strategy: str) -> str | None:
    wanted = request.get("SpreadLevel")
    if wanted and strategy != "spread":
        raise invalid_parameter_combination("SpreadLevel is valid for the strategy spread only.")
    if wanted == "host":
        raise invalid_parameter_value("Value (host) for parameter spreadLevel is valid on Outposts only.")
    return "rack" if strategy == "spread" else None


def group_named(ctx: Context, name: str) -> PlacementGroup:
    """Raises ``InvalidPlacementGroup.Unknown``."""
    found = ctx.state.inventory.placement_group_named(ctx.account, ctx.region, name)
    if found is None:
        raise AwsError("InvalidPlacementGroup.Unknown", f"The Placement Group '{name}' is unknown.")
    return found


def members(ctx: Context, group: PlacementGroup) -> Collection[Instance]:
    """The instances in it that are not terminated."""
    rows = ctx.network.instances.where(_group_id, group.id)
    return [row for row in rows if row.state is not InstanceState.TERMINATED]


def _group_id(row: Instance) -> tuple[str | None, ...]:
    return (row.placement_group_id,) if row.placement_group_id else ()


def delete_placement_group(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidPlacementGroup.Unknown``, ``InvalidPlacementGroup.InUse``."""
    group = group_named(ctx, request["GroupName"])
    if members(ctx, group):
        raise AwsError(
            "InvalidPlacementGroup.InUse", f"The placement group '{group.name}' is in use and may not be deleted."
        )
    return Answer({}, delete(group))


def _render(row: PlacementGroup) -> Response:
    return {
        "GroupId": row.id,
        "GroupName": row.name,
        "GroupArn": arn("ec2", row.region, row.account, f"placement-group/{row.name}"),
        "State": "available",
        "Strategy": row.strategy,
        "PartitionCount": row.partitions or None,
        "SpreadLevel": row.spread_level,
        "Tags": render_tags(row.tags),
        "Operator": {"Managed": False},
    }


PLACEMENT_GROUP = Noun(
    type=PlacementGroup,
    prefix="pg",
    not_found="InvalidPlacementGroup.Unknown",
    malformed="InvalidPlacementGroupId.Malformed",
    words="Placement Group",
    sentence="The {} '{}' is unknown.",
    tag_type="placement-group",
    ids="GroupIds",
    result="PlacementGroups",
    render=of_row(_render),
    filters={
        "group-arn": "GroupArn",
        "group-name": ".name",
        "spread-level": ".spread_level",
        "state": "State",
        "strategy": ".strategy",
    },
)


def describe_placement_groups(ctx: Context, request: Request) -> Answer:
    """By id, name and filter, all at once: the action has no pages.  Raises ``InvalidPlacementGroup.Unknown``."""
    named = [group_named(ctx, name).id for name in request.get("GroupNames") or ()]
    ids = [*(request.get("GroupIds") or ()), *named]
    wanted = {PLACEMENT_GROUP.ids: ids, "Filters": request.get("Filters")}
    return Answer({"PlacementGroups": describe(ctx, wanted, PLACEMENT_GROUP).response["PlacementGroups"]})
