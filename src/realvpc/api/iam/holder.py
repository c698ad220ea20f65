"""Users, groups and roles as the holders of policies: what differs between the three, as data."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from realvpc.iam.policy_holder import PolicyHolder
from realvpc.net.quotas import POLICIES_PER_GROUP, POLICIES_PER_ROLE, POLICIES_PER_USER, Quota

from ..core.context import Context, Request
from .group import group_named
from .role import own_role, role_named
from .user import user_named


class HolderKind(Struct, frozen=True):
    """``member`` of a request names one; ``find`` raises NoSuchEntity, and ``change``, for one that is to be changed,
    UnmodifiableEntity as well.  ``inline_characters`` is the most that all inline policies of one may have."""

    member: str
    word: str
    find: Callable[[Context, str], PolicyHolder]
    change: Callable[[Context, str], PolicyHolder]
    attached: Quota
    attached_words: str
    inline_characters: int

    def found(self, ctx: Context, request: Request) -> PolicyHolder:
        return self.find(ctx, request[self.member])

    def to_change(self, ctx: Context, request: Request) -> PolicyHolder:
        return self.change(ctx, request[self.member])


USER = HolderKind("UserName", "user", user_named, user_named, POLICIES_PER_USER, "PoliciesPerUser", 2048)
GROUP = HolderKind("GroupName", "group", group_named, group_named, POLICIES_PER_GROUP, "PoliciesPerGroup", 5120)
ROLE = HolderKind("RoleName", "role", role_named, own_role, POLICIES_PER_ROLE, "PoliciesPerRole", 10240)
