"""The instance profile of an instance (EC2 API Reference, "AssociateIamInstanceProfile")."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from realvpc.iam.role import InstanceProfile
from realvpc.net import indexes
from realvpc.net.instance import Instance, InstanceState
from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import paginate
from ..core.errors import AwsError
from ..core.filter import FilterValues, passing
from ..core.lookup import find_all, named
from .instance import INSTANCE, render_profile
from .launch import find_profile


def associate_iam_instance_profile(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidInstanceID.NotFound``, InvalidParameterValue (the profile), IncorrectState (it has one)."""
    instance = named(ctx, INSTANCE, request, "InstanceId")
    profile = find_profile(ctx, request["IamInstanceProfile"])
    if instance.instance_profile_arn is not None:
        raise AwsError("IncorrectState", f"There is an existing association for instance {instance.id}")
    return _associating(ctx, instance, profile)


def replace_iam_instance_profile_association(ctx: Context, request: Request) -> Answer:
    """Another profile for the same instance.  Raises InvalidAssociationID.NotFound, InvalidParameterValue."""
    instance = _associated(ctx, request["AssociationId"])
    profile = find_profile(ctx, request["IamInstanceProfile"])
    return _associating(ctx, instance, profile)


def _associating(ctx: Context, instance: Instance, profile: InstanceProfile) -> Answer:
    if instance.state not in (InstanceState.PENDING, InstanceState.RUNNING, InstanceState.STOPPED):
        raise AwsError("IncorrectInstanceState", f"The instance '{instance.id}' is not in the 'running' state.")
    changed = replace(
        instance,
        instance_profile_arn=profile.id,
        instance_profile_association_id=ctx.new_id("iip-assoc"),
        instance_profile_associated_at=ctx.now,
    )
    return Answer({"IamInstanceProfileAssociation": _render(ctx, changed, "associating")}, put(changed))


def disassociate_iam_instance_profile(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidAssociationID.NotFound``."""
    instance = _associated(ctx, request["AssociationId"])
    changed = replace(
        instance,
        instance_profile_arn=None,
        instance_profile_association_id=None,
        instance_profile_associated_at=None,
    )
    return Answer({"IamInstanceProfileAssociation": _render(ctx, instance, "disassociating")}, put(changed))


def describe_iam_instance_profile_associations(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidAssociationID.NotFound``, InvalidParameterValue for a filter."""
    wanted = request.get("AssociationIds") or []
    rows = _all_associated(ctx, wanted) if wanted else [row for row in find_all(ctx, INSTANCE) if _is_associated(row)]
    found = passing(ctx, request, sorted(rows, key=lambda row: row.id), _FILTERS.get)
    page, token = paginate(request, found)
    return Answer(
        {"IamInstanceProfileAssociations": [_render(ctx, row, "associated") for row in page], "NextToken": token}
    )


_FILTERS: dict[str, FilterValues[Instance]] = {
    "instance-id": lambda ctx, row: [row.id],
    "state": lambda ctx, row: ["associated"],
}


def _is_associated(instance: Instance) -> bool:
    return instance.instance_profile_arn is not None and instance.state is not InstanceState.TERMINATED


def _all_associated(ctx: Context, association_ids: Iterable[str]) -> list[Instance]:
    found = {each: _find(ctx, each) for each in dict.fromkeys(association_ids)}
    missing = [each for each, row in found.items() if row is None]
    if missing:
        raise AwsError(
            "InvalidAssociationID.NotFound", f"An invalid association-id of '{', '.join(missing)}' was given"
        )
    return [row for row in found.values() if row is not None]


def _associated(ctx: Context, association_id: str) -> Instance:
    return _all_associated(ctx, (association_id,))[0]


def _find(ctx: Context, association_id: str) -> Instance | None:
    for instance in ctx.network.instances.where(indexes.profile_association_id, association_id):
        if ctx.sees(instance) and _is_associated(instance):
            return instance
    return None


def _render(ctx: Context, instance: Instance, state: str) -> Response:
    return {
        "AssociationId": instance.instance_profile_association_id,
        "InstanceId": instance.id,
        "IamInstanceProfile": render_profile(ctx, instance),
        "State": state,
        "Timestamp": instance.instance_profile_associated_at,
    }
