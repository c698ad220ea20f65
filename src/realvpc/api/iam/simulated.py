"""What IAM's simulator is asked: whose policies, in which circumstances, and what of which resources (IAM API
Reference, "SimulatePrincipalPolicy", "SimulateCustomPolicy")."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from realvpc.iam.condition import Circumstances, circumstances
from realvpc.iam.decision import Policies, PolicySource, Source
from realvpc.iam.evaluate import EVERYTHING, Principal
from realvpc.iam.holder_policies import policies_of
from realvpc.iam.policy_document import identity_policy_problem, is_endpoint_policy
from realvpc.iam.policy_holder import PolicyHolder
from realvpc.iam.policy_resource import resource_problem
from realvpc.iam.role import Role
from realvpc.iam.statement import MOST_FILLED, filled, reading, steps_of_statement
from realvpc.iam.user import Group, User

from ..core.context import Context, Request
from ..core.errors import AwsError
from ..core.parameters import refuse
from .common import invalid_input, no_such_entity

_ARN = re.compile(r"arn:aws:iam::([0-9]{12}):(user|group|role)(/.*/|/)([\w+=,.@-]+)", re.ASCII)
_ACCOUNT = re.compile(r"(?:arn:aws:iam::)?([0-9]{12})(?::root)?", re.ASCII)
_ACTION = re.compile(r"[\w-]+:\w+", re.ASCII)
_NOT_HERE = ("ResourceHandlingOption", "PolicyExclusionList", "OrderedOrganizationPolicyInputList")
MOST_STATEMENTS = 20_000
"""Of all policies, times the resources: what one action is at most asked for."""
MOST_STEPS = 2_000_000
"""Of one action, some two seconds beside the loop: see ``effort``."""
_TWICE = 2
_PRINCIPALS_IN_A_STEP = 10  # characters


class Simulated(Struct, frozen=True, kw_only=True):
    """``resource_policy`` is that of every resource; ``owner`` is the account whose the resources are, where their
    ARNs have none, and the policy is."""

    policies: Policies
    resource_policy: PolicySource | None
    owner: str
    caller: Principal | None
    given: Circumstances
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    @property
    def sources(self) -> tuple[PolicySource, ...]:
        return (*self.policies.sources, *((self.resource_policy,) if self.resource_policy else ()))


def principal_asked_for(ctx: Context, request: Request) -> Simulated:
    """Raises NoSuchEntity, InvalidInput, PolicyEvaluation, UnsupportedOperation."""
    source = holder_asked_for(ctx, request)
    policies = policies_of(ctx.directory, source)
    caller = request.get("CallerArn") or (source.arn if isinstance(source, User | Role) else None)
    return _asked(ctx, request, policies, caller)


def custom_asked_for(ctx: Context, request: Request) -> Simulated:
    """Raises InvalidInput, UnsupportedOperation."""
    return _asked(ctx, request, Policies(identity=()), request.get("CallerArn"))


def holder_asked_for(ctx: Context, request: Request) -> User | Group | Role:
    """Raises NoSuchEntity, InvalidInput."""
    arn: str = request["PolicySourceArn"]
    entity = _ARN.fullmatch(arn)
    if entity is None:
        raise invalid_input(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    holder = _holder(ctx, entity)
    if holder is None or holder.arn != arn:
        raise no_such_entity(f"The {entity[2]} with name {entity[4]} cannot be found.")
    return holder


def _holder(ctx: Context, entity: re.Match[str]) -> User | Group | Role | None:
    account, kind, _, name = entity.groups()
    directory = ctx.directory
    find: Any = {"user": directory.user_named, "group": directory.group_named, "role": directory.role_named}[kind]
    found: User | Group | Role | None = find(account, name)
    return found


def sources_given(request: Request, member: str) -> tuple[PolicySource, ...]:
    """The documents in a list of the request, called by their places in it.  Raises InvalidInput."""
    documents: Sequence[str] = request.get(member) or ()
    for document in documents:
        if (problem := identity_policy_problem(document)) is not None:
            raise invalid_input(problem)
    return tuple(
        PolicySource(f"{member}.{number}", Source.NONE, document) for number, document in enumerate(documents, 1)
    )


def check_known(sources: Iterable[PolicySource]) -> None:
    """Raises PolicyEvaluation for one of AWS's policies whose document is not here: what it allows nobody can tell."""
    for source in sources:
        if source.document is None:
            raise AwsError("PolicyEvaluation", f"The document of the policy {source.id} is not available here.", 500)


