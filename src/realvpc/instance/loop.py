"""Loop devices (loop(4)): a file as a block device, for as long as something is mounted from it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CONTROL = Path("/dev/loop-control")
_LOOP_CTL_GET_FREE, _LOOP_CONFIGURE = 0x4C82, 0x4C0A
_LO_FLAGS_AUTOCLEAR = 4
_MAJOR = 7
_ATTEMPTS = 64  # others take devices, too


@contextmanager
def attached(file: int) -> Iterator[Path]:
    """The path of a new device that shows the open file.  Raises OSError.

    The device lets go of the file, and of the lock that its descriptor may have (flock(2)), when the last mount of it
    ends; when none was made, at the end of the block.
    """
    path, device = _attach(file)
    try:
        yield path
    finally:
        os.close(device)


def _attach(file: int) -> tuple[Path, int]:
    # struct loop_config: the file, the block size (the usual one), struct loop_info64, reserved
    info = struct.pack("=5Q4I64s64s32s2Q", *[0] * 8, _LO_FLAGS_AUTOCLEAR, b"", b"", b"", 0, 0)
    config = struct.pack("=II", file, 0) + info + bytes(64)
    control = os.open(_CONTROL, os.O_RDWR | os.O_CLOEXEC)
    try:
        for _ in range(_ATTEMPTS):
            number = fcntl.ioctl(control, _LOOP_CTL_GET_FREE)
            path = Path(f"/dev/loop{number}")
            if not path.exists():  # in a container nobody makes it
                with contextlib.suppress(FileExistsError):
                    os.mknod(path, 0o600 | stat.S_IFBLK, os.makedev(_MAJOR, number))
            device = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.ioctl(device, _LOOP_CONFIGURE, config)
            except OSError as error:
                os.close(device)
                if error.errno != errno.EBUSY:
                    raise
            else:
                return path, device
    finally:
        os.close(control)
    raise OSError(errno.EBUSY, "no loop device is free")
