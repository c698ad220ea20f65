"""Whom the API process runs as: a user id of this service's own, which no account of the machine has.

So that neither a person nor another service on the machine may read its files, signal it or trace it.  The id follows
from the state directory: the same service has the same one after a restart, and nothing has to be registered.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from msgspec import Struct

# Above the ids of machines' users (`fabric.id_range`), below systemd's foreign ones; and, where a container has only
# the first 65,536 ids, those that systemd gives to services (systemd.io, "Users, Groups, UIDs and GIDs").
_OWN = range(0x7FC0_0000, 0x7FFE_0000)
_IN_CONTAINERS = range(61184, 65520)


class Identity(Struct, frozen=True):
    """A user and a group id."""

    uid: int
    gid: int


def identity(state_dir: Path, uid_map: str | None = None) -> Identity:
    """For a service that root starts.  ``uid_map`` is the content of /proc/self/uid_map."""
    number = int.from_bytes(hashlib.sha256(os.fsencode(state_dir)).digest()[8:16])
    ids = _OWN if _are_mapped(_OWN, _uid_map() if uid_map is None else uid_map) else _IN_CONTAINERS
    return Identity(ids[number % len(ids)], ids[number % len(ids)])


def _uid_map() -> str:
    path = Path("/proc/self/uid_map")
    return path.read_text() if path.exists() else f"0 0 {1 << 32}"


def _are_mapped(ids: range, uid_map: str) -> bool:
    """Lines of three numbers (user_namespaces(7)): the first id inside, the first outside, how many."""
    for line in uid_map.splitlines():
        first, _, count = (int(part) for part in line.split())
        if first <= ids.start and ids.stop <= first + count:
            return True
    return False
