"""What somebody names and is no file, or too large a one, is refused at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from realvpc.regular_file import open_regular, read_regular

MOST = 4096


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def sparse(path: Path) -> Path:
    with path.open("wb") as file:
        file.truncate(1 << 40)
    return path


NO_FILES: dict[str, Callable[[Path], Path]] = {
    "a pipe": pipe,
    "a device": lambda path: Path("/dev/zero"),
    "a directory": lambda path: path.parent,
    "a file that is too large": sparse,
    "nothing": lambda path: path,
}


@pytest.mark.parametrize("what", NO_FILES)
def test_what_cannot_be_read_to_its_end_is_refused(tmp_path: Path, what: str) -> None:
    path = NO_FILES[what](tmp_path / "it")
    with pytest.raises(OSError, match=r"regular file|larger than 4 KiB|No such file"):
        read_regular(path, MOST)


def test_a_file_is_read_through_links_and_up_to_the_last_byte(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * MOST)
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "link", MOST) == b"x" * MOST
    with open_regular(tmp_path / "link") as file:
        assert file.read(1) == b"x"
