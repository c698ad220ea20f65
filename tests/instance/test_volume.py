"""A machine's disk is a file of the size that was asked for, which it can fill, and which goes with one removal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from realvpc.instance import mounts, volume
from realvpc.instance.feature import ProbeError
from tests.instance.small_disk import tmpfs

pytestmark = pytest.mark.root

SIZE = 64 << 20


@pytest.fixture(scope="module")
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1, "volume", mounts.private_mount_namespace) as pool:
        yield pool


def made(directory: Path, size: int = SIZE) -> Path:
    blanks = directory / "blanks"
    blanks.mkdir(exist_ok=True)
    path = directory / "volume"
    volume.make(path, size, blanks, ("upper", "work"))
    return path


def test_it_can_be_filled_and_not_more(tmp_path: Path, thread: ThreadPoolExecutor) -> None:
    path = made(tmp_path)
    target = tmp_path / "mounted"
    target.mkdir()

    def fill() -> int:
        with volume.mounted(path, target):
            assert {each.name for each in target.iterdir()} == {"upper", "work", "lost+found"}
            written = 0
            with (target / "upper" / "file").open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
                while written < 2 * SIZE:
                    written += file.write(bytes(1 << 20))
            return written

    assert SIZE // 2 < thread.submit(fill).result() < SIZE
    assert path.stat().st_size == SIZE


def test_it_grows_with_what_is_on_it_and_takes_no_space_for_it(tmp_path: Path, thread: ThreadPoolExecutor) -> None:
    path = made(tmp_path)
    target = tmp_path / "mounted"
    target.mkdir()

    def size() -> int:
        with volume.mounted(path, target):
            (target / "upper" / "file").write_text("kept")
            room = os.statvfs(target)
            return room.f_blocks * room.f_frsize

    assert thread.submit(size).result() < SIZE
    for larger in (1 << 30, 40 << 30, volume.LARGEST):
        volume.grow(path, larger, SIZE)
        volume.grow(path, SIZE, 0)  # it never shrinks
        assert thread.submit(size).result() > 0.9 * larger
        assert (path.stat().st_size, thread.submit(_read, path, target).result()) == (larger, "kept")
    assert path.stat().st_blocks * 512 < 64 << 20


def test_it_does_not_grow_where_its_copy_has_no_room(tmp_path: Path) -> None:
    """The host's disk is others' as well."""
    path = made(tmp_path)
    written = path.stat().st_blocks * 512
    with pytest.raises(OSError, match="MiB of the host's disk"):
        volume.grow(path, 2 * SIZE, written - 1)
    assert {each.name for each in tmp_path.iterdir()} == {"blanks", "volume"}
    assert path.stat().st_size == SIZE
    volume.grow(path, 2 * SIZE, written)
    assert path.stat().st_size == 2 * SIZE


def _read(path: Path, target: Path) -> str:
    with volume.mounted(path, target):
        return (target / "upper" / "file").read_text()


def test_what_is_not_written_takes_no_space_of_the_host_whatever_the_size(tmp_path: Path) -> None:
    path = made(tmp_path, 1 << 50)
    assert path.stat().st_size == volume.LARGEST
    assert path.stat().st_blocks * 512 < 32 << 20
    assert list((tmp_path / "blanks").iterdir()) == []


def test_it_is_not_mounted_twice_and_is_free_again_when_the_last_mount_ends(
    tmp_path: Path, thread: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(tmp_path)
    target, other = tmp_path / "mounted", tmp_path / "other"
    target.mkdir()
    other.mkdir()
    monkeypatch.setattr(volume, "_GIVEN_BACK_SECONDS", 0.05)

    def twice() -> None:
        with volume.mounted(path, target):
            held = os.open(target / "upper", os.O_RDONLY)  # as an overlay has it
        try:
            with pytest.raises(OSError, match="still mounted"), volume.mounted(path, other):
                pass
        finally:
            os.close(held)

    def again() -> None:
        with volume.mounted(path, target):
            (target / "upper" / "file").write_text("kept")

    thread.submit(twice).result()
    monkeypatch.undo()
    thread.submit(again).result()


def test_a_host_without_loop_devices_is_noticed(
    tmp_path: Path, thread: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert thread.submit(volume.obstacle, tmp_path / "here").result() is None
    monkeypatch.setattr("realvpc.instance.loop._CONTROL", tmp_path / "no-loop-control")
    found = thread.submit(volume.obstacle, tmp_path / "there").result()
    assert found is not None
    assert "no-loop-control" in found


@pytest.mark.parametrize("options", ["size=64k", "size=128k", "nr_inodes=2"])
def test_a_full_disk_is_not_taken_for_a_host_without_volumes(tmp_path: Path, options: str) -> None:
    with (
        tmpfs(tmp_path, options),
        ThreadPoolExecutor(1, "volume", mounts.private_mount_namespace) as pool,
        pytest.raises(ProbeError, match="whether this host has volumes"),
    ):
        pool.submit(volume.obstacle, tmp_path / "try").result()
