"""What requests say of EC2's condition keys (Service Authorization Reference, "Condition keys for Amazon EC2")."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from ..core.context import Context, Request
from ..core.errors import AwsError
from .condition_values import Value
from .launch import find_profile
from .sharing import CREATE_VOLUME, LAUNCH

Given: TypeAlias = tuple[str, ...]

_NO_ATTRIBUTE = frozenset({"Attribute", "ClientToken", "DryRun", "OperationType", "Value"})
"""Members of requests to modify that are no attributes themselves."""

_OF_SHARING = frozenset({"GroupNames", "OrganizationArns", "OrganizationalUnitArns", "UserGroups", "UserIds"})
"""Members that name with whom an image or a snapshot is shared."""

_MEMBERS: Mapping[str, str] = {
    "blockdevicemapping": "BlockDeviceMappings",
    "domain-name": "DomainName",
    "groupset": "Groups",
    **{name.lower(): name for name in ("Description", "ImdsSupport", LAUNCH.member, CREATE_VOLUME.member)},
}
"""The members for what ``Attribute`` names, where that is not the same but for a capital: images' in any case."""


def tags_for(action: str, kind: str, request: Request) -> Mapping[str, str]:
    """The tags that resources of a type are given, by their keys; of what is untagged by keys alone, these."""
    rows: Sequence[Any] = request.get("Tags") or () if action in ("CreateTags", "DeleteTags") else ()
    for specification in request.get("TagSpecifications") or ():
        if specification.get("ResourceType") == kind:
            rows = [*rows, *(specification.get("Tags") or ())]
    return {row.get("Key") or "": row.get("Value") or "" for row in rows}


def attributes(request: Request) -> Mapping[str, Given]:
    """What ModifyInstanceAttribute and its like set: attributes by name, with the values that text can have.

    Requests name one by its own member (``DisableApiStop``) or, in EC2's older way, in ``Attribute``, or both; whom
    something is shared with, by lists beside ``OperationType`` too.
    """
    shared = (LAUNCH if "ImageId" in request else CREATE_VOLUME).member
    found: dict[str, Given] = {}
    if name := request.get("Attribute"):
        found[_MEMBERS.get(name.lower()) or name[:1].upper() + name[1:]] = _texts(request.get("Value"))
    for name, value in request.items():
        if name in _OF_SHARING:
            found.setdefault(shared, ())
        elif name not in _NO_ATTRIBUTE and not name.endswith(("Id", "Ids")):
            found[name] = _texts(value) or found.get(name, ())
    return found


def _texts(value: Any) -> Given:
    if isinstance(value, Mapping):
        return _texts(value.get("Value"))
    if isinstance(value, list):
        return tuple(each for each in value if isinstance(each, str))
    if isinstance(value, bool):
        return (str(value).lower(),)
    return (str(value),) if isinstance(value, str | int) else ()


def _permissions(operation: str, member: str, older: str) -> Callable[[Context, Request], Given]:
    """Whom a snapshot is shared with, or no more, in either of EC2's ways to say so."""

    def given(ctx: Context, request: Request) -> Given:
        rows = (request.get("CreateVolumePermission") or {}).get(operation) or ()
        named = [row[member] for row in rows if row.get(member)]
        if request.get("OperationType") == operation.lower():
            named += request.get(older) or ()
        return tuple(dict.fromkeys(named))

    return given


def _new_profile(ctx: Context, request: Request) -> Given:
    try:
        return (find_profile(ctx, request.get("IamInstanceProfile") or {}).id,)
    except AwsError:
        return ()


def _member(name: str) -> Callable[[Context, Request], Given]:
    return lambda ctx, request: _texts(request.get(name))


def _principal(ctx: Context, request: Request) -> Given:
    account = request.get("AwsAccountId")
    return (f"arn:aws:iam::{account}:root",) if account else ()


def _of_request(read: Callable[[Context, Request], Value]) -> Callable[[Context, Request], Given]:
    return lambda ctx, request: _texts(read(ctx, request))


GIVEN: Mapping[str, Callable[[Context, Request], Given]] = {
    "ec2:Add/group": _permissions("Add", "Group", "GroupNames"),
    "ec2:Add/userId": _permissions("Add", "UserId", "UserIds"),
    "ec2:Attribute": lambda ctx, request: tuple(attributes(request)),
    "ec2:AuthorizedService": _member("AwsService"),
    "ec2:AuthorizedUser": _principal,
    "ec2:Location": _member("Location"),
    "ec2:NewInstanceProfile": _new_profile,
    "ec2:Permission": _member("Permission"),
    "ec2:Region": _of_request(lambda ctx, request: ctx.region),
    "ec2:Remove/group": _permissions("Remove", "Group", "GroupNames"),
    "ec2:Remove/userId": _permissions("Remove", "UserId", "UserIds"),
    "ec2:VpceServicePrivateDnsName": _member("PrivateDnsName"),
    "ec2:VpceServiceRegion": _of_request(lambda ctx, request: request.get("ServiceRegion") or ctx.region),
}
"""By key: what a request says of it."""
