"""What policies say to what they are asked: of a call before it is performed, and of what a call does besides, which
is left undone where its caller may not do it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from realvpc.iam.condition import circumstances
from realvpc.iam.decision import Policies
from realvpc.iam.evaluate import EVERYTHING, Conditions, Evaluate, Principal, Refused, evaluate
from realvpc.iam.statement import Statement, reading, steps_of

from .asking import Asked, asked_together
from .call import Through
from .caller_policies import policies_of_caller
from .context import Context, Request
from .endpoint_policy import Said, said_of
from .question import Question
from .request_context import of_the_way, request_context


def principal_of(ctx: Context, policies: Policies | None) -> Principal:
    caller = ctx.caller
    return Principal(account=caller.account, arn=caller.arn, user_id=caller.user_id, policies=policies)


def may(ctx: Context, request: Request, questions: Sequence[Question]) -> bool:
    """Whether the caller might make another call, with this request, that raises these questions."""
    policies = policies_of_caller(ctx)
    principal = principal_of(ctx, policies)
    if policies is not None:
        asked = asked_together(ctx, questions, policies, request_context(ctx, request, {}))
        if refused_first(ctx, principal, evaluate, asked) is not None:
            return False
    through = ctx.through
    return through is None or all(
        said_on_the_way(ctx, through, principal, each.action, (each.resource,))[0] is Said.ALLOWED for each in questions
    )


def refused_first(
    ctx: Context, principal: Principal, evaluate: Evaluate, asked: Iterator[Asked]
) -> tuple[Asked, Refused] | None:
    """Of the first action that is refused, what is denied, or else what is not allowed first."""
    first: tuple[Asked, Refused] | None = None
    for each in asked:
        if first is not None and each.action != first[0].action:
            break
        if each.policies is not None:
            statements = (row for source in each.policies.sources for row in source.statements)
            _spend(ctx, statements, each.action, each.resources, each.conditions)
        asks = replace(principal, policies=each.policies)
        verdict = evaluate(asks, each.action, each.resources, each.conditions)
        if isinstance(verdict, Refused) and (first is None or verdict.denying):
            first = each, verdict
            if verdict.denying:
                break
    return first


def _spend(
    ctx: Context, statements: Iterable[Statement], action: str, resources: Sequence[str], conditions: Conditions
) -> None:
    for steps in steps_of(statements, action, resources, circumstances(conditions)):
        ctx.effort.spend(steps)


def said_on_the_way(
    ctx: Context, through: Through, principal: Principal, action: str, resources: Sequence[str]
) -> tuple[Said, str]:
    """What the policy of the interface endpoint says, and the resource that decides; nothing by one that is gone."""
    endpoint = ctx.network.vpc_endpoints.get(through.endpoint_id)
    if endpoint is None:
        return Said.NOT_ALLOWED, EVERYTHING
    steps, statements = reading(endpoint.policy_document)
    ctx.effort.spend(steps)
    _spend(ctx, statements, action, resources, of_the_way(ctx))
    return said_of(endpoint.policy_document, principal, action, resources, of_the_way(ctx))
