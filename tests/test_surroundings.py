"""A run of the tests takes nothing from the person who started it, and tells what it has left."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.surroundings import clean, leave

THEIRS = {
    "PATH": "/usr/bin",
    "HOME": "/root",
    "LC_ALL": "ja_JP.eucJP",
    "LANGUAGE": "ja",
    "TZ": "Asia/Tokyo",
    "NO_COLOR": "1",
    "http_proxy": "http://proxy.example",
    "AWS_PROFILE": "work",
    "AWS_ENDPOINT_URL": "http://elsewhere.example",
    "REALVPC_STATE": "/var/lib/realvpc",
    "SUDO_UID": "1000",
    "XDG_RUNTIME_DIR": "/run/user/1000",
    "TMPDIR": "/home/mei/tmp",
    "REALVPC_SEED": "7",
}


def test_nothing_of_a_persons_environment_is_handed_on() -> None:
    own = clean(THEIRS, Path("/tmp/run"))
    assert own == {
        "PATH": "/usr/bin:/usr/local/sbin:/usr/sbin:/sbin",
        "HOME": "/tmp/run/home",
        "TMPDIR": "/tmp/run",
        "REALVPC_STATE": "/tmp/run/no-service",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "REALVPC_SEED": "7",
    }


def test_this_run_has_its_own() -> None:
    directory = Path(os.environ["TMPDIR"])
    assert Path(tempfile.gettempdir()) == directory
    assert Path.home() == directory / "home"
    before = os.umask(0)
    os.umask(before)
    assert before == 0o022


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "run/notes").mkdir(parents=True)
    return tmp_path / "run"


def test_a_run_that_leaves_nothing(run: Path) -> None:
    assert leave(run) == []
    assert not run.exists()


def test_files_and_directories_that_stay_are_named(run: Path, tmp_path: Path) -> None:
    (run / "pytest-of-mei").mkdir()
    (run / "forgotten").touch()
    (tmp_path / "service").mkdir()
    (run / "notes/service").write_text(str(tmp_path / "service"))
    assert leave(run) == [f"directory {tmp_path}/service", f"file {run}/forgotten"]
    assert not run.exists()


def test_what_is_deleted_meanwhile_is_passed_over(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("first", "second", "pytest-of-mei"):
        (run / name).touch()
    (run / "notes/gone").symlink_to("nowhere")
    unlink, lost = os.unlink, list[object]()

    def late(path: str, **more: Any) -> None:
        unlink(path, **more)
        lost.append(path)
        if len(lost) < 3:
            raise FileNotFoundError(path)

    monkeypatch.setattr(os, "unlink", late)
    assert sorted(leave(run)) == [f"file {run}/first", f"file {run}/second"]
    assert not run.exists()
    assert leave(run) == []


def test_processes_that_stay_are_named(run: Path) -> None:
    with subprocess.Popen(["cat"], env={"TMPDIR": str(run)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        process.stdin.write(b"here\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"here\n"
        assert leave(run) == [f"process {process.pid}: cat"]


@pytest.mark.root
def test_mounts_that_stay_are_named_and_nothing_is_deleted_through_them(run: Path) -> None:
    (run / "point").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", str(run / "point")], check=True)
    try:
        assert f"mount {run}/point" in leave(run)
        assert run.exists()
    finally:
        subprocess.run(["umount", str(run / "point")], check=True)
