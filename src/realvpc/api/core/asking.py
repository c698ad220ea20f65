"""What is asked of the policies of who calls: every question that a call raises, those in the same circumstances
together (decision 0062)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from msgspec import Struct

from realvpc.iam.decision import Policies
from realvpc.iam.evaluate import Conditions
from realvpc.iam.statement import reading

from .action import Action
from .call import Call
from .context import Context
from .question import Prospect, Question
from .request_context import request_context

_NAMESPACES: Mapping[str, frozenset[str]] = {
    "ec2-instance-connect": frozenset({"ec2-instance-connect", "ec2"}),
    "sts": frozenset({"sts", "iam"}),
}
"""Whose condition keys the actions of a service have beside the global ones, where these are not its own alone."""

_GLOBAL = "aws"


class Asked(Struct, frozen=True):
    """An action on resources, in the same circumstances; ``told`` are all condition keys that there are then."""

    action: str
    resources: Sequence[str]
    conditions: Conditions
    told: Callable[[], Conditions]


def asked_of(
    ctx: Context, row: Action, call: Call, resources: Sequence[str], policies: Policies, prospect: Prospect
) -> Iterator[Asked]:
    """In the order in which they are to be asked.  Only condition keys that the policies ask for are looked up."""
    general = request_context(ctx, call.params, row.conditions(call.params))
    name = f"{call.service}:{call.action}"
    if row.asks is None:
        questions = [Question(name, each, _tells_nothing) for each in resources]
    else:
        questions = list(row.asks(ctx, call.params, resources, prospect))
    for action in dict.fromkeys(each.action for each in questions):
        wanted = _wanted(ctx, policies, action)
        foreign = {key: () for key in wanted if not _is_of(action, key)}
        alike: dict[frozenset[tuple[str, object]], list[tuple[Question, int, Conditions]]] = {}
        for question in questions:
            if question.action == action:
                for place, own in enumerate(question.tells(wanted)):
                    ctx.effort.spend(1 + len(own))
                    key = frozenset((name, values) for name, values in own.items())
                    alike.setdefault(key, []).append((question, place, own))
        for rows in alike.values():
            question, place, own = rows[0]
            yield Asked(
                action,
                list(dict.fromkeys(each.resource for each, _, _ in rows)),
                {**general, **foreign, **own},
                partial(_told, general, question, place),
            )


def _told(general: Conditions, question: Question, place: int) -> Conditions:
    return {**general, **question.tells(None)[place]}


def _tells_nothing(keys: frozenset[str] | None) -> Sequence[Conditions]:
    return ({},)


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
