"""Whom a role's trust policy lets assume the role (IAM guide, "Policy evaluation logic")."""

from __future__ import annotations

from msgspec import Struct

from .condition import Circumstances, circumstances
from .statement import Statement, listed, read_statements

ASSUME_ROLE = "sts:AssumeRole"
EC2 = "ec2.amazonaws.com"


class Assumer(Struct, frozen=True, kw_only=True):
    """Who asks for a role: an AWS service, or a principal with all the ARNs that name it.  An ``account`` names all who
    are in it.  ``given`` is what is known of the call beside that."""

    service: str = ""
    account: str = ""
    arns: tuple[str, ...] = ()
    given: Circumstances = circumstances({})


def trusts(policy: str, assumer: Assumer) -> bool:
    """Whether the trust policy allows ``sts:AssumeRole``: a statement that allows it, and none that denies it."""
    concerned = [
        each
        for each in read_statements(policy)
        if _names(each, assumer) and each.is_about(ASSUME_ROLE.lower(), assumer.given)
    ]
    return bool(concerned) and not any(each.denies for each in concerned)


def _names(statement: Statement, assumer: Assumer) -> bool:
    """What excludes principals, which IAM does not take in a trust policy, lets nobody in and denies everybody."""
    principal = statement.principal
    if statement.excludes_principal:
        return statement.denies
    if not isinstance(principal, dict):
        return bool(principal == "*")
    if assumer.service:
        return assumer.service in listed(principal.get("Service") or [])
    own = {"*", *assumer.arns}
    if assumer.account:
        own |= {assumer.account, f"arn:aws:iam::{assumer.account}:root"}
    return not own.isdisjoint(listed(principal.get("AWS") or []))
