"""Changes of a managed prefix list: its name, its size, its entries, and back to an earlier version (EC2 API Reference,
ModifyManagedPrefixList, RestoreManagedPrefixListVersion)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from realvpc.net.addresses import Cidr
from realvpc.net.network import Network
from realvpc.net.prefix_list import (
    VERSIONS_MAXIMUM,
    PrefixList,
    PrefixListEntry,
    PrefixListState,
    PrefixListVersion,
)
from realvpc.net.quotas import ROUTES_PER_TABLE, RULES_PER_SECURITY_GROUP
from realvpc.net.table import Change, delete, put

from ..core.context import Answer, Context, Request
from ..core.effort import COMPARING
from ..core.errors import AwsError, invalid_parameter_combination, invalid_parameter_value
from ..core.lookup import named
from ..core.parameters import refuse
from .prefix_list import (
    PREFIX_LIST,
    TOLD_MAXIMUM,
    check_few,
    check_fits,
    check_name,
    check_owner,
    read_cidr,
    read_entries,
    read_size,
    sorted_entries,
)
from .prefix_list_use import route_count, rule_counts
from .route import check_destination

CHANGES_KEPT = 10_000
"""Entries by which the earlier versions of a list differ, all together: so much is kept, however often it changes."""


def modify_managed_prefix_list(ctx: Context, request: Request) -> Answer:
    """Entries, or the size, and the name with either.  A change of entries makes a new version.

    A size that a resource which names the list cannot bear leaves the list as it was, in the state ``modify-failed``.
    Raises PrefixListVersionMismatch, PrefixListMaxEntriesExceeded, InvalidPrefixListModification (an entry to remove
    that is not there), InvalidRequest (an entry to add that is, or nothing to do), InvalidParameterValue,
    InvalidParameterCombination, UnsupportedOperation for a list of AWS's.
    """
    refuse(request, ("IpamPrefixListResolverSyncEnabled",))
    row = named(ctx, PREFIX_LIST, request, "PrefixListId")
    check_owner(ctx, row)
    name, size = request.get("PrefixListName"), request.get("MaxEntries")
    adds, removes = request.get("AddEntries") or [], request.get("RemoveEntries") or []
    if size is not None and (adds or removes):
        raise invalid_parameter_combination(
            "You cannot modify the entries and the maximum entries for the prefix list in the same request."
        )
    if not (name or size is not None or adds or removes):
        raise _INVALID_REQUEST
    if request.get("CurrentVersion") is not None:
        _check_version(row, request["CurrentVersion"])
    check_few(adds, removes)
    if name:
        check_name(name)
    changed = replace(row, name=name or row.name, state=PrefixListState.MODIFY_COMPLETE, state_message=None)
    if size is not None:
        check_fits(row.entries, read_size(size))
        changed = _resized(ctx, row, replace(changed, max_entries=size))
    if adds or removes:
        gone = [read_cidr(each["Cidr"], row.address_family) for each in removes]
        entries = _edited(row, gone, read_entries(adds, row.address_family))
        return _under_way(ctx, row, "modify-in-progress", _with_entries(ctx, row, changed, entries))
    return _under_way(ctx, row, "modify-in-progress", put(changed))


_INVALID_REQUEST = AwsError("InvalidRequest", "The request received was invalid.")


def restore_managed_prefix_list_version(ctx: Context, request: Request) -> Answer:
    """The entries of an earlier version, as a new one.

    Raises PrefixListVersionMismatch, InvalidParameterValue for a version that is not kept,
    PrefixListMaxEntriesExceeded, UnsupportedOperation for a list of AWS's.
    """
    row = named(ctx, PREFIX_LIST, request, "PrefixListId")
    check_owner(ctx, row)
    _check_version(row, request["CurrentVersion"])
    if request["PreviousVersion"] == row.version:
        raise invalid_parameter_value(f"The version {row.version} is the current one of the prefix list {row.id}.")
    entries = entries_of_version(ctx, row, request["PreviousVersion"])
    changed = replace(row, state=PrefixListState.RESTORE_COMPLETE, state_message=None)
    return _under_way(ctx, row, "restore-in-progress", _with_entries(ctx, row, changed, entries))


def entries_of_version(ctx: Context, row: PrefixList, version: int) -> tuple[PrefixListEntry, ...]:
    """Raises InvalidParameterValue for a version that there is not, or not any more."""
    if version == row.version:
        return row.entries
    entries = {entry.cidr: entry for entry in row.entries}
    for earlier in ctx.state.inventory.versions_of_list(row.id):
        ctx.effort.spend(COMPARING * (1 + earlier.size))
        earlier.undo(entries)
        if earlier.version == version:
            return sorted_entries(entries.values())
    raise invalid_parameter_value(f"The version {version} of the prefix list {row.id} does not exist.")


def _check_version(row: PrefixList, version: int) -> None:
    if version != row.version:
        raise AwsError("PrefixListVersionMismatch", "The prefix list has the incorrect version number.")


def _under_way(ctx: Context, row: PrefixList, state: str, change: Change) -> Answer:
    """The response shows the list as it is until the change is done."""
    return Answer({"PrefixList": PREFIX_LIST.render(ctx, row) | {"State": state, "StateMessage": None}}, change)


def _edited(row: PrefixList, gone: list[Cidr], new: list[PrefixListEntry]) -> tuple[PrefixListEntry, ...]:
    entries = {entry.cidr: entry for entry in row.entries}
    for cidr in gone:
        if any(cidr == entry.cidr for entry in new):
            raise invalid_parameter_value(
                f"Request cannot contain Cidr {cidr} in both AddPrefixListEntries and RemovePrefixListEntries"
            )
        if entries.pop(cidr, None) is None:
            raise AwsError(
                "InvalidPrefixListModification", f"The entry {cidr} of the prefix list {row.id} does not exist."
            )
    for entry in new:
        if entry.cidr in entries:
            raise _INVALID_REQUEST
        entries[entry.cidr] = entry
    return sorted_entries(entries.values())


def _with_entries(ctx: Context, old: PrefixList, changed: PrefixList, entries: tuple[PrefixListEntry, ...]) -> Change:
    """The list with these entries as its next version, and the earlier versions that are kept."""
    check_fits(entries, old.max_entries)
    new = replace(changed, entries=entries, version=old.version + 1)
    _check_routes(ctx, new, set(new.cidrs) - set(old.cidrs))
    before = PrefixListVersion.before(old, new)
    earlier = [before, *ctx.state.inventory.versions_of_list(old.id)]
    return put(new, before) + delete(*_forgotten(earlier))


def _check_routes(ctx: Context, row: PrefixList, new: set[Cidr]) -> None:
    """Raises InvalidParameterValue for a block that one of the routes to the list may not lead to."""
    for route in ctx.network.prefix_list_routes_by(row.id):
        ctx.effort.spend(COMPARING * len(new))
        table = ctx.network.route_tables[route.route_table_id]
        for cidr in sorted(new):
            check_destination(ctx, table, route.to(cidr))


def _forgotten(newest_first: Iterable[PrefixListVersion]) -> Iterator[PrefixListVersion]:
    versions, changes = 0, 0
    for earlier in newest_first:
        versions, changes = versions + 1, changes + earlier.size
        if versions >= VERSIONS_MAXIMUM or changes > CHANGES_KEPT:
            yield earlier


def _resized(ctx: Context, old: PrefixList, new: PrefixList) -> PrefixList:
    """The list with its new size, or the old one with the reason why it cannot have it."""
    if new.max_entries <= old.max_entries:
        return new
    full = sorted(_that_are_full(ctx, ctx.network.apply(put(new)), new))
    if not full:
        return new
    message = f"These resources do not support the new maximum size: {', '.join(full[:TOLD_MAXIMUM])}."
    return replace(old, state=PrefixListState.MODIFY_FAILED, state_message=message)


def _that_are_full(ctx: Context, network: Network, row: PrefixList) -> Iterator[str]:
    """The ids of what has more routes or rules than it may, in a network where the list has its new size."""
    for table_id in {route.route_table_id for route in network.prefix_list_routes_by(row.id)}:
        if route_count(network, table_id, ipv4=row.is_ipv4) > ctx.quota(ROUTES_PER_TABLE):
            yield table_id
    for group in network.groups_naming_list(row.id):
        ctx.effort.spend(COMPARING * len(group.rules))
        if max(rule_counts(network, group.rules).values()) > ctx.quota(RULES_PER_SECURITY_GROUP):
            yield group.id
