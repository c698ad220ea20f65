"""Which control groups this host has, and whether machines can be limited with them (cgroups(7))."""

from __future__ import annotations

import contextlib
import errno
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from . import feature

ROOT = Path("/sys/fs/cgroup")
UNIFIED_BESIDE_V1 = ROOT / "unified"
_CONTROLLERS = ("memory", "cpu", "pids")


class Layout(StrEnum):
    """How the hierarchies are mounted."""

    V2 = "v2"
    V1 = "v1"
    HYBRID = "hybrid"  # v1 with a v2 hierarchy beside it, which crun refuses unless it is out of sight
    ABSENT = "absent"


class Limits(Struct, frozen=True):
    """Whether machines are limited, and if not, why."""

    layout: Layout
    obstacle: str | None = None
    covers_swap: bool = False

    @property
    def enforced(self) -> bool:
        return self.obstacle is None

    def __str__(self) -> str:
        return f"cgroup {self.layout}" if self.enforced else f"none: {self.obstacle}"


def layout(mounts: str) -> Layout:
    """Read the layout out of `/proc/self/mounts`."""
    kinds = {fields[1]: fields[2] for line in mounts.splitlines() if len(fields := line.split()) > 2}
    if kinds.get(str(ROOT)) == "cgroup2":
        return Layout.V2
    if "cgroup" not in kinds.values():
        return Layout.ABSENT
    return Layout.HYBRID if kinds.get(str(UNIFIED_BESIDE_V1)) == "cgroup2" else Layout.V1


def probe(parent: str, root: Path = ROOT) -> Limits:
    """Try whether groups can be made below `parent` (`realvpc/<key>`) with the controllers that machines need.

    Raises ProbeError when it cannot be tried just now.
    """
    found = layout(Path("/proc/self/mounts").read_text())
    try:
        if found is Layout.ABSENT:
            return Limits(found, "no control groups are mounted")
        if found is Layout.V2:
            (root / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in _CONTROLLERS))
            (root / parent).mkdir(parents=True, exist_ok=True)
            covers_swap = (root / Path(parent).parts[0] / "memory.swap.max").exists()
        else:
            for name in _CONTROLLERS:
                (root / name / parent).mkdir(parents=True, exist_ok=True)
            covers_swap = (root / "memory" / parent / "memory.memsw.limit_in_bytes").exists()
    except OSError as error:
        # A controller that is not there, groups that are somebody else's to make, or processes in the root group.
        others = (errno.ENOENT, errno.EROFS, errno.EBUSY)
        return Limits(found, feature.obstacle("control groups", error, *others))
    return Limits(found, covers_swap=covers_swap)


def remove(parent: str, root: Path = ROOT) -> None:
    """Remove the empty groups at `parent` and above it; those that are not empty stay."""
    for hierarchy in {root, *root.iterdir()} if root.is_dir() else ():
        path = hierarchy / parent
        for group in (path, path.parent):
            if group.is_dir():
                with contextlib.suppress(OSError):  # another service's machines are below
                    group.rmdir()
