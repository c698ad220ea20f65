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
    architecture: str = "x86_64"

    @property
    def family(self) -> str:
        return self.name.partition(".")[0]

    @property
    def is_burstable(self) -> bool:
        return self.family.startswith("t") and self.family != "t1"

    @property
    def is_nitro(self) -> bool:
        return self.family not in ("m1", "t1", "t2")

    @property
    def default_cpu_credits(self) -> str:
        """``standard`` on T2, ``unlimited`` on later burstable types (EC2 guide, "Unlimited mode")."""
        return "standard" if self.family == "t2" else "unlimited"

    @property
    def ipv6_addresses(self) -> int:
        """Of an interface: as many as of IPv4, but for types that are older than IPv6 in VPCs."""
        return self.addresses if self.family not in _BEFORE_IPV6 else 0

    @property
    def is_current_generation(self) -> bool:
        return self.family not in _PREVIOUS_GENERATION

    @property
    def free_tier(self) -> bool:
        """For accounts made since July 15, 2025 (EC2 guide, "Track your Free Tier usage")."""
        return self.name in _FREE_TIER

    @property
    def placement_strategies(self) -> tuple[str, ...]:
        is_shared = self.is_burstable or self.family.endswith("-flex") or self.family in _BEFORE_IPV6
        return ("partition", "spread") if is_shared else ("cluster", "partition", "spread")

    @property
    def valid_threads_per_core(self) -> tuple[int, ...]:
        """What CPU options may ask for (EC2 guide, "Supported CPU options")."""
        return tuple(sorted({1, self.threads_per_core}))

    @property
    def cores(self) -> int:
        return max(1, self.vcpus // self.threads_per_core)


_BEFORE_IPV6 = frozenset({"m1", "t1"})
_PREVIOUS_GENERATION = frozenset({"c5", "c6gn", "m5", "m6i", "r5", "r6i"}) | _BEFORE_IPV6
_FREE_TIER = frozenset({"c7i-flex.large", "m7i-flex.large", "t3.micro", "t3.small", "t4g.micro", "t4g.small"})


def _t2(size: str, vcpus: int, gib: float, interfaces: int, addresses: int, performance: str) -> InstanceType:
    return InstanceType(
        f"t2.{size}",
        vcpus,
        int(gib * GIB),
        interfaces,
        addresses,
        performance,
        threads_per_core=1,
        clock_ghz={"nano": 2.4, "micro": 2.5, "small": 2.5}.get(size, 2.3),
    )


_BURSTABLE = {"t3": ("Intel", "x86_64", 2, 2.5), "t3a": ("AMD", "x86_64", 2, 2.2), "t4g": ("AWS", "arm64", 1, 2.5)}


def _burstable(family: str, size: str, vcpus: int, gib: float, interfaces: int, addresses: int) -> InstanceType:
    manufacturer, architecture, threads_per_core, clock_ghz = _BURSTABLE[family]
    return InstanceType(
        f"{family}.{size}",
        vcpus,
        int(gib * GIB),
        interfaces,
        addresses,
        "Up to 5 Gigabit",
        threads_per_core=threads_per_core,
        clock_ghz=clock_ghz,
        manufacturer=manufacturer,
        architecture=architecture,
    )


class _Series(Struct, frozen=True):
    """Families of one processor, as their letters: ``mcr`` of ``6i`` are m6i, c6i and r6i.

    ``speeds`` are the network's by size; a number is Gbit/s all the time, the others "up to".
    """

    families: str
    generation: str
    clock_ghz: float
    speeds: dict[str, str]
    manufacturer: str = "Intel"
    architecture: str = "x86_64"
    threads_per_core: int = 2
    limits: dict[str, tuple[int, int]] = {}  # interfaces and addresses, where they are not the usual ones

    def types(self) -> list[InstanceType]:
        return [
            InstanceType(
                f"{letter}{self.generation}.{size}",
                _VCPUS[size],
                _VCPUS[size] * _GIB_PER_VCPU[letter] * GIB,
                *(self.limits or _NETWORK_LIMITS)[size],
                f"{speed} Gigabit",
                self.threads_per_core if _VCPUS[size] > 1 else 1,
                2.7 if (self.generation, size) == ("8g", "48xlarge") else self.clock_ghz,
                self.manufacturer,
                architecture=self.architecture,
            )
            for letter in self.families
            for size, speed in self.speeds.items()
        ]


_GIB_PER_VCPU = {"c": 2, "m": 4, "r": 8, "x": 16}
_VCPUS = {"medium": 1, "large": 2, "xlarge": 4} | {
    f"{n}xlarge": 4 * n for n in (2, 4, 8, 9, 12, 16, 18, 24, 32, 48, 96)
}
_NETWORK_LIMITS = {  # interfaces, and addresses of each
    "medium": (2, 4),
    "large": (3, 10),
    **dict.fromkeys(("xlarge", "2xlarge"), (4, 15)),
    **dict.fromkeys(("4xlarge", "8xlarge", "9xlarge", "12xlarge"), (8, 30)),
    **dict.fromkeys(("16xlarge", "18xlarge", "24xlarge", "32xlarge", "48xlarge"), (15, 50)),
}


def _speeds(sizes: str, *speeds: str) -> dict[str, str]:
    return dict(zip(sizes.split(), speeds, strict=True))


_SMALL, _BIG = "large xlarge 2xlarge 4xlarge", "8xlarge 12xlarge 16xlarge 24xlarge"
_UP_TO_10 = _speeds(_SMALL, *["Up to 10"] * 4)
_UP_TO_50 = ("Up to 25", "Up to 30", "Up to 40", "Up to 50")
_UP_TO_12 = _speeds(_SMALL, *["Up to 12.5"] * 4)
_OF_6I = _UP_TO_12 | _speeds(f"{_BIG} 32xlarge", "12.5", "18.75", "25", "37.5", "50")
_OF_7I = _UP_TO_12 | _speeds(f"{_BIG} 48xlarge", "12.5", "18.75", "25", "37.5", "50")
_OF_AMD = _OF_6I | {"48xlarge": "50"}
_OF_6G = {"medium": "Up to 10"} | _UP_TO_10 | _speeds("8xlarge 12xlarge 16xlarge", "12", "20", "25")
_OF_7G = (
    _speeds(f"medium {_SMALL}", "Up to 12.5", "Up to 12.5", "Up to 12.5", "Up to 15", "Up to 15")
    | _speeds("8xlarge 12xlarge 16xlarge", "15", "22.5", "30")
)  # fmt: skip
_OF_8G = _OF_7G | _speeds("24xlarge 48xlarge", "40", "50")
_OF_7I_FLEX = _UP_TO_12 | _speeds("8xlarge 12xlarge 16xlarge", "Up to 12.5", "Up to 18.75", "Up to 25")
_OF_5 = _UP_TO_10 | _speeds(_BIG, "10", "12", "20", "25")
_OF_5A = _UP_TO_10 | _speeds(_BIG, "Up to 10", "10", "12", "20")
_OF_C5 = _UP_TO_10 | _speeds("9xlarge 12xlarge 18xlarge 24xlarge", "12", "12", "25", "25")
_OF_C5A = _UP_TO_10 | _speeds(_BIG, "10", "12", "20", "20")
_OF_5N = _speeds(f"{_SMALL} {_BIG}", *["Up to 25"] * 4, "25", "50", "75", "100")
_OF_6IN = _speeds(f"{_SMALL} {_BIG} 32xlarge", *_UP_TO_50, "50", "75", "100", "150", "200")
_OF_C6GN = {"medium": "Up to 16"} | _speeds(
    f"{_SMALL} 8xlarge 12xlarge 16xlarge", *["Up to 25"] * 3, "25", "50", "75", "100"
)
_OF_C7GN = {"medium": "Up to 25"} | _speeds(
    f"{_SMALL} 8xlarge 12xlarge 16xlarge", *_UP_TO_50[1:], "50", "100", "150", "200"
)
_SMALL_8 = _speeds(_SMALL, "Up to 12.5", "Up to 12.5", "Up to 15", "Up to 15")
_OF_8A = {"medium": "Up to 12.5"} | _SMALL_8 | _speeds(f"{_BIG} 48xlarge", "15", "22.5", "30", "40", "75")
_OF_8I = _SMALL_8 | _speeds(f"{_BIG} 32xlarge 48xlarge 96xlarge", "15", "22.5", "30", "40", "50", "75", "100")
_OF_8I_FLEX = _SMALL_8 | _speeds("8xlarge 12xlarge 16xlarge", "Up to 15", "Up to 22.5", "Up to 30")

_LIMITS_8I = {
    "large": (3, 20),
    **dict.fromkeys(("xlarge", "2xlarge"), (4, 30)),
    "4xlarge": (8, 50),
    "8xlarge": (10, 50),
    "12xlarge": (12, 50),
    **dict.fromkeys(("16xlarge", "24xlarge"), (16, 64)),
    **dict.fromkeys(("32xlarge", "48xlarge", "96xlarge"), (24, 64)),
}
_LIMITS_8A = {
    "medium": (2, 4),
    "large": (3, 20),
    "xlarge": (4, 20),
    "2xlarge": (4, 40),
    "4xlarge": (8, 40),
    "8xlarge": (10, 40),
    "12xlarge": (12, 64),
    **dict.fromkeys(("16xlarge", "24xlarge"), (16, 64)),
    "48xlarge": (24, 64),
}

_SERIES = (
    _Series("mr", "5", 3.1, _OF_5),
    _Series("c", "5", 3.4, {size: speed for size, speed in _OF_C5.items() if size not in ("12xlarge", "24xlarge")}),
    _Series("c", "5", 3.6, {size: _OF_C5[size] for size in ("12xlarge", "24xlarge")}),
    _Series("mr", "5a", 2.5, _OF_5A, "AMD"),
    _Series("c", "5a", 3.3, _OF_C5A, "AMD"),
    _Series("mr", "5n", 3.1, _OF_5N),
    _Series("mcr", "6in", 3.5, _OF_6IN, limits=_NETWORK_LIMITS | {"32xlarge": (16, 50)}),
    _Series("c", "6gn", 2.5, _OF_C6GN, "AWS", "arm64", 1),
    _Series("c", "7gn", 2.6, _OF_C7GN, "AWS", "arm64", 1),
    _Series("mcr", "8i", 3.9, _OF_8I, limits=_LIMITS_8I),
    _Series("mcr", "8i-flex", 3.9, _OF_8I_FLEX, limits=_LIMITS_8I),
    _Series("mcr", "8a", 4.5, _OF_8A, "AMD", threads_per_core=1, limits=_LIMITS_8A),
    _Series("mcr", "6i", 3.5, _OF_6I),
    _Series("mcr", "7i", 3.2, _OF_7I),
    _Series("mc", "7i-flex", 3.2, _OF_7I_FLEX),
    _Series("mcr", "6a", 3.6, _OF_AMD, "AMD"),
    _Series("mcr", "7a", 3.7, {"medium": "Up to 12.5"} | _OF_AMD, "AMD", threads_per_core=1),
    _Series("mcr", "6g", 2.5, _OF_6G, "AWS", "arm64", 1),
    _Series("mcr", "7g", 2.6, _OF_7G, "AWS", "arm64", 1),
    _Series("mcrx", "8g", 2.8, _OF_8G, "AWS", "arm64", 1),
)


DEFAULT_INSTANCE_TYPE = "m1.small"  # what RunInstances takes when the request names none

INSTANCE_TYPES: dict[str, InstanceType] = {
    kind.name: kind
    for kind in (
        InstanceType("m1.small", 1, 1740, 2, 4, "Low", threads_per_core=1, clock_ghz=2.0),
        InstanceType("t1.micro", 1, 627, 2, 2, "Very Low", threads_per_core=1, clock_ghz=2.0),
        _t2("nano", 1, 0.5, 2, 2, "Low to Moderate"),
        _t2("micro", 1, 1, 2, 2, "Low to Moderate"),
        _t2("small", 1, 2, 3, 4, "Low to Moderate"),
        _t2("medium", 2, 4, 3, 6, "Low to Moderate"),
        _t2("large", 2, 8, 3, 12, "Low to Moderate"),
        _t2("xlarge", 4, 16, 3, 15, "Moderate"),
        _t2("2xlarge", 8, 32, 3, 15, "Moderate"),
        *(
            _burstable(family, *size)
            for family in _BURSTABLE
            for size in (
                ("nano", 2, 0.5, 2, 2),
                ("micro", 2, 1, 2, 2),
                ("small", 2, 2, 2 if family == "t3a" else 3, 4),
                ("medium", 2, 4, 3, 6),
                ("large", 2, 8, 3, 12),
                ("xlarge", 4, 16, 4, 15),
                ("2xlarge", 8, 32, 4, 15),
            )
        ),
        *(kind for series in _SERIES for kind in series.types()),
    )
}
