"""Sizes, types, IOPS and throughput of volumes, as they may be asked for (EBS guide, "Volume types")."""

from __future__ import annotations

from realvpc.net.volume import VOLUME_TYPES, VolumeFigures

from ..core.errors import AwsError, invalid_parameter_combination, invalid_parameter_value


def read_figures(name: str, size: int, iops: int | None, throughput: int | None) -> VolumeFigures:
    """``size`` in GiB, throughput in MiB/s.

    Raises InvalidParameterValue for a type or figures that cannot be, InvalidParameterCombination for figures that the
    type does not take, MissingParameter for IOPS that it must be told.
    """
    kind = VOLUME_TYPES.get(name)
    if kind is None:
        raise invalid_parameter_value(f"Value ({name}) for parameter volumeType is invalid.")
    if size < kind.minimum_gib:
        raise invalid_parameter_value(
            f"Volume of {size}GiB is too small for volume type {name}; minimum is {kind.minimum_gib}GiB."
        )
    if size > kind.maximum_gib:
        raise invalid_parameter_value(
            f"Volume of {size}GiB is too large for volume type {name}; maximum is {kind.maximum_gib}GiB."
        )
    for member, value, limits in (("iops", iops, kind.iops), ("throughput", throughput, kind.throughput)):
        if value is not None and limits is None:
            raise invalid_parameter_combination(f"The parameter {member} is not supported for {name} volumes.")
        if value is not None and limits is not None and not limits[0] <= value <= limits[1]:
            raise invalid_parameter_value(
                f"Value ({value}) for parameter {member} is invalid. It has to be {limits[0]} to {limits[1]}."
            )
    if iops is None and kind.needs_iops:
        raise AwsError("MissingParameter", f"The parameter iops must be specified for {name} volumes.")
    return VolumeFigures(
        size_gib=size,
        volume_type=name,
        iops=iops or kind.default_iops(size),
        throughput=throughput or (kind.throughput[0] if kind.throughput else None),
    )
