"""How far volumes may grow, whatever one machine makes of itself: what is written to the kernel is noted instead."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from realvpc.instance import space
from realvpc.instance.disk import DEVICE, ROOT_DEVICE, VOLUME
from realvpc.instance.space import Space

pytestmark = pytest.mark.root

Told = list[tuple[str, int]]
_GO = "import os, sys; os.chroot(sys.argv[1]); print(flush=True); sys.stdin.read()"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """The volumes that are told of, and how many blocks nobody may have."""
    noted: Told = []

    def reserve(path: Path, device: str, blocks: int) -> bool:
        noted.append((path.parent.name, blocks))
        return True

    monkeypatch.setattr(space, "reserve", reserve)
    return noted


def disk(place: Path, name: str, *, root: Path | None = Path("/")) -> Path:
    """A machine's home, whose volume could be what is mounted at / or at /dev/shm, by its size."""
    home = place / name
    home.mkdir()
    (home / DEVICE).write_text("loop0")
    if root is not None:
        (home / ROOT_DEVICE).write_text(str(root.stat().st_dev))
    with (home / VOLUME).open("wb") as file:
        file.truncate(max(there.f_blocks * there.f_frsize for there in map(os.statvfs, ("/", "/dev/shm"))))
    return home


@contextmanager
def gone_to(root: str) -> Iterator[int]:
    """A process that has this as /."""
    command = [sys.executable, "-c", _GO, root]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        yield process.pid


@pytest.mark.parametrize("has_note", [True, False])
@pytest.mark.parametrize("root", ["/proc", "/dev/shm"])
def test_what_is_elsewhere_says_nothing_of_a_volume(tmp_path: Path, told: Told, root: str, *, has_note: bool) -> None:
    """Neither of its own nor, as what is not yet written to the host, of all others'."""
    stays = disk(tmp_path, "stays")
    goes = disk(tmp_path, "goes", root=Path("/") if has_note else None)
    os.truncate(goes / VOLUME, 1 << 12)  # smaller than all file systems
    with gone_to(root) as pid:
        Space(tmp_path).share_out({goes: pid, stays: os.getpid()})
    assert [name for name, _ in told] == ["stays"]


def test_only_the_root_of_the_machine_is_believed(tmp_path: Path, told: Told) -> None:
    with gone_to("/dev/shm") as pid:
        Space(tmp_path).share_out({disk(tmp_path, "goes"): pid})
        assert not told, "although it could be the volume by its size"
        Space(tmp_path).share_out({disk(tmp_path, "is there", root=Path("/dev/shm")): pid})
    assert [name for name, _ in told] == ["is there"]


def test_a_machine_that_an_earlier_version_started_is_told_too(tmp_path: Path, told: Told) -> None:
    Space(tmp_path).share_out({disk(tmp_path, "earlier", root=None): os.getpid()})
    assert [name for name, _ in told] == ["earlier"]


def test_a_lost_file_is_one_disks_affair(tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space, "room", lambda directory: 0)
    homes = [disk(tmp_path, name) for name in ("first", "second", "third")]
    (homes[0] / DEVICE).unlink()
    shared = Space(tmp_path)
    with pytest.raises(FileNotFoundError):
        shared.share_out(dict.fromkeys(homes, os.getpid()))
    assert [name for name, _ in told] == ["second", "third"]
    assert shared.fault is not None
