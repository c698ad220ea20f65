"""Taking rights away from the API process before it reads its first byte from a client.

It runs as a user of its own without capabilities and can gain none (``PR_SET_NO_NEW_PRIVS``).  Where the code, the
interpreter or the state lie under a directory that this user may not enter (a checkout in /root), the process gets a
mount namespace in which that directory holds nothing but those paths, under their usual names.  What is itself
closed to everybody but its owner (a checkout made with umask 077) is mounted there with its owner's files as this
user's, and cannot be written (mount_setattr(2), "ID-mapped mounts").
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import realvpc
from realvpc.instance import mounts

from .identity import Identity

# linux/sched.h, linux/mount.h, linux/prctl.h
_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC = 1, 2, 4, 32, 4096, 16384
_MS_SLAVE = 1 << 19
_NOBODY = 65534
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 24, 38

_libc = ctypes.CDLL(None, use_errno=True)


def confine(user: Identity, needed: Iterable[Path]) -> None:
    """Become ``user`` for good, able to reach ``needed``.  Needs root.  Raises OSError."""
    show(needed, user.uid, user.gid)
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


def show(needed: Iterable[Path], uid: int, gid: int) -> None:
    """Let this process reach the paths once it is this user, in a mount namespace of its own if need be.

    Needs root.  Raises OSError.
    """
    paths = _outermost(sorted(set(needed)))
    hidden, closed = unreachable(paths, uid, gid), [path for path in paths if not _may(path, 0o5, uid, gid)]
    if not hidden and not closed:
        return
    _check(_libc.unshare(_CLONE_NEWNS), "unshare")
    _mount(None, Path("/"), _MS_REC | _MS_SLAVE)  # what the host unmounts goes here, too
    for directory, below in hidden.items():
        _cover(directory, below)
    for path in closed:
        _lend(path, uid, gid)


def may_be_shown(path: Path) -> bool:
    """Whether `show` works for this path and somebody who may not read it.  Needs root."""
    child = os.fork()
    if child == 0:
        try:
            show([path], _NOBODY, _NOBODY)
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def unreachable(paths: Iterable[Path], uid: int, gid: int) -> dict[Path, list[Path]]:
    """Directories that this user may not enter, each with those of ``paths`` that lie below it."""
    found: dict[Path, list[Path]] = {}
    for path in paths:
        for ancestor in reversed(path.parents):
            if not _may(ancestor, 0o1, uid, gid):
                found.setdefault(ancestor, []).append(path)
                break
    return found


def _may(path: Path, rights: int, uid: int, gid: int) -> bool:
    """Whether the user has these rights (as bits of "others") to a file."""
    status = path.stat()
    shift = 6 if status.st_uid == uid else 3 if status.st_gid == gid else 0
    return stat.S_IMODE(status.st_mode) >> shift & rights == rights


def _cover(directory: Path, paths: list[Path]) -> None:
    """Let the directory hold these paths and nothing else."""
    handles = {path: os.open(path, os.O_PATH) for path in paths}
    _mount(b"tmpfs", directory, _MS_NOSUID | _MS_NODEV, b"mode=0755,size=1m")
    for path, handle in handles.items():
        path.mkdir(parents=True, mode=0o755)
        _mount(f"/proc/self/fd/{handle}".encode(), path, _MS_BIND | _MS_REC)
        os.close(handle)
    _mount(None, directory, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV)


def _lend(path: Path, uid: int, gid: int) -> None:
    """Show the owner's files below the path as this user's."""
    status = path.stat()
    attributes = mounts.MOUNT_ATTR_RDONLY | mounts.MOUNT_ATTR_NOSUID | mounts.MOUNT_ATTR_NODEV
    with _user_namespace(f"{status.st_uid} {uid} 1", f"{status.st_gid} {gid} 1") as namespace:
        try:
            mounts.clone(path, path, attributes, namespace)
        except OSError as error:
            text = f"only its owner may read it, and its file system does not map ids: try `chmod -R go+rX {path}`"
            raise OSError(error.errno, text, str(path)) from error


@contextmanager
def _user_namespace(uids: str, gids: str) -> Iterator[int]:
    """A descriptor of one with these maps (user_namespaces(7)).  Needs root."""
    ready, wait = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(wait[1])
        os.write(ready[1], b"y" if _libc.unshare(_CLONE_NEWUSER) == 0 else b"n")
        os.read(wait[0], 1)  # until the parent closes its end
        os._exit(0)
    try:
        if os.read(ready[0], 1) != b"y":
            raise OSError("no user namespace can be made here")
        for name, content in (("uid_map", uids), ("gid_map", gids)):
            Path(f"/proc/{child}/{name}").write_text(content)
        namespace = os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        for end in (*ready, *wait):
            os.close(end)
        os.waitpid(child, 0)
    try:
        yield namespace
    finally:
        os.close(namespace)


def _outermost(paths: list[Path]) -> list[Path]:
    return [path for path in paths if not any(other in path.parents for other in paths)]


def _mount(source: bytes | None, target: Path, flags: int, data: bytes | None = None) -> None:
    kind = b"tmpfs" if source == b"tmpfs" else None
    _check(_libc.mount(source, os.fsencode(target), kind, flags, data), f"mount {target}")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
