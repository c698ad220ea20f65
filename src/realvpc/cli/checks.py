"""What RealVPC needs of a machine, looked for one by one; each lack says how to mend it."""

from __future__ import annotations

import ctypes
import gzip
import os
import platform
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct

from realvpc import config
from realvpc.daemon import launch
from realvpc.daemon.confine import code_paths, may_be_shown
from realvpc.daemon.free_port import next_free_port
from realvpc.fabric.bpf.build import OBJECT

KERNEL_MINIMUM = (5, 17)  # bpf_loop
KERNEL_TCX = (6, 6)  # TCX links; before, clsact filters
_CAPABILITIES = {"CAP_NET_ADMIN": 12, "CAP_SYS_ADMIN": 21, "CAP_BPF": 39}  # linux/capability.h
_OPTIONS = ("BPF_SYSCALL", "BPF_JIT", "NET_CLS_ACT", "NET_SCH_INGRESS", "VETH", "OVERLAY_FS", "NET_NS", "PID_NS")


class Finding(Struct, frozen=True):
    """``good`` is None for something that RealVPC can do without.  ``packets``: only the fabric needs it."""

    name: str
    good: bool | None
    detail: str
    remedy: str = ""
    packets: bool = True


Check = Callable[[], Finding]


def python() -> Finding:
    version = platform.python_version()
    return Finding(
        "Python", sys.version_info >= (3, 11), version, "Python 3.11 or newer: `scripts/build`", packets=False
    )


def root() -> Finding:
    good = os.geteuid() == 0
    return Finding("root", good or None, f"uid {os.geteuid()}", "start with sudo, or with --fabric none for no packets")


def kernel() -> Finding:
    release = platform.release()
    found = re.match(r"(\d+)\.(\d+)", release)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    if platform.system() != "Linux" or version < KERNEL_MINIMUM:
        return Finding("kernel", False, f"{platform.system()} {release}", "Linux 5.17 or newer moves packets")
    return Finding("kernel", True, f"{release}, {'TCX links' if version >= KERNEL_TCX else 'clsact filters'}")


def kernel_options() -> Finding:
    text = _kernel_configuration()
    if text is None:
        return Finding("kernel options", None, "the kernel does not say how it was configured")
    missing = [f"CONFIG_{name}" for name in _OPTIONS if not re.search(rf"^CONFIG_{name}=[ym]$", text, re.MULTILINE)]
    return Finding(
        "kernel options",
        not missing,
        f"lacks {', '.join(missing)}" if missing else "BPF, clsact, veth, overlayfs, namespaces",
        "use a distribution's kernel, which has all of them",
    )


def _kernel_configuration() -> str | None:
    packed = Path("/proc/config.gz")
    if packed.exists():
        return gzip.decompress(packed.read_bytes()).decode()
    plain = Path("/boot") / f"config-{platform.release()}"
    return plain.read_text() if plain.exists() and os.access(plain, os.R_OK) else None


def capabilities() -> Finding:
    """Of this process, or of what it could become: a container's bounding set."""
    field = "CapEff" if os.geteuid() == 0 else "CapBnd"
    status = Path("/proc/self/status")
    text = status.read_text() if status.exists() else ""
    found = re.search(rf"^{field}:\s*([0-9a-f]+)$", text, re.MULTILINE)
    held = int(found[1], 16) if found else 0
    missing = [name for name, bit in _CAPABILITIES.items() if not held >> bit & 1]
    return Finding(
        "capabilities",
        not missing,
        f"without {', '.join(missing)}" if missing else ", ".join(_CAPABILITIES),
        "in a container: docker run --privileged",
    )


def bpf_filesystem() -> Finding:
    known = Path("/proc/filesystems")
    good = known.exists() and "\tbpf\n" in known.read_text()
    return Finding("bpffs", good, "the kernel has it" if good else "the kernel has none", "use a distribution's kernel")


def bpf_program() -> Finding:
    if OBJECT.exists():
        return Finding("BPF program", True, str(OBJECT))
    return Finding("BPF program", False, "not built", "`scripts/build` compiles it")


def libbpf() -> Finding:
    try:
        ctypes.CDLL("libbpf.so.1")
    except OSError:
        return Finding("libbpf", False, "libbpf.so.1 is not installed", _install("libbpf1"))
    return Finding("libbpf", True, "libbpf.so.1")


def control_groups() -> Finding:
    from realvpc.instance.cgroups import Layout, layout

    mounts = Path("/proc/self/mounts")
    found = layout(mounts.read_text()) if mounts.exists() else Layout.ABSENT
    if found is Layout.ABSENT:
        return Finding("cgroups", None, "not mounted: instances have no limits", "mount -t cgroup2 none /sys/fs/cgroup")
    note = " (v2 beside v1: the v2 half is hidden from crun)" if found is Layout.HYBRID else ""
    return Finding("cgroups", True, f"{found}{note}")


