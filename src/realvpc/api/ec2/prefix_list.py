"""Managed prefix lists: create, delete, describe (VPC guide, "Managed prefix lists"; EC2 API Reference).

For what changes one see ``prefix_list_change``, for what is in it and who names it ``prefix_list_contents``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from realvpc.net.addresses import Cidr
from realvpc.net.aws_prefix_lists import aws_prefix_list, aws_prefix_lists
from realvpc.net.network import Network
from realvpc.net.prefix_list import AWS, ENTRIES_MAXIMUM, AddressFamily, PrefixList, PrefixListEntry, PrefixListState
from realvpc.net.quotas import PREFIX_LISTS_PER_REGION
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import describing
from ..core.errors import AwsError, invalid_parameter_value, unsupported_operation
from ..core.lookup import named
from ..core.noun import Derived, Noun, of_row
from ..core.parameters import choice
from ..core.tags import render_tags, tags_on_creation

_NAME = re.compile(r".{1,255}", re.DOTALL)
_OF_AWS = ("com.amazonaws.", "com.amazon.", "com.aws.")
_DESCRIPTION_MAXIMUM = 255
_CHANGES_MAXIMUM = 100  # entries of one request


def create_managed_prefix_list(ctx: Context, request: Request) -> Answer:
    """Raises InvalidParameterValue (name, size, family, entries), PrefixListMaxEntriesExceeded,
    PrefixListLimitExceeded."""
    family = choice(request, "AddressFamily", AddressFamily)
    size = read_size(request["MaxEntries"])
    entries = read_entries(request.get("Entries") or [], family)
    tags = tags_on_creation(request, PREFIX_LIST.tag_type)
    check_name(request["PrefixListName"])
    check_fits(entries, size)
    if ctx.count(ctx.network.prefix_lists) >= ctx.quota(PREFIX_LISTS_PER_REGION):
        raise AwsError("PrefixListLimitExceeded", "The maximum number of prefix lists has been reached.")
    row = PrefixList(
        id=ctx.new_id(PREFIX_LIST.prefix),
        account=ctx.account,
        region=ctx.region,
        tags=tags,
        name=request["PrefixListName"],
        address_family=family,
        max_entries=size,
        entries=sorted_entries(entries),
    )
    return Answer({"PrefixList": _render(row) | {"State": "create-in-progress"}}, put(row))


def delete_managed_prefix_list(ctx: Context, request: Request) -> Answer:
    """What routes or rules still name stays, in the state ``delete-failed``: as on AWS, the call itself succeeds.

    Raises UnsupportedOperation for a list of AWS's.
    """
    row = named(ctx, PREFIX_LIST, request, "PrefixListId")
    check_owner(ctx, row)
    under_way = {"PrefixList": _render(row) | {"State": "delete-in-progress", "StateMessage": None}}
    users = users_of(ctx.network, row.id)
    if users:
        message = f"The prefix list is still referenced by: {', '.join(users[:TOLD_MAXIMUM])}."
        return Answer(under_way, put(replace(row, state=PrefixListState.DELETE_FAILED, state_message=message)))
    return Answer(under_way, delete(row, *ctx.state.inventory.versions_of_list(row.id)))


TOLD_MAXIMUM = 10  # resources that a message names (EC2 API Reference, ModifyManagedPrefixList)


def users_of(network: Network, prefix_list_id: str) -> list[str]:
    """The ids of the route tables and security groups that name the list."""
    tables = {row.route_table_id for row in network.prefix_list_routes_by(prefix_list_id)}
    return sorted(tables | {group.id for group in network.groups_naming_list(prefix_list_id)})


# -- what requests say -----------------------------------------------------------------------------------------------


def check_name(name: str) -> None:
    """Raises InvalidParameterValue."""
    if not _NAME.fullmatch(name):
        raise invalid_parameter_value("The prefix list name must have between 1 and 255 characters.")
    if name.lower().startswith(_OF_AWS):
        raise invalid_parameter_value(f"The prefix list name cannot start with any of {', '.join(_OF_AWS)}")


def read_size(size: int) -> int:
    """Raises InvalidParameterValue."""
    if not 1 <= size <= ENTRIES_MAXIMUM:
        raise invalid_parameter_value(f"Must specify a max size between 1 and {ENTRIES_MAXIMUM}")
    return size


def check_few(*entries: Iterable[Any]) -> None:
    """Raises InvalidParameterValue."""
    if sum(1 for each in entries for _ in each) > _CHANGES_MAXIMUM:
        raise invalid_parameter_value(
            f"The request cannot contain more than {_CHANGES_MAXIMUM} entry additions or removals."
        )


def read_entries(given: list[dict[str, Any]], family: AddressFamily) -> list[PrefixListEntry]:
    """Raises InvalidParameterValue."""
    check_few(given)
    entries = {}
    for each in given:
        cidr = read_cidr(each["Cidr"], family)
        description = each.get("Description") or None
        if description is not None and len(description) > _DESCRIPTION_MAXIMUM:
            raise invalid_parameter_value(
                f"The description of an entry cannot have more than {_DESCRIPTION_MAXIMUM} characters."
            )
        if cidr in entries:
            raise invalid_parameter_value(f"The request contains the Cidr {cidr} more than once")
        entries[cidr] = PrefixListEntry(cidr, description)
    return list(entries.values())


def read_cidr(text: str, family: AddressFamily) -> Cidr:
    """Raises InvalidParameterValue for what is no block of the list's family."""
    try:
        cidr = Cidr.parse(text)
    except ValueError:
        cidr = None
    if cidr is None or cidr.is_ipv4 is not (family is AddressFamily.IPV4):
        raise invalid_parameter_value(f"The Cidr {text} is not a valid {family} CIDR block.")
    return cidr


