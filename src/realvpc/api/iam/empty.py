"""What IAM lists and RealVPC has none of, as tables: what is empty, what is empty for each user, and what is asked for
by name and never found (IAM API Reference)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from ..core.action import Action, Perform, on_all
from ..core.arn import arn
from ..core.context import Answer, Context, Request
from .common import no_such_entity, page
from .resources import on_path, on_user
from .user import user_asked_for

EMPTY: Mapping[str, str] = {
    "ListDelegationRequests": "DelegationRequests",
    "ListServerCertificates": "ServerCertificateMetadataList",
    "ListVirtualMFADevices": "VirtualMFADevices",
}
"""The list's member of the response."""

OF_USERS: Mapping[str, str] = {
    "ListMFADevices": "MFADevices",
    "ListServiceSpecificCredentials": "ServiceSpecificCredentials",
}
"""The same, of a user that has to be there."""

_IN_SMALL_LETTERS = ("ListDelegationRequests",)  # isTruncated


class Unknown(Struct, frozen=True):
    """``member`` of the request names a ``kind`` of resource of which there is none."""

    member: str
    kind: str
    says: str

    def resources(self, ctx: Context, request: Request) -> Sequence[str]:
        return (arn("iam", "", ctx.account, f"{self.kind}/{request[self.member]}"),)

    def nothing_named(self, ctx: Context, request: Request) -> Answer:
        """Raises NoSuchEntity."""
        raise no_such_entity(self.says.format(request[self.member]))


UNKNOWN: Mapping[str, Unknown] = {
    "GetServerCertificate": Unknown(
        "ServerCertificateName", "server-certificate", "The Server Certificate with name {} cannot be found."
    ),
}


def _listing(action: str, member: str) -> Perform:
    """Raises ValidationError for a Marker."""

    def nothing_listed(ctx: Context, request: Request) -> Answer:
        shown, members = page(ctx, request, (), str)
        if action in _IN_SMALL_LETTERS:
            members = {"isTruncated": False}
        return Answer({member: shown, **members})

    return nothing_listed


def _of_user(action: str, member: str) -> Perform:
    """Raises NoSuchEntity, and like ``_listing``."""
    listing = _listing(action, member)

    def nothing_listed(ctx: Context, request: Request) -> Answer:
        user_asked_for(ctx, request)
        return listing(ctx, request)

    return nothing_listed


_LISTED_BY_PATH = {"ListServerCertificates": "server-certificate"}

ACTIONS: dict[str, Action] = {
    **{
        name: Action(_listing(name, member), on_path(_LISTED_BY_PATH[name]) if name in _LISTED_BY_PATH else on_all)
        for name, member in EMPTY.items()
    },
    **{name: Action(_of_user(name, member), on_user) for name, member in OF_USERS.items()},
    **{name: Action(row.nothing_named, row.resources) for name, row in UNKNOWN.items()},
}
