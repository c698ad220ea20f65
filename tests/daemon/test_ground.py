"""Where a service may stand: nowhere that another person could turn under its feet."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from msgspec.structs import replace

from realvpc import config
from realvpc.config import Fabric, Settings
from realvpc.daemon import launch
from realvpc.daemon.ground import LaunchError, prepare, tls_context
from realvpc.daemon.identity import identity
from realvpc.daemon.process import spawn
from tests.certificate import self_signed

pytestmark = pytest.mark.root
STRANGER = 65533


def settings(place: Path) -> Settings:
    return Settings(state_dir=place / "state", run_dir=place / "run", operator=0, fabric=Fabric.NONE)


def test_the_directories_are_made_and_the_api_process_has_one_of_its_own(tmp_path: Path) -> None:
    prepare(settings(tmp_path))
    status = (tmp_path / "state" / "api").stat()
    assert (status.st_uid, status.st_mode & 0o777) == (identity(tmp_path / "state").uid, 0o700)
    assert (tmp_path / "state" / "log").stat().st_uid == 0


def test_what_an_earlier_user_of_the_service_wrote_becomes_the_new_ones(tmp_path: Path) -> None:
    transcripts = tmp_path / "state" / "api" / "transcripts"
    transcripts.mkdir(parents=True)
    (transcripts / "one").touch()
    (transcripts / "link").symlink_to("/etc/passwd")
    os.chown(tmp_path / "state" / "api", STRANGER, STRANGER)
    before = Path("/etc/passwd").stat()
    prepare(settings(tmp_path))
    uid = identity(tmp_path / "state").uid
    assert (transcripts / "one").stat().st_uid == (transcripts / "link").lstat().st_uid == uid
    assert Path("/etc/passwd").stat() == before


@pytest.mark.parametrize("name", ["api", "log"])
def test_a_link_that_was_planted_leads_nowhere(tmp_path: Path, name: str) -> None:
    victim = tmp_path / "victim"
    victim.mkdir(mode=0o755)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / name).symlink_to(victim)
    with pytest.raises(LaunchError, match="cannot write"):
        prepare(settings(tmp_path))
    assert (victim.stat().st_uid, list(victim.iterdir())) == (0, [])


def test_the_directory_of_another_person_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "victim").mkdir()
    (tmp_path / "state" / "api").symlink_to(tmp_path / "victim")
    os.chown(tmp_path / "state", STRANGER, STRANGER)
    with pytest.raises(LaunchError, match=f"belongs to uid {STRANGER}"):
        prepare(settings(tmp_path))
    assert (tmp_path / "victim").stat().st_uid == 0


def test_a_place_that_others_could_exchange_is_refused(tmp_path: Path) -> None:
    for mode, owner, said in ((0o777, 0, "written by everybody"), (0o755, STRANGER, "who is not trusted")):
        above = tmp_path / f"{owner}"
        above.mkdir()
        os.chown(above, owner, owner)
        above.chmod(mode)
        with pytest.raises(LaunchError, match=said):
            prepare(settings(above))


def test_a_state_directory_that_everybody_may_write_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o777)
    with pytest.raises(LaunchError, match="chmod o-w"):
        prepare(settings(tmp_path))


def test_records_and_logs_are_not_written_through_links(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("theirs")
    (tmp_path / "state/log").mkdir(parents=True)
    (tmp_path / "state/service.new").symlink_to(tmp_path / "victim")
    config.save(settings(tmp_path))
    assert config.load(tmp_path / "state") == settings(tmp_path)
    (tmp_path / "state/log/api.log").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"):
        spawn(["true"], tmp_path / "state/log/api.log")
    assert (tmp_path / "victim").read_text() == "theirs"


def test_what_a_record_says_of_its_place_is_not_believed(tmp_path: Path) -> None:
    """`down --purge` deletes the directory that was named."""
    (tmp_path / "victim").mkdir()
    (tmp_path / "state").mkdir()
    config.save(settings(tmp_path))
    record = tmp_path / "state/service.json"
    record.write_text(record.read_text().replace(str(tmp_path / "state"), str(tmp_path / "victim")))
    found = config.load(tmp_path / "state")
    assert found
    launch.stop(found, print, purge=True)
    assert (tmp_path / "victim").exists()
    assert not (tmp_path / "state").exists()


def test_another_users_service_is_not_purged(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    config.save(settings(tmp_path))
    os.chown(tmp_path / "state", STRANGER, STRANGER)
    with pytest.raises(LaunchError, match=f"belongs to uid {STRANGER}"):
        launch.stop(settings(tmp_path), print, purge=True)
    assert (tmp_path / "state").exists()


def test_a_directory_with_other_peoples_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "thesis.txt").touch()
    with pytest.raises(LaunchError, match=r"holds thesis\.txt"):
        prepare(settings(tmp_path))
    assert [each.name for each in (tmp_path / "state").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("lacking", ["tls_certificate", "tls_key"])
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), Path.mkdir])
def test_a_certificate_that_never_ends_is_refused_at_once(
    tmp_path: Path, lacking: str, make: Callable[[Path], None]
) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.touch()
    make(bad)
    paths = {"tls_certificate": good, "tls_key": good} | {lacking: bad}
    with pytest.raises(LaunchError, match=f"cannot read {bad}: is no regular file"):
        tls_context(replace(settings(tmp_path), **paths))


def test_nobody_is_asked_for_the_passphrase_of_a_key(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"secret")
    key.write_bytes(private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked))
    with pytest.raises(LaunchError, match="locked by a passphrase"):
        tls_context(replace(settings(tmp_path), tls_certificate=certificate, tls_key=key))
