"""Log files that others write to stay small."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from realvpc.logfile import keep_end


def test_whole_lines_of_the_end_are_kept_and_who_writes_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("a") as writer, path.open("a+b") as cutter:
        for number in range(1000):
            print(f"line {number}", file=writer, flush=True)
        keep_end(cutter.fileno(), largest=1 << 20, kept=100)
        assert path.read_text().startswith("line 0\n"), "it is not large yet"
        keep_end(cutter.fileno(), largest=1000, kept=100)
        print("more", file=writer, flush=True)
    lines = path.read_text().splitlines()
    assert lines[-2:] == ["line 999", "more"]
    assert lines[0] == "line 989"


def test_a_hole_that_a_guest_made_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("end")
    os.truncate(path, 1 << 40)
    with path.open("a+b") as cutter:
        keep_end(cutter.fileno(), largest=1000, kept=100)
    assert path.stat().st_size <= 100


def logging_process(path: Path, mode: str) -> None:
    script = """
import logging
from realvpc import logfile
logfile._LARGEST, logfile._KEPT = 10_000, 1_000
logging.basicConfig(level=logging.INFO, handlers=[logfile.LogHandler()])
for number in range(2000):
    logging.info("record %d", number)
"""
    with path.open(mode) as log:
        subprocess.run([sys.executable, "-c", script], stderr=log, check=True)


def test_a_process_keeps_its_own_log_small(tmp_path: Path) -> None:
    path = tmp_path / "log"
    logging_process(path, "a+")
    assert path.stat().st_size <= 10_100
    assert path.read_text().endswith("INFO:root:record 1999\n")


def test_it_leaves_a_file_alone_that_somebody_else_redirected_to(tmp_path: Path) -> None:
    path = tmp_path / "log"
    logging_process(path, "w")
    assert path.read_text().count("\n") == 2000
