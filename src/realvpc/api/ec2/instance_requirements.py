"""GetInstanceTypesFromInstanceRequirements (EC2 API Reference, "InstanceRequirementsRequest").

No type here has accelerators, storage of its own, bare metal or encryption in transit; prices are not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from realvpc.net.glob import read_glob
from realvpc.net.instance_types import INSTANCE_TYPES, InstanceType

from ..core.context import Answer, Context, Request
from ..core.effort import COMPARING
from ..core.errors import invalid_parameter_combination, invalid_parameter_value
from ..core.page import BadTokenError, page
from ..core.parameters import refuse

_DEFAULT_PAGE = 1000
_NOT_KNOWN = ("BaselineEbsBandwidthMbps", "BaselinePerformanceFactors", "NetworkBandwidthGbps")
_MANUFACTURERS = {"Intel": "intel", "AMD": "amd", "AWS": "amazon-web-services"}
_GIB = 1024  # MiB
_MATCHING = 2  # steps for a name and a pattern

_Fits = Callable[[InstanceType], bool]


def get_instance_types_from_instance_requirements(ctx: Context, request: Request) -> Answer:
    """Raises InvalidParameterCombination, InvalidParameterValue; UnsupportedOperation for figures that are not known
    here."""
    wanted = request["InstanceRequirements"]
    refuse(wanted, _NOT_KNOWN)
    fits = _fits(ctx, wanted)
    ctx.effort.spend(COMPARING * len(INSTANCE_TYPES))
    architectures = request["ArchitectureTypes"]
    found = [
        kind.name
        for kind in INSTANCE_TYPES.values()
        if kind.architecture in architectures and "hvm" in request["VirtualizationTypes"] and fits(kind)
    ]
    size = request.get("MaxResults") or _DEFAULT_PAGE
    if not 1 <= size <= _DEFAULT_PAGE:
        raise invalid_parameter_value(f"Value ( {size} ) for parameter maxResults is invalid.")
    try:
        names, token = page(found, lambda name: name, size, request.get("NextToken"))
    except BadTokenError:
        raise invalid_parameter_value("Unable to parse pagination token") from None
    return Answer({"InstanceTypes": [{"InstanceType": name} for name in names], "NextToken": token})


def _fits(ctx: Context, wanted: Mapping[str, Any]) -> _Fits:
    """Whether a type is what is wanted.  Raises InvalidParameterCombination, InvalidParameterValue."""
    allowed, excluded = (wanted.get(f"{name}InstanceTypes") or [] for name in ("Allowed", "Excluded"))
    if allowed and excluded:
        raise invalid_parameter_combination("Specify either allowed or excluded instance types, not both.")
    is_allowed, is_excluded = _matching(ctx, allowed), _matching(ctx, excluded)
    ranges: list[tuple[_Range, Callable[[InstanceType], float]]] = [
        (_range(wanted, "VCpuCount"), lambda kind: kind.vcpus),
        (_range(wanted, "MemoryMiB"), lambda kind: kind.memory_mib),
        (_range(wanted, "MemoryGiBPerVCpu"), lambda kind: kind.memory_mib / _GIB / kind.vcpus),
        (_range(wanted, "NetworkInterfaceCount"), lambda kind: kind.interfaces),
        (_range(wanted, "AcceleratorCount"), lambda kind: 0),
        (_range(wanted, "AcceleratorTotalMemoryMiB"), lambda kind: 0),
        (_range(wanted, "TotalLocalStorageGB"), lambda kind: 0),
    ]
    manufacturers, generations = wanted.get("CpuManufacturers"), wanted.get("InstanceGenerations")
    burstable = wanted.get("BurstablePerformance") or "excluded"
    none_has = (
        wanted.get("BareMetal") == "required"
        or wanted.get("LocalStorage") == "required"
        or bool(wanted.get("RequireHibernateSupport"))
        or bool(wanted.get("RequireEncryptionInTransit"))
        or any(wanted.get(f"Accelerator{name}") for name in ("Manufacturers", "Names", "Types"))
    )

    def fits(kind: InstanceType) -> bool:
        generation = "current" if kind.is_current_generation else "previous"
        return (
            not none_has
            and all(least <= figure(kind) <= most for (least, most), figure in ranges)
            and (not manufacturers or _MANUFACTURERS[kind.manufacturer] in manufacturers)
            and (not generations or generation in generations)
            and burstable in ("included", "required" if kind.is_burstable else "excluded")
            and (not allowed or is_allowed(kind.name))
            and not is_excluded(kind.name)
        )

    return fits


_Range = tuple[float, float]


def _range(wanted: Mapping[str, Any], member: str) -> _Range:
    given = wanted.get(member) or {}
    least, most = given.get("Min"), given.get("Max")
    if (least or 0) < 0 or (most is not None and most < (least or 0)):
        raise invalid_parameter_value(f"Value ({least} to {most}) for parameter {member} is invalid.")
    return least or 0, float("inf") if most is None else most


def _matching(ctx: Context, patterns: Iterable[str]) -> Callable[[str], bool]:
    """Whether one of the patterns matches the name of a type: each type is compared with each pattern."""
    read = [read_glob(pattern) for pattern in dict.fromkeys(patterns)]
    exact = {each for each in read if isinstance(each, str)}
    globs = [each for each in read if not isinstance(each, str)]
    ctx.effort.spend(_MATCHING * len(globs) * len(INSTANCE_TYPES))
    return lambda name: name in exact or any(glob.matches(name) for glob in globs)
