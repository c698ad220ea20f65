"""ModifyVolume, and what became of it (EC2 API Reference; EBS guide, "Elastic Volumes")."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from realvpc.net.table import put
from realvpc.net.volume import (
    MODIFICATIONS_AT_MOST,
    MODIFICATIONS_WITHIN,
    VOLUME_TYPES,
    Volume,
    VolumeFigures,
    VolumeModification,
)

from ..core.context import Answer, Context, Request, Response
from ..core.describe import describing
from ..core.errors import AwsError, invalid_parameter_value
from ..core.lookup import named
from ..core.noun import Derived, of_row
from ..core.parameters import refuse
from .volume import VOLUME, check_storage
from .volume_figures import read_figures

_COMPLETED, _MODIFYING = "completed", "modifying"


def modify_volume(ctx: Context, request: Request) -> Answer:
    """Done at once, so that a description says ``completed``.  A machine's disk is as large as its root volume from its
    next start on.

    Raises ``InvalidVolume.NotFound``, InvalidParameterValue for a smaller size and where nothing is asked for, what
    ``read_figures`` raises, VolumeModificationRateExceeded, VolumeLimitExceeded, UnsupportedOperation.
    """
    refuse(request, ("MultiAttachEnabled",))
    volume = named(ctx, VOLUME, request, "VolumeId")
    target = _target(volume, request)
    lately = volume.modification.lately(ctx.now) if volume.modification else ()
    if len(lately) >= MODIFICATIONS_AT_MOST:
        raise AwsError(
            "VolumeModificationRateExceeded",
            "You've reached the maximum modification rate per volume limit. You can modify this volume again at "
            f"{min(lately) + MODIFICATIONS_WITHIN:%Y-%m-%dT%H:%M:%SZ}.",
        )
    same_type = target.volume_type == volume.volume_type
    check_storage(ctx, target.volume_type, target.size_gib - (volume.size_gib if same_type else 0))
    after = replace(
        volume,
        size_gib=target.size_gib,
        volume_type=target.volume_type,
        iops=target.iops,
        throughput=target.throughput,
        modification=VolumeModification(original=volume.figures, target=target, started_at=ctx.now, earlier=lately),
    )
    return Answer({"VolumeModification": _render(after, _MODIFYING)}, put(after))


def _target(volume: Volume, request: Request) -> VolumeFigures:
    wanted = {name: request.get(name) for name in ("Size", "VolumeType", "Iops", "Throughput")}
    if all(value is None for value in wanted.values()):
        raise invalid_parameter_value("At least one of size, volumeType, iops and throughput must be specified.")
    size = wanted["Size"] or volume.size_gib
    if size < volume.size_gib:
        raise invalid_parameter_value("New size cannot be smaller than existing size")
    name = wanted["VolumeType"] or volume.volume_type
    iops, throughput = wanted["Iops"], wanted["Throughput"]
    if name == volume.volume_type:  # what it was given stays
        kind = VOLUME_TYPES[name]
        iops = iops or (volume.iops if kind.iops else None)
        throughput = throughput or (volume.throughput if kind.throughput else None)
    return read_figures(name, size, iops, throughput)


def _render(volume: Volume, state: str = _COMPLETED) -> Response:
    modification = volume.modification
    assert modification is not None
    done = state == _COMPLETED
    shown = {
        f"{side}{member}": value
        for side, figures in (("Original", modification.original), ("Target", modification.target))
        for member, value in (
            ("Size", figures.size_gib),
            ("VolumeType", figures.volume_type),
            ("Iops", figures.iops),
            ("Throughput", figures.throughput if figures.volume_type == "gp3" else None),
            ("MultiAttachEnabled", False),
        )
    }
    return {
        "VolumeId": volume.id,
        "ModificationState": state,
        "Progress": 100 if done else 0,
        "StartTime": modification.started_at,
        "EndTime": modification.started_at if done else None,
        "Operator": {"Managed": False},
        **shown,
    }


def _one(ctx: Context, volume_id: str) -> Volume | None:
    volume = ctx.state.inventory.volumes.get(volume_id)
    return volume if volume is not None and volume.modification is not None and ctx.sees(volume) else None


def _all(ctx: Context) -> Iterable[Volume]:
    return (row for row in ctx.visible(ctx.state.inventory.volumes) if row.modification is not None)


describe_volumes_modifications = describing(
    replace(
        VOLUME,
        not_found="InvalidVolumeModification.NotFound",
        words="Modification for volume",
        sentence="{} '{}' {}.",
        result="VolumesModifications",
        render=of_row(_render),
        filters={
            "modification-state": "ModificationState",
            "original-iops": "OriginalIops",
            "original-size": "OriginalSize",
            "original-volume-type": "OriginalVolumeType",
            "originalMultiAttachEnabled": "OriginalMultiAttachEnabled",
            "start-time": "StartTime",
            "target-iops": "TargetIops",
            "target-size": "TargetSize",
            "target-volume-type": "TargetVolumeType",
            "targetMultiAttachEnabled": "TargetMultiAttachEnabled",
            "volume-id": ".id",
        },
        found_by={},
        derived=Derived(one=_one, all=_all),
    )
)
