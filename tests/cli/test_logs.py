"""Logs are shown from where somebody wants them, and followed without a gap."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from click.testing import CliRunner

from realvpc import config
from realvpc.cli.logs import Piece, last_lines, logs_command, pieces
from realvpc.cli.terminal import harmless_but_colours


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (None, b"a\nb\n\nc\n"),
        (0, b""),
        (1, b"c\n"),
        (2, b"\nc\n"),
        (3, b"b\n\nc\n"),
        (4, b"a\nb\n\nc\n"),
        (9, b"a\nb\n\nc\n"),
    ],
)
def test_the_last_lines(lines: int | None, shown: bytes) -> None:
    assert last_lines(b"a\nb\n\nc\n", lines) == shown


def test_a_line_that_is_not_ended_is_one() -> None:
    assert last_lines(b"a\nb", 1) == b"b"
    assert last_lines(b"", 1) == b""


class Log:
    """A log that grows by one of these whenever somebody has waited, and then is closed."""

    def __init__(self, *parts: bytes) -> None:
        self._parts = list(parts)
        self.data = self._parts.pop(0)

    def read(self, position: int | None) -> Piece:
        start = position or 0
        data = self.data[start : start + 4]
        return Piece(data, start + len(data), open=bool(self._parts))

    def wait(self, _seconds: float) -> None:
        self.data += self._parts.pop(0) if self._parts else b""


def test_without_follow_everything_is_shown_that_is_there() -> None:
    log = Log(b"one two three", b"never")
    assert b"".join(pieces(log.read, follow=False, pause=log.wait)) == b"one two three"


def test_what_is_followed_ends_with_the_machine_and_misses_nothing() -> None:
    log = Log(b"", b"one two", b"", b" three four five", b" six")
    assert b"".join(pieces(log.read, follow=True, pause=log.wait)) == b"one two three four five six"


def test_a_log_whose_beginning_is_cut_off_goes_on_where_it_was() -> None:
    lines = [f"line {number}\n".encode() for number in range(1000)]
    looks = iter([(lines[:900], True), (lines[:900], True), (lines[800:], False), (lines[800:], False)])

    def read(position: int | None) -> Piece:
        there, still_open = next(looks)
        data = b"".join(there)
        start = position if position is not None and position <= len(data) else 0
        return Piece(data[start:], len(data), still_open)

    assert b"".join(pieces(read, follow=True, pause=lambda _: None)) == b"".join(lines)


def test_what_is_written_between_the_last_look_and_the_end_is_shown() -> None:
    answers = iter([Piece(b"", 0, open=True), Piece(b"", 0, open=False), Piece(b"last words", 10, open=False)])
    closed = itertools.repeat(Piece(b"", 10, open=False))
    log = itertools.chain(answers, closed)
    assert b"".join(pieces(lambda position: next(log), follow=True, pause=lambda _: None)) == b"last words"


def test_a_process_s_log_is_read_from_its_file(tmp_path: Path) -> None:
    settings = config.decide(tmp_path, {}, 0, fabric="none")
    config.save(settings)
    settings.log_dir.mkdir()
    words = ["--state", str(tmp_path), "--service", "api"]
    assert CliRunner().invoke(logs_command, words).stdout == ""
    settings.log("api").write_text("".join(f"line {number}\n" for number in range(200_000)))
    assert CliRunner().invoke(logs_command, words).stdout == settings.log("api").read_text()
    assert CliRunner().invoke(logs_command, [*words, "-n", "2"]).stdout == "line 199998\nline 199999\n"


@pytest.mark.parametrize("words", [[], ["i-0", "--service", "api"]])
def test_one_thing_is_shown_at_a_time(words: list[str]) -> None:
    result = CliRunner().invoke(logs_command, words)
    assert result.exit_code == 2
    assert "Name an instance, or a process" in result.output


def test_colours_are_kept_and_ended_and_nothing_else_commands_the_terminal() -> None:
    assert harmless_but_colours("plain\r\n") == "plain\n"
    assert harmless_but_colours("\033[31mred\033[2J") == "\033[31mred\\x1b[2J\033[0m"