def _asked(ctx: Context, request: Request, policies: Policies, caller: str | None) -> Simulated:
    refuse(request, _NOT_HERE)
    boundary = sources_given(request, "PermissionsBoundaryPolicyInputList")
    if len(boundary) > 1:
        raise invalid_input("Only one permissions boundary policy can be simulated.")
    policies = Policies(
        identity=(*policies.identity, *sources_given(request, "PolicyInputList")),
        boundary=boundary or policies.boundary,
    )
    check_known(policies.sources)
    principal = _principal(ctx, caller)
    resource_policy = _resource_policy(request, principal)
    asked = Simulated(
        policies=policies,
        resource_policy=resource_policy,
        owner=_owner(ctx, request, principal),
        caller=principal,
        given=_circumstances(ctx, request, principal),
        actions=_actions(request),
        resources=_resources(request),
    )
    _check_size(ctx, asked)
    return asked


def steps_of_action(asked: Simulated, action: str) -> int:
    """What simulating it costs, at most: each statement is asked for what it says, and for which keys it wants."""
    texts, longest = len(action) + sum(map(len, asked.resources)), asked.given.longest
    of_statements = sum(
        _TWICE * steps_of_statement(each, texts, 1, longest, asked.given) + len(each.condition)
        for source in asked.sources
        for each in source.statements
    )
    keys = sum(len(keys) for source in asked.sources for each in source.statements for keys in each.condition.values())
    principals = len(asked.resource_policy.document or "") // _PRINCIPALS_IN_A_STEP if asked.resource_policy else 0
    variables = sum(each.variables for source in asked.sources for each in source.statements)
    return of_statements + principals + (keys + variables) * len(asked.resources)


def _check_size(ctx: Context, asked: Simulated) -> None:
    """Raises InvalidInput."""
    statements = 0
    for each in asked.sources:
        steps, read = reading(each.document or "")
        ctx.effort.spend(steps)
        statements += len(read)
    if statements * len(asked.resources) > MOST_STATEMENTS:
        raise invalid_input("The policies have too many statements for so many resources.")
    ctx.effort.spend(statements)
    texts = (each for source in asked.sources for each in source.statements)
    if (
        filled(texts, asked.given.longest) > MOST_FILLED
        or steps_of_action(asked, max(asked.actions, key=len, default="")) > MOST_STEPS
    ):
        raise invalid_input("The policies are too long for so many resources.")


def _principal(ctx: Context, arn: str | None) -> Principal | None:
    """Raises InvalidInput for who cannot be the caller of a simulation."""
    if arn is None:
        return None
    entity = _ARN.fullmatch(arn)
    if entity is None or entity[2] == "group":
        raise invalid_input(f"Invalid caller ARN: {arn} is not the ARN of an IAM user or role.")
    found = _holder(ctx, entity)
    user_id = found.entity_id if isinstance(found, PolicyHolder) and found.account == ctx.account else ""
    return Principal(account=entity[1], arn=arn, user_id=user_id)


def _resource_policy(request: Request, principal: Principal | None) -> PolicySource | None:
    document: str | None = request.get("ResourcePolicy")
    if document is None:
        return None
    if not is_endpoint_policy(document):
        raise invalid_input("Syntax errors in policy.")
    if principal is None:
        raise invalid_input("A CallerArn is required to simulate a resource-based policy.")
    return PolicySource("ResourcePolicy", Source.RESOURCE, document)


def _owner(ctx: Context, request: Request, principal: Principal | None) -> str:
    given: str | None = request.get("ResourceOwner")
    if given is None:
        return principal.account if principal else ctx.account
    account = _ACCOUNT.fullmatch(given)
    if account is None:
        raise invalid_input(f"Invalid resource owner: {given}")
    return account[1]


def _circumstances(ctx: Context, request: Request, principal: Principal | None) -> Circumstances:
    """What the caller's ARN says of keys is known without being told."""
    values: dict[str, str | Sequence[str]] = {}
    if principal is not None:
        values |= {"aws:PrincipalAccount": principal.account, "aws:PrincipalArn": principal.arn}
        if ":user/" in principal.arn:
            values["aws:username"] = principal.arn.rpartition("/")[2]
            if principal.user_id:
                values["aws:userid"] = principal.user_id
    for entry in request.get("ContextEntries") or ():
        name, of_key = entry.get("ContextKeyName"), entry.get("ContextKeyValues")
        if not name or not of_key:
            raise invalid_input("A context entry must have a name and values.")
        if not (entry.get("ContextKeyType") or "").endswith("List") and len(of_key) > 1:
            raise invalid_input(f"The context key {name} has more values than its type allows.")
        values = {key: value for key, value in values.items() if key.lower() != name.lower()} | {name: of_key}
    return circumstances(values, None)


def _actions(request: Request) -> tuple[str, ...]:
    actions = tuple(request["ActionNames"])
    for action in actions:
        if not _ACTION.fullmatch(action):
            raise invalid_input(f"Invalid action name: {action}")
    return actions


def _resources(request: Request) -> tuple[str, ...]:
    resources = tuple(request.get("ResourceArns") or (EVERYTHING,))
    for resource in resources:
        if (problem := resource_problem(resource)) is not None:
            raise invalid_input(problem)
    return resources
