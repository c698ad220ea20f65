"""Directories as tar streams: ours to an instance, and an instance's to us.

What comes out of an instance was written by a stranger.  It is not unpacked by names, which links could bend, but
entry by entry below an open directory (openat(2), O_NOFOLLOW): nothing is ever followed, what is in the way of a file
is replaced, and what could lead out of the directory later is left out.  The rules are those of tarfile's "data"
filter, which Debian 12's Python does not have.
"""

from __future__ import annotations

import errno
import os
import stat
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TypeAlias, cast

from .pipes import CHUNK, Readable, Writable

_KEPT = 0o755  # of an instance's modes: no set-id bits, and nothing for others to write
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OF_THE_NAME = frozenset(
    {errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR, errno.ENOENT, errno.EISDIR, errno.EEXIST, errno.EPERM}
)
_MALFORMED = (tarfile.TarError, ValueError, ArithmeticError, LookupError, EOFError, MemoryError, RecursionError)

Note: TypeAlias = Callable[[str, str], None]
"""Takes the name of an entry that was left out, and why."""


class ArchiveError(Exception):
    """What came is no archive, or not a whole one."""


class _LeftOutError(Exception):
    """Why one entry is not unpacked; the others are."""


def pack(directory: Path, into: Writable, note: Note) -> None:
    """Write what is in a directory as a tar stream of root's files.  Links stay links; devices are left out.

    Raises OSError.
    """

    def owned(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if not (entry.isreg() or entry.isdir() or entry.issym() or entry.islnk()):
            note(entry.name, "neither file nor directory nor link")
            return None
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        return entry

    # GNU's format: busybox does not read the long names of the POSIX one.
    with tarfile.open(fileobj=cast("IO[bytes]", into), mode="w|", format=tarfile.GNU_FORMAT, bufsize=CHUNK) as archive:
        archive.add(directory, arcname=".", filter=owned)


def unpack(stream: Readable, target: Path, note: Note) -> None:
    """Make the directory ``target`` of a tar stream of one, or add to it what is in the stream.

    Raises ArchiveError and OSError.
    """
    try:
        archive = tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|", bufsize=CHUNK)  # noqa: SIM115 - see below
    except _MALFORMED as error:
        raise ArchiveError(f"what came is no archive: {error}") from error
    with archive:
        first = _next(archive)
        if first is None or not first.isdir():
            raise ArchiveError("what came is no directory")
        _unpack_directory(archive, first, target, note)


def file_mode(mode: int) -> int:
    """Of what an instance says, what a file here gets."""
    return mode & _KEPT | stat.S_IRUSR | stat.S_IWUSR


def _unpack_directory(archive: tarfile.TarFile, first: tarfile.TarInfo, target: Path, note: Note) -> None:
    made: dict[tuple[str, ...], int] = {}
    if not target.is_dir():
        target.mkdir(0o700)
        made[()] = first.mode
    root = os.open(target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        while entry := _next(archive):
            try:
                path = _path(entry.name)
                if path and _place(archive, entry, root, path):
                    made[path] = entry.mode
            except _LeftOutError as reason:
                note(entry.name, str(reason))
            except OSError as error:
                if error.errno not in _OF_THE_NAME:
                    raise
                note(entry.name, str(error.strerror))
        for path, mode in reversed(made.items()):  # last: one that is read-only has to be filled before
            with _opened(root, path) as directory:
                os.fchmod(directory, mode & _KEPT | stat.S_IRWXU)
    finally:
        os.close(root)


def _place(archive: tarfile.TarFile, entry: tarfile.TarInfo, root: int, path: tuple[str, ...]) -> bool:
    """Make one entry; returns whether it is a directory that was not there.  Raises OSError, _LeftOutError."""
    *above, name = path
    with _opened(root, above) as parent:
        if entry.isdir():
            return _make_directory(name, parent)
        if _is_plain(entry):
            _remove(name, parent)
            _fill(archive, entry, os.open(name, _NEW_FILE, 0o600, dir_fd=parent))
        elif entry.issym():
            _check_link(entry.linkname, depth=len(above))
            _remove(name, parent)
            os.symlink(entry.linkname, name, dir_fd=parent)
        elif entry.islnk():
            _link(root, _path(entry.linkname), name, parent)
        else:
            raise _LeftOutError("neither file nor directory nor link")
    return False


def _path(name: str) -> tuple[str, ...]:
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if name.startswith("/") or ".." in parts or "\0" in name:
        raise _LeftOutError("leads out of the directory")
    return parts


def _check_link(target: str, *, depth: int) -> None:
    """A symbolic link so many directories deep must stay inside, whatever other links it meets on its way.

    Hence it may go up at its beginning only, where each step leaves a real directory; from there it goes down, through
    links of which the same is true.
    """
    parts = [part for part in target.split("/") if part not in ("", ".")]
    up = next((number for number, part in enumerate(parts) if part != ".."), len(parts))
    if not target or target.startswith("/") or up > depth or ".." in parts[up:] or "\0" in target:
        raise _LeftOutError("a link that leads out of the directory")


def _link(root: int, source: tuple[str, ...], name: str, parent: int) -> None:
    """A hard link, to a file only: a symbolic link would mean something else at another depth."""
    if not source:
        raise _LeftOutError("a link to a directory")
    *above, original = source
    with _opened(root, above) as directory:
        if not stat.S_ISREG(os.stat(original, dir_fd=directory, follow_symlinks=False).st_mode):
            raise _LeftOutError("a hard link to what is no file")
        _remove(name, parent)
        os.link(original, name, src_dir_fd=directory, dst_dir_fd=parent, follow_symlinks=False)


def _make_directory(name: str, parent: int) -> bool:
    with suppress(FileNotFoundError):
        if stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            return False
        os.unlink(name, dir_fd=parent)
    os.mkdir(name, 0o700, dir_fd=parent)
    return True


def _remove(name: str, parent: int) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=parent)


@contextmanager
def _opened(root: int, path: Sequence[str]) -> Iterator[int]:
    """The directory at ``path`` below ``root``, through no link."""
    current = os.dup(root)
    try:
        for name in path:
            below = os.open(name, _DIRECTORY, dir_fd=current)
            os.close(current)
            current = below
        yield current
    finally:
        os.close(current)


def _is_plain(entry: tarfile.TarInfo) -> bool:
    """A file as long as what is sent of it: a sparse one may be of any length."""
    return entry.isreg() and not entry.issparse() and entry.size >= 0


def _fill(archive: tarfile.TarFile, entry: tarfile.TarInfo, descriptor: int) -> None:
    """Write an entry's content into a new file, and give it its mode.  Raises ArchiveError and OSError."""
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, file_mode(entry.mode))
        content, left = archive.extractfile(entry), entry.size
        while left:
            try:
                chunk = content.read(min(left, CHUNK)) if content else b""
            except _MALFORMED:
                chunk = b""
            if not chunk:
                raise ArchiveError(f"what came ends in the middle of {entry.name}")
            file.write(chunk)
            left -= len(chunk)


def _next(archive: tarfile.TarFile) -> tarfile.TarInfo | None:
    """The next entry, forgetting the last: there may be any number.  Raises ArchiveError."""
    try:
        entry = archive.next()
    except _MALFORMED as error:
        raise ArchiveError(f"what came is no archive: {error}") from error
    archive.members.clear()  # type: ignore[attr-defined]
    return entry
