"""Only its owner may hold up whoever waits for a lock."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from realvpc.lockfile import open_lock


def test_nobody_else_may_open_it_not_even_one_that_was_there_before(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch(mode=0o644)
    with open_lock(path):
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_pipe_is_no_lock_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lock")
    with pytest.raises(OSError, match=r"No such device|is no regular file"):
        open_lock(tmp_path / "lock")
    reader = os.open(tmp_path / "lock", os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(OSError, match="is no regular file"):
            open_lock(tmp_path / "lock")
    finally:
        os.close(reader)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic"):
        open_lock(tmp_path / "lock")
    assert not (tmp_path / "victim").exists()
