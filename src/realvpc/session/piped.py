"""A command without a terminal: its output and its errors apart, and its exit code at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .data_channel import Event, Keys
from .descriptor import Characters, Reader
from .far_end import Line, Program
from .message import PayloadType

_INTERRUPT = b"\x03"


class PipedCommand:
    """Relays a program.  There is nobody to type: of the input only Ctrl-C is heard, and ends it."""

    pending = 0

    def __init__(self, program: Program, line: Line) -> None:
        self._program = program
        program.close_stdin()
        self._line = line
        self._texts = [
            Characters(line.send),
            Characters(lambda data: line.send(data, PayloadType.STDERR)),
        ]
        self._code: int | None = None
        self._finished = False
        self._readers: list[Reader] = []
        for fd, text in zip((program.stdout, program.stderr), self._texts, strict=True):
            self._readers.append(Reader(fd, line.room, self._reading(text), self._check))
        self._watching = asyncio.create_task(self._watch())

    def receive(self, event: Event) -> None:
        if isinstance(event, Keys) and event.data == _INTERRUPT:
            self._finished = True
            self._line.finish()

    def resume(self) -> None:
        for reader in self._readers:
            reader.resume()

    async def close(self) -> None:
        for reader in self._readers:
            reader.stop()
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        await self._program.close()

    def _reading(self, text: Characters) -> Callable[[bytes], None]:
        def read(data: bytes) -> None:
            text.feed(data)
            self._check()

        return read

    async def _watch(self) -> None:
        self._code = await self._program.exited()
        self._check()

    def _check(self) -> None:
        """What runs on in the background may hold the pipes; the session is over with the command."""
        if self._code is None:
            return
        for reader in self._readers:
            reader.end_if_silent()
        if all(reader.ended for reader in self._readers) and not self._finished:
            self._finished = True
            for text in self._texts:
                text.flush()
            self._line.send(f"EXIT_CODE: {self._code}".encode(), PayloadType.EXIT_CODE)
            self._line.finish()
