"""A machine as an OCI bundle: pure, from its specification and the paths it is to use.

Follows the OCI runtime specification 1.0.2 ("Configuration").
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..net.machine import MachineSpec
from . import seccomp
from .storage import Overlay

BOOT_ANNOTATION = "io.realvpc.boot"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CPU_PERIOD_US = 100_000

# Enough to administer the machine, nothing that reaches the host: no SYS_ADMIN, SYS_MODULE, SYS_RAWIO, SYS_PTRACE,
# SYS_BOOT, DAC_READ_SEARCH, MKNOD, BPF.  Nor NET_ADMIN: without a user namespace it would be NET_ADMIN in every network
# namespace that rtnetlink can name, and it names the fabric's by the number that the other end of eth0 has
# (IFLA_TARGET_NETNSID), from where it takes away other machines' links.
CAPABILITIES = (
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
)
SYSCTLS = {
    "net.ipv4.ip_default_ttl": "127",  # what Amazon Linux 2023 has
    "net.ipv4.ping_group_range": "0 2147483647",  # ping without privileges
}
MASKED = (
    "/proc/acpi",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/kmsg",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/sysvipc",
    "/proc/timer_list",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
)
READ_ONLY = ("/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


def oci_config(
    spec: MachineSpec, *, root: Path, local: Overlay, network_namespace: Path, cgroup: str | None
) -> dict[str, Any]:
    """The content of `config.json`.

    `root` is where the machine's disk is mounted, `local` what goes to its /usr/local, `network_namespace` a path to
    the namespace, `cgroup` the control group below the hierarchies' roots, or None when machines cannot be limited.
    No source of a mount may lie on the machine's disk: a link there would lead the mount out of it.
    """
    linux: dict[str, Any] = {
        "namespaces": [
            {"type": "pid"},
            {"type": "ipc"},
            {"type": "uts"},
            {"type": "mount"},
            {"type": "network", "path": str(network_namespace)},
        ],
        "sysctl": SYSCTLS,
        "maskedPaths": list(MASKED),
        "readonlyPaths": list(READ_ONLY),
        "seccomp": seccomp.PROFILE,
    }
    if cgroup:
        linux["cgroupsPath"] = f"/{cgroup}"
        linux["resources"] = {
            "memory": {"limit": spec.memory_bytes},
            "cpu": {
                "shares": max(2, round(spec.vcpus * 1024)),
                "quota": max(1000, round(spec.vcpus * CPU_PERIOD_US)),
                "period": CPU_PERIOD_US,
            },
            "pids": {"limit": spec.pids},
        }
    return {
        "ociVersion": "1.0.2",
        "hostname": spec.hostname,
        "root": {"path": str(root), "readonly": False},
        "annotations": {BOOT_ANNOTATION: str(spec.boot)},
        "process": {
            "terminal": False,
            "user": {"uid": 0, "gid": 0},
            "args": ["/etc/init"],
            "env": [f"PATH={PATH}", "HOME=/root", "LANG=C.UTF-8", f"RESOLV_CONF={spec.resolv_conf}"],
            "cwd": "/",
            "capabilities": {name: list(CAPABILITIES) for name in ("bounding", "effective", "permitted")},
            "oomScoreAdj": 300,  # the host's own processes outlive the machines
        },
        "mounts": [
            *_file_systems(),
            {"destination": "/usr", "type": "bind", "source": "/usr", "options": ["bind", "ro", "nodev"]},
            _mount("/usr/local", "overlay", "nodev", *local.options),
        ],
        "linux": linux,
    }


def _file_systems() -> list[dict[str, Any]]:
    return [
        _mount("/proc", "proc", "nosuid", "noexec", "nodev"),
        _mount("/dev", "tmpfs", "nosuid", "mode=755", "size=64k"),
        _mount("/dev/pts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
        _mount("/dev/shm", "tmpfs", "nosuid", "noexec", "nodev", "mode=1777"),  # noqa: S108 - the machine's own
        _mount("/dev/mqueue", "mqueue", "nosuid", "noexec", "nodev"),
        _mount("/sys", "sysfs", "ro", "nosuid", "noexec", "nodev"),
        _mount("/run", "tmpfs", "nosuid", "nodev", "mode=755"),
    ]


def _mount(destination: str, kind: str, *options: str) -> dict[str, Any]:
    return {"destination": destination, "type": kind, "source": kind, "options": list(options)}
