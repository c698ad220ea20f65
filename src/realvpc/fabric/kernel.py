"""System calls that Python 3.11 lacks: mount(2), umount2(2), unshare(2), setns(2), clone(2)."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
_CLONE_VM = 0x100
MS_BIND = 0x1000
MNT_DETACH = 2
_HOLDER_SECONDS = 2  # it ends by itself if nobody is left to end it
_HOLDER_STACK = 1 << 16
_SYS_SETRESUID = {"x86_64": 117, "aarch64": 147}[platform.machine()]
_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP = 28, 0x4


@cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def mount(source: str, target: Path, kind: str | None, flags: int = 0, options: str = "") -> None:
    """Raises OSError."""
    name, data = kind.encode() if kind else None, options.encode() or None
    _check(_libc().mount(source.encode(), os.fsencode(target), name, ctypes.c_ulong(flags), data), f"mount {target}")


def unmount(target: Path) -> None:
    """Detach the mount, even while it is in use.  Raises OSError."""
    _check(_libc().umount2(os.fsencode(target), MNT_DETACH), f"unmount {target}")


def is_mount(path: Path) -> bool:
    """Whether something is mounted at the path (a file, too)."""
    return path.exists() and path.stat().st_dev != path.parent.stat().st_dev


def unshare_network() -> None:
    """Give the calling thread a new network namespace.  Raises OSError."""
    _check(_libc().unshare(CLONE_NEWNET), "make a network namespace")


def enter_network(path: Path) -> None:
    """Move the calling thread into a network namespace.  Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(_libc().setns(fd, CLONE_NEWNET), f"enter {path}")
    finally:
        os.close(fd)


@contextmanager
def _as_user(uid: int) -> Iterator[None]:
    """Let the calling thread have this effective user id, and all the rights that it has.  Raises OSError."""
    libc = _libc()
    unchanged = ctypes.c_long(-1)
    _check(libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0), "securebits")
    try:
        # Not the C library's setresuid(3): that is for all threads.
        _check(libc.syscall(_SYS_SETRESUID, unchanged, ctypes.c_long(uid), unchanged), f"become user {uid}")
        try:
            yield
        finally:
            _check(libc.syscall(_SYS_SETRESUID, unchanged, ctypes.c_long(0), unchanged), "become root again")
    finally:
        _check(libc.prctl(_PR_SET_SECUREBITS, 0, 0, 0, 0), "securebits")


@contextmanager
def held_by_a_process(flags: int, owner: int) -> Iterator[int]:
    """The pid of a process that holds new namespaces (CLONE_NEW...) and does nothing until the end.  Raises OSError.

    They belong to the user `owner`: what is used in them of what each user has only so much of (user_namespaces(7),
    "/proc/sys/user") is counted as that user's, and not as root's.

    A user namespace cannot be made by a process with several threads, nor by their fork in Python code.  This one runs
    sleep(3) from its first instruction on, and shares our memory: copying it would take longer than all the rest.
    """
    libc = _libc()
    stack = ctypes.create_string_buffer(_HOLDER_STACK)
    top = ctypes.c_void_p(ctypes.addressof(stack) + _HOLDER_STACK & ~0xF)
    sleep = ctypes.cast(libc.sleep, ctypes.c_void_p)
    wanted = ctypes.c_int(flags | _CLONE_VM | signal.SIGCHLD)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # our handlers must not run in it
    try:
        with _as_user(owner):
            pid: int = libc.clone(sleep, top, wanted, ctypes.c_void_p(_HOLDER_SECONDS))
            number = ctypes.get_errno()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if pid < 0:
        raise OSError(number, f"make a user namespace: {os.strerror(number)}")
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
