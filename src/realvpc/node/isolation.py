"""Whether machines of this host can have user namespaces of their own: tried, not guessed from version numbers."""

from __future__ import annotations

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from msgspec import Struct

from ..fabric import namespace
from ..instance import feature, mounts
from ..instance.disk import Disk, make_layers
from ..instance.image import BUILT_IN, LOCAL
from ..instance.mount_tree import mounted

_MOST_NAMESPACES = Path("/proc/sys/user/max_user_namespaces")


class Isolation(Struct, frozen=True):
    """Without an obstacle, root in a machine is nobody on the host; with one, it is root with few capabilities."""

    obstacle: str | None = None

    @property
    def has_user_namespaces(self) -> bool:
        return self.obstacle is None

    def __str__(self) -> str:
        return "user namespaces" if self.has_user_namespaces else f"no user namespaces: {self.obstacle}"


def probe(directory: Path) -> Isolation:
    """Make a namespace and mount a disk that lies in `directory` as for a machine, and take both away again.

    Needs root.  What can stand in the way: a kernel before 5.19 (overlayfs on mounts with mapped ids), a file system
    that cannot map ids below `directory` or /usr, user.max_user_namespaces.  Raises ProbeError when it cannot be tried
    just now.
    """
    if _most_namespaces() == 0:
        return Isolation("user.max_user_namespaces is 0, or the kernel has none")
    with ThreadPoolExecutor(1, "probe", mounts.private_mount_namespace) as thread:
        return thread.submit(_try, directory).result()


def _try(directory: Path) -> Isolation:
    try:
        with tempfile.TemporaryDirectory(prefix=".probe-", dir=directory) as name, ExitStack() as stack:
            network = Path(name) / "namespaces" / "network"
            stack.callback(namespace.remove, network)
            namespace.create_for_guest(network)
            owner = mounts.user_namespace_of(network)
            if owner is None:
                return Isolation("a network namespace does not tell whose it is")
            stack.callback(os.close, owner)
            disk = Disk(Path(name) / f"{BUILT_IN}probe", Path(name) / "disk")
            (disk.image / LOCAL).mkdir(parents=True)
            disk.home.mkdir()
            make_layers(disk.home)
            with mounted(disk, Path(name) / "bundle", owner) as tree:
                root = tree.root.stat()
                if not tree.usr or not root.st_uid == tree.usr.stat().st_uid != 0:
                    return Isolation("mounts do not map ids")
                with mounts.as_owner(root.st_uid, root.st_gid):
                    (tree.root / "etc").mkdir()
            return Isolation()
    except OSError as error:
        return Isolation(feature.obstacle("user namespaces", error))


def _most_namespaces() -> int:
    """How many user namespaces the kernel would make: where there can be none, it gives the error of a full disk."""
    return int(_MOST_NAMESPACES.read_text()) if _MOST_NAMESPACES.exists() else 0
