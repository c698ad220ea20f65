"""IAM's policy simulator: the evaluation of calls (``realvpc.iam.decision``), asked for its own sake (IAM API
Reference, "EvaluationResult").

What AWS shows with a resource's ARN for a name, templates of ARNs by action, is not here: the name is ``*``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from realvpc.iam.decision import Concerned, Decision, Layer, Match, PolicySource, concerned, decided
from realvpc.iam.evaluate import EVERYTHING
from realvpc.iam.holder_policies import policies_of
from realvpc.iam.policy_position import Position, Span, spans_of
from realvpc.iam.statement import reading

from ..core.context import Answer, Context, Request, Response
from ..core.effort import SHOWING
from ..core.endpoint_policy import is_for
from .common import page
from .simulated import (
    Simulated,
    custom_asked_for,
    holder_asked_for,
    principal_asked_for,
    sources_given,
    steps_of_action,
)
from .simulated import check_known as check_known_policies

_OF_A_RESULT, _OF_A_MATCH = 600, 300  # characters, about
_LOOKED_THROUGH_IN_A_STEP = 5  # characters
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
    return _context_keys(ctx, (*attached, *sources_given(request, "PolicyInputList")))


def get_context_keys_for_custom_policy(ctx: Context, request: Request) -> Answer:
    """Raises InvalidInput."""
    return _context_keys(ctx, sources_given(request, "PolicyInputList"))


def _context_keys(ctx: Context, sources: Sequence[PolicySource]) -> Answer:
    for each in sources:
        steps, _ = reading(each.document or "")
        ctx.effort.spend(steps + len(each.document or "") // _LOOKED_THROUGH_IN_A_STEP)
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
    shown, members = page(
        ctx,
        request,
        numbered,
        lambda pair: pair[0],
        lambda pair: max(characters, steps_of_action(asked, pair[1])),  # two millions of either are much
    )
    results, spans = [], Spans(ctx)
    for _, action in shown:
        ctx.effort.spend(steps_of_action(asked, action))
        said = _said(asked, action)
        results.append(_render(ctx, spans, action, [_result(asked, said, resource) for resource in asked.resources]))
    return Answer({"EvaluationResults": results} | members)


class Said(Struct, frozen=True):
    """What statements say of one action, for all resources to be asked of: by layer, of the resources' policy to the
    caller, and the keys without a value that those who name the action ask for."""

    layers: dict[Layer, list[Concerned]]
    of_resource: list[Concerned]
    missing: list[tuple[Callable[[str], bool], list[str]]]


def _said(asked: Simulated, action: str) -> Said:
    of_resource = (asked.resource_policy,) if asked.resource_policy is not None else ()
    return Said(
        {layer: concerned(sources, action, asked.given) for layer, sources in asked.policies.layers.items()},
        [
            each
            for each in concerned(of_resource, action, asked.given)
            if asked.caller is not None and is_for(each.match.statement, asked.caller)
        ],
        [
            (names, keys)
            for source in asked.sources
            for each in source.statements
            if (keys := [key for key in _once(each.condition_keys()) if key.lower() not in asked.given.values])
            and (names := each.may_be_about(action.lower(), asked.given)) is not None
        ],
    )


def _result(asked: Simulated, said: Said, resource: str) -> Result:
    found = {layer: [each for each in rows if each.names(resource)] for layer, rows in said.layers.items()}
    decision, layer = decided(found, lambda layer, denies: _says(found[layer], denies=denies))
    matched, details = found[layer], {}
    if asked.resource_policy is not None:
        of_resource = [each for each in said.of_resource if each.names(resource)]
        is_foreign = asked.caller is not None and asked.owner != asked.caller.account
        of_identity, by_resource = decision, _said_by_resource(of_resource)
        decision = _together(of_identity, layer, by_resource, is_foreign=is_foreign)
        matched = [*found[Layer.IDENTITY], *of_resource]
        if is_foreign:
            details = {"IAM Policy": of_identity, "Resource Policy": by_resource}
    denies = decision is Decision.EXPLICIT_DENY
    boundary = found.get(Layer.BOUNDARY)
    return Result(
        resource=resource,
        decision=decision,
        matched=[each.match for each in matched if each.denies is denies and decision is not Decision.IMPLICIT_DENY],
        missing=_once(key for names, keys in said.missing if names(resource) for key in keys),
        by_boundary=None if boundary is None else _says(boundary, denies=False) and not _says(boundary, denies=True),
        details=details,
    )


def _says(found: Iterable[Concerned], *, denies: bool) -> bool:
    return any(each.denies is denies for each in found)


def _said_by_resource(found: Sequence[Concerned]) -> Decision:
    if _says(found, denies=True):
        return Decision.EXPLICIT_DENY
    return Decision.ALLOWED if found else Decision.IMPLICIT_DENY


def _together(of_identity: Decision, layer: Layer, of_resource: Decision, *, is_foreign: bool) -> Decision:
    """In one account either of the two policies suffices, but not against the boundary's; of another account's
    resource both have to allow it."""
    said = {of_identity, of_resource}
    if Decision.EXPLICIT_DENY in said:
        return Decision.EXPLICIT_DENY
    if is_foreign or layer is not Layer.IDENTITY:
        return Decision.ALLOWED if said == {Decision.ALLOWED} else Decision.IMPLICIT_DENY
    return Decision.ALLOWED if Decision.ALLOWED in said else Decision.IMPLICIT_DENY


def _render(ctx: Context, spans: Spans, action: str, results: Sequence[Result]) -> Response:
    """What was asked for everything has one result, which is the action's own."""
    decision = next(each for each in _BY_SEVERITY if any(result.decision is each for result in results))
    deciding = [each for each in results if each.decision is decision]
    matched = {(each.source, each.statement.place): each for result in deciding for each in result.matched}
    shown: Response = {
        "EvalActionName": action,
        "EvalResourceName": EVERYTHING,
        "EvalDecision": decision,
        "MatchedStatements": list(map(spans.shown, matched.values())),
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
                "MatchedStatements": list(map(spans.shown, each.matched)),
                "MissingContextValues": each.missing,
                **({"EvalDecisionDetails": each.details} if each.details else {}),
                **_boundary(each.by_boundary),
            }
            for each in results
        ],
    }


def _boundary(allows: bool | None) -> Response:
    return {} if allows is None else {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": allows}}


class Spans:
    """Where matched statements stand, each document looked through once: there may be more than are remembered."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._found: dict[str, tuple[Span, ...]] = {}

    def shown(self, match: Match) -> Response:
        document = match.source.document or ""
        if document not in self._found:
            self._ctx.effort.spend(len(document) // _LOOKED_THROUGH_IN_A_STEP)
            self._found[document] = spans_of(document)
        span = self._found[document][match.statement.place]
        return {
            "SourcePolicyId": match.source.id,
            "SourcePolicyType": match.source.kind,
            "StartPosition": _place(span.start),
            "EndPosition": _place(span.end),
        }


def _place(position: Position) -> Response:
    return {"Line": position.line, "Column": position.column}
