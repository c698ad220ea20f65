"""IAM's policy simulator: the evaluation of calls (``realvpc.iam.decision``), asked for its own sake (IAM API
Reference, "EvaluationResult").

What AWS shows with a resource's ARN for a name, templates of ARNs by action, is not here: the name is ``*``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from realvpc.iam.decision import Decision, Layer, Match, PolicySource, decide, matches
from realvpc.iam.evaluate import EVERYTHING
from realvpc.iam.holder_policies import policies_of
from realvpc.iam.policy_position import Position, spans_of
from realvpc.iam.statement import Statement

from ..core.context import Answer, Context, Request, Response
from ..core.effort import SHOWING
from ..core.endpoint_policy import is_for
from .common import page
from .simulated import Simulated, custom_asked_for, holder_asked_for, principal_asked_for, sources_given
from .simulated import check_known as check_known_policies

_OF_A_RESULT, _OF_A_MATCH = 600, 300  # characters, about
_BY_SEVERITY = (Decision.EXPLICIT_DENY, Decision.IMPLICIT_DENY, Decision.ALLOWED)


class Result(Struct, frozen=True, kw_only=True):
    """Of one action on one resource.  ``details`` are by kind of policy, where accounts differ."""

    resource: str
    decision: Decision
    matched: Sequence[Match]
    missing: Sequence[str]
    by_boundary: bool | None
    details: dict[str, Decision]


def simulate_principal_policy(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, InvalidInput, PolicyEvaluation, UnsupportedOperation, ValidationError."""
    return _simulated(ctx, request, principal_asked_for(ctx, request))


def simulate_custom_policy(ctx: Context, request: Request) -> Answer:
    """Raises InvalidInput, UnsupportedOperation, ValidationError."""
    return _simulated(ctx, request, custom_asked_for(ctx, request))


