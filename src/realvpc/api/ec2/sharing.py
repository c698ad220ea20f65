"""Images and snapshots that are shared with other accounts, or with all (EC2 guide, "Shared AMI usage"; EBS guide,
"Share a snapshot")."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct

from realvpc.net.machine_image import ALL, DiskSnapshot, Shareable
from realvpc.net.table import Table

from ..core.context import Context, Request, Response
from ..core.effort import COMPARING
from ..core.errors import AwsError, invalid_parameter_combination, missing_parameter, unsupported_operation
from .ebs_setting import settings_of

S = TypeVar("S", bound=Shareable)

_MOST = 1000  # accounts of one image or snapshot
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_ORGANIZATIONS = ("OrganizationArn", "OrganizationalUnitArn")
_HIDING = "block-all-sharing"


class Kind(Struct, frozen=True):
    """How a permission is called: the request's member, EC2's name of the attribute, the error for a wrong value."""

    member: str
    attribute: str
    groups: str
    invalid: str


LAUNCH = Kind("LaunchPermission", "launchPermission", "UserGroups", "InvalidAMIAttributeItemValue")
CREATE_VOLUME = Kind("CreateVolumePermission", "createVolumePermission", "GroupNames", "InvalidParameterValue")


def may_use(ctx: Context, row: Shareable, region: str = "") -> bool:
    """Whether the caller may, in its own Region or another one: its owner, whom it is shared with, or anybody."""
    if row.region != (region or ctx.region):
        return False
    return ctx.account in (row.account, *row.shared_with) or (ALL in row.shared_with and not _is_hidden(ctx, row))


def usable(ctx: Context, table: Table[S]) -> Iterable[S]:
    """Those of the table that the caller may use, each once."""
    yield from ctx.visible(table)
    seen: set[str] = set()
    for name in (ctx.account, ALL):
        rows = table.where(_by_sharing, (name, ctx.region))
        ctx.effort.spend(COMPARING * len(rows))
        for row in rows:
            if row.account != ctx.account and row.id not in seen and may_use(ctx, row):
                seen.add(row.id)
                yield row


def is_granted(ctx: Context, row: Shareable, users: Collection[str]) -> bool:
    """Whether one of these has it by a permission, not as its owner: ``all``, ``self``, or an account.  Of another
    account's permissions only those are seen that the caller gave."""
    granted = {ALL} & set(row.shared_with)
    granted |= _with_self(ctx, row) if row.account == ctx.account else {ctx.account, "self"} & _with_self(ctx, row)
    return not granted.isdisjoint(users)


def _with_self(ctx: Context, row: Shareable) -> set[str]:
    return {*row.shared_with, *(("self",) if ctx.account in row.shared_with else ())}


def _is_hidden(ctx: Context, row: Shareable) -> bool:
    """Public snapshots are private again while their owner blocks all sharing."""
    is_snapshot = isinstance(row, DiskSnapshot)
    return is_snapshot and settings_of(ctx, row.account, row.region).snapshot_block_public_access == _HIDING


def _by_sharing(row: Shareable) -> Iterable[tuple[str, str]]:
    return ((name, row.region) for name in row.shared_with)


def rendered(row: Shareable) -> list[Response]:
    """As permissions are shown."""
    return [{"Group": ALL} if name == ALL else {"UserId": name} for name in row.shared_with]


def check_owner(ctx: Context, row: Shareable) -> None:
    """Raises AuthFailure for what another account shares, and for an image of a publisher's."""
    if row.account != ctx.account:
        kind = "snapshot" if isinstance(row, DiskSnapshot) else "image"
        raise AwsError("AuthFailure", f"Not authorized for {kind}:{row.id}")


def shared_anew(request: Request, row: Shareable, kind: Kind) -> tuple[str, ...]:
    """Whom it is shared with after a request that adds or removes.

    Raises MissingParameter, InvalidParameterCombination, UnsupportedOperation, ResourceLimitExceeded, and the kind's
    error for who is no account.
    """
    added, removed = _asked(request, kind)
    if not added and not removed:
        raise missing_parameter(kind.member)
    if set(added) & set(removed):
        raise invalid_parameter_combination("A permission cannot be added and removed at once.")
    names = dict.fromkeys((*row.shared_with, *added))
    shared = tuple(name for name in names if name not in removed)
    if len(shared) > _MOST:
        raise AwsError("ResourceLimitExceeded", f"It cannot be shared with more than {_MOST} accounts.")
    return shared


def _asked(request: Request, kind: Kind) -> tuple[Sequence[str], Sequence[str]]:
    """In one of two ways: a structure, or an operation with lists."""
    if (given := request.get(kind.member)) is not None:
        added, removed = ([_name(each, kind) for each in given.get(name) or ()] for name in ("Add", "Remove"))
        return added, removed
    accounts: list[Mapping[str, Any]] = [{"UserId": each} for each in request.get("UserIds") or ()]
    groups: list[Mapping[str, Any]] = [{"Group": each} for each in request.get(kind.groups) or ()]
    names = [_name(each, kind) for each in (*accounts, *groups)]
    if names and not request.get("OperationType"):
        raise missing_parameter("operationType")
    return (names, []) if request.get("OperationType") == "add" else ([], names)


def _name(permission: Mapping[str, Any], kind: Kind) -> str:
    if any(permission.get(name) for name in _ORGANIZATIONS):
        raise unsupported_operation("There are no organizations here to share with.")
    account, group = permission.get("UserId"), permission.get("Group")
    if group and not account:
        if group != ALL:
            raise AwsError(kind.invalid, f'Invalid attribute item value "{group}" for group item type.')
        return ALL
    if not account or group or not _ACCOUNT.fullmatch(account):
        raise AwsError(kind.invalid, f'Invalid attribute item value "{account or ""}" for userId item type.')
    return str(account)
