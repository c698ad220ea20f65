"""What is in a prefix list and who names it (EC2 API Reference, GetManagedPrefixListEntries,
GetManagedPrefixListAssociations, DescribePrefixLists)."""

from __future__ import annotations

from msgspec import Struct

from realvpc.net.prefix_list import AWS, PrefixList, PrefixListEntry

from ..core.context import Answer, Context, Request, Response
from ..core.describe import paginate, select
from ..core.effort import SHOWING
from ..core.lookup import named
from .prefix_list import PREFIX_LIST, users_of
from .prefix_list_change import entries_of_version


class _Entry(Struct, frozen=True):
    entry: PrefixListEntry

    @property
    def id(self) -> str:
        return str(self.entry.cidr)


class _User(Struct, frozen=True):
    """A resource that names the list."""

    id: str
    owner: str


def get_managed_prefix_list_entries(ctx: Context, request: Request) -> Answer:
    """Those of the current version, or of ``TargetVersion``; by the text of their blocks.

    Raises InvalidParameterValue for a version that is not kept.
    """
    row = named(ctx, PREFIX_LIST, request, "PrefixListId")
    version = request.get("TargetVersion")
    entries = row.entries if version is None else entries_of_version(ctx, row, version)
    page, token = paginate(request, sorted(map(_Entry, entries), key=lambda each: each.id))
    ctx.effort.spend(SHOWING * len(page))
    shown = [{"Cidr": each.id, "Description": each.entry.description} for each in page]
    return Answer({"Entries": shown, "NextToken": token})


def get_managed_prefix_list_associations(ctx: Context, request: Request) -> Answer:
    """The caller's route tables and security groups that name the list."""
    row = named(ctx, PREFIX_LIST, request, "PrefixListId")
    network = ctx.network
    users = [
        _User(found.id, found.account)
        for user in users_of(network, row.id)
        if (found := network.route_tables.get(user) or network.security_groups.get(user)) and ctx.sees(found)
    ]
    page, token = paginate(request, users)
    shown = [{"ResourceId": each.id, "ResourceOwner": each.owner} for each in page]
    return Answer({"PrefixListAssociations": shown, "NextToken": token})


def describe_prefix_lists(ctx: Context, request: Request) -> Answer:
    """Those of AWS's services alone, with their ranges."""
    rows = [row for row in select(ctx, request, PREFIX_LIST) if row.account == AWS]
    page, token = paginate(request, rows)
    return Answer({"PrefixLists": [_render(row) for row in page], "NextToken": token})


def _render(row: PrefixList) -> Response:
    return {"PrefixListId": row.id, "PrefixListName": row.name, "Cidrs": [str(cidr) for cidr in row.cidrs]}
