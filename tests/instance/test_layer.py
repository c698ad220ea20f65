"""Unpacking layers: what comes out, what stays of lower layers, and what is refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from realvpc.instance.layer import LayerError, apply_layer, pack

DIRECTORY, LINK, HARD_LINK, DEVICE = tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE


def entry(name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, to: str = "", **more: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, to, len(content)
    member.mode = more.get("mode", 0o755 if kind == DIRECTORY else 0o644)
    member.uid, member.gid = more.get("uid", os.getuid()), more.get("gid", os.getgid())
    member.pax_headers = {"content": content.decode()}
    return member


def layer(*entries: tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for member in entries:
            content = member.pax_headers["content"]
            member.pax_headers = {}
            tar.addfile(member, io.BytesIO(content.encode()))
    return buffer.getvalue()


def apply(root: Path, *layers: bytes) -> None:
    for each in layers:
        apply_layer(io.BufferedReader(io.BytesIO(each)), root)


def tree(root: Path) -> dict[str, str]:
    """Files with what is in them, by path."""
    return {str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    "packed",
    [lambda data: data, gzip.compress, bz2.compress, lzma.compress, zstandard.compress],
    ids=["plain", "gzip", "bzip2", "xz", "zstandard"],
)
def test_a_layer_may_be_packed(tmp_path: Path, packed: Callable[[bytes], bytes]) -> None:
    (tmp_path / "layer").write_bytes(packed(layer(entry("etc/hostname", b"mine\n"))))
    with (tmp_path / "layer").open("rb") as file:
        apply_layer(file, tmp_path / "root")
    assert tree(tmp_path / "root") == {"etc/hostname": "mine\n"}


def test_modes_owners_and_links_are_kept(tmp_path: Path) -> None:
    apply(
        tmp_path,
        layer(
            entry("./bin", kind=DIRECTORY, mode=0o755),
            entry("./bin/su", b"su", mode=0o4755, uid=7, gid=8),
            entry("/bin/absolute", b"x"),
            entry("./lib", kind=LINK, to="usr/lib"),
            entry("./bin/sudo", kind=HARD_LINK, to="bin/su", mode=0o4755, uid=7, gid=8),
        ),
    )
    status = (tmp_path / "bin/su").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) == (0o4755, 7, 8)
    assert (tmp_path / "lib").readlink() == Path("usr/lib")
    assert (tmp_path / "bin/sudo").samefile(tmp_path / "bin/su")
    assert (tmp_path / "bin/absolute").read_text() == "x"


def test_devices_are_left_out(tmp_path: Path) -> None:
    apply(tmp_path, layer(entry("dev/null", kind=DEVICE), entry("dev/x", b"x")))
    assert tree(tmp_path) == {"dev/x": "x"}
    assert not (tmp_path / "dev/null").exists()


LOWER = layer(
    entry("a", b"1"), entry("d", kind=DIRECTORY), entry("d/x", b"1"), entry("d/y", b"1"), entry("d/e/z", b"1")
)


@pytest.mark.parametrize(
    ("upper", "left"),
    [
        ([entry(".wh.a")], {"d/x": "1", "d/y": "1", "d/e/z": "1"}),
        ([entry("d/.wh.x"), entry("d/.wh.e")], {"a": "1", "d/y": "1"}),
        ([entry(".wh.d")], {"a": "1"}),
        ([entry(".wh.nothing")], {"a": "1", "d/x": "1", "d/y": "1", "d/e/z": "1"}),
        ([entry("d/.wh..wh..opq"), entry("d/n", b"2")], {"a": "1", "d/n": "2"}),
        ([entry("d/n", b"2"), entry("d/x", b"2"), entry("d/.wh..wh..opq")], {"a": "1", "d/n": "2", "d/x": "2"}),
        ([entry("d/e/n", b"2"), entry("d/.wh..wh..opq")], {"a": "1", "d/e/n": "2"}),
        ([entry("a", b"2"), entry(".wh.a")], {"a": "2", "d/x": "1", "d/y": "1", "d/e/z": "1"}),
        ([entry("d", b"2")], {"a": "1", "d": "2"}),
        ([entry("a", kind=DIRECTORY), entry("a/b", b"2")], {"a/b": "2", "d/x": "1", "d/y": "1", "d/e/z": "1"}),
        ([entry("d", kind=DIRECTORY, mode=0o700)], {"a": "1", "d/x": "1", "d/y": "1", "d/e/z": "1"}),
    ],
    ids=[
        "a file goes",
        "a file and a directory go",
        "a directory goes",
        "nothing to go",
        "opaque",
        "opaque comes last",
        "opaque around what is new",
        "what is new stays",
        "a file for a directory",
        "a directory for a file",
        "a directory meets a directory",
    ],
)
def test_an_upper_layer_adds_replaces_and_removes(
    tmp_path: Path, upper: list[tarfile.TarInfo], left: dict[str, str]
) -> None:
    apply(tmp_path, LOWER, layer(*upper))
    assert tree(tmp_path) == left


def test_nothing_is_written_through_a_link_that_a_lower_layer_left(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("safe")
    root = tmp_path / "root"
    apply(root, layer(entry("etc/resolv.conf", kind=LINK, to=str(outside))), layer(entry("etc/resolv.conf", b"mine")))
    assert outside.read_text() == "safe"
    assert (root / "etc/resolv.conf").read_text() == "mine"


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/../x"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(LayerError, match="leads out of the image"):
        apply(tmp_path / "root", layer(entry(name, b"x")))


@pytest.mark.parametrize("data", [b"", b"no archive", b"\x28\xb5\x2f\xfdbroken", gzip.compress(LOWER, mtime=0)[:-60]])
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(LayerError):
        apply(tmp_path, data)


def test_a_directory_is_packed_as_it_is(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    apply(here, LOWER, layer(entry("bin/ping", b"ping", mode=0o4755), entry("l", kind=LINK, to="/etc/passwd")))
    capability = bytes.fromhex("0100000200200000000000000000000000000000")
    os.setxattr(here / "a", "security.capability", capability)
    (tmp_path / "layer").touch()
    with (tmp_path / "layer").open("wb") as file:
        pack(here, file)
    with (tmp_path / "layer").open("rb") as file:
        apply_layer(file, there)
    assert tree(there) == tree(here)
    assert stat.S_IMODE((there / "bin/ping").stat().st_mode) == 0o4755
    assert (there / "l").readlink() == Path("/etc/passwd")
    assert os.getxattr(there / "a", "security.capability") == capability
