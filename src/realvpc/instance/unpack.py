"""``python -m realvpc.instance.unpack DIRECTORY MODE FD…``: root's work on an image, where the image can do no harm.

Layers are read from the descriptors and unpacked in DIRECTORY; with the mode ``machine`` what they make up is furnished
too, with ``archive`` it is left as it is.  Links in them lead nowhere else, because DIRECTORY is the root of this
process, which has no capability but those for owners and modes, and loads no code any more.  Prints the bytes used.
"""

from __future__ import annotations

import codecs
import ctypes
import os
import sys
from pathlib import Path

from .furnish import FurnishError, furnish
from .layer import LayerError, apply_layer

MACHINE, ARCHIVE = "machine", "archive"

# linux/capability.h: CHOWN, DAC_OVERRIDE, FOWNER, FSETID, SETFCAP
_KEPT = sum(1 << number for number in (0, 1, 3, 4, 31))
_VERSION_3 = 0x20080522
_PR_SET_NO_NEW_PRIVS = 38
_NEWROOT = Path("/")


def main(arguments: list[str]) -> int:
    directory, mode, *descriptors = arguments
    layers = [os.fdopen(int(number), "rb") for number in descriptors]
    _shut_in(directory)
    try:
        for layer in layers:
            apply_layer(layer, _NEWROOT)
        if mode == MACHINE:
            furnish(_NEWROOT)
        size = _size(_NEWROOT)
    except (LayerError, FurnishError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{size}\n")
    return 0


def _shut_in(directory: str) -> None:
    os.umask(0o022)
    for codec in ("utf-8", "ascii", "latin-1"):
        codecs.lookup(codec)  # loaded now, because nothing can be later
    os.chroot(directory)
    os.chdir("/")
    sys.meta_path.clear()
    sys.path.clear()
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    low, high = _KEPT & 0xFFFFFFFF, _KEPT >> 32
    data = (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0)  # effective, permitted, inheritable
    if libc.capset(header, data) != 0 or libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "giving up capabilities")


def _size(root: Path) -> int:
    return sum(
        os.lstat(os.path.join(parent, name)).st_blocks * 512  # noqa: PTH118 - much faster than Path on a whole system
        for parent, directories, files in os.walk(root)
        for name in (*directories, *files)
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
