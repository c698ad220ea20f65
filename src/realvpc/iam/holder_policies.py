"""The policies that users, groups and roles have: inline and attached ones, those of a user's groups, the boundary."""

from __future__ import annotations

from collections.abc import Iterator

from .decision import Policies, PolicySource, Source
from .directory import Directory
from .managed_policies import MANAGED_POLICIES
from .policy_holder import PolicyHolder
from .role import Role
from .user import Group, User

_KINDS = {User: Source.USER, Group: Source.GROUP, Role: Source.ROLE}


def policies_of(directory: Directory, holder: PolicyHolder) -> Policies:
    groups = [directory.groups[each] for each in holder.group_ids] if isinstance(holder, User) else []
    identity = tuple(source for each in (holder, *groups) for source in _own(directory, each))
    arn = holder.permissions_boundary_arn
    return Policies(identity=identity, boundary=(managed(directory, arn),) if arn else None)


def managed(directory: Directory, arn: str) -> PolicySource:
    """A managed policy as it is now.  Of AWS's there are more than have their documents here."""
    policy = directory.policies.get(arn)
    if policy is not None:
        version = policy.version(policy.version_id)
        return PolicySource(policy.name, Source.OWN, version.document if version else None)
    known = MANAGED_POLICIES.get(arn)
    return PolicySource(known.name if known else arn, Source.AWS, known.document if known else None)


def _own(directory: Directory, holder: PolicyHolder) -> Iterator[PolicySource]:
    kind = _KINDS[type(holder)]
    for name, document in holder.inline_policies.items():
        yield PolicySource(name, kind, document)
    for arn in holder.attached_policy_arns:
        yield managed(directory, arn)
