"""The door: the one way from a call to the function that performs it, the same for every action of every service."""

from __future__ import annotations

from typing import Any

from realvpc.iam.evaluate import EVERYTHING, Evaluate, Principal, Refused

from .action import Action, Actions
from .call import Call
from .context import Answer, Context
from .errors import AwsError, dry_run_operation, invalid_action
from .idempotency import recalled, remembering

_REFUSALS = {"ec2": ("UnauthorizedOperation", 403), "ssm": ("AccessDeniedException", 400)}
_REFUSAL = ("AccessDenied", 403)  # of the services that speak XML


def enter(ctx: Context, actions: Actions, evaluate: Evaluate, call: Call) -> Answer:
    """What a call comes to: a pure function of its context.

    Authorised, then answered as before if it repeats an earlier one's client token, else performed.  With DryRun all
    that is found out, and DryRunOperation is the answer, which carries out nothing.  Raises AwsError.
    """
    row = actions.get(call.service, {}).get(call.action)
    if row is None:
        raise invalid_action(call.action)
    _authorize(ctx, row, evaluate, call)
    request = call.params
    earlier = recalled(ctx, row, call.action, request)
    answer = row.perform(ctx, request) if earlier is None else Answer(row.repeat.again(ctx, earlier))
    if request.get("DryRun"):
        raise dry_run_operation()
    return answer if earlier is not None else remembering(ctx, row, call.action, request, answer)


def _authorize(ctx: Context, row: Action, evaluate: Evaluate, call: Call) -> None:
    """Raises the refusal of the call's service."""
    caller = call.caller
    principal = Principal(account=caller.account, arn=caller.arn, user_id=caller.user_id)
    action = f"{call.service}:{call.action}"
    resources = row.resources(ctx, call.params) or (EVERYTHING,)
    verdict = evaluate(principal, action, resources, _conditions(ctx, call))
    if isinstance(verdict, Refused):
        code, status = _REFUSALS.get(call.service, _REFUSAL)
        preamble = "You are not authorized to perform this operation. " if call.service == "ec2" else ""
        raise AwsError(code, preamble + verdict.sentence, status)


def _conditions(ctx: Context, call: Call) -> dict[str, Any]:
    """The global condition keys that every request has (IAM guide, "AWS global condition context keys")."""
    return {
        "aws:CurrentTime": ctx.now.isoformat(),
        "aws:PrincipalAccount": ctx.account,
        "aws:PrincipalArn": call.caller.arn,
        "aws:RequestedRegion": ctx.region,
        "aws:userid": call.caller.user_id,
    }
