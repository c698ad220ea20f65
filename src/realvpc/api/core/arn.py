"""Amazon Resource Names (IAM guide, "Identify AWS resources with Amazon Resource Names")."""

from __future__ import annotations


def arn(service: str, region: str, account: str, resource: str) -> str:
    """``resource`` is what comes after the account: ``vpc/vpc-0123``.  Global services have no Region."""
    return f"arn:aws:{service}:{region}:{account}:{resource}"
