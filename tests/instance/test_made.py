"""A disk counts as lost only if there was one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from realvpc.instance.disk import BLANK
from realvpc.instance.storage import Storage
from tests.instance.specs import machine

pytestmark = pytest.mark.root
SPEC = machine(1)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty image, and disks that are directories."""

    def build(images: Path) -> Path:
        (images / "host-0").mkdir(exist_ok=True)
        return images / "host-0"

    monkeypatch.setattr("realvpc.instance.storage.build_image", build)
    monkeypatch.setattr(Storage, "_try_volume", lambda storage: "not here")


@contextmanager
def opened(root: Path) -> Iterator[Storage]:
    with closing(Storage(root)) as storage:
        storage.open()
        yield storage


class KilledError(BaseException):
    """The node ends here."""


def test_a_node_that_ends_while_it_makes_a_disk_makes_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def killed(self: Path, target: Path) -> Path:
        if target.name == SPEC.id:
            raise KilledError
        return rename(self, target)

    with opened(tmp_path) as storage:
        with monkeypatch.context() as patched, pytest.raises(KilledError):
            patched.setattr(Path, "rename", killed)
            storage.ensure(SPEC)
        assert not storage.ids()
    with opened(tmp_path) as storage:
        assert storage.ensure(SPEC).home.is_dir()


def test_a_disk_that_is_deleted_says_nothing_of_another_of_the_same_instance(tmp_path: Path) -> None:
    with opened(tmp_path) as storage:
        home = storage.ensure(SPEC).home
        (home / BLANK).unlink()
        shutil.copytree(home, tmp_path / "copy", symlinks=True)
        storage.keep_aside(SPEC.id)
        (tmp_path / "copy").rename(home)
        storage.delete_kept([SPEC.id])
        shutil.rmtree(home)
        with pytest.raises(FileNotFoundError, match="its disk is lost"):
            storage.ensure(SPEC)
