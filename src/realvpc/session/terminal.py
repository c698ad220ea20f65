"""A shell, or a command in its place, on a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import struct
import termios

from .data_channel import Event, Keys, Resized
from .descriptor import Characters, Reader, Writer
from .far_end import Line, Shell

_COLUMNS, _ROWS = 80, 24  # until the client has said


class Terminal:
    """Relays a shell's terminal."""

    def __init__(self, shell: Shell, line: Line) -> None:
        self._shell = shell
        self._line = line
        self._output = Characters(line.send)
        self._resize(_COLUMNS, _ROWS)
        self._writer = Writer(shell.terminal, line.drained)
        self._reader = Reader(shell.terminal, line.room, self._read, self._end, line.turns)
        self._exited = False
        self._watching = asyncio.create_task(self._watch())

    @property
    def pending(self) -> int:
        return self._writer.pending

    def receive(self, event: Event) -> None:
        match event:
            case Keys(data):
                self._writer.write(data)
            case Resized(columns, rows) if not self._reader.ended:
                self._resize(columns, rows)

    def resume(self) -> None:
        self._reader.resume()

    async def close(self) -> None:
        self._reader.stop()
        self._writer.stop()
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        await self._shell.close()

    def _resize(self, columns: int, rows: int) -> None:
        with contextlib.suppress(OSError):  # nobody has the other side open any more
            fcntl.ioctl(self._shell.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _read(self, data: bytes) -> None:
        self._output.feed(data)
        if self._exited:
            self._reader.end_if_silent()

    async def _watch(self) -> None:
        """What runs on in the background may hold the terminal; the session is over with the shell."""
        await self._shell.exited()
        self._exited = True
        self._reader.end_if_silent()

    def _end(self) -> None:
        self._output.flush()
        self._line.finish()
