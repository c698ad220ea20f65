"""A line on stderr that tells how far something is."""

from __future__ import annotations

import os
import shutil
import sys
import time
from types import TracebackType
from typing import Self

import click

from realvpc.columns import width

_BETWEEN = 0.1  # seconds
_UNITS = ("KiB", "MiB", "GiB", "TiB")


class ProgressLine:
    """While entered, ``show`` rewrites one line of a terminal; afterwards the line is gone.  Elsewhere it is silent.

    It begins after ``delay`` seconds: what is over before that needs no explanation.
    """

    def __init__(self, delay: float = 0.5) -> None:
        self.visible = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._next = time.monotonic() + delay
        self._shown = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.clear()

    def show(self, text: str) -> None:
        if not self.visible or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _BETWEEN
        line = f"  {text}"[: shutil.get_terminal_size().columns - 1]
        self._write(line + " " * (self._shown - width(line)))
        self._shown = width(line)

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
