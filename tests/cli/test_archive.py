"""What comes out of an instance lands in its directory, whatever it claims to be."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from realvpc.cli.archive import ArchiveError, pack, unpack

DIRECTORY, FILE, LINK, HARD = tarfile.DIRTYPE, tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE


def entry(name: str, kind: bytes = FILE, *, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.mode = kind, link, mode
    return made


def stream(*entries: tarfile.TarInfo, content: bytes = b"from inside") -> io.BytesIO:
    """An archive of a directory with these entries, every file with the same content."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for each in (entry(".", DIRECTORY, mode=0o755), *entries):
            if each.type == FILE:
                each.size = len(content)
            archive.addfile(each, io.BytesIO(content))
    return io.BytesIO(file.getvalue())


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Path]:
    """A directory to unpack into, with neighbours that nothing may touch."""
    (tmp_path / "neighbour").write_text("untouched")
    (tmp_path / "next door").mkdir()
    yield tmp_path / "yard"
    assert (tmp_path / "neighbour").read_text() == "untouched"
    assert {path.name for path in tmp_path.iterdir()} <= {"neighbour", "next door", "yard", "source"}
    assert not list((tmp_path / "next door").iterdir())


def notes_of(archive: io.BytesIO, target: Path) -> dict[str, str]:
    notes: dict[str, str] = {}
    unpack(archive, target, lambda name, reason: notes.update({name: reason}))
    return notes


def test_a_directory_comes_back_as_it_went(yard: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "below" / "empty").mkdir(parents=True)
    (source / "below" / "read-only").mkdir()
    (source / "below" / "read-only" / "名前").write_bytes(bytes(range(256)) * 4096)
    (source / "tool").write_text("#!/bin/sh\n")
    (source / "tool").chmod(0o755)
    (source / ("long " * 40)).write_text("long")
    (source / "below" / "up").symlink_to("../tool")
    os.link(source / "tool", source / "zwilling")
    (source / "below" / "read-only").chmod(0o555)
    os.mkfifo(source / "pipe")
    packed, notes = io.BytesIO(), dict[str, str]()
    pack(source, packed, lambda name, reason: notes.update({name: reason}))
    assert list(notes) == ["./pipe"]
    packed.seek(0)
    assert notes_of(packed, yard) == {}
    (source / "pipe").unlink()
    seen = [{path.relative_to(base): path for path in base.rglob("*")} for base in (source, yard)]
    assert seen[0].keys() == seen[1].keys()
    for name, here in seen[0].items():
        there = seen[1][name]
        assert here.is_symlink() == there.is_symlink()
        if here.is_symlink():
            assert here.readlink() == there.readlink()
        elif here.is_file():
            assert here.read_bytes() == there.read_bytes()
            assert here.stat().st_mode == there.stat().st_mode
    assert (yard / "tool").samefile(yard / "zwilling")
    assert stat.S_IMODE((yard / "below" / "read-only").stat().st_mode) == 0o755  # the owner may always write


@pytest.mark.parametrize(
    ("entries", "left_out"),
    [
        ([entry("../neighbour")], ["../neighbour"]),
        ([entry("x/../../neighbour")], ["x/../../neighbour"]),
        ([entry("/tmp/realvpc-absolute")], ["/tmp/realvpc-absolute"]),
        ([entry("l", LINK, link="/etc/passwd")], ["l"]),
        ([entry("l", LINK, link="../neighbour")], ["l"]),
        ([entry("l", LINK, link="../next door"), entry("l/x")], ["l", "l/x"]),
        ([entry("d", DIRECTORY), entry("d/l", LINK, link="../../next door")], ["d/l"]),
        ([entry("s", LINK, link="."), entry("l", LINK, link="s/s/../../next door")], ["l"]),
        ([entry("s", LINK, link="."), entry("s/l", LINK, link="../neighbour")], ["s/l"]),
        ([entry("a", DIRECTORY), entry("a/l", LINK, link="../a"), entry("h", HARD, link="a/l")], ["h"]),
        ([entry("h", HARD, link="../neighbour")], ["h"]),
        ([entry("h", HARD, link="/etc/passwd")], ["h"]),
        ([entry("h", HARD, link="nowhere")], ["h"]),
        ([entry("dev", tarfile.CHRTYPE)], ["dev"]),
        ([entry("dev", tarfile.BLKTYPE)], ["dev"]),
        ([entry("pipe", tarfile.FIFOTYPE)], ["pipe"]),
        ([entry("n" * 300)], ["n" * 300]),
        ([entry("f"), entry("f/below")], ["f/below"]),
        ([entry("d", DIRECTORY), entry("d/x"), entry("d")], ["d"]),
        ([entry("orphan/file")], ["orphan/file"]),
    ],
    ids=lambda value: ",".join(each if isinstance(each, str) else each.name for each in value)[:40],
)
def test_what_leads_out_is_left_out_and_the_rest_is_not(
    yard: Path, entries: list[tarfile.TarInfo], left_out: list[str]
) -> None:
    assert list(notes_of(stream(*entries, entry("good")), yard)) == left_out
    assert (yard / "good").read_text() == "from inside"
    for path in yard.rglob("*"):
        assert path.resolve().is_relative_to(yard)
    assert not Path("/tmp/realvpc-absolute").exists()


