"""The authority that instances trust: made once, kept, and able to vouch for AWS's names alone."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

import pytest
from cryptography import x509

from realvpc.daemon.authority import DOMAINS, AuthorityError, authority_of, open_authority
from realvpc.store.database import StorageError


def test_it_is_the_same_after_a_restart_and_its_key_is_nobody_elses(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        made = open_authority(tmp_path, is_new=True)
        assert open_authority(tmp_path, is_new=False).pem == made.pem
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert caplog.records == []


def become_a_directory(file: Path) -> None:
    file.unlink()
    file.mkdir()
    (file / "inside").touch()


def become_a_link(file: Path) -> None:
    file.unlink()
    file.symlink_to(file)


@pytest.mark.parametrize(
    "harm",
    [
        lambda file: file.unlink(),
        lambda file: file.write_bytes(b"no key"),
        lambda file: file.write_bytes(bytes(1 << 17)),
        become_a_directory,
        become_a_link,
    ],
)
def test_a_lost_one_is_replaced_and_that_is_said_without_the_key(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: object
) -> None:
    before = open_authority(tmp_path, is_new=True)
    (file,) = tmp_path.iterdir()
    harm(file)  # type: ignore[operator]
    after = open_authority(tmp_path, is_new=False)
    assert after.pem != before.pem
    assert "trust from their next boot" in caplog.text
    assert "PRIVATE" not in caplog.text
    assert open_authority(tmp_path, is_new=False).pem == after.pem


def test_what_is_no_key_is_kept_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It may be one that somebody has yet to mend, or something else of theirs."""
    open_authority(tmp_path, is_new=True)
    (file,) = tmp_path.iterdir()
    for number in (1, 2):
        file.write_bytes(b"broken %d" % number)
        open_authority(tmp_path, is_new=False)
        assert (tmp_path / f"authority.pem.{number}").read_bytes() == b"broken %d" % number
        assert f"authority.pem.{number}" in caplog.text


@pytest.mark.parametrize("error", [errno.EIO, errno.EMFILE, errno.EACCES])
def test_a_key_that_cannot_be_read_just_now_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    made = open_authority(tmp_path, is_new=True)

    def failing(path: Path, most: int) -> bytes:
        raise OSError(error, os.strerror(error), str(path))

    with monkeypatch.context() as patched:
        patched.setattr("realvpc.daemon.authority.read_regular", failing)
        with pytest.raises(AuthorityError, match=f"authority.pem.*{os.strerror(error)}"):
            open_authority(tmp_path, is_new=False)
    assert open_authority(tmp_path, is_new=False).pem == made.pem
    assert [file.name for file in tmp_path.iterdir()] == ["authority.pem"]


def test_a_key_whose_mode_cannot_be_mended_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = open_authority(tmp_path, is_new=True)
    (file,) = tmp_path.iterdir()
    file.chmod(0o644)

    def refusing(path: Path, mode: int) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))

    monkeypatch.setattr(Path, "chmod", refusing)
    assert open_authority(tmp_path, is_new=False).pem == made.pem
    assert os.strerror(errno.EPERM) in caplog.text


def test_a_key_that_others_could_read_is_its_owners_alone_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = open_authority(tmp_path, is_new=True)
    (file,) = tmp_path.iterdir()
    file.chmod(0o644)
    assert open_authority(tmp_path, is_new=False).pem == made.pem
    assert file.stat().st_mode & 0o777 == 0o600
    assert "can pass for AWS's endpoint" in caplog.text


class Kept:
    """Settings, which cannot be written any more once the disk is full."""

    def __init__(self) -> None:
        self.rows: dict[str, str] = {}
        self.is_full = False

    def setting(self, name: str) -> str | None:
        return self.rows.get(name)

    def set_setting(self, name: str, value: str) -> None:
        if self.is_full:
            raise StorageError("the state cannot be written: database or disk is full")
        self.rows[name] = value


def test_a_service_with_a_full_disk_starts_again(tmp_path: Path) -> None:
    settings = Kept()
    made = authority_of(tmp_path, settings)
    settings.is_full = True
    assert authority_of(tmp_path, settings).pem == made.pem


def test_one_file_with_the_key_of_another_is_not_used(tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("one", "two")]
    for place in places:
        place.mkdir()
    one, two = (open_authority(place, is_new=True) for place in places)
    (file,) = places[0].iterdir()
    file.write_bytes(file.read_bytes().partition(b"-----BEGIN CERT")[0] + two.pem.encode())
    assert open_authority(places[0], is_new=False).pem not in (one.pem, two.pem)


def test_it_may_speak_for_awss_names_and_for_no_others(tmp_path: Path) -> None:
    certificate = open_authority(tmp_path, is_new=True).certificate
    constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    assert [name.value for name in constraints.value.permitted_subtrees or ()] == list(DOMAINS)
