"""A machine's volume: a file that holds an ext4 file system of the volume's size, mounted through a loop device.

So a machine can fill its own disk and nobody else's, sees its size, gets "No space left on device", and whatever it
wrote goes with one file.  The file is sparse: it takes from the host what is written, and gives back what is deleted.
"""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from . import feature, loop, mounts

BLOCK = 4096  # bytes
SMALLEST, LARGEST = 64 << 20, 1 << 40  # bytes; a terabyte's own tables take 16 MB of the host
_COPIED_LARGEST = 64 << 30  # up to here a blank one of each size is kept, to be copied
_GIVEN_BACK_SECONDS = 10.0
_PAUSE = 0.002
_SYS = Path("/sys")
# Nothing is zeroed that a sparse file has as zeros, neither now nor, by the kernel, later.
_MKFS = ("mkfs.ext4", "-q", "-F", "-m", "0", "-b", str(BLOCK), "-J", "size=4")
_FEATURES = ("-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0")
_OPTIONS = "noinit_itable,discard,errors=remount-ro"
_UNIT = 1 << 20
_CORRECTED = 1  # of e2fsck(8): what a journal still had to say


def make(path: Path, size: int, blanks: Path, directories: Sequence[str]) -> None:
    """Make a volume of `size` bytes, within the limits, that has these directories.  Raises OSError.

    `blanks` is a directory for blank volumes; those of other directories must not be in it.
    """
    size = _possible(size)
    if size > _COPIED_LARGEST:
        _format(path, size, directories)
        return
    blank = blanks / str(size)
    if not blank.exists():
        draft = blanks / f".new-{size}-{time.monotonic_ns()}"
        _format(draft, size, directories)
        draft.rename(blank)
    _copy(blank, path)


def grow(path: Path, size: int, room: int) -> None:
    """Let a volume that nobody has mounted be of `size` bytes, unless it is larger.  Raises OSError, and then it is as
    it was: a copy grows, of what is written on it, and takes its place.  That may be `room` bytes at most.
    """
    size = _possible(size)
    status = path.stat(follow_symlinks=False)
    if status.st_size >= size:
        return
    if (written := status.st_blocks * 512) > room:
        raise OSError(errno.ENOSPC, f"a copy of it takes {written >> 20} MiB of the host's disk, of {room >> 20}")
    draft = path.with_name(f".{path.name}.larger")
    draft.unlink(missing_ok=True)
    file = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        _lock(file, path)
        _copy(path, draft)
        _run("e2fsck", "-f", "-p", str(draft), codes=(0, _CORRECTED))
        os.truncate(draft, size)
        _run("resize2fs", str(draft))
        with draft.open("rb") as grown:
            os.fsync(grown.fileno())
        draft.rename(path)
    finally:
        os.close(file)
        draft.unlink(missing_ok=True)


def _run(*words: str, codes: Sequence[int] = (0,)) -> None:
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode not in codes:
        raise OSError(errno.EIO, f"{words[0]}: {(done.stderr or done.stdout).strip()}")


def _possible(size: int) -> int:
    return min(max(size, SMALLEST), LARGEST) // _UNIT * _UNIT


@contextmanager
def mounted(path: Path, target: Path) -> Iterator[str]:
    """Mount a volume at `target`, in the mount namespace of the calling thread: the device's name.  Raises OSError.

    Others that were mounted from it meanwhile (an overlay) keep it.  Waits for those of before to end: twice mounted,
    it would be destroyed.
    """
    file = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        _lock(file, path)
        with loop.attached(file) as device:
            mounts.mount(str(device), str(target), "ext4", mounts.MS_NODEV, _OPTIONS)
    finally:
        os.close(file)
    try:
        yield device.name
    finally:
        mounts.unmount(str(target))


def reserve(path: Path, device: str, blocks: int) -> bool:
    """Let nobody have so many free blocks of a volume, not even root; whether it is mounted from this device.

    Raises OSError.
    """
    try:
        if (_SYS / "block" / device / "loop" / "backing_file").read_text().strip() != str(path.resolve()):
            return False
        (_SYS / "fs/ext4" / device / "reserved_clusters").write_text(str(blocks))
    except FileNotFoundError:  # it was detached just now
        return False
    return True


def obstacle(directory: Path) -> str | None:
    """Why there can be no volumes in `directory`, tried; None when there can.  In a mount namespace of its own.

    Raises ProbeError when it cannot be tried just now.
    """
    if os.statvfs(_SYS).f_flag & os.ST_RDONLY:
        return f"{_SYS} is read-only"
    path, target, blanks = directory / "volume", directory / "mounted", directory / "blanks"
    try:
        for each in (target, blanks):
            each.mkdir(parents=True)
        make(path, SMALLEST, blanks, ("upper",))
        with mounted(path, target) as device:
            (target / "upper" / "file").touch()
            if not reserve(path, device, 0):
                return f"{_SYS} does not show the volume"
    except OSError as error:
        return feature.obstacle("volumes", error, errno.ENOENT)  # no /dev/loop-control, or no mkfs.ext4
    return None


def _lock(file: int, path: Path) -> None:
    """The lock is the device's for as long as it has the file."""
    deadline = time.monotonic() + _GIVEN_BACK_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise OSError(errno.EBUSY, "the volume is still mounted", str(path)) from None
            time.sleep(_PAUSE)
        else:
            return


def _format(path: Path, size: int, directories: Sequence[str]) -> None:
    content = path.with_name(f"{path.name}.content")
    for name in directories:
        (content / name).mkdir(mode=0o755, parents=True, exist_ok=True)
    with path.open("xb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.truncate(size)
    try:
        _run(*_MKFS, *_FEATURES, "-d", str(content), str(path))
    except OSError:
        path.unlink()
        raise
    finally:
        for name in directories:
            (content / name).rmdir()
        content.rmdir()


def _copy(blank: Path, path: Path) -> None:
    """What is written of it: the rest is holes."""
    with blank.open("rb") as source, path.open("xb") as target:
        os.fchmod(target.fileno(), 0o600)
        size = os.fstat(source.fileno()).st_size
        target.truncate(size)
        end = 0
        while end < size:
            try:
                start = os.lseek(source.fileno(), end, os.SEEK_DATA)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                return
            end = os.lseek(source.fileno(), start, os.SEEK_HOLE)
            while start < end:
                start += os.copy_file_range(source.fileno(), target.fileno(), end - start, start, start)
