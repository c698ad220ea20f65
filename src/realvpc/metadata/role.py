"""The role of an instance and its credentials (EC2 guide, "Retrieve security credentials from instance metadata").

They are a function of instance, role and time: asked twice, the answer is the same, and nothing is kept.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from realvpc.iam.directory import Directory
from realvpc.iam.role import InstanceProfile, Role
from realvpc.iam.temporary_credentials import Grant, TemporaryCredentials, issue
from realvpc.iam.trust import EC2, Assumer, trusts
from realvpc.net.instance import Instance

LIFETIME = timedelta(hours=6)
RENEWED_AFTER = timedelta(hours=5)  # so that an hour is left; AWS promises five minutes
_HELP = (
    "Please see documentation at https://docs.aws.amazon.com/IAM/latest/UserGuide/"
    "troubleshoot_iam-ec2.html#troubleshoot_iam-ec2_errors-info-doc."
)


class RoleAnswer(Struct, frozen=True):
    """``info`` is ``iam/info``.  A role that is there has ``credentials``, or else a ``refusal`` in their place."""

    info: dict[str, Any]
    role_name: str | None = None
    credentials: TemporaryCredentials | None = None
    refusal: dict[str, Any] = {}


def role_of(directory: Directory, instance: Instance, now: datetime, key: bytes) -> RoleAnswer | None:
    """What the instance learns of its instance profile; None where it has none."""
    arn = instance.instance_profile_arn
    if arn is None:
        return None
    issued_at = _issued_at(instance, now)
    updated = issued_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    profile = directory.instance_profiles.get(arn)
    if profile is None:
        return RoleAnswer(_refusal("InstanceProfileNotFound", f"Instance Profile {arn} cannot be found.", updated))
    info = _info(profile, updated)
    role = directory.roles.get(profile.role_arn) if profile.role_arn else None
    if role is None:
        return RoleAnswer(info)
    if not trusts(role.trust_policy, Assumer(service=EC2)):
        message = f"EC2 cannot assume the role {role.name}."
        return RoleAnswer(info, role.name, None, _refusal("AssumeRoleUnauthorizedAccess", message, updated))
    return RoleAnswer(info, role.name, issue(key, _grant(role, instance, issued_at)))


def _issued_at(instance: Instance, now: datetime) -> datetime:
    """The last of the times, ``RENEWED_AFTER`` apart since the instance got its profile or was started."""
    begin = max(instance.launched_at, instance.instance_profile_associated_at or instance.launched_at)
    return begin + (now - begin) // RENEWED_AFTER * RENEWED_AFTER


def _grant(role: Role, instance: Instance, issued_at: datetime) -> Grant:
    seconds = int(issued_at.timestamp())
    return Grant(
        role.id, role.role_id, instance.id, seconds, seconds + int(LIFETIME.total_seconds()), account=role.account
    )


def _info(profile: InstanceProfile, updated: str) -> dict[str, Any]:
    return {
        "Code": "Success",
        "LastUpdated": updated,
        "InstanceProfileArn": profile.id,
        "InstanceProfileId": profile.profile_id,
    }


def _refusal(code: str, message: str, updated: str) -> dict[str, Any]:
    return {"Code": code, "Message": f"{message} {_HELP}", "LastUpdated": updated}