def user_namespaces(settings: config.Settings) -> Finding:
    """Tried with the file systems of the state directory and of /usr.  Without, instances run, less confined."""
    if os.geteuid() != 0:
        return Finding("user namespaces", None, "only root can try", "`sudo realvpc …`")
    from realvpc.instance.feature import ProbeError
    from realvpc.node.isolation import probe

    directory = next(path for path in (settings.machines_dir, *settings.machines_dir.parents) if path.is_dir())
    try:
        found = probe(directory)
    except ProbeError as error:
        return Finding("user namespaces", False, str(error), "make room for what the error names")
    return Finding(
        "user namespaces",
        found.has_user_namespaces or None,
        "root in an instance is nobody on this machine"
        if found.has_user_namespaces
        else f"none, so root in an instance is root with few rights here: {found.obstacle}",
        "Linux 5.19 or newer, with the state directory and /usr on ext4, XFS or Btrfs",
    )


def volumes(settings: config.Settings) -> Finding:
    """Tried in the state directory.  Without, the disks of instances have no size of their own."""
    if os.geteuid() != 0:
        return Finding("volumes", None, "only root can try", "`sudo realvpc …`")
    from realvpc.instance import mounts, volume
    from realvpc.instance.feature import ProbeError

    directory = next(path for path in (settings.machines_dir, *settings.machines_dir.parents) if path.is_dir())
    try:
        with (
            tempfile.TemporaryDirectory(prefix=".probe-", dir=directory) as name,
            ThreadPoolExecutor(1, "probe", mounts.private_mount_namespace) as thread,
        ):
            obstacle = thread.submit(volume.obstacle, Path(name)).result()
    except (ProbeError, OSError) as error:
        return Finding("volumes", False, str(error), "make room for what the error names")
    return Finding(
        "volumes",
        obstacle is None or None,
        f"none, so an instance can fill this machine's disk: {obstacle}" if obstacle else "disks have a size",
        "loop devices (/dev/loop-control), ext4, a writable /sys and mkfs.ext4 of e2fsprogs",
    )


def _tool(name: str, package: str, purpose: str, *, needed: bool = True) -> Check:
    def check() -> Finding:
        found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        good = True if found else False if needed else None
        return Finding(name, good, found or f"not installed: {purpose}", _install(package))

    return check


def _install(package: str) -> str:
    return f"apt-get install {package}"


def readable_code() -> Finding:
    """The API process leaves root behind, and the code has to be readable without it."""
    closed = [path for path in code_paths() if path.stat().st_mode & 0o005 != 0o005]
    if os.geteuid() == 0:
        closed = [path for path in closed if not may_be_shown(path)]
    return Finding(
        "code",
        not closed,
        f"{closed[0]} is closed to the API process" if closed else "readable for the API process",
        f"chmod -R go+rX {closed[0] if closed else ''}",
    )


def port(settings: config.Settings) -> Finding:
    if launch.processes(settings).get(launch.API):
        return Finding("port", True, f"{settings.port}: RealVPC is up", packets=False)
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            remedy = f"`realvpc up --listen 127.0.0.1:{next_free_port(settings.port)}`"
            return Finding("port", False, f"{settings.host}:{settings.port}: {error.strerror}", remedy, packets=False)
    return Finding("port", True, f"{settings.host}:{settings.port} is free", packets=False)


CHECKS: tuple[Check, ...] = (
    python,
    root,
    kernel,
    kernel_options,
    capabilities,
    bpf_filesystem,
    bpf_program,
    libbpf,
    control_groups,
    _tool("crun", "crun", "instances run in it"),
    _tool("ip", "iproute2", "instances have it from the machine"),
    _tool("ping", "iputils-ping", "instances have it from the machine"),
    _tool("sudo", "sudo", "instances have it from the machine", needed=False),
    _tool("curl", "curl", "instances have it from the machine", needed=False),
    _tool("dig", "bind9-dnsutils", "instances have it from the machine", needed=False),
    _tool("nft", "nftables", "load balancers forward by it, and instances have it from the machine", needed=False),
    _tool("clang", "clang", "compiles the BPF program", needed=not OBJECT.exists()),
    readable_code,
)


def examine(settings: config.Settings) -> Iterator[Finding]:
    for check in CHECKS:
        yield check()
    yield user_namespaces(settings)
    yield volumes(settings)
    yield port(settings)
