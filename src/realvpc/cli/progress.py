"""A line on stderr that tells how far something is."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import click

from realvpc.columns import width

_DELAY = 0.5  # seconds, and all below
_BETWEEN = 0.1
_BETWEEN_LINES = 10.0
_UNITS = ("KiB", "MiB", "GiB", "TiB")


class ProgressLine:
    """While entered, ``show`` rewrites one line of a terminal; afterwards the line is gone.

    Elsewhere it is silent, or with ``plain`` prints a line every ten seconds.  It begins after half a second: what is
    over before that needs no explanation.
    """

    def __init__(self, *, plain: bool = False) -> None:
        self.visible = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._plain = plain
        self._next = time.monotonic() + (_DELAY if self.visible else _BETWEEN_LINES)
        self._shown = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.clear()

    def show(self, text: str) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + (_BETWEEN if self.visible else _BETWEEN_LINES)
        if not self.visible:
            if self._plain:
                click.echo(f"  {text}", err=True)
            return
        line = f"  {text}"
        while width(line) >= shutil.get_terminal_size().columns:
            line = line[:-1]
        self._write(line + " " * (self._shown - width(line)))
        self._shown = width(line)

    def aside(self, say: Callable[[str], None]) -> Callable[[str], None]:
        """``say``, which takes a line of its own."""

        def said(text: str) -> None:
            self.clear()
            say(text)

        return said

    def clear(self) -> None:
        """Give the line back to whoever prints next."""
        if self._shown:
            self._write(" " * self._shown + "\r")
            self._shown = 0

    def _write(self, text: str) -> None:
        click.echo(f"\r{text}", err=True, nl=False)


class Transfer:
    """Counts bytes into a progress line.  ``total`` is None where nobody knows it."""

    def __init__(self, line: ProgressLine, name: str, total: int | None) -> None:
        self._line = line
        self._name = name
        self.total = total
        self._began = time.monotonic()
        self.bytes = 0

    def add(self, count: int) -> None:
        self.bytes += count
        seconds = time.monotonic() - self._began
        text = f"{self._name}  {size(self.bytes)}"
        if self.total:
            text += f" of {size(self.total)}  {min(100, 100 * self.bytes // self.total)} %"
        self._line.show(text + (f"  {size(self.bytes / seconds)}/s" if seconds > 0 else ""))


def size(count: float) -> str:
    """``12.3 MiB``; ``512 B``."""
    if count < 1024:
        return f"{count:.0f} B"
    power = 0
    while count >= 1024 * 1024 and power < len(_UNITS) - 1:
        count, power = count / 1024, power + 1
    return f"{count / 1024:.1f} {_UNITS[power]}"
