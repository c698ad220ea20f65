"""User and group ids of the host for the users of machines: a range for each machine, whichever service it is of.

Nothing on disk carries these ids (the disks are mounted with their ids mapped), so a range is a machine's only as long
as its network namespace is there.  `/run/realvpc-ids/NUMBER` is a link to the namespace that has range NUMBER.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from msgspec import Struct

# Above what systemd-nspawn takes (up to 0x6fffffff) and useradd writes to /etc/subuid, below the API processes'
# (`daemon.identity`), systemd's foreign ids (from 0x7ffe0000) and what does not fit into a signed number (systemd.io,
# "Users, Groups, UIDs and GIDs").
_FIRST, _END = 0x7000_0000, 0x7FC0_0000
_COUNT = 1 << 16
REGISTRY = Path("/run/realvpc-ids")


class IdRange(Struct, frozen=True):
    """``count`` ids from ``first`` on."""

    first: int
    count: int = _COUNT


RANGES = tuple(IdRange(first) for first in range(_FIRST, _END, _COUNT))


def claim(namespace: Path, registry: Path = REGISTRY) -> IdRange:
    """The range of the namespace, whose file must exist.  Raises OSError when there is none left."""
    registry.mkdir(mode=0o700, exist_ok=True)
    registry.chmod(0o700)  # who may open it may lock it
    with _locked(registry):
        for number in _order(namespace):
            entry = registry / str(number)
            if entry.is_symlink() and entry.readlink() != namespace:
                if entry.exists():
                    continue
                entry.unlink()  # of a namespace that went without saying so
            if not entry.is_symlink():
                entry.symlink_to(namespace)
            return RANGES[number]
    raise OSError(f"all {len(RANGES)} ranges of user ids are taken: see {registry}")


def release(namespace: Path, registry: Path = REGISTRY) -> None:
    """Let others have the namespace's range.  One that has none is no error."""
    if not registry.exists():
        return
    with _locked(registry):
        usual = registry / str(next(_order(namespace)))
        for entry in chain((usual,), registry.iterdir()):
            if _is_of(entry, namespace):
                entry.unlink()
                return


def _is_of(entry: Path, namespace: Path) -> bool:
    return entry.is_symlink() and entry.readlink() == namespace


def _order(namespace: Path) -> Iterator[int]:
    """All ranges, from one on that the name decides: a machine mostly has the same."""
    start = int.from_bytes(hashlib.sha256(os.fsencode(namespace)).digest()[:8])
    return ((start + step) % len(RANGES) for step in range(len(RANGES)))


@contextmanager
def _locked(registry: Path) -> Iterator[None]:
    fd = os.open(registry, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
