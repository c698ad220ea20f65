"""Where instances are placed: tenancy and placement groups (EC2 API Reference, "Placement").

One host has them all, so that nothing but the answers depends on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from realvpc.net.instance import InstanceState
from realvpc.net.instance_types import INSTANCE_TYPES, InstanceType
from realvpc.net.placement_group import PlacementGroup
from realvpc.net.table import put
from realvpc.net.vpc import Vpc

from ..core.context import Answer, Context, Request
from ..core.errors import (
    AwsError,
    invalid_parameter_combination,
    invalid_parameter_value,
    missing_parameter,
    unsupported_operation,
)
from ..core.lookup import get, named
from .instance import INSTANCE
from .placement_group import PLACEMENT_GROUP, group_named, members

_DEDICATED = "dedicated"


class Placed(Struct, frozen=True):
    tenancy: str
    group: PlacementGroup | None
    partition: int | None


def read_placement(ctx: Context, request: Request, kind: InstanceType, vpc: Vpc) -> Placed:
    """What a launch into a VPC asks for; in a dedicated one every instance is.

    Raises what ``_group`` and ``_partition`` raise, InvalidParameterCombination, UnsupportedOperation for dedicated
    hosts.
    """
    placement = request.get("Placement") or {}
    _refuse_hosts(placement)
    tenancy = _DEDICATED if vpc.instance_tenancy == _DEDICATED else placement.get("Tenancy") or "default"
    group = _group(ctx, placement)
    if group is not None:
        _check_fits(group, kind, tenancy)
    return Placed(tenancy, group, _partition(ctx, placement, group))


def _refuse_hosts(placement: Mapping[str, Any]) -> None:
    if placement.get("HostId") or placement.get("HostResourceGroupArn") or placement.get("Tenancy") == "host":
        raise unsupported_operation("Dedicated Hosts are not supported.")
    if placement.get("Affinity") not in (None, "", "default"):
        raise unsupported_operation("Dedicated Hosts are not supported.")


def _group(ctx: Context, placement: Mapping[str, Any]) -> PlacementGroup | None:
    """Raises ``InvalidPlacementGroup.Unknown``, InvalidParameterCombination for a name together with an id."""
    name, group_id = placement.get("GroupName"), placement.get("GroupId")
    if name and group_id:
        raise invalid_parameter_combination("Specify either the name of the placement group or its ID, not both.")
    if group_id:
        return get(ctx, PLACEMENT_GROUP, group_id)
    return group_named(ctx, name) if name else None


def _check_fits(group: PlacementGroup, kind: InstanceType, tenancy: str) -> None:
    if group.strategy not in kind.placement_strategies:
        raise invalid_parameter_combination(f"Placement groups may not be used with instances of type '{kind.name}'.")
    if group.strategy == "spread" and tenancy != "default":
        raise invalid_parameter_combination("Spread placement groups take instances of the tenancy default only.")


def _partition(ctx: Context, placement: Mapping[str, Any], group: PlacementGroup | None) -> int | None:
    """The one that is asked for, or the emptiest.  Raises InvalidParameterCombination, InvalidParameterValue."""
    wanted: int | None = placement.get("PartitionNumber")
    if group is None or not group.partitions:
        if wanted is not None:
            raise invalid_parameter_combination(
                "PartitionNumber is valid for placement groups of the strategy partition only."
            )
        return None
    if wanted is None:
        taken = Counter(row.partition_number for row in members(ctx, group))
        return min(range(1, group.partitions + 1), key=lambda number: taken[number])
    if not 1 <= wanted <= group.partitions:
        raise invalid_parameter_value(f"Value ({wanted}) for parameter PartitionNumber is invalid.")
    return wanted


_ATTRIBUTES = ("Affinity", "GroupId", "GroupName", "HostId", "HostResourceGroupArn", "PartitionNumber", "Tenancy")


def modify_instance_placement(ctx: Context, request: Request) -> Answer:
    """Of a stopped instance.  An empty GroupName takes it out of its group.

    Raises ``InvalidInstanceID.NotFound``, MissingParameter, IncorrectInstanceState, and what ``read_placement`` raises.
    """
    instance = named(ctx, INSTANCE, request, "InstanceId")
    if all(request.get(name) is None for name in _ATTRIBUTES):
        raise missing_parameter("groupName")
    _refuse_hosts(request)
    if instance.state is not InstanceState.STOPPED:
        raise AwsError("IncorrectInstanceState", f"The instance '{instance.id}' is not in the 'stopped' state.")
    leaves = request.get("GroupName") == ""
    group = _group(ctx, request) or (
        None if leaves else ctx.state.inventory.placement_groups.get(instance.placement_group_id or "")
    )
    tenancy = request.get("Tenancy") or instance.tenancy
    if group is not None:
        _check_fits(group, INSTANCE_TYPES[instance.instance_type], tenancy)
    stays = group is not None and group.id == instance.placement_group_id and request.get("PartitionNumber") is None
    after = replace(
        instance,
        tenancy=tenancy,
        placement_group_id=group.id if group else None,
        partition_number=instance.partition_number if stays else _partition(ctx, request, group),
    )
    return Answer({"Return": True}, put(after))
