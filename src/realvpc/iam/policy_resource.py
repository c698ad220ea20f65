"""What IAM says of the resources in a policy that is none (IAM guide, "IAM JSON policy elements: Resource").

The words and their order are AWS's, as its answers that moto's suite of tests has recorded show them.
"""

from __future__ import annotations

import re

_PARTITIONS = frozenset(
    {"*", "aws", "aws-cn", "aws-us-gov", "aws-eusc", *(f"aws-iso{suffix}" for suffix in ("", "-b", "-e", "-f"))}
)
_FIELDS = 6  # arn:partition:service:region:account:resource
_OF_IAM = (
    "user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/", "policy/",
    "sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/",
)  # fmt: skip

_OF_S3_IN_REGIONS = ("accesspoint/", "job/", "storage-lens/")


def fails_legacy_parsing(resource: str) -> bool:
    """Whether the ARN has lost a field, or names no service: IAM's oldest parser gives up without saying why."""
    fields = resource.split(":")
    return len(fields) > 3 and fields[1] in _PARTITIONS and (not fields[2] or len(fields) == _FIELDS - 1)


def resource_problem(resource: str) -> str | None:
    """Why IAM refuses it, or None for ``*`` and for an ARN or a pattern of some."""
    if resource == "*":
        return None
    if ":" not in resource:
        return f'Resource {resource} must be in ARN format or "*".'
    _, partition, *rest = resource.split(":")
    if partition not in _PARTITIONS:
        shown = ":".join(["arn", partition, *rest, *["*"] * (_FIELDS - 2 - len(rest))])
        return f'Partition "{partition}" is not valid for resource "{shown}".'
    service, region, _, *name = [*rest, *[""] * (_FIELDS - 2 - len(rest))]
    if not re.fullmatch(r"[\w-]+", service, re.ASCII):
        return "Resource vendor must be fully qualified and cannot contain regexes."
    if service == "s3" and region not in ("", "*") and not name[0].startswith(_OF_S3_IN_REGIONS):
        return f"Resource {resource} can not contain region information."
    if service == "iam":
        return _problem_of_iam(resource, region, ":".join(name))
    return None


def _problem_of_iam(resource: str, region: str, name: str) -> str | None:
    if region not in ("", "*"):
        return f"IAM resource {resource} cannot contain region information."
    if name in ("*", "root") or name.startswith(_OF_IAM) or re.match(r"[\w-]*[*?$]", name):
        return None
    return f'IAM resource path must either be "*" or start with {", ".join(_OF_IAM)}.'
