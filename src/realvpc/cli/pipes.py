"""The ends of pipes to and from a command in an instance."""

from __future__ import annotations

import os
import re
from typing import IO, Protocol

from .progress import Transfer
from .terminal import harmless

CHUNK = 1 << 18
_LINE = 64
_SAID_BY_SHELL = re.compile(r"^(?:/bin/)?sh: (?:line )?[0-9]+: ")


class Readable(Protocol):
    def read(self, count: int = ..., /) -> bytes: ...


class Writable(Protocol):
    def write(self, data: bytes, /) -> int: ...


class Counted:
    """An unbuffered end of a pipe that counts what passes."""

    def __init__(self, pipe: IO[bytes], transfer: Transfer) -> None:
        self._pipe = pipe
        self._transfer = transfer

    def read(self, count: int = CHUNK) -> bytes:
        """What there is, at most so much; nothing at the end."""
        data = self._pipe.read(count)
        self._transfer.add(len(data))
        return data

    def line(self) -> str:
        """A short first line, which the transfer does not count."""
        line = b""
        while not line.endswith(b"\n") and len(line) < _LINE and (byte := self._pipe.read(1)):
            line += byte
        return line.decode(errors="replace")

    def write(self, data: bytes) -> int:
        view = memoryview(data)
        while view:
            sent = self._pipe.write(view)
            self._transfer.add(sent)
            view = view[sent:]
        return len(data)


class Complaints:
    """A pipe for what a command says of itself: it waits for no reader, so what does not fit is lost."""

    def __enter__(self) -> Complaints:
        self._reading, self.writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._reading)
        os.close(self.writing)

    def text(self) -> str:
        """The first that was said, as one harmless line."""
        try:
            said = os.read(self._reading, 1 << 16).decode(errors="replace").strip().splitlines()
        except BlockingIOError:
            return ""
        return _SAID_BY_SHELL.sub("", harmless(said[0][:400])) if said else ""


def relay(source: Readable, to: Writable) -> None:
    """Everything."""
    while data := source.read(CHUNK):
        to.write(data)
