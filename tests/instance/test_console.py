"""A machine's console log: kept small, shown from its end, and never waited for."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
from pathlib import Path

import pytest

from realvpc.instance.console import KEPT, Console


def test_a_log_that_has_grown_large_keeps_what_is_shown_of_it(tmp_path: Path) -> None:
    path = tmp_path / "console.log"
    console = Console(path)
    path.write_bytes(b"a line\n" * 100_000)
    console.trim()
    assert path.stat().st_size == 700_000, "below a mebibyte it stays"
    with path.open("ab") as machine_itself:
        machine_itself.write(b"a line\n" * 100_000)
        machine_itself.flush()
        before, _ = console.read()
        console.trim()
        after, _ = console.read()
        machine_itself.write(b"the next\n")
    assert before.endswith(after)
    assert len(after) > KEPT - 10
    assert console.read()[0].endswith(b"a line\nthe next\n")


def test_what_is_allocated_behind_its_end_counts(tmp_path: Path) -> None:
    path = tmp_path / "console.log"
    path.write_bytes(b"a line\n")
    with path.open("r+b") as file:
        ctypes.CDLL(None).fallocate(file.fileno(), 1, ctypes.c_long(0), ctypes.c_long(2 << 20))
    assert path.stat().st_blocks * 512 >= 2 << 20
    Console(path).trim()
    assert path.stat().st_blocks * 512 < 1 << 20
    assert path.read_bytes() == b"a line\n"


def test_one_that_is_not_there_is_empty(tmp_path: Path) -> None:
    console = Console(tmp_path / "console.log")
    console.trim()
    assert console.read() == console.read(since=7) == (b"", 0)


def test_a_lease_on_it_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "console.log"
    path.write_bytes(b"x" * (2 << 20))
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    fd = os.open(path, os.O_RDWR)
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        for ask in (Console(path).read, Console(path).trim):
            with pytest.raises(BlockingIOError):
                ask()
    finally:
        os.close(fd)
        signal.signal(signal.SIGIO, before)


@pytest.mark.parametrize("kind", ["pipe", "link", "directory"])
def test_what_is_no_file_is_not_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "console.log"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("/etc/hostname")
    else:
        path.mkdir()
    with pytest.raises(OSError, match=r"console\.log"):
        Console(path).read()
