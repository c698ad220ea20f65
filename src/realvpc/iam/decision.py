"""What policies come to: the one evaluation of them, for calls at the door, for what is asked of a role in a service's
place, and for IAM's simulator (IAM guide, "Policy evaluation logic")."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from .condition import Circumstances
from .statement import Statement, naming, read_statements


class Decision(StrEnum):
    """The value is IAM's word for it."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicitDeny"
    IMPLICIT_DENY = "implicitDeny"


class Source(StrEnum):
    """Whose a policy is, as IAM's simulator calls it."""

    USER = "user"
    GROUP = "group"
    ROLE = "role"
    AWS = "aws-managed"
    OWN = "user-managed"
    RESOURCE = "resource"
    NONE = "none"


class PolicySource(Struct, frozen=True):
    """A policy that somebody has: ``id`` is its name or ARN, ``document`` None for one of AWS's that is not known.
    ``concerned`` are those of its statements that are asked, if not all."""

    id: str
    kind: Source
    document: str | None
    concerned: tuple[Statement, ...] | None = None

    @property
    def statements(self) -> tuple[Statement, ...]:
        if self.concerned is not None:
            return self.concerned
        return read_statements(self.document) if self.document else ()


ALLOWING_ALL = PolicySource(
    "everything",
    Source.NONE,
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}',
)
"""Of who needs no policy that allows it."""


class Layer(StrEnum):
    """What of an identity's policies decides, in IAM's words for each, in the order in which it is told."""

    IDENTITY = "identity-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"


class Policies(Struct, frozen=True, kw_only=True):
    """An identity may do what its policies allow together, but no more than its boundary and its session's policies
    do: None is no such bound.  What any of them denies is denied."""

    identity: tuple[PolicySource, ...]
    boundary: tuple[PolicySource, ...] | None = None
    session: tuple[PolicySource, ...] | None = None

    @property
    def layers(self) -> dict[Layer, tuple[PolicySource, ...]]:
        layers = {Layer.IDENTITY: self.identity, Layer.BOUNDARY: self.boundary, Layer.SESSION: self.session}
        return {layer: sources for layer, sources in layers.items() if sources is not None}

    def with_each(self, change: Callable[[PolicySource], PolicySource]) -> Policies:
        """The same policies, each changed."""
        boundary, session = (
            None if sources is None else tuple(map(change, sources)) for sources in (self.boundary, self.session)
        )
        return Policies(identity=tuple(map(change, self.identity)), boundary=boundary, session=session)

    @property
    def bounds(self) -> Policies:
        """Where a resource's policy allows to a role what the role's own policies need not allow, too: its bounds."""
        return replace(self, identity=(*self.identity, ALLOWING_ALL))

    @property
    def sources(self) -> Iterator[PolicySource]:
        for sources in self.layers.values():
            yield from sources


class Outcome(Struct, frozen=True):
    """``resource`` and ``layer`` decided it: the first of both, where all allow."""

    decision: Decision
    resource: str
    layer: Layer = Layer.IDENTITY


def decide(policies: Policies, action: str, resources: Sequence[str], given: Circumstances) -> Outcome:
    """``action`` is as policies write it, ``resources`` are ARNs or ``*``, at least one: all have to be allowed."""
    asked = {
        layer: [each for source in sources for each in source.statements if each.is_about(action.lower(), given)]
        for layer, sources in policies.layers.items()
    }
    naming_each = {
        (layer, denies): naming([each for each in statements if each.denies is denies], given, len(resources))
        for layer, statements in asked.items()
        for denies in (True, False)
    }
    worst = Outcome(Decision.ALLOWED, resources[0])
    for resource in resources:
        found, layer = decided(asked, partial(_is_named, naming_each, resource))
        if found is Decision.EXPLICIT_DENY:
            return Outcome(found, resource, layer)
        if worst.decision is Decision.ALLOWED and found is not Decision.ALLOWED:
            worst = Outcome(found, resource, layer)
    return worst


def _is_named(
    naming_each: Mapping[tuple[Layer, bool], Callable[[str], bool]], resource: str, layer: Layer, denies: bool
) -> bool:
    return naming_each[layer, denies](resource)


def decided(layers: Iterable[Layer], says: Callable[[Layer, bool], bool]) -> tuple[Decision, Layer]:
    """What it comes to for one resource, and which layer decides: ``says`` tells whether a layer's policies deny it, or
    allow it."""
    worst = Decision.ALLOWED, Layer.IDENTITY
    for layer in layers:
        if says(layer, True):
            return Decision.EXPLICIT_DENY, layer
        if worst[0] is Decision.ALLOWED and not says(layer, False):
            worst = Decision.IMPLICIT_DENY, layer
    return worst


class Match(Struct, frozen=True):
    """A statement that says what was decided."""

    source: PolicySource
    statement: Statement


def matches(
    sources: Sequence[PolicySource], action: str, resource: str, given: Circumstances, *, denies: bool
) -> list[Match]:
    """Those of the policies' statements with this effect that are about it."""
    return [
        Match(source, each)
        for source in sources
        for each in source.statements
        if each.denies is denies and each.is_about(action.lower(), given) and each.naming(given)(resource)
    ]


class Concerned(Struct, frozen=True):
    """A statement that is about an action, and whether it is about a resource."""

    match: Match
    names: Callable[[str], bool]

    @property
    def denies(self) -> bool:
        return self.match.statement.denies


def concerned(sources: Iterable[PolicySource], action: str, given: Circumstances) -> list[Concerned]:
    """Those of the policies' statements that are about the action, for many resources to be asked of."""
    return [
        Concerned(Match(source, each), each.naming(given))
        for source in sources
        for each in source.statements
        if each.is_about(action.lower(), given)
    ]
