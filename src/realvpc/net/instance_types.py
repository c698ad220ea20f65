"""Instance types as data (EC2 instance types guide): sizes, network limits, and what they run on."""

from __future__ import annotations

from msgspec import Struct

GIB = 1024


class InstanceType(Struct, frozen=True):
    """``memory_mib`` is in MiB; ``interfaces`` and ``addresses`` are limits: per instance, and IPv4 per interface."""

    name: str
    vcpus: int
    memory_mib: int
    interfaces: int
    addresses: int
    network_performance: str
    threads_per_core: int = 2
    clock_ghz: float = 2.5
    manufacturer: str = "Intel"
    free_tier: bool = False

    @property
    def family(self) -> str:
        return self.name.partition(".")[0]

    @property
    def is_burstable(self) -> bool:
        return self.family.startswith("t")

    @property
    def is_nitro(self) -> bool:
        return self.family not in ("t2", "m1")

    @property
    def default_cpu_credits(self) -> str:
        """``standard`` on T2, ``unlimited`` on later burstable types (EC2 guide, "Unlimited mode")."""
        return "standard" if self.family == "t2" else "unlimited"

    @property
    def is_current_generation(self) -> bool:
        return self.family != "m1"

    @property
    def cores(self) -> int:
        return max(1, self.vcpus // self.threads_per_core)


def _t2(size: str, vcpus: int, gib: float, interfaces: int, addresses: int, performance: str) -> InstanceType:
    return InstanceType(
        f"t2.{size}",
        vcpus,
        int(gib * GIB),
        interfaces,
        addresses,
        performance,
        threads_per_core=1,
        clock_ghz=2.3 if vcpus > 2 else 2.5,
        free_tier=size == "micro",
    )


def _t3(family: str, size: str, vcpus: int, gib: float, interfaces: int, addresses: int) -> InstanceType:
    amd = family == "t3a"
    return InstanceType(
        f"{family}.{size}",
        vcpus,
        int(gib * GIB),
        interfaces,
        addresses,
        "Up to 5 Gigabit",
        clock_ghz=2.2 if amd else 2.5,
        manufacturer="AMD" if amd else "Intel",
        free_tier=size == "micro" and not amd,
    )


def _fixed(family: str, gib_per_vcpu: int, clock_ghz: float) -> list[InstanceType]:
    sizes = (
        ("large", 2, 3, 10, "Up to 10 Gigabit"),
        ("xlarge", 4, 4, 15, "Up to 10 Gigabit"),
        ("2xlarge", 8, 4, 15, "Up to 10 Gigabit"),
        ("4xlarge", 16, 8, 30, "Up to 10 Gigabit"),
    )
    return [
        InstanceType(f"{family}.{size}", vcpus, vcpus * gib_per_vcpu * GIB, interfaces, addresses, speed, 2, clock_ghz)
        for size, vcpus, interfaces, addresses, speed in sizes
    ]


DEFAULT_INSTANCE_TYPE = "m1.small"  # what RunInstances takes when the request names none

INSTANCE_TYPES: dict[str, InstanceType] = {
    kind.name: kind
    for kind in (
        InstanceType("m1.small", 1, 1740, 2, 4, "Low", threads_per_core=1, clock_ghz=2.0),
        _t2("nano", 1, 0.5, 2, 2, "Low to Moderate"),
        _t2("micro", 1, 1, 2, 2, "Low to Moderate"),
        _t2("small", 1, 2, 3, 4, "Low to Moderate"),
        _t2("medium", 2, 4, 3, 6, "Low to Moderate"),
        _t2("large", 2, 8, 3, 12, "Low to Moderate"),
        _t2("xlarge", 4, 16, 3, 15, "Moderate"),
        _t2("2xlarge", 8, 32, 3, 15, "Moderate"),
        *(
            _t3(family, *size)
            for family in ("t3", "t3a")
            for size in (
                ("nano", 2, 0.5, 2, 2),
                ("micro", 2, 1, 2, 2),
                ("small", 2, 2, 3, 4),
                ("medium", 2, 4, 3, 6),
                ("large", 2, 8, 3, 12),
                ("xlarge", 4, 16, 4, 15),
                ("2xlarge", 8, 32, 4, 15),
            )
        ),
        *_fixed("m5", 4, 3.1),
        *_fixed("c5", 2, 3.4),
        *_fixed("r5", 8, 3.1),
    )
}
