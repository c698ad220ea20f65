"""What the policy of an interface endpoint says of a call that came through it (PrivateLink guide, "Control access to
VPC endpoints using endpoint policies"; IAM guide, "IAM JSON policy elements").

It is asked beside what the caller's identity may, and allows nothing by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from realvpc.iam.condition import circumstances
from realvpc.iam.evaluate import Conditions, Principal
from realvpc.iam.statement import Statement, listed, naming, read_statements

_OF_THE_WAY = frozenset({"aws:sourcevpce", "aws:sourcevpc", "aws:vpcsourceip"})
"""It is known of a call that it has no such key; of others it may have one that is not looked at here."""


class Said(Enum):
    """What it comes to; the value is how IAM says why a call may not."""

    ALLOWED = ""
    NOT_ALLOWED = "because no VPC endpoint policy allows the {action} action"
    DENIED = "with an explicit deny in a VPC endpoint policy"


def said_of(
    document: str, principal: Principal, action: str, resources: Sequence[str], conditions: Conditions
) -> tuple[Said, str]:
    """And the resource that decides, the first one where all are allowed.

    A condition that is not understood holds where it denies, and holds not where it allows.
    """
    given = circumstances(conditions, _OF_THE_WAY)
    concerned = [
        each for each in read_statements(document) if is_for(each, principal) and each.is_about(action.lower(), given)
    ]
    is_denied, is_allowed = (
        naming([each for each in concerned if each.denies is denies], given, len(resources)) for denies in (True, False)
    )
    worst = Said.ALLOWED, resources[0]
    for resource in resources:
        if is_denied(resource):
            return Said.DENIED, resource
        if worst[0] is Said.ALLOWED and not is_allowed(resource):
            worst = Said.NOT_ALLOWED, resource
    return worst


def is_for(each: Statement, principal: Principal) -> bool:
    """Whether a statement of a resource's policy names the principal, or does not exclude it."""
    named = each.principal
    names = listed(named) if not isinstance(named, dict) else listed(named.get("AWS", []))
    return any(_names(name, principal) for name in names) != each.excludes_principal


def _names(name: str, principal: Principal) -> bool:
    """An account stands for all who are in it, a role for its sessions."""
    account = principal.account
    if name in ("*", account, f"arn:aws:iam::{account}:root", principal.arn):
        return True
    kind, _, rest = principal.arn.rpartition(":")[2].partition("/")
    role = rest.partition("/")[0]
    return (
        kind == "assumed-role" and name.startswith(f"arn:aws:iam::{account}:role/") and name.rpartition("/")[2] == role
    )
