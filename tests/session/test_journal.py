"""What is remembered of sessions when the service is gone: that they were, and nothing that was said in them."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from realvpc.session import journal
from realvpc.session.documents import plan
from realvpc.session.journal import SessionJournal
from realvpc.session.sessions import HISTORY, Ending, Session, Sessions, Status, new_id, new_token
from realvpc.session.transcript import KEPT, LARGEST, Transcripts

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
_RANDOM = Random(1)
NAME = "AWS-StartNonInteractiveCommand"


def sessions(path: Path) -> Sessions:
    journal = SessionJournal(path, NOW)
    return Sessions(lambda: NOW, journal=journal, history=journal.history)


def begin(book: Sessions, command: str = "true", name: str = NAME) -> Session:
    parameters = {"command": [command]} if name == NAME else {}
    owner, planned = "arn:aws:iam::111111111111:user/ann", plan(name, parameters)
    session = Session(
        id=new_id(owner, _RANDOM), token=new_token(_RANDOM), target="i-1", account="111111111111",
        region="ap-northeast-1", owner=owner, document=name, plan=planned, reason="to look", started_at=NOW,
        active_at=NOW,
    )  # fmt: skip
    book.start(session)
    return session


def test_a_new_life_of_the_service_knows_who_was_where(tmp_path: Path) -> None:
    path = tmp_path / "sessions.jsonl"
    book = sessions(path)
    ended, cut_off = begin(book, "mysql -psecret"), begin(book)
    book.end(ended.id, Ending.CLIENT)
    again = sessions(path)
    assert again.active() == []
    assert [(row.id, row.ending) for row in again.ended()] == [(ended.id, Ending.CLIENT), (cut_off.id, Ending.STOP)]
    row = again.find(ended.id)
    assert row is not None
    assert (row.owner, row.target, row.document, row.reason) == (ended.owner, "i-1", NAME, "to look")
    assert (row.status, row.started_at, row.ended_at) == (Status.TERMINATED, NOW, NOW)
    text = path.read_text()
    assert "secret" not in text
    assert not any(token in text for token in (ended.token, cut_off.token))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_line_that_was_cut_off_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "sessions.jsonl"
    book = sessions(path)
    kept = begin(book)
    book.end(kept.id, Ending.EXIT)
    with path.open("a") as file:
        file.write('{"id": "half')
    assert [row.id for row in sessions(path).ended()] == [kept.id]


def test_the_journal_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realvpc.session.journal._LONGEST", 40)
    path = tmp_path / "sessions.jsonl"
    book = sessions(path)
    running = begin(book)
    for _ in range(HISTORY // 20):
        book.end(begin(book).id, Ending.EXIT)
    assert len(path.read_text().splitlines()) < 2 * HISTORY // 20 + 1
    assert running.id in {row.id for row in sessions(path).ended()}


def test_nobody_pushes_out_the_history_of_another_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realvpc.session.sessions.HISTORY", 5)
    path = tmp_path / "sessions.jsonl"
    book = sessions(path)
    other = replace(begin(book), id="other", account="222222222222")
    book.start(other)
    book.end(other.id, Ending.EXIT)
    mine = [begin(book) for _ in range(9)]
    for session in mine:
        book.end(session.id, Ending.EXIT)
    kept = ["other", *(session.id for session in mine[-4:])]
    assert [row.id for row in book.ended()] == kept
    assert [row.id for row in sessions(path).ended()][:4] == ["other", *(session.id for session in mine[-3:])]


def test_a_transcript_is_for_its_owner_alone_and_has_an_end(tmp_path: Path) -> None:
    transcripts = Transcripts(tmp_path / "transcripts")
    session = begin(Sessions(lambda: NOW))
    transcript = transcripts.open(session)
    assert transcript is not None
    transcript.write(b"$ ls\r\n")
    transcript.write(bytes(LARGEST))
    transcript.write(b"more")
    transcript.close()
    (path,) = (tmp_path / "transcripts").iterdir()
    assert path.name == f"{session.account}.{session.id}.log"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    content = path.read_bytes()
    assert content.startswith(b"$ ls\r\n")
    assert content.endswith(b"it is full.]\n")
    assert len(content) < LARGEST + 100


def test_forwarded_ports_have_no_transcript_and_old_ones_make_way(tmp_path: Path) -> None:
    transcripts = Transcripts(tmp_path / "transcripts")
    book = Sessions(lambda: NOW)
    assert transcripts.open(begin(book, name="AWS-StartPortForwardingSession")) is None
    for _ in range(KEPT + 3):
        transcript = transcripts.open(begin(book))
        assert transcript is not None
        transcript.close()
    assert len(list((tmp_path / "transcripts").iterdir())) == KEPT


def test_nobodys_transcripts_push_out_another_accounts(tmp_path: Path) -> None:
    transcripts = Transcripts(tmp_path / "transcripts")
    mine = begin(Sessions(lambda: NOW))
    others = [replace(mine, id=f"other-{number}", account="222222222222") for number in range(KEPT + 1)]
    for age, session in enumerate([mine, *others]):
        transcript = transcripts.open(session)
        assert transcript is not None
        transcript.close()
        os.utime(tmp_path / "transcripts" / f"{session.account}.{session.id}.log", (age, age))
    kept = {path.name for path in (tmp_path / "transcripts").iterdir()}
    assert kept == {f"{session.account}.{session.id}.log" for session in (mine, *others[2:])}


@pytest.mark.parametrize("name", ["sessions.jsonl", "sessions.new"])
@pytest.mark.parametrize(
    "make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero")], ids=["pipe", "directory", "link"]
)
def test_the_service_starts_whatever_lies_where_its_journal_is(
    tmp_path: Path, name: str, make: Callable[[Path], object]
) -> None:
    """A pipe that nobody writes to would be read for ever, and /dev/zero, too."""
    make(tmp_path / name)
    begin(sessions(tmp_path / "sessions.jsonl"))  # and so do sessions


def test_a_journal_that_cannot_be_read_just_now_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No descriptor may be left, or the disk fail: what is written there is not this life's to throw away."""
    path = tmp_path / "sessions.jsonl"
    begin(sessions(path))
    before = path.read_bytes()

    def fails(path: Path, most: int) -> bytes:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), str(path))

    monkeypatch.setattr(journal, "read_regular", fails)
    begin(sessions(path))
    assert (tmp_path / "sessions.jsonl.1").read_bytes() == before
    assert len(path.read_bytes().splitlines()) == 1
