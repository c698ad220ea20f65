"""mount(2), umount2(2) and unshare(2), which Python 3.11 does not have."""

from __future__ import annotations

import ctypes
import os

CLONE_NEWNS = 0x00020000
MS_RDONLY = 0x1
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_SLAVE = 0x80000
MS_NODEV = 0x4
MNT_DETACH = 0x2

_libc = ctypes.CDLL(None, use_errno=True)


def private_mount_namespace() -> None:
    """Give the calling thread, and what it spawns, a mount namespace of its own.  Raises OSError.

    A slave of the host's: where the host's mounts are shared, what the host unmounts goes away here too, so that
    nothing is kept busy.
    """
    _check(_libc.unshare(CLONE_NEWNS), "unshare")
    _check(_libc.mount(b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_SLAVE), None), "/")


def mount(source: str, target: str, kind: str, flags: int, options: str) -> None:
    """Mount a file system.  Raises OSError."""
    arguments = (source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode())
    _check(_libc.mount(*arguments), target)


def protect(path: str) -> None:
    """Let nobody who opens `path` in this mount namespace change its mode or owner.  Raises OSError."""
    where = path.encode()
    _check(_libc.mount(where, where, None, ctypes.c_ulong(MS_BIND), None), path)
    _check(_libc.mount(None, where, None, ctypes.c_ulong(MS_REMOUNT | MS_BIND | MS_RDONLY), None), path)


def unmount(target: str) -> None:
    """Detach what is mounted last at `target` (MNT_DETACH).  Raises OSError."""
    _check(_libc.umount2(target.encode(), MNT_DETACH), target)


def _check(result: int, where: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), where)
