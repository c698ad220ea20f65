"""A shell's terminal between the file descriptor of its master and a data channel's needs."""

from __future__ import annotations

import asyncio
import codecs
import fcntl
import os
import select
import struct
import termios
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

_CHUNK = 4096
_PENDING = 1 << 20  # bytes of input that the shell has not read yet
_COLUMNS, _ROWS = 80, 24  # until the client has said


class ShellError(Exception):
    """A shell could not be opened; the text says why."""


class Shell(Protocol):
    """A command on a terminal in an instance."""

    terminal: int
    """The master; closed by `close`."""

    async def exited(self) -> None:
        """Returns when the command has ended."""

    async def close(self) -> None:
        """End the command, if it has not."""


OpenShell: TypeAlias = Callable[[str, str | None], Awaitable[Shell]]
"""Opens a shell in an instance (its id), or a command in place of one.  Raises ShellError."""


class Terminal:
    """Reads while there is `room()` and hands on whole characters; `on_end` is called once, after the last of them."""

    def __init__(
        self, shell: Shell, room: Callable[[], bool], on_output: Callable[[bytes], None], on_end: Callable[[], None]
    ) -> None:
        self._shell = shell
        self._fd = shell.terminal
        self._room = room
        self._on_output = on_output
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._tail = b""  # of the last output: the beginning of a character
        self._input = bytearray()
        self._reading = False
        self._ended = False
        self._exited = False
        os.set_blocking(self._fd, False)
        self.resize(_COLUMNS, _ROWS)
        self._watching = asyncio.create_task(self._watch())
        self.resume()

    @property
    def accepts_input(self) -> bool:
        return len(self._input) < _PENDING

    def write(self, data: bytes) -> None:
        if not self._ended:
            self._input += data
            self._flush()

    def resize(self, columns: int, rows: int) -> None:
        if not self._ended:
            fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resume(self) -> None:
        """There may be room again."""
        if not self._reading and not self._ended and self._room():
            self._reading = True
            self._loop.add_reader(self._fd, self._read)

    async def close(self) -> None:
        """End the shell and forget its terminal."""
        self._detach()
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)
        await self._shell.close()

    def _read(self) -> None:
        if not self._room():
            self._reading = False
            self._loop.remove_reader(self._fd)
            return
        try:
            output = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return
        except OSError:  # EIO: nobody has the other side open any more
            output = b""
        if not output:
            self._end()
            return
        output = self._tail + output
        whole = _whole_characters(output)
        self._tail = output[whole:]
        if whole:
            self._on_output(output[:whole])
        if self._exited:
            self._end_if_silent()

    def _flush(self) -> None:
        try:
            while self._input:
                del self._input[: os.write(self._fd, self._input)]
        except BlockingIOError:
            self._loop.add_writer(self._fd, self._flush)
            return
        except OSError:  # as above
            self._input.clear()
        self._loop.remove_writer(self._fd)

    async def _watch(self) -> None:
        await self._shell.exited()
        self._exited = True
        self._end_if_silent()

    def _end_if_silent(self) -> None:
        """What runs on in the background may hold the terminal; the session is over with the shell."""
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        if not self._ended and not any(happened & select.POLLIN for _, happened in poll.poll(0)):
            self._end()

    def _end(self) -> None:
        self._detach()
        if self._tail:
            self._on_output(self._tail)
        self._on_end()

    def _detach(self) -> None:
        if not self._ended:
            self._ended = True
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)


def _whole_characters(data: bytes) -> int:
    """How many bytes of `data` do not belong to a character of UTF-8 that has yet to be completed.

    Clients that take each message for a text of its own would show halves.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    decoder.decode(data[-4:])
    return len(data) - len(decoder.getstate()[0])
