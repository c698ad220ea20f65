"""The door: the one way from a call to the function that performs it, the same for every action of every service."""

from __future__ import annotations

from collections.abc import Sequence

from realvpc.iam.evaluate import EVERYTHING, Conditions, Evaluate, Principal, Refused, refused

from .action import Action, Actions
from .asking import Asked, asked_of
from .authorization_message import seal
from .call import Call, Through
from .caller_policies import policies_of_caller
from .context import Answer, Context
from .endpoint_policy import Said
from .errors import MAXIMUM_MESSAGE, AwsError, dry_run_operation, invalid_action
from .idempotency import recalled, remembering
from .question import Prospect
from .refusals import refusals_of
from .request_context import of_the_way
from .verdict import principal_of, refused_first, said_on_the_way

_TELLS_MORE = "ec2"
_LONGEST_RESOURCE = 256  # characters in a sentence that has more than it: a whole message has to have room behind it


def enter(ctx: Context, actions: Actions, evaluate: Evaluate, call: Call) -> Answer:
    """What a call comes to: a pure function of its context.

    Authorised, then answered as before if it repeats an earlier one's client token, else performed.  With DryRun all
    that is found out, and DryRunOperation is the answer, which carries out nothing.  Raises AwsError.
    """
    row = actions.get(call.service, {}).get(call.action)
    if row is None:
        raise invalid_action(call.action)
    request = call.params
    prospect = Prospect(lambda: row.perform(ctx, request))
    _authorize(ctx, row, evaluate, call, prospect)
    earlier = recalled(ctx, row, call.action, request)
    answer = prospect.answer() if earlier is None else Answer(row.repeat.again(ctx, earlier))
    if request.get("DryRun"):
        raise dry_run_operation()
    return answer if earlier is not None else remembering(ctx, row, call.action, request, answer)


def _authorize(ctx: Context, row: Action, evaluate: Evaluate, call: Call, prospect: Prospect) -> None:
    """Raises the refusal of the call's service."""
    policies = policies_of_caller(ctx)
    principal = principal_of(ctx, policies)
    resources = row.resources(ctx, call.params) or (EVERYTHING,)
    if policies is not None:
        asked = asked_of(ctx, row, call, resources, policies, prospect)
    else:
        asked = iter((_asked_without_policies(ctx, row, call, resources),))
    refusal = refused_first(ctx, principal, evaluate, asked)
    if refusal is not None:
        each, verdict = refusal
        raise _refusal(ctx, call.service, principal, each.action, each.told(), verdict)
    if call.through is not None:
        _ask_endpoint(ctx, call, call.through, principal, resources)


def _asked_without_policies(ctx: Context, row: Action, call: Call, resources: Sequence[str]) -> Asked:
    """Whose the resources are is asked of everybody."""
    conditions = {**of_the_way(ctx), **row.conditions(call.params)}
    return Asked(f"{call.service}:{call.action}", resources, conditions, lambda: conditions, None)


def _ask_endpoint(ctx: Context, call: Call, through: Through, principal: Principal, resources: Sequence[str]) -> None:
    """The interface endpoint leads to one service in its Region, and its policy has to allow the call, too."""
    action, endpoint = f"{call.service}:{call.action}", ctx.network.vpc_endpoints.get(through.endpoint_id)
    if endpoint is not None:
        if endpoint.service.label != call.service:
            raise invalid_action(call.action)
        if endpoint.region != ctx.region:
            scope = f"Credential should be scoped to a valid region, not '{ctx.region}'."
            raise refusals_of(call.service).wrong_region(scope)
    said, resource = said_on_the_way(ctx, through, principal, action, resources)
    if said is not Said.ALLOWED:
        verdict = refused(principal, action, resource, said.value.format(action=action))
        raise _refusal(ctx, call.service, principal, action, of_the_way(ctx), verdict)


def _refusal(
    ctx: Context, service: str, principal: Principal, action: str, conditions: Conditions, verdict: Refused
) -> AwsError:
    """In the words of the service.  EC2's, of what concerns resources, has in it what only DecodeAuthorizationMessage
    tells."""
    sentence = verdict.sentence
    if service == _TELLS_MORE and verdict.resource != EVERYTHING:
        sentence = sentence.replace(verdict.resource, verdict.resource[:_LONGEST_RESOURCE])
        sentence = f"{sentence}. Encoded authorization failure message: "
        sentence += seal(ctx.key, principal, action, conditions, verdict, MAXIMUM_MESSAGE - len(sentence))
    return refusals_of(service).denied(sentence)
