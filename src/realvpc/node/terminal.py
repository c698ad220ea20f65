"""Relays a terminal of a machine to the caller's: keys in, screen out, and the size of the window."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import termios
import tty
from types import FrameType, TracebackType
from typing import Self

_CHUNK = 65536


class Relay:
    """While entered, `stdin` is raw (when it is a terminal) and the size of its window is that of `master`."""

    def __init__(self, master: int, stdin: int, stdout: int) -> None:
        self._master = master
        self._stdin = stdin
        self._stdout = stdout
        self._is_terminal = os.isatty(stdin)

    def __enter__(self) -> Self:
        if self._is_terminal:
            self._attributes = termios.tcgetattr(self._stdin)
            self._resize()
            self._handler = signal.signal(signal.SIGWINCH, self._resize)
            tty.setraw(self._stdin, termios.TCSADRAIN)  # keeping what was typed ahead
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._is_terminal:
            signal.signal(signal.SIGWINCH, self._handler)
            termios.tcsetattr(self._stdin, termios.TCSADRAIN, self._attributes)

    def run(self, *, until_readable: int) -> None:
        """Relay until the command has closed its terminal, or `until_readable` is and nothing is left to show."""
        sources = [self._master, self._stdin, until_readable]
        while True:
            ready = select.select(sources, [], [])[0]
            if self._master in ready:
                if not self._show():
                    return
            elif until_readable in ready:
                return
            if self._stdin in ready:
                keys = os.read(self._stdin, _CHUNK)
                if keys:
                    _write(self._master, keys)
                else:  # end of input that is no terminal: what Ctrl-D means to one
                    sources.remove(self._stdin)
                    _write(self._master, b"\x04")

    def _show(self) -> bool:
        try:
            output = os.read(self._master, _CHUNK)
        except OSError:  # EIO: nobody has the other side open any more
            return False
        _write(self._stdout, output)
        return bool(output)

    def _resize(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        size = fcntl.ioctl(self._stdin, termios.TIOCGWINSZ, bytes(8))
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]
