"""The system image: what a machine sees of its host."""

from __future__ import annotations

from pathlib import Path

import pytest

from realvpc.instance.image import build_image

pytestmark = pytest.mark.root  # files of other users' are made

SECRET = "the host's secret"


@pytest.fixture
def host(tmp_path: Path) -> Path:
    host = tmp_path / "host"
    (host / "usr/bin").mkdir(parents=True)
    (host / "bin").symlink_to("usr/bin")
    (host / "etc/ssl/private").mkdir(parents=True)
    (host / "etc/ssl/certs").mkdir()
    (host / "etc/ssh").mkdir()
    (host / "etc/security").mkdir()
    (host / "etc/alternatives").mkdir()
    for name in ("shadow", "ssl/private/key.pem", "ssh/ssh_host_ed25519_key", "passwd", "hosts", "environment"):
        (host / "etc" / name).write_text(SECRET)
    (host / "etc/security/opasswd").write_text(SECRET)
    (host / "etc/security/opasswd").chmod(0o600)
    (host / "etc/services").write_text("http 80/tcp\n")
    (host / "etc/ssl/certs/ca.pem").write_text("public")
    (host / "etc/alternatives/awk").symlink_to("/usr/bin/mawk")
    return host


@pytest.fixture
def images(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    return tmp_path / "images"


def test_secrets_of_the_host_are_not_in_it(images: Path, host: Path) -> None:
    image = build_image(images, host)
    for path in image.rglob("*"):
        if path.is_file():
            assert SECRET not in path.read_text(errors="replace"), path


def test_what_programs_need_is_in_it(images: Path, host: Path) -> None:
    image = build_image(images, host)
    assert (image / "etc/services").read_text() == "http 80/tcp\n"
    assert (image / "etc/ssl/certs/ca.pem").read_text() == "public"
    assert (image / "etc/alternatives/awk").readlink() == Path("/usr/bin/mawk")
    assert (image / "bin").readlink() == Path("usr/bin")


def test_it_has_the_users_of_amazon_linux_and_no_passwords(images: Path, host: Path) -> None:
    image = build_image(images, host)
    users = {line.split(":")[0] for line in (image / "etc/passwd").read_text().splitlines()}
    assert {"root", "ec2-user", "ssm-user"} <= users
    assert all(line.split(":")[1] in ("*", "!") for line in (image / "etc/shadow").read_text().splitlines())
    assert (image / "home/ssm-user").stat().st_uid == 1001
    assert (image / "tmp").stat().st_mode & 0o7777 == 0o1777


def test_an_unchanged_host_has_the_same_image_and_an_upgraded_one_another(images: Path, host: Path) -> None:
    first = build_image(images, host)
    assert build_image(images, host) == first
    (host / "etc/services").write_text("https 443/tcp\n")
    second = build_image(images, host)
    assert second != first
    assert (first / "etc/services").read_text() == "http 80/tcp\n"


def test_a_host_without_merged_usr_is_refused(images: Path, host: Path) -> None:
    (host / "bin").unlink()
    (host / "bin").mkdir()
    with pytest.raises(OSError, match="not a link into /usr"):
        build_image(images, host)