def check_fits(entries: Iterable[PrefixListEntry], size: int) -> None:
    """Raises PrefixListMaxEntriesExceeded."""
    if sum(1 for _ in entries) > size:
        raise AwsError(
            "PrefixListMaxEntriesExceeded", f"The prefix list cannot have more than its maximum of {size} entries."
        )


def sorted_entries(entries: Iterable[PrefixListEntry]) -> tuple[PrefixListEntry, ...]:
    return tuple(sorted(entries, key=lambda entry: entry.cidr))


# -- describe --------------------------------------------------------------------------------------------------------


def _render(row: PrefixList) -> Response:
    is_aws = row.account == AWS
    return {
        "PrefixListId": row.id,
        "AddressFamily": str(row.address_family),
        "State": str(row.state),
        "StateMessage": row.state_message,
        "PrefixListArn": f"arn:aws:ec2:{row.region}:{'aws' if is_aws else row.account}:prefix-list/{row.id}",
        "PrefixListName": row.name,
        "MaxEntries": None if is_aws else row.max_entries,
        "Version": None if is_aws else row.version,
        "Tags": render_tags(row.tags),
        "OwnerId": row.account,
    }


def _one(ctx: Context, prefix_list_id: str) -> PrefixList | None:
    own = ctx.network.prefix_lists.get(prefix_list_id)
    row = own if own is not None and ctx.sees(own) else aws_prefix_list(prefix_list_id)
    return row if row is not None and row.region == ctx.region else None


def _all(ctx: Context) -> Iterable[PrefixList]:
    return (*aws_prefix_lists(ctx.region), *ctx.visible(ctx.network.prefix_lists))


def check_owner(ctx: Context, row: PrefixList) -> None:
    """Raises UnsupportedOperation for a list of AWS's."""
    if row.account == AWS:
        raise unsupported_operation(f"The prefix list {row.id} is managed by AWS and cannot be changed.")


PREFIX_LIST = Noun(
    type=PrefixList,
    prefix="pl",
    not_found="InvalidPrefixListID.NotFound",
    malformed="InvalidPrefixListId.Malformed",
    words="prefix list ID",
    tag_type="prefix-list",
    ids="PrefixListIds",
    result="PrefixLists",
    render=of_row(_render),
    filters={"prefix-list-id": ".id", "prefix-list-name": ".name"},
    derived=Derived(one=_one, all=_all, check=check_owner),
)


describe_managed_prefix_lists = describing(PREFIX_LIST)
