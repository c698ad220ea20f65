"""Images that an operator adds: from every kind of source, unpacked where they can do no harm, and furnished."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from realvpc.instance.image_source import SourceError
from realvpc.instance.image_store import ImageStore

from .systems import archive, busybox_system, docker_save, files_as_tar, oci_layout, tar_of

pytestmark = pytest.mark.root
CONTENT = "image-0123456789abcdef0"
UPPER = {"etc/motd": "upper\n", "etc/.wh.os-release": ""}


def add(tmp_path: Path, source: Path) -> Path:
    """The image that is made of it."""
    store = tmp_path / "images"
    assert ImageStore(store).add(CONTENT, source, lambda line: None) > 0
    return store / CONTENT


@pytest.fixture
def system(tmp_path: Path) -> Path:
    return busybox_system(tmp_path / "system")


def _tarball(system: Path, at: Path) -> Path:
    at.with_suffix(".tar").write_bytes(tar_of(system))
    return at.with_suffix(".tar")


@pytest.mark.parametrize(
    "make",
    [
        lambda system, at: system,
        _tarball,
        lambda system, at: oci_layout(at, tar_of(system)),
        lambda system, at: archive(oci_layout(at, tar_of(system)), at.with_suffix(".tar")),
        lambda system, at: docker_save(at, tar_of(system)),
        lambda system, at: archive(docker_save(at, tar_of(system)), at.with_suffix(".tar")),
    ],
    ids=["directory", "tarball", "OCI layout", "OCI archive", "docker save, unpacked", "docker save"],
)
def test_an_image_is_made_of(tmp_path: Path, system: Path, make: Callable[[Path, Path], Path]) -> None:
    image = add(tmp_path, make(system, tmp_path / "source"))
    assert (image / "bin/sh").readlink() == Path("busybox")
    assert (image / "bin/busybox").stat().st_mode & 0o111
    assert (image / "etc/os-release").read_text() == 'NAME="tiny"\n'
    assert [path.name for path in image.parent.iterdir()] == [CONTENT]


def test_it_is_furnished_with_what_a_machine_needs(tmp_path: Path, system: Path) -> None:
    (system / "etc/group").write_text("ec2-user:x:5000:\n")
    (system / "etc/sudoers.d").mkdir()
    image = add(tmp_path, system)
    assert (image / "etc/passwd").read_text().splitlines() == [
        "root:x:0:0:root:/root:/bin/sh",
        "ec2-user:x:1000:1000:EC2 Default User:/home/ec2-user:/bin/sh",
        "ssm-user:x:1001:1001::/home/ssm-user:/bin/sh",
    ]
    assert (image / "etc/group").read_text().startswith("ec2-user:x:5000:\nroot:x:0:\n")
    home = (image / "home/ssm-user").stat()
    assert (stat.S_IMODE(home.st_mode), home.st_uid, home.st_gid) == (0o700, 1001, 1001)
    assert stat.S_IMODE((image / "tmp").stat().st_mode) == 0o1777
    assert stat.S_IMODE((image / "etc/sudoers.d/90-realvpc-users").stat().st_mode) == 0o440
    assert all((image / name).is_dir() for name in ("dev", "proc", "run", "sys", "var/log"))


def test_layers_are_stacked_and_what_an_upper_one_whites_out_is_gone(tmp_path: Path, system: Path) -> None:
    image = add(tmp_path, oci_layout(tmp_path / "source", tar_of(system), files_as_tar(**UPPER)))
    assert (image / "etc/motd").read_text() == "upper\n"
    assert not (image / "etc/os-release").exists()
    assert not list(image.rglob(".wh.*"))


def test_the_layers_for_this_machine_are_chosen(tmp_path: Path, system: Path) -> None:
    platforms = [{"os": "linux", "architecture": name} for name in ("arm64", "amd64")]
    assert add(tmp_path, oci_layout(tmp_path / "source", tar_of(system), platforms=platforms))


@pytest.mark.parametrize("link", ["absolute", "relative"])
def test_links_of_an_image_lead_nowhere_but_into_the_image(tmp_path: Path, system: Path, link: str) -> None:
    """A layer makes /etc/sudoers.d a link to a directory of the host's; the next one, and we, write below it."""
    host = tmp_path / "host"
    host.mkdir()
    target = host if link == "absolute" else Path("../../../../../../../../../..") / str(host).lstrip("/")
    (system / "etc/sudoers.d").symlink_to(target)
    (system / "home").symlink_to(target)
    inside = Path(str(host).lstrip("/"))
    (system / inside).mkdir(parents=True)
    upper = files_as_tar(**{"etc/sudoers.d/x": "x", "home/y": "y"})
    image = add(tmp_path, oci_layout(tmp_path / "source", tar_of(system), upper))
    assert list(host.iterdir()) == []
    written = {path.name for path in (image / inside).iterdir()}
    assert written == {"x", "y", "90-realvpc-users", "ec2-user", "ssm-user"}


