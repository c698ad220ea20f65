"""mount(2), umount2(2), unshare(2) and the newer calls around mounts, which Python 3.11 does not have."""

from __future__ import annotations

import ctypes
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLONE_NEWNS = 0x00020000
MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_SLAVE = 0x80000
MS_NODEV = 0x4
MNT_DETACH = 0x2
MOUNT_ATTR_RDONLY = 0x1
MOUNT_ATTR_NOSUID = 0x2
MOUNT_ATTR_NODEV = 0x4
_MOUNT_ATTR_IDMAP = 0x100000

# The same number on every architecture (asm-generic/unistd.h); glibc has them from 2.36 on.
_SYS_OPEN_TREE, _SYS_MOVE_MOUNT, _SYS_MOUNT_SETATTR = 428, 429, 442
_OPEN_TREE_CLONE = 0x1
_MOVE_MOUNT_F_EMPTY_PATH = 0x4
_AT_FDCWD, _AT_EMPTY_PATH = -100, 0x1000
_NS_GET_USERNS = 0xB701  # ioctl_nsfs(2)
_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP = 28, 0x4

_libc = ctypes.CDLL(None, use_errno=True)


class _MountAttr(ctypes.Structure):
    """struct mount_attr of mount_setattr(2)."""

    _fields_ = [(name, ctypes.c_uint64) for name in ("attr_set", "attr_clr", "propagation", "userns_fd")]


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


def clone(source: Path, target: Path, attributes: int, user_namespace: int | None) -> None:
    """Mount `source`, without what is mounted below it, at `target` too.  Raises OSError.

    With a `user_namespace` (a descriptor), the file system's user ids are the ids inside of it, and whoever looks from
    elsewhere sees those that they are mapped to.
    """
    at = _AT_FDCWD
    tree = detached(source)
    try:
        flags = attributes | (_MOUNT_ATTR_IDMAP if user_namespace is not None else 0)
        wanted = _MountAttr(flags, 0, 0, user_namespace or 0)
        done = _libc.syscall(
            _SYS_MOUNT_SETATTR, tree, b"", _AT_EMPTY_PATH, ctypes.byref(wanted), ctypes.c_size_t(ctypes.sizeof(wanted))
        )
        _check(done, f"{source} with mapped ids")
        _check(
            _libc.syscall(_SYS_MOVE_MOUNT, tree, b"", at, os.fsencode(target), _MOVE_MOUNT_F_EMPTY_PATH), str(target)
        )
    finally:
        os.close(tree)


def detached(directory: Path) -> int:
    """A descriptor of the directory as the root of a mount that is nowhere: what is opened there has no other path.

    Raises OSError.
    """
    flags = ctypes.c_uint(_OPEN_TREE_CLONE | os.O_CLOEXEC)
    tree: int = _libc.syscall(_SYS_OPEN_TREE, _AT_FDCWD, os.fsencode(directory), flags)
    _check(tree, str(directory))
    return tree


def user_namespace_of(network_namespace: Path) -> int | None:
    """A descriptor of the user namespace that it belongs to, or None when that is our own.  Raises OSError."""
    fd = os.open(network_namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        owner = fcntl.ioctl(fd, _NS_GET_USERNS)
    finally:
        os.close(fd)
    if os.fstat(owner).st_ino != Path("/proc/self/ns/user").stat().st_ino:
        return owner
    os.close(owner)
    return None


@contextmanager
def as_owner(uid: int, gid: int) -> Iterator[None]:
    """Let the calling thread make files as this user, with all the rights that it has.  Raises OSError.

    Start no program meanwhile: it would not lose its capabilities where it expects to.
    """
    _check(_libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0), "securebits")
    try:
        _libc.setfsgid(gid)
        _libc.setfsuid(uid)
        yield
    finally:
        _libc.setfsuid(0)
        _libc.setfsgid(0)
        _check(_libc.prctl(_PR_SET_SECUREBITS, 0, 0, 0, 0), "securebits")


def _check(result: int, where: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), where)
