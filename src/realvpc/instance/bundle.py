"""A machine as an OCI bundle: pure, from its specification and the paths it is to use.

Follows the OCI runtime specification 1.0.2 ("Configuration").
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..net.machine import Workload
from . import hidden, seccomp
from .mount_tree import MountTree

BOOT_ANNOTATION = "io.realvpc.boot"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CPU_PERIOD_US = 100_000
_TERMINALS = "max=64"  # of some 3,000 that all machines have together (kernel.pty.max, kernel.pty.reserve)

# Enough to administer the machine, nothing that reaches the host even where it has no user namespace: no SYS_ADMIN,
# SYS_MODULE, SYS_RAWIO, SYS_PTRACE, SYS_BOOT, DAC_READ_SEARCH, MKNOD, BPF.
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
OVER_ITS_NETWORK = ("CAP_NET_ADMIN",)
"""Where a user namespace owns the machine's network namespace (decision 0040): elsewhere it would be the host's."""

SYSCTLS = {
    "net.ipv4.ip_default_ttl": "127",  # what Amazon Linux 2023 has
    "net.ipv4.ping_group_range": "0 65535",  # ping without privileges, for all groups of the machine
}


def oci_config(
    spec: Workload,
    *,
    authority: str = "",
    tree: MountTree,
    network_namespace: Path,
    user_namespace: Path | None,
    cgroup: str | None,
    covers_swap: bool = False,
    devices: Iterable[str] = (),
) -> dict[str, Any]:
    """The content of `config.json`.

    `tree` is what the machine's file system is made from, the namespaces are paths to them, `cgroup` the control group
    below the hierarchies' roots, or None when machines cannot be limited; where that `covers_swap`, they get none.
    `authority` is the certificate of who vouches for AWS's endpoint, in PEM.  `devices` are the names in the host's
    /sys/devices.
    No source of a mount may lie on the machine's disk: a link there would lead the mount out of it.
    """
    capabilities = [*CAPABILITIES, *(OVER_ITS_NETWORK if user_namespace else ())]
    namespaces = [{"type": kind} for kind in ("pid", "ipc", "uts", "mount", "cgroup")]
    namespaces.append({"type": "network", "path": str(network_namespace)})
    if user_namespace:
        namespaces.append({"type": "user", "path": str(user_namespace)})
    linux: dict[str, Any] = {
        "namespaces": namespaces,
        "sysctl": SYSCTLS,
        "maskedPaths": hidden.masked(devices),
        "readonlyPaths": hidden.read_only(configures_network=user_namespace is not None),
        "seccomp": seccomp.PROFILE,
    }
    if cgroup:
        linux["cgroupsPath"] = f"/{cgroup}"
        linux["resources"] = {
            "memory": {"limit": spec.memory_bytes} | ({"swap": spec.memory_bytes} if covers_swap else {}),
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
        "root": {"path": str(tree.root), "readonly": False},
        "annotations": {BOOT_ANNOTATION: str(spec.boot)},
        "process": {
            "terminal": False,
            "user": {"uid": 0, "gid": 0},
            "args": list(spec.program),
            "env": [f"{name}={value}" for name, value in _environment(spec, authority).items()],
            "cwd": "/",
            "capabilities": dict.fromkeys(("bounding", "effective", "permitted"), capabilities),
            "oomScoreAdj": 300,  # the host's own processes outlive the machines
        },
        "mounts": [
            *_file_systems(spec.memory_bytes),
            *([_bind("/usr", tree.usr, "ro", "nodev")] if tree.usr else []),
            *([_bind("/usr/local", tree.local, "nodev")] if tree.local else []),
        ],
        "linux": linux,
    }


def _environment(spec: Workload, authority: str) -> dict[str, str]:
    """Of the machine's init, which keeps AUTHORITY and RESOLV_CONF to itself."""
    own = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", "RESOLV_CONF": spec.resolv_conf, "AUTHORITY": authority}
    return own | spec.environment


def _file_systems(memory: int) -> list[dict[str, Any]]:
    """The sizes are systemd's (file-hierarchy(7)): what is written there is memory of the machine."""
    return [
        _mount("/proc", "proc", "nosuid", "noexec", "nodev"),
        _mount("/dev", "tmpfs", "nosuid", "mode=755", "size=64k"),
        _mount(
            "/dev/pts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5", _TERMINALS
        ),
        _mount("/dev/shm", "tmpfs", "nosuid", "noexec", "nodev", "mode=1777", f"size={memory // 2}"),  # noqa: S108 - the machine's own
        _mount("/dev/mqueue", "mqueue", "nosuid", "noexec", "nodev"),
        _mount("/sys", "sysfs", "ro", "nosuid", "noexec", "nodev"),
        _mount("/run", "tmpfs", "nosuid", "nodev", "mode=755", f"size={memory // 5}"),
    ]


def _mount(destination: str, kind: str, *options: str) -> dict[str, Any]:
    return {"destination": destination, "type": kind, "source": kind, "options": list(options)}


def _bind(destination: str, source: Path, *options: str) -> dict[str, Any]:
    return {"destination": destination, "type": "bind", "source": str(source), "options": ["bind", *options]}
