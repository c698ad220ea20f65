"""How far something is: one line that is rewritten on a terminal, and few lines elsewhere."""

from __future__ import annotations

import io
import time

import pytest

from realvpc.cli.progress import ProgressLine, Transfer, size
from realvpc.columns import width


class Screen(io.StringIO):
    """What stderr is; shows a terminal's lines as somebody sees them."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def seen(self) -> list[str]:
        lines = []
        for written in self.getvalue().split("\n"):
            line = ""
            for text in written.split("\r"):
                line = text + line[len(text) :]
            lines.append(line.rstrip())
        return lines


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    return clock


def screen(monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> Screen:
    screen = Screen(terminal=terminal)
    monkeypatch.setattr("sys.stderr", screen)
    return screen


def test_on_a_terminal_a_line_is_rewritten_and_then_gone(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    shown = screen(monkeypatch, terminal=True)
    with ProgressLine() as line:
        line.show("too early to tell")
        assert shown.seen() == [""]
        clock.now += 1
        line.show("12 of 40 instances running")
        assert shown.seen() == ["  12 of 40 instances running"]
        clock.now += 1
        line.show("名前 " + "x" * 100)
        assert width(shown.seen()[0]) == 39
        clock.now += 1
        line.show("short")
        assert shown.seen() == ["  short"]
        line.aside(lambda text: print(text, file=shown))("a line of its own")
        clock.now += 1
        line.show("more")
        assert shown.seen() == ["a line of its own", "  more"]
    assert shown.seen() == ["a line of its own", ""]
    assert "\033" not in shown.getvalue()


def test_elsewhere_there_is_a_line_every_ten_seconds_where_one_is_wanted(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    shown = screen(monkeypatch, terminal=False)
    with ProgressLine(plain=True) as line, ProgressLine() as silent:
        for second in range(25):
            clock.now = 100 + second
            line.show(f"{second} of 40 instances running")
            silent.show("never")
    assert shown.getvalue() == "  10 of 40 instances running\n  20 of 40 instances running\n"


def test_a_dumb_terminal_is_none(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setenv("TERM", "dumb")
    shown = screen(monkeypatch, terminal=True)
    with ProgressLine() as line:
        clock.now += 60
        line.show("never")
    assert shown.getvalue() == ""


def test_a_transfer_says_how_much_of_what_and_how_fast(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    shown = screen(monkeypatch, terminal=True)
    monkeypatch.setenv("COLUMNS", "80")
    with ProgressLine() as line:
        transfer = Transfer(line, "big", 20 << 20)
        clock.now += 2
        transfer.add(5 << 20)
        assert shown.seen() == ["  big  5.0 MiB of 20.0 MiB  25 %  2.5 MiB/s"]


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (20 << 20, "20.0 MiB"),
        ((1 << 40) + (1 << 39), "1.5 TiB"),
        (5 << 50, "5120.0 TiB"),
    ],
)
def test_sizes_are_told_in_binary_units(count: int, text: str) -> None:
    assert size(count) == text
