"""The policies of a session: what of its holder's rights it is given (IAM guide, "Session policies")."""

from __future__ import annotations

from realvpc.hostile_json import NotJsonError, read_json
from realvpc.iam.managed_policies import MANAGED_POLICIES
from realvpc.iam.policy_document import identity_policy_problem

from ..core.context import Context, Request, Response
from ..core.errors import AwsError

_MOST_CHARACTERS = 2048  # of all together
_MOST_ARNS = 10
_NO_JSON = "The policy is not in the valid JSON format."  # where IAM speaks of syntax (Hadoop's guide to assumed roles)


def session_policies(ctx: Context, request: Request, account: str) -> tuple[str, ...]:
    """The document in Policy, and the ARNs in PolicyArns, which are AWS's or those of the session's account.

    Raises MalformedPolicyDocument, PackedPolicyTooLarge, ValidationError.
    """
    document: str | None = request.get("Policy")
    arns = tuple(dict.fromkeys(each.get("arn") or "" for each in request.get("PolicyArns") or ()))
    if document is not None and (problem := _problem(document)) is not None:
        raise AwsError("MalformedPolicyDocument", problem)
    if len(arns) > _MOST_ARNS:
        raise AwsError("ValidationError", f"No more than {_MOST_ARNS} managed session policies may be passed.")
    for arn in arns:
        own = ctx.directory.policies.get(arn)
        if arn not in MANAGED_POLICIES and (own is None or own.account != account):
            raise AwsError("ValidationError", f"Policy {arn} does not exist or is not attachable.")
    policies = (*((document,) if document is not None else ()), *arns)
    if sum(map(len, policies)) > _MOST_CHARACTERS:
        share = 100 * sum(map(len, policies)) // _MOST_CHARACTERS
        raise AwsError(
            "PackedPolicyTooLarge", f"Packed size of session policy and tags consumes {share}% of allotted space."
        )
    return policies


def _problem(document: str) -> str | None:
    """Why STS refuses the document as a policy of a session, or None."""
    try:
        read_json(document)
    except NotJsonError:
        return _NO_JSON
    return identity_policy_problem(document)


def packed_size(policies: tuple[str, ...] | None) -> Response:
    """The member PackedPolicySize, in percent, where there are policies."""
    return {"PackedPolicySize": -(-100 * sum(map(len, policies)) // _MOST_CHARACTERS)} if policies else {}
