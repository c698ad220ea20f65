"""The directory of disks, whatever lies in it: no mounts."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from realvpc.instance.storage import Owners, Storage


@pytest.mark.parametrize(
    "make",
    [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero"), lambda path: path.write_bytes(b"\xff" * 8)],
    ids=["pipe", "directory", "link", "no text"],
)
@pytest.mark.parametrize("note", ["state", "kept.json"])
def test_nobody_waits_for_what_is_noted_of_a_disk(tmp_path: Path, note: str, make: Callable[[Path], object]) -> None:
    home = tmp_path / ("disks" if note == "state" else "kept") / "i-1"
    for directory in (home, *(tmp_path / name for name in ("disks", "kept", "made"))):
        directory.mkdir(parents=True, exist_ok=True)
    make(home / note)
    storage = Storage(tmp_path)
    storage.keep_aside("i-1")
    assert [disk.owner for disk in storage.kept()] == [""]
    assert storage.owners() == Owners(kept=frozenset({"i-1"}))
