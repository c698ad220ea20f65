"""The authority that instances trust: made once, kept, and able to vouch for AWS's names alone."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from cryptography import x509

from realvpc.daemon.authority import DOMAINS, authority_of, open_authority
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


@pytest.mark.parametrize("harm", [lambda file: file.unlink(), lambda file: file.write_bytes(b"no key")])
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