def get_context_keys_for_principal_policy(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, InvalidInput, PolicyEvaluation."""
    attached = tuple(policies_of(ctx.directory, holder_asked_for(ctx, request)).sources)
    check_known_policies(attached)
    return _context_keys((*attached, *sources_given(request, "PolicyInputList")))


def get_context_keys_for_custom_policy(ctx: Context, request: Request) -> Answer:
    """Raises InvalidInput."""
    return _context_keys(sources_given(request, "PolicyInputList"))


def _context_keys(sources: Iterable[PolicySource]) -> Answer:
    return Answer(
        {"ContextKeyNames": _once(key for each in sources for row in each.statements for key in row.condition_keys())}
    )


def _once(keys: Iterable[str]) -> list[str]:
    """Keys are the same in any case; the first spelling stays."""
    found: dict[str, str] = {}
    for key in keys:
        found.setdefault(key.lower(), key)
    return list(found.values())


def _simulated(ctx: Context, request: Request, asked: Simulated) -> Answer:
    statements = sum(len(each.statements) for each in asked.policies.sources)
    characters = len(asked.resources) * (_OF_A_RESULT + _OF_A_MATCH * statements)
    numbered = [(f"{number:06}", action) for number, action in enumerate(asked.actions)]
    shown, members = page(ctx, request, numbered, lambda pair: pair[0], lambda pair: characters)
    results = []
    for _, action in shown:
        ctx.effort.spend((1 + statements) * len(asked.resources))
        results.append(_render(ctx, action, [_result(asked, action, resource) for resource in asked.resources]))
    return Answer({"EvaluationResults": results} | members)


def _result(asked: Simulated, action: str, resource: str) -> Result:
    outcome = decide(asked.policies, action, (resource,), asked.given)
    decision, details = outcome.decision, {}
    sources = list(asked.policies.layers[outcome.layer])
    if asked.resource_policy is not None:
        of_resource = _said_by_resource(asked, asked.resource_policy, action, resource)
        is_foreign = asked.caller is not None and asked.owner != asked.caller.account
        decision = _together(decision, outcome.layer, of_resource, is_foreign=is_foreign)
        sources = [*asked.policies.identity, asked.resource_policy]
        if is_foreign:
            details = {"IAM Policy": outcome.decision, "Resource Policy": of_resource}
    denies = decision is Decision.EXPLICIT_DENY
    matched = [] if decision is Decision.IMPLICIT_DENY else [
        each
        for each in matches(sources, action, resource, asked.given, denies=denies)
        if each.source is not asked.resource_policy or _is_for_caller(asked, each.statement)
    ]  # fmt: skip
    return Result(
        resource=resource,
        decision=decision,
        matched=matched,
        missing=_missing(asked, action, resource),
        by_boundary=_by_boundary(asked, action, resource),
        details=details,
    )


def _together(of_identity: Decision, layer: Layer, of_resource: Decision, *, is_foreign: bool) -> Decision:
    """In one account either of the two policies suffices, but not against the boundary's; of another account's
    resource both have to allow it."""
    said = {of_identity, of_resource}
    if Decision.EXPLICIT_DENY in said:
        return Decision.EXPLICIT_DENY
    if is_foreign or layer is not Layer.IDENTITY:
        return Decision.ALLOWED if said == {Decision.ALLOWED} else Decision.IMPLICIT_DENY
    return Decision.ALLOWED if Decision.ALLOWED in said else Decision.IMPLICIT_DENY


def _said_by_resource(asked: Simulated, policy: PolicySource, action: str, resource: str) -> Decision:
    for denies, decision in ((True, Decision.EXPLICIT_DENY), (False, Decision.ALLOWED)):
        found = matches([policy], action, resource, asked.given, denies=denies)
        if any(_is_for_caller(asked, each.statement) for each in found):
            return decision
    return Decision.IMPLICIT_DENY


def _is_for_caller(asked: Simulated, statement: Statement) -> bool:
    return asked.caller is not None and is_for(statement, asked.caller)


def _missing(asked: Simulated, action: str, resource: str) -> list[str]:
    """Keys without a value that statements about the action and the resource ask for."""
    sources = (*asked.policies.sources, *((asked.resource_policy,) if asked.resource_policy else ()))
    keys = _once(
        key
        for source in sources
        for each in source.statements
        if each.may_be_about(action.lower(), resource, asked.given)
        for key in each.condition_keys()
    )
    return [key for key in keys if key.lower() not in asked.given.values]


def _by_boundary(asked: Simulated, action: str, resource: str) -> bool | None:
    """Whether the boundary lets it through; None where there is none."""
    if asked.policies.boundary is None:
        return None
    allowed, denied = (
        matches(asked.policies.boundary, action, resource, asked.given, denies=denies) for denies in (False, True)
    )
    return bool(allowed) and not denied


def _render(ctx: Context, action: str, results: Sequence[Result]) -> Response:
    """What was asked for everything has one result, which is the action's own."""
    decision = next(each for each in _BY_SEVERITY if any(result.decision is each for result in results))
    deciding = [each for each in results if each.decision is decision]
    matched = {(each.source, each.statement.place): each for result in deciding for each in result.matched}
    shown: Response = {
        "EvalActionName": action,
        "EvalResourceName": EVERYTHING,
        "EvalDecision": decision,
        "MatchedStatements": list(map(_matched, matched.values())),
        "MissingContextValues": _once(key for each in results for key in each.missing),
        **_boundary(None if results[0].by_boundary is None else all(each.by_boundary for each in results)),
    }
    ctx.effort.spend(SHOWING * (1 + len(results) + sum(len(each.matched) for each in results)))
    if [each.resource for each in results] == [EVERYTHING]:
        return shown
    details = {
        kind: next(each for each in _BY_SEVERITY if any(result.details[kind] is each for result in results))
        for kind in results[0].details
    }
    return shown | {
        "EvalDecisionDetails": details,
        "ResourceSpecificResults": [
            {
                "EvalResourceName": each.resource,
                "EvalResourceDecision": each.decision,
                "MatchedStatements": list(map(_matched, each.matched)),
                "MissingContextValues": each.missing,
                **({"EvalDecisionDetails": each.details} if each.details else {}),
                **_boundary(each.by_boundary),
            }
            for each in results
        ],
    }


def _boundary(allows: bool | None) -> Response:
    return {} if allows is None else {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": allows}}


def _matched(match: Match) -> Response:
    span = spans_of(match.source.document or "")[match.statement.place]
    return {
        "SourcePolicyId": match.source.id,
        "SourcePolicyType": match.source.kind,
        "StartPosition": _place(span.start),
        "EndPosition": _place(span.end),
    }


def _place(position: Position) -> Response:
    return {"Line": position.line, "Column": position.column}
