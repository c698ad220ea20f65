"""Taking rights away from the API process before it reads its first byte from a client.

It runs as a user of its own without capabilities and can gain none (``PR_SET_NO_NEW_PRIVS``).  Where the code, the
interpreter or the state lie under a directory that this user may not enter (a checkout in /root), the process gets a
mount namespace in which that directory holds nothing but those paths, under their usual names.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

import realvpc

from .identity import Identity

# linux/sched.h, linux/mount.h, linux/prctl.h
_CLONE_NEWNS = 0x00020000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC = 1, 2, 4, 32, 4096, 16384
_MS_PRIVATE = 1 << 18
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38

_libc = ctypes.CDLL(None, use_errno=True)


def confine(user: Identity, needed: Iterable[Path]) -> None:
    """Become ``user`` for good, able to reach ``needed``.  Needs root.  Raises OSError."""
    cover(unreachable(needed, user.uid, user.gid))
    capability = 0
    while _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:
        capability += 1
    os.setgroups([])
    os.setresgid(user.gid, user.gid, user.gid)
    os.setresuid(user.uid, user.uid, user.uid)  # and with root's uid go the capabilities (capabilities(7))
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


def code_paths() -> list[Path]:
    """The directories that this interpreter and this package are read from."""
    executable = Path(sys.executable)
    links = [executable]
    while executable.is_symlink():
        executable = executable.parent / executable.readlink()
        links.append(executable)
    package = Path(realvpc.__file__).resolve().parent.parent
    wanted = [Path(sys.prefix), Path(sys.base_prefix), package, *(link.parent for link in links)]
    return [Path(os.path.normpath(path)) for path in wanted]


def unreachable(paths: Iterable[Path], uid: int, gid: int) -> dict[Path, list[Path]]:
    """Directories that this user may not enter, each with those of ``paths`` that lie below it."""
    found: dict[Path, list[Path]] = {}
    for path in sorted(set(paths)):
        for ancestor in reversed(path.parents):
            if not _may_enter(ancestor.stat(), uid, gid):
                found.setdefault(ancestor, []).append(path)
                break
    return found


def _may_enter(status: os.stat_result, uid: int, gid: int) -> bool:
    if status.st_uid == uid:
        return bool(status.st_mode & stat.S_IXUSR)
    return bool(status.st_mode & (stat.S_IXGRP if status.st_gid == gid else stat.S_IXOTH))


def cover(hidden: dict[Path, list[Path]]) -> None:
    """In a mount namespace of this process's own, let each directory hold the paths below it and nothing else."""
    if not hidden:
        return
    _check(_libc.unshare(_CLONE_NEWNS), "unshare")
    _mount(None, Path("/"), _MS_REC | _MS_PRIVATE)
    for directory, paths in hidden.items():
        handles = {path: os.open(path, os.O_PATH) for path in _outermost(paths)}
        _mount(b"tmpfs", directory, _MS_NOSUID | _MS_NODEV, b"mode=0755,size=1m")
        for path, handle in handles.items():
            path.mkdir(parents=True, mode=0o755)
            _mount(f"/proc/self/fd/{handle}".encode(), path, _MS_BIND | _MS_REC)
            os.close(handle)
        _mount(None, directory, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)


def _outermost(paths: list[Path]) -> list[Path]:
    return [path for path in paths if not any(other in path.parents for other in paths)]


def _mount(source: bytes | None, target: Path, flags: int, data: bytes | None = None) -> None:
    kind = b"tmpfs" if source == b"tmpfs" else None
    _check(_libc.mount(source, os.fsencode(target), kind, flags, data), f"mount {target}")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