def _damaged(system: Path, at: Path) -> Path:
    layout = oci_layout(at, tar_of(system))
    largest = max((layout / "blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes() + b"x")
    return layout


def _index(content: bytes) -> Callable[[Path, Path], Path]:
    def make(system: Path, at: Path) -> Path:
        layout = oci_layout(at, tar_of(system))
        (layout / "index.json").write_bytes(content)
        return layout

    return make


def _index_after_index(system: Path, at: Path) -> Path:
    layout = oci_layout(at, tar_of(system))
    index = (layout / "index.json").read_bytes()
    for _ in range(20):
        digest = hashlib.sha256(index).hexdigest()
        (layout / "blobs/sha256" / digest).write_bytes(index)
        inner = {"digest": f"sha256:{digest}", "mediaType": "application/vnd.oci.image.index.v1+json"}
        index = json.dumps({"manifests": [inner]}).encode()
    (layout / "index.json").write_bytes(index)
    return layout


def _linked_out(system: Path, at: Path) -> Path:
    saved = docker_save(at, tar_of(system))
    (saved / "manifest.json").write_text(json.dumps([{"Layers": ["../system/etc/passwd"]}]))
    return saved


def _file(content: bytes) -> Callable[[Path, Path], Path]:
    def make(system: Path, at: Path) -> Path:
        at.write_bytes(content)
        return at

    return make


def _with_a_pipe(name: str) -> Callable[[Path, Path], Path]:
    """A system, or what has layers, with a pipe where a file should be: nobody writes into it."""

    def make(system: Path, at: Path) -> Path:
        directory = system if name.startswith("etc") else oci_layout(at, tar_of(system))
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).unlink(missing_ok=True)
        os.mkfifo(directory / name)
        return directory

    return make


def _with_a_pipe_for_a_layer(system: Path, at: Path) -> Path:
    layout = oci_layout(at, tar_of(system))
    largest = max((layout / "blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)
    largest.unlink()
    os.mkfifo(largest)
    return layout


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda system, at: at, "there is no"),
        (_file(b"words"), "not a tar archive"),
        (_file(files_as_tar(readme="x")), "holds no system"),
        (_file(files_as_tar(**{"etc/passwd": "x"})), "it has no /bin/sh"),
        (_file(files_as_tar(**{"etc/../../x": "x"})), "leads out of the image"),
        (_damaged, "is damaged: its digest is"),
        (_linked_out, "leads out of"),
        (_index(b"["), "is damaged: this is not the JSON"),
        (_index(b"[" * 100_000), "is damaged: this has more than"),
        (_index(b'{"manifests": [], "x": "\\ud800"}'), "is damaged: this is not the JSON"),
        (_index(b" " * (5 << 20)), "larger than any manifest"),
        (_index_after_index, "from index to index"),
        (_with_a_pipe("index.json"), "cannot be read: is no regular file"),
        (_with_a_pipe_for_a_layer, "cannot be read: is no regular file"),
        (_with_a_pipe("etc/passwd"), "is no regular file"),
        (_with_a_pipe("etc/sudoers.d/90-realvpc-users"), "is no regular file"),
        (lambda system, at: oci_layout(at, tar_of(system), platforms=[{"os": "linux"}] * 2), "0 images for linux"),
        (_file(tar_of(Path("/etc"), ["hostname"])), "holds no system"),
    ],
    ids=[
        "nothing",
        "words",
        "no system",
        "no shell",
        "a way out",
        "damaged",
        "a link out",
        "half a document",
        "a deep document",
        "half a letter",
        "a large document",
        "a chain",
        "a pipe for an index",
        "a pipe for a layer",
        "a pipe for the users",
        "a pipe for the rights",
        "other platforms",
        "a file",
    ],
)
def test_what_no_image_can_be_made_of_is_refused_and_leaves_nothing(
    tmp_path: Path, system: Path, make: Callable[[Path, Path], Path], complaint: str
) -> None:
    with pytest.raises(SourceError, match=complaint):
        add(tmp_path, make(system, tmp_path / "source"))
    assert list((tmp_path / "images").iterdir()) == []


def test_contents_that_nothing_needs_are_removed(tmp_path: Path, system: Path) -> None:
    image = add(tmp_path, system)
    (image.parent / "host-1").mkdir()
    store = ImageStore(image.parent)
    store.keep({CONTENT})
    assert image.exists()
    store.keep(set())
    assert [path.name for path in image.parent.iterdir()] == ["host-1"]
