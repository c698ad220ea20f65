"""Deleting a disk takes long, and nobody waits for it: neither who removes one nor who starts a machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from realvpc.instance.storage import Storage
from realvpc.instance.trash import Trash
from realvpc.instance.trees import Interrupted
from tests.instance.specs import machine
from tests.patience import PATIENCE_SECONDS
from tests.running import eventually

FILES = 100


class Slow:
    """A deletion that does not end, as that of 100,000 files, until it is released or told to stop."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.released = threading.Event()
        self.deleted: list[str] = []

    def __call__(self, path: Path, is_over: Callable[[], bool]) -> None:
        self.begun.set()
        while not self.released.wait(0.01):
            if is_over():
                raise Interrupted
        self.deleted.append(path.name)
        for file in path.iterdir():
            file.unlink()
        path.rmdir()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    made = Slow()
    monkeypatch.setattr("realvpc.instance.trash.remove_tree", made)
    yield made
    made.released.set()


def directory(path: Path) -> Path:
    path.mkdir(parents=True)
    for number in range(FILES):
        (path / str(number)).touch()
    return path


def test_what_is_put_in_is_gone_at_once_and_deleted_in_its_turn(tmp_path: Path, slow: Slow) -> None:
    trash = Trash(tmp_path / "trash")
    trash.open()
    for name in ("first", "second", "third"):
        trash.put(directory(tmp_path / name))
        assert slow.begun.wait(PATIENCE_SECONDS)
        assert not (tmp_path / name).exists()
    held = [len(list(each.iterdir())) for each in (tmp_path / "trash").iterdir()]
    assert held == [FILES] * 3, "nothing of it was deleted by who put it there"
    slow.released.set()
    eventually(lambda: len(slow.deleted) == 3, what="all is deleted")
    assert [name.split(".")[0] for name in slow.deleted] == ["first", "second", "third"]
    trash.close()


def test_an_interrupted_deletion_is_the_next_ones(tmp_path: Path, slow: Slow) -> None:
    trash = Trash(tmp_path / "trash")
    trash.open()
    trash.put(directory(tmp_path / "doomed"))
    assert slow.begun.wait(PATIENCE_SECONDS)
    trash.close()
    (left,) = (tmp_path / "trash").iterdir()
    assert len(list(left.iterdir())) == FILES
    slow.released.set()
    another = Trash(tmp_path / "trash")
    another.open()
    eventually(lambda: not left.exists(), what="the next one goes on")
    another.close()


@pytest.mark.root
def test_machines_come_and_go_while_disks_are_being_deleted(tmp_path: Path, slow: Slow) -> None:
    """Four that were terminated with 100,000 files each once kept another launch waiting for 4.4 s."""
    storage = Storage(tmp_path / "machines")
    storage.open()
    try:
        specs = [machine(number) for number in range(1, 5)]
        for spec in specs:
            directory(storage.ensure(spec).home / "files")
        storage.remove(specs[0].id)
        assert slow.begun.wait(PATIENCE_SECONDS)
        for spec in specs[1:]:
            storage.remove(spec.id)
        storage.ensure(machine(5))
        assert storage.ids() == {machine(5).id}
        files = [each for each in (tmp_path / "machines/trash").rglob("files/*") if each.is_file()]
        assert len(files) == 4 * FILES, "they are all still there"
        storage.ensure(machine(1, boot=2))
        assert storage.ids() == {machine(5).id, machine(1).id}, "also one of the same name"
    finally:
        storage.close()
