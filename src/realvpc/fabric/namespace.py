"""Network namespaces held by a file, as ``ip netns`` does it, without forking: a thread of its own does the work.

A thread that changed its namespace ends with the work, so that no other code ever runs in the wrong one.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Generic, TypeVar

from . import id_range, kernel

T = TypeVar("T")

_NS_GET_USERNS = 0xB701  # ioctl_nsfs(2)


def create(path: Path) -> bool:
    """Make the namespace, or keep the one that is there.  True when it is new.  Raises OSError."""
    if kernel.is_mount(path):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()

    def make() -> None:
        kernel.unshare_network()
        kernel.mount("/proc/thread-self/ns/net", path, None, kernel.MS_BIND)

    _Work(make).result()
    return True


def create_for_guest(path: Path) -> bool:
    """Make a namespace that belongs to a user namespace of its own, or keep what is there.  True when it is new.

    Root in that user namespace is the first of an IdRange on the host.  The network namespace keeps it alive, and
    ioctl_nsfs(2) finds it from there.  Raises OSError.
    """
    if kernel.is_mount(path):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    ids = id_range.claim(path)
    with kernel.held_by_a_process(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNET, ids.first) as pid:
        for kind in ("uid", "gid"):
            Path(f"/proc/{pid}/{kind}_map").write_text(f"0 {ids.first} {ids.count}\n")
        kernel.mount(f"/proc/{pid}/ns/net", path, None, kernel.MS_BIND)
    return True


def remove(path: Path) -> None:
    """Let go of the namespace; it ends with the last process in it.  Raises OSError."""
    if kernel.is_mount(path):
        kernel.unmount(path)
    id_range.release(path)
    path.unlink(missing_ok=True)  # last: whoever dies before is followed by one who sees that there is more to do


def inode(path: Path) -> int | None:
    """What tells the namespace at the path from all others; None when none is there."""
    try:
        status = os.stat(path)  # noqa: PTH116 - of thousands, again and again
    except OSError:
        return None
    return status.st_ino if status.st_dev == _device() else None


@cache
def _device() -> int:
    """Of the file system that namespaces are files of (nsfs)."""
    return Path("/proc/self/ns/net").stat().st_dev


def is_a_guests(path: Path) -> bool:
    """Whether the namespace belongs to a user namespace of its own, whose root may do in it as it likes.

    Raises OSError.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        owner = fcntl.ioctl(fd, _NS_GET_USERNS)
    finally:
        os.close(fd)
    try:
        return os.fstat(owner).st_ino != _our_user_namespace()
    finally:
        os.close(owner)


@cache
def _our_user_namespace() -> int:
    return Path("/proc/self/ns/user").stat().st_ino


def bind(namespace: Path, path: Path) -> None:
    """Let ``path`` hold this namespace (a link in /proc), whatever is there.  Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        path.unlink()
    while kernel.is_mount(path):
        kernel.unmount(path)
    path.touch()
    kernel.mount(str(namespace), path, None, kernel.MS_BIND)


def visit(paths: Mapping[str, Path], work: Callable[[str], T]) -> dict[str, T | OSError]:
    """What ``work(name)`` returns in each of the namespaces, or the OSError that it or entering raised."""

    def visit_all() -> dict[str, T | OSError]:
        results: dict[str, T | OSError] = {}
        for name, path in paths.items():
            try:
                kernel.enter_network(path)
                results[name] = work(name)
            except OSError as error:
                results[name] = error
        return results

    return _Work(visit_all).result()


def run_in(path: Path, work: Callable[[], T]) -> T:
    """What ``work()`` returns or raises, called inside the namespace."""

    def enter_and_work() -> T:
        kernel.enter_network(path)
        return work()

    return _Work(enter_and_work).result()


class _Work(Thread, Generic[T]):
    """A call on a thread of its own."""

    def __init__(self, work: Callable[[], T]) -> None:
        super().__init__(name="network-namespace")
        self._work = work
        self._returned: list[T] = []
        self._raised: BaseException | None = None

    def run(self) -> None:
        try:
            self._returned.append(self._work())
        except BaseException as error:  # noqa: BLE001  raised again, by result()
            self._raised = error

    def result(self) -> T:
        self.start()
        self.join()
        if self._raised is not None:
            raise self._raised
        return self._returned[0]
