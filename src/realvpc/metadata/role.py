"""The role of an instance and its credentials (EC2 guide, "Retrieve security credentials from instance metadata").

They are a function of instance, role, time and the way they are asked for: asked twice, the answer is the same, and
nothing is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from realvpc.api.core.arn import arn
from realvpc.iam.directory import Directory
from realvpc.iam.role import InstanceProfile, Role
from realvpc.iam.temporary_credentials import Grant, TemporaryCredentials, issue
from realvpc.iam.trust import EC2, Assumer, trusts
from realvpc.net.instance import Instance
from realvpc.net.network_interface import NetworkInterface

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


def role_of(
    directory: Directory, instance: Instance, now: datetime, key: bytes, conditions: Mapping[str, str]
) -> RoleAnswer | None:
    """What the instance learns of its instance profile; None where it has none.  ``conditions`` are the condition keys
    that calls with the credentials have."""
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
    return RoleAnswer(info, role.name, issue(key, _grant(role, instance, issued_at, conditions)))


def _issued_at(instance: Instance, now: datetime) -> datetime:
    """The last of the times, ``RENEWED_AFTER`` apart since the instance got its profile or was started."""
    begin = max(instance.launched_at, instance.instance_profile_associated_at or instance.launched_at)
    return begin + (now - begin) // RENEWED_AFTER * RENEWED_AFTER


def delivery(instance: Instance, primary: NetworkInterface, *, has_token: bool) -> dict[str, str]:
    """The condition keys of credentials that the instance gets, by IMDSv2 if with a token (EC2 guide, "Work with
    instance metadata", ``ec2:RoleDelivery``; IAM guide, "AWS global condition context keys")."""
    address = primary.private_address
    return {
        "ec2:RoleDelivery": "2.0" if has_token else "1.0",
        "ec2:SourceInstanceARN": arn("ec2", instance.region, instance.account, f"instance/{instance.id}"),
        "aws:Ec2InstanceSourceVpc": primary.vpc_id,
        **({"aws:Ec2InstanceSourcePrivateIPv4": str(address)} if address is not None else {}),
    }


def _grant(role: Role, instance: Instance, issued_at: datetime, conditions: Mapping[str, str]) -> Grant:
    seconds = int(issued_at.timestamp())
    return Grant(
        principal=role.id,
        principal_id=role.role_id,
        session_name=instance.id,
        issued_at=seconds,
        expires_at=seconds + int(LIFETIME.total_seconds()),
        account=role.account,
        conditions=tuple(conditions.items()),
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