def test_links_of_the_directory_are_replaced_and_never_followed(yard: Path, tmp_path: Path) -> None:
    yard.mkdir()
    (yard / "file").symlink_to(tmp_path / "neighbour")
    (yard / "below").symlink_to(tmp_path / "next door")
    os.link(tmp_path / "neighbour", yard / "same")
    assert notes_of(stream(entry("file"), entry("same"), entry("below", DIRECTORY), entry("below/x")), yard) == {}
    assert [(yard / name).is_symlink() for name in ("file", "below")] == [False, False]
    assert (yard / "below" / "x").read_text() == "from inside"


def test_an_instance_gives_nobody_else_rights(yard: Path) -> None:
    notes_of(stream(entry("tool", mode=0o6777), entry("d", DIRECTORY, mode=0o7777), entry("shut", mode=0)), yard)
    assert [stat.S_IMODE((yard / name).stat().st_mode) for name in ("tool", "d", "shut")] == [0o755, 0o755, 0o600]


def test_a_directory_that_was_there_keeps_its_mode_and_its_files(yard: Path) -> None:
    yard.mkdir(mode=0o711)
    (yard / "mine").write_text("mine")
    notes_of(stream(entry("theirs")), yard)
    assert stat.S_IMODE(yard.stat().st_mode) == 0o711
    assert {path.name for path in yard.iterdir()} == {"mine", "theirs"}


@pytest.mark.parametrize("damage", ["nothing", "not an archive", "a file first", "an end in the middle"])
def test_what_is_no_archive_is_said_to_be_none(yard: Path, damage: str) -> None:
    whole = stream(entry("big"), content=bytes(100_000)).getvalue()
    lone = io.BytesIO()
    with tarfile.open(fileobj=lone, mode="w|") as archive:
        archive.addfile(entry("lone"))
    sent = {
        "nothing": b"",
        "not an archive": b"tar: command not found\n" * 100,
        "a file first": lone.getvalue(),
        "an end in the middle": whole[:50_000],
    }
    with pytest.raises(ArchiveError, match="what came"):
        notes_of(io.BytesIO(sent[damage]), yard)


ARCHIVE = stream(entry("a", DIRECTORY), entry("a/" + "n" * 120), entry("l", LINK, link="a"), entry("ü")).getvalue()


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, len(ARCHIVE) - 1), st.binary(min_size=1, max_size=12)), min_size=1, max_size=4)
)
@example([(1536 + 124, b"\xff" * 12)])  # a negative size
def test_damaged_archives_are_unpacked_or_refused(yard: Path, damage: list[tuple[int, bytes]]) -> None:
    data = bytearray(ARCHIVE)
    for at, piece in damage:
        data[at : at + len(piece)] = piece
        header = at // 512 * 512
        data[header + 148 : header + 156] = b" " * 8
        data[header + 148 : header + 156] = b"%06o\0 " % sum(data[header : header + 512])
    with suppress(ArchiveError):
        notes_of(io.BytesIO(bytes(data)), yard)
    for path in yard.rglob("*"):
        assert path.resolve().is_relative_to(yard)
