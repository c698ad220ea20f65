"""What of the host a machine does not see: its disks, its hardware, how it was started, what others do on it.

The kernel is shared, and so is what is said of it and of processors and memory (/proc/cpuinfo, meminfo, stat, loadavg,
vmstat; /sys/devices/system, /sys/module): `top`, `nproc` and the like need that.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

_DEVICES_SHOWN = frozenset({"system", "virtual"})  # processors and memory; the machine's own network interfaces

_MASKED = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/buddyinfo",
    "/proc/bus",
    "/proc/cmdline",
    "/proc/consoles",
    "/proc/diskstats",
    "/proc/dma",
    "/proc/driver",
    "/proc/fs",
    "/proc/interrupts",
    "/proc/iomem",
    "/proc/ioports",
    "/proc/irq",
    "/proc/kallsyms",
    "/proc/kcore",
    "/proc/key-users",
    "/proc/keys",
    "/proc/kmsg",
    "/proc/latency_stats",
    "/proc/locks",
    "/proc/mdstat",
    "/proc/partitions",
    "/proc/pressure",
    "/proc/sched_debug",
    "/proc/schedstat",
    "/proc/scsi",
    "/proc/softirqs",
    "/proc/swaps",
    "/proc/sysvipc",
    "/proc/timer_list",
    "/proc/zoneinfo",
    "/sys/block",
    "/sys/bus",
    "/sys/class/bdi",
    "/sys/class/block",
    "/sys/class/dmi",
    "/sys/dev",
    "/sys/devices/virtual/bdi",
    "/sys/devices/virtual/block",  # the paths of all disks of the host's that are files
    "/sys/devices/virtual/dmi",
    "/sys/devices/virtual/powercap",
    "/sys/devices/virtual/thermal",
    "/sys/firmware",
    "/sys/fs/btrfs",
    "/sys/fs/erofs",
    "/sys/fs/ext4",
    "/sys/fs/f2fs",
    "/sys/fs/fuse",
    "/sys/fs/pstore",
    "/sys/fs/xfs",
    "/sys/hypervisor",
    "/sys/kernel/boot_params",
    "/sys/kernel/iommu_groups",
    "/sys/kernel/irq",
    "/sys/kernel/vmcoreinfo",
    "/sys/power",
)
_NETWORK = Path("/proc/sys/net")
_OWN_SETTINGS = frozenset({"ipv4", "ipv6"})
_SHARED_LIMITS = ("ipfrag", "ip6frag", "tcp_child_ehash_entries", "udp_child_hash_entries")


def read_only(*, configures_network: bool) -> list[str]:
    """The paths that nobody in the machine may write to.

    One that ``configures_network`` sets how its own network namespace treats packets, but for limits of what the kernel
    keeps for it without counting it as the machine's memory.
    """
    if not configures_network:
        return ["/proc/sys", "/proc/sysrq-trigger"]
    settings = [each for each in _NETWORK.parent.iterdir() if each != _NETWORK]
    settings += [each for each in _NETWORK.iterdir() if each.name not in _OWN_SETTINGS]
    for family in _OWN_SETTINGS:
        settings += [each for each in (_NETWORK / family).iterdir() if each.name.startswith(_SHARED_LIMITS)]
    return [*map(str, sorted(settings)), "/proc/sysrq-trigger"]


def masked(devices: Iterable[str]) -> list[str]:
    """The paths that are covered; ``devices`` are the names in the host's /sys/devices, which differ by hardware.

    One that a kernel does not have is no harm.
    """
    return [*_MASKED, *(f"/sys/devices/{name}" for name in sorted(set(devices) - _DEVICES_SHOWN))]
