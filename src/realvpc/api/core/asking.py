"""What is asked of the policies of who calls: every question that a call raises, those in the same circumstances
together (decision 0062)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from realvpc.iam.decision import Policies, PolicySource
from realvpc.iam.evaluate import OF_INSTANCES, Conditions, circumstances_of
from realvpc.iam.statement import MOST_FILLED, filled, reading, steps_to_settle

from .action import Action
from .call import Call
from .context import Context
from .errors import AwsError
from .question import Knows, Prospect, Question
from .refusals import refusals_of
from .request_context import request_context
from .service_questions import about

_NAMESPACES: Mapping[str, frozenset[str]] = {
    "ec2-instance-connect": frozenset({"ec2-instance-connect", "ec2"}),
    "sts": frozenset({"sts", "iam"}),
}
"""Whose condition keys the actions of a service have beside the global ones, where these are not its own alone."""

_GLOBAL = "aws"
_TAGS = ("aws:RequestTag/", "aws:TagKeys")
_KEYS_IN_A_STEP, _OF_AN_ANSWER = 10, 30
_TOO_LONG = "The policies of the caller have too many variables for values as long as those of this call."
_MOST = 200_000
"""Of conditions that are looked at for resources, each by itself: some seconds."""


class Asked(Struct, frozen=True):
    """An action on resources, in the same circumstances; ``told`` are all condition keys that there are then.
    ``policies`` are what of the caller's is about the action."""

    action: str
    resources: Sequence[str]
    conditions: Conditions
    told: Callable[[], Conditions]
    policies: Policies | None


class _Alike(Struct, frozen=True):
    """Questions with the same values of what policies ask for; ``own`` are all values of the ``first`` one, where
    policies ask for any."""

    resources: dict[str, None]
    first: Question
    own: Conditions | None


def asked_of(
    ctx: Context, row: Action, call: Call, resources: Sequence[str], policies: Policies, prospect: Prospect
) -> Iterator[Asked]:
    """In the order in which they are to be asked.  Raises RequestResourceCountExceeded for resources whose keys so many
    statements look at that it would take many seconds."""
    general = request_context(ctx, call.params, row.conditions(call.params))
    name = f"{call.service}:{call.action}"
    if row.asks is None:
        questions = list(about(name, ctx, call.params, resources))
    else:
        questions = list(row.asks(name, ctx, call.params, resources, prospect))
    yield from asked_together(ctx, questions, policies, general)


def asked_together(
    ctx: Context, questions: Sequence[Question], policies: Policies, general: Conditions
) -> Iterator[Asked]:
    """The questions, those in the same circumstances together; ``general`` is the request context.  Raises what
    ``asked_of`` raises."""
    for action in dict.fromkeys(each.action for each in questions):
        wanted = _wanted(ctx, policies, action)
        here = [each for each in questions if each.action == action]
        groups = list(_alike(ctx, here, wanted))
        concerned = _concerned(ctx, policies, action, general, groups, wanted)
        for absent, alike in groups:
            ctx.effort.spend(len(wanted) // _KEYS_IN_A_STEP)
            yield Asked(
                action,
                list(alike.resources),
                {**general, **absent, **_of_interest(alike.own, wanted)},
                partial(_told, general, alike),
                concerned,
            )


def _concerned(
    ctx: Context,
    policies: Policies,
    action: str,
    general: Conditions,
    groups: Sequence[tuple[Conditions, _Alike]],
    wanted: frozenset[str],
) -> Policies:
    """What of the policies is about the action; what is the same for all groups is decided for all of them."""
    absent, first = groups[0]
    given = circumstances_of({**general, **absent, **_of_interest(first.own, wanted)})
    varying = _varying(groups, wanted)
    name, longest, undecided = action.lower(), given.longest, 0
    if filled((each for source in policies.sources for each in source.statements), longest) > MOST_FILLED:
        raise refusals_of(action.partition(":")[0]).denied(_TOO_LONG)

    def of(source: PolicySource) -> PolicySource:
        nonlocal undecided
        kept = []
        for each in source.statements:
            ctx.effort.spend(steps_to_settle(each, name, longest, given))
            if (settled := each.settled(name, given, varying)) is not None:
                kept.append(settled)
                undecided += not settled.is_settled
        return replace(source, concerned=tuple(kept))

    concerned = policies.with_each(of)
    if undecided * len(groups) > _MOST:
        raise AwsError(
            "RequestResourceCountExceeded", "The policies of the caller have too many conditions for so many resources."
        )
    return concerned


def _varying(groups: Sequence[tuple[Conditions, _Alike]], wanted: frozenset[str]) -> frozenset[str]:
    """The keys that may not be the same in all groups."""
    if len(groups) == 1:
        return frozenset()
    told = frozenset(name for _, each in groups for key in each.own or () if (name := key.lower()) in wanted)
    absent = {id(each): each for each, _ in groups}.values()
    return told | frozenset().union(*absent) - frozenset.intersection(*map(frozenset, absent))


def _alike(ctx: Context, questions: Iterable[Question], wanted: frozenset[str]) -> Iterator[tuple[Conditions, _Alike]]:
    """With the keys that are known to be absent, all that policies ask for at first."""
    known: dict[Knows, Conditions] = {}
    found: dict[tuple[Knows, frozenset[tuple[str, object]]], _Alike] = {}
    for question in questions:
        if question.knows not in known:
            ctx.effort.spend(len(wanted))
            others = wanted - OF_INSTANCES  # which are the call's, whatever its action
            keys = (key for key in others if question.knows(key) or not _is_of(question.action, key))
            known[question.knows] = dict.fromkeys(keys, ())
        for own in question.tells() if wanted else (None,):
            ctx.effort.spend(_OF_AN_ANSWER)
            key = question.knows, frozenset(_of_interest(own, wanted).items())
            found.setdefault(key, _Alike({}, question, own)).resources[question.resource] = None
    for (knows, _), alike in found.items():
        yield known[knows], alike


def _of_interest(own: Conditions | None, wanted: frozenset[str]) -> Conditions:
    return {name: value for key, value in (own or {}).items() if (name := key.lower()) in wanted}


def _told(general: Conditions, alike: _Alike) -> Conditions:
    """Tags of the request are told by who knows what they are for."""
    own = alike.own if alike.own is not None else next(iter(alike.first.tells()), {})
    left = general if not own else {key: value for key, value in general.items() if not key.startswith(_TAGS)}
    return {**left, **{key: value for key, value in own.items() if value is not None}}


def _is_of(action: str, key: str) -> bool:
    """Whether the key may be one that the action has: those of other services none has."""
    service, namespace = action.partition(":")[0], key.partition(":")[0]
    return namespace == _GLOBAL or namespace in _NAMESPACES.get(service, (service,))


def _wanted(ctx: Context, policies: Policies, action: str) -> frozenset[str]:
    """The condition keys, in small letters, on which the decision about the action may depend."""
    name, keys = action.lower(), set[str]()
    for source in policies.sources:
        if source.document:
            steps, statements = reading(source.document)
            ctx.effort.spend(steps + len(statements))
            keys.update(*(each.keys_for(name) for each in statements))
    return frozenset(keys)
