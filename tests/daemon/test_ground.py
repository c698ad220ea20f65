"""What somebody else has put into a state directory is neither followed nor changed by root."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from realvpc import config
from realvpc.config import Fabric, Settings
from realvpc.daemon import launch
from realvpc.daemon.ground import LaunchError, prepare
from realvpc.daemon.process import spawn
from tests.surroundings import directory_for_all

SOMEBODY = 65534


@pytest.fixture
def place() -> Iterator[Path]:
    with directory_for_all("ground-") as directory:
        (directory / "victim").mkdir(mode=0o755)
        (directory / "victim/file").write_text("theirs")
        (directory / "state").mkdir(mode=0o755)
        yield directory


def settings(place: Path) -> Settings:
    user = config.SYSTEM_USER if os.geteuid() == 0 else None
    return Settings(state_dir=place / "state", run_dir=place / "run/service", operator=0, fabric=Fabric.NONE, user=user)


def untouched(victim: Path) -> bool:
    status = victim.stat()
    is_same = (status.st_uid, status.st_mode & 0o777) == (os.geteuid(), 0o755)
    return (
        is_same and [path.name for path in victim.iterdir()] == ["file"] and (victim / "file").read_text() == "theirs"
    )


@pytest.mark.parametrize("name", ["api", "log"])
def test_a_link_in_a_state_directory_is_named_and_not_followed(place: Path, name: str) -> None:
    (place / "state" / name).symlink_to(place / "victim")
    with pytest.raises(LaunchError, match=f"state/{name} is no directory, and a link is not followed"):
        prepare(settings(place), print)
    assert untouched(place / "victim")


def test_a_state_directory_that_is_a_link_is_refused(place: Path) -> None:
    (place / "state").rmdir()
    (place / "state").symlink_to(place / "victim")
    with pytest.raises(LaunchError, match="a link is not followed"):
        prepare(settings(place), print)
    assert untouched(place / "victim")


@pytest.mark.root
def test_another_users_state_directory_is_refused_before_anything_is_made(place: Path) -> None:
    os.chown(place / "state", SOMEBODY, SOMEBODY)
    with pytest.raises(LaunchError, match="belongs to nobody: do this as nobody"):
        prepare(settings(place), print)
    assert not list((place / "state").iterdir())


@pytest.mark.root
@pytest.mark.parametrize("name", ["api", "log"])
def test_another_users_directory_in_ours_is_refused(place: Path, name: str) -> None:
    (place / "state" / name).mkdir()
    os.chown(place / "state" / name, SOMEBODY, SOMEBODY)
    with pytest.raises(LaunchError, match=f"state/{name} belongs to nobody"):
        prepare(settings(place), print)
    assert (place / "state" / name).stat().st_uid == SOMEBODY


def test_our_directories_are_for_nobody_else_to_write(place: Path) -> None:
    (place / "state").chmod(0o777)
    prepare(settings(place), print)
    assert (place / "state").stat().st_mode & 0o777 == 0o755
    prepare(settings(place), print)
    assert (place / "state/api").stat().st_mode & 0o777 == 0o700


def test_records_and_logs_are_not_written_through_links(place: Path) -> None:
    (place / "state/service.new").symlink_to(place / "victim/file")
    config.save(settings(place))
    assert config.load(place / "state") == settings(place)
    (place / "state/log").mkdir()
    (place / "state/log/api.log").symlink_to(place / "victim/file")
    with pytest.raises(OSError, match="symbolic links"):
        spawn(["true"], place / "state/log/api.log")
    assert untouched(place / "victim")


def test_what_a_record_says_of_its_place_is_not_believed(place: Path) -> None:
    """`down --purge` deletes the directory that was named, and the run directory if that is ours."""
    config.save(settings(place))
    record = place / "state/service.json"
    record.write_text(record.read_text().replace(str(place / "state"), str(place / "victim")))
    found = config.load(place / "state")
    assert found
    launch.stop(found, print, purge=True)
    assert untouched(place / "victim")
    assert not (place / "state").exists()


@pytest.mark.root
def test_another_users_service_is_not_purged(place: Path) -> None:
    config.save(settings(place))
    os.chown(place / "state", SOMEBODY, SOMEBODY)
    with pytest.raises(LaunchError, match="belongs to nobody"):
        launch.stop(settings(place), print, purge=True)
    assert (place / "state").exists()
