"""What is pinned in a bpffs, asked of the kernel (bpf(2), BPF_OBJ_GET_INFO_BY_FD)."""

from __future__ import annotations

import ctypes as c
import os
from pathlib import Path

from msgspec import Struct

from .bpf.libbpf import check, library

_SIZE = 256
_ID = 4  # an offset in struct bpf_prog_info and bpf_map_info
_LINK_TYPE, _LINK_PROGRAM, _LINK_IFINDEX = 0, 8, 16  # offsets in struct bpf_link_info
_TCX = 11  # BPF_LINK_TYPE_TCX


class PinnedLink(Struct, frozen=True):
    """``ifindex`` is 0 when the link is attached to nothing any more."""

    program_id: int
    ifindex: int


def id_of(fd: int) -> int:
    """The kernel's number of a program or map.  Raises OSError."""
    return _u32(_info(fd), _ID)


def pinned_id(path: Path) -> int | None:
    """The same of what is pinned there; None when nothing is."""
    info = _pinned_info(path)
    return None if info is None else _u32(info, _ID)


def pinned_link(path: Path) -> PinnedLink | None:
    """None when no link is pinned there."""
    info = _pinned_info(path)
    return None if info is None else _link(info)


def tcx_link(fd: int) -> PinnedLink | None:
    """None when the link is of another type.  Raises OSError."""
    info = _info(fd)
    return _link(info) if _u32(info, _LINK_TYPE) == _TCX else None


def pin(fd: int, path: Path) -> None:
    """Pin it there instead of whatever is.  Raises OSError."""
    path.unlink(missing_ok=True)
    check(library().bpf_obj_pin(fd, os.fsencode(path)), f"pin {path}")


def _link(info: bytes) -> PinnedLink:
    return PinnedLink(_u32(info, _LINK_PROGRAM), _u32(info, _LINK_IFINDEX))


def _pinned_info(path: Path) -> bytes | None:
    fd = library().bpf_obj_get(os.fsencode(path))
    if fd < 0:
        return None
    try:
        return _info(fd)
    finally:
        os.close(fd)


def _info(fd: int) -> bytes:
    info, size = c.create_string_buffer(_SIZE), c.c_uint32(_SIZE)
    check(library().bpf_obj_get_info_by_fd(fd, info, c.byref(size)), "ask what is pinned")
    return info.raw


def _u32(info: bytes, offset: int) -> int:
    value: int = c.c_uint32.from_buffer_copy(info, offset).value
    return value
