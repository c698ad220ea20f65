"""Whether the policies of a role let it do certain things, where a service acts in the role's place and the answer is
seen: an instance's Systems Manager agent, the delivery of flow logs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache

from .condition import circumstances
from .decision import Decision, Policies, PolicySource, Source, decide
from .directory import Directory
from .evaluate import OF_INSTANCES
from .holder_policies import policies_of
from .role import Role

Asked = tuple[str, str]
"""An action, and the ARN of what it concerns."""

_ALL_OF_IT = '{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":[{}],"Resource":"*"}}}}'


def lets(
    directory: Directory,
    role: Role,
    asked: Collection[Asked],
    given: Collection[str] = (),
    conditions: Mapping[str, str] | None = None,
) -> bool:
    """Whether the role's policies together allow all of it, and none of them denies any.

    ``given`` are AWS's policies, by ARN, that allow it and whose documents are not here.  ``conditions`` are keys that
    the session has which an instance's credentials have; None: it is no instance's.  Of others nothing is known: a
    statement that asks for them allows nothing, and when it denies, it denies.
    """
    policies = policies_of(directory, role)
    if not set(given).isdisjoint(role.attached_policy_arns):
        actions = ",".join(f'"{action}"' for action, _ in asked)
        unread = PolicySource("", Source.AWS, _ALL_OF_IT.format(actions))
        policies = Policies(identity=(*policies.identity, unread), boundary=policies.boundary)
    return _let(policies, tuple(asked), None if conditions is None else tuple(conditions.items()))


@lru_cache(maxsize=128)
def _let(policies: Policies, asked: tuple[Asked, ...], conditions: tuple[tuple[str, str], ...] | None) -> bool:
    """Remembered: deliveries ask again and again, and a role's policies may be long."""
    known = circumstances({}, OF_INSTANCES) if conditions is None else circumstances(dict(conditions))
    return all(decide(policies, action, (resource,), known).decision is Decision.ALLOWED for action, resource in asked)
