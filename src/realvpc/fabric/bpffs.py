"""The bpffs of one fabric, which root alone can enter: what is pinned there decides which packets pass."""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterator
from pathlib import Path

from . import kernel
from .errors import FabricError

_MODE = 0o700

log = logging.getLogger(__name__)


def ensure(root: Path) -> None:
    """Mount it unless it is there, and close it to everybody else.  Raises FabricError and OSError."""
    own_directory(root)
    if not kernel.is_mount(root):
        kernel.mount("bpffs", root, "bpf", options=f"mode={_MODE:04o}")
    root.chmod(_MODE)  # one that an earlier version mounted lets everybody in


def own_directory(path: Path) -> bool:
    """Make a directory of root's, or find it; a link or a file that has its name goes.  Returns whether it is new.

    Raises FabricError when it is somebody else's, and OSError.
    """
    if path.is_symlink() or path.is_file():
        log.warning("removed path=%s reason=a directory has this name", path)
        path.unlink()
    is_new = not path.exists()
    path.mkdir(mode=_MODE, parents=True, exist_ok=True)
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != 0:
        raise FabricError(f"{path} must be a directory of root's")
    return is_new


def directories(root: Path, prefix: str) -> Iterator[Path]:
    """Those of root's whose name begins so.  Links and files of such a name go; nothing of others' is used."""
    for path in sorted(root.iterdir()):
        if not path.name.startswith(prefix):
            continue
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode):
            log.warning("removed path=%s reason=it is no directory", path)
            path.unlink()
        elif status.st_uid != 0:
            log.warning("ignored path=%s reason=it belongs to user %d", path, status.st_uid)
        else:
            yield path
