"""Where what has been removed waits to be deleted: by one thread, after everything else that wants the disk."""

from __future__ import annotations

import ctypes
import logging
import os
import platform
import threading
import time
from pathlib import Path

from .trees import Interrupted, remove_tree

_AGAIN_SECONDS = 60.0  # for what could not be deleted
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30}.get(platform.machine())
_IOPRIO_WHO_PROCESS, _IOPRIO_CLASS_IDLE = 1, 3 << 13  # ioprio_set(2)
_NICEST = 19

log = logging.getLogger(__name__)


class Trash:
    """A directory; on the file system of what is put into it.  Whatever lies in it is deleted, also after a restart."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._faults: dict[str, str] = {}
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Make the directory, and begin.  Raises OSError."""
        self._root.mkdir(mode=0o700, exist_ok=True)
        self._thread = threading.Thread(target=self._run, name="trash", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Leave the rest to the next one."""
        self._closed.set()
        self._wake.set()

    def put(self, path: Path) -> None:
        """Take a file or directory away from where it is.  Raises OSError; FileNotFoundError when it is not there."""
        path.rename(self._root / f"{path.name}.{time.time_ns()}")
        self._wake.set()

    def faults(self) -> dict[str, str]:
        """What could not be deleted so far, and why."""
        return dict(self._faults)

    def _run(self) -> None:
        _stand_back()
        while not self._closed.is_set():
            self._wake.clear()
            try:
                found = sorted(self._root.iterdir())
            except OSError as error:
                self._fail(self._root, error)
                found = []
            for path in found:
                if self._closed.is_set():
                    return
                self._delete(path)
            self._faults = {name: why for name, why in self._faults.items() if (self._root / name).exists()}
            self._wake.wait(_AGAIN_SECONDS if self._faults else None)

    def _delete(self, path: Path) -> None:
        try:
            remove_tree(path, self._closed.is_set)
        except Interrupted:
            return
        except OSError as error:
            self._fail(path, error)

    def _fail(self, path: Path, error: OSError) -> None:
        if path.name not in self._faults:
            log.warning("not deleted path=%s reason=%s", path, error)
        self._faults = {**self._faults, path.name: f"{path} cannot be deleted: {error.strerror}"}


def _stand_back() -> None:
    """Let the calling thread run when nobody else wants to (on Linux each has its own priority)."""
    thread = threading.get_native_id()
    os.setpriority(os.PRIO_PROCESS, thread, _NICEST)
    if _IOPRIO_SET is not None:
        ctypes.CDLL(None).syscall(_IOPRIO_SET, _IOPRIO_WHO_PROCESS, thread, _IOPRIO_CLASS_IDLE)
