"""Links of programs to the ingress of devices (TCX, Linux 6.6), through libbpf."""

from __future__ import annotations

import ctypes as c
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from .bpf import libbpf
from .bpf.libbpf import check, library
from .pin import tcx_link

_MOST_PROGRAMS = 64  # on one device (BPF_MPROG_MAX)


def create_link(program: int, ifindex: int, pin: Path) -> bool:
    """Attach to the ingress of a device of the caller's network namespace, by a TCX link that stays while it is pinned.

    False when the kernel has no TCX (before 6.6).  Raises OSError.
    """
    result = library().bpf_link_create(program, ifindex, libbpf.BPF_TCX_INGRESS, None)
    if result == -errno.EINVAL:
        return False
    fd = check(result, f"attach to interface {ifindex}")
    try:
        check(library().bpf_obj_pin(fd, os.fsencode(pin)), f"pin {pin}")
    finally:
        os.close(fd)
    return True


def update_link(pin: Path, program: int) -> None:
    """Swap the program of a pinned link: every packet sees the old one or the new one.  Raises OSError."""
    fd = check(library().bpf_obj_get(os.fsencode(pin)), f"open {pin}")
    try:
        check(library().bpf_link_update(fd, program, None), f"update {pin}")
    finally:
        os.close(fd)


def detach_links(ifindex: int) -> None:
    """Detach what is linked to the ingress of a device of the caller's network namespace.  Raises OSError.

    Whoever copied the mounts, as ``unshare --mount`` does, holds what was pinned after the bpffs is unmounted.  A
    program that stayed so would go on deciding, before any that is attached after it.
    """
    programs = _programs(ifindex)
    for fd in _links() if programs else ():
        link = tcx_link(fd)
        if link and link.ifindex == ifindex and link.program_id in programs:  # numbers repeat in other namespaces
            check(library().bpf_link_detach(fd), f"detach from interface {ifindex}")


def _programs(ifindex: int) -> frozenset[int]:
    """The kernel's numbers of the programs there."""
    found, count = (c.c_uint32 * _MOST_PROGRAMS)(), c.c_uint32(_MOST_PROGRAMS)
    result = library().bpf_prog_query(ifindex, libbpf.BPF_TCX_INGRESS, 0, None, found, c.byref(count))
    if result in (-errno.EINVAL, -errno.ENOENT):  # no TCX, or nothing there
        return frozenset()
    check(result, f"ask what is attached to interface {ifindex}")
    return frozenset(found[: count.value])


def _links() -> Iterator[int]:
    """A descriptor of each link on the host, for as long as it is looked at."""
    number = c.c_uint32(0)
    while library().bpf_link_get_next_id(number, c.byref(number)) == 0:
        fd = library().bpf_link_get_fd_by_id(number)
        if fd >= 0:  # else it has just gone
            try:
                yield fd
            finally:
                os.close(fd)
