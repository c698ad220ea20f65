"""Reading and writing descriptors that never block, at the pace of whoever is slower."""

from __future__ import annotations

import asyncio
import codecs
import os
import select
from collections.abc import Callable

_BATCH = 1 << 15  # bytes read before they are handed on
_PIPE = 1 << 16  # bytes that the kernel keeps in a pipe
_BULK = 1 << 12  # bytes at once that are more than anybody types; a terminal gives no more in one read
_PAUSE = 0.005  # seconds in which what streams may pile up in the kernel, so that it costs fewer and larger messages


class Reader:
    """Reads while there is `room()`; `on_end` is called once, after the last data.

    With `pauses` a stream is read in bursts: terminals give it away in small pieces.
    """

    def __init__(
        self,
        fd: int,
        room: Callable[[], bool],
        on_data: Callable[[bytes], None],
        on_end: Callable[[], None],
        *,
        pauses: bool = False,
    ) -> None:
        self._fd = fd
        self._room = room
        self._on_data = on_data
        self._on_end = on_end
        self._pauses = pauses
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._reading = False
        self.ended = False
        os.set_blocking(fd, False)
        self.resume()

    def resume(self) -> None:
        """There may be room again."""
        if not (self._reading or self.ended or self._pause) and self._room():
            self._reading = True
            self._loop.add_reader(self._fd, self._read)

    def stop(self) -> None:
        """Read no more; nothing is called any more."""
        self.ended = True
        self._detach()
        if self._pause:
            self._pause.cancel()
            self._pause = None

    def drain(self) -> None:
        """Hand on what is there already, at most what a pipe holds: somebody may be writing without end."""
        for _ in range(_PIPE // _BATCH):
            if not self.ended and self._readable():
                self._read()

    def end_if_silent(self) -> None:
        """End unless there is something to read: who holds the other side may never close it."""
        if not self.ended and not self._readable():
            self._end()

    def _readable(self) -> bool:
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        return any(happened & select.POLLIN for _, happened in poll.poll(0))

    def _read(self) -> None:
        if not self._room():
            self._detach()
            return
        pieces: list[bytes] = []
        size = 0
        while size < _BATCH:
            try:
                piece = os.read(self._fd, _BATCH)
            except BlockingIOError:
                break
            except OSError:  # EIO of a terminal that nobody has open any more, or the reset of a connection
                piece = b""
            if not piece:
                self._detach()
                if pieces:
                    self._on_data(b"".join(pieces))
                self._end()
                return
            pieces.append(piece)
            size += len(piece)
            if len(piece) < _BULK - 1:
                break
        if self._pauses and size >= _BULK - 1:
            self._detach()
            self._pause = self._loop.call_later(_PAUSE, self._go_on)
        if pieces:
            self._on_data(b"".join(pieces))

    def _go_on(self) -> None:
        self._pause = None
        self.resume()

    def _end(self) -> None:
        if not self.ended:
            self.stop()
            self._on_end()

    def _detach(self) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._fd)


class Writer:
    """Takes what is to be written at once, and writes it as the other side reads.

    Whoever fills it looks at `pending` (bytes), and may be told by `on_drain` when that shrinks.
    """

    def __init__(self, fd: int, on_drain: Callable[[], None] = lambda: None) -> None:
        self._fd = fd
        self._on_drain = on_drain
        self._loop = asyncio.get_running_loop()
        self._data = bytearray()
        self._writing = False
        self._at_end: Callable[[], None] | None = None
        self._stopped = False
        os.set_blocking(fd, False)

    @property
    def pending(self) -> int:
        return len(self._data)

    def write(self, data: bytes) -> None:
        if not self._stopped and self._at_end is None:
            self._data += data
            if not self._writing:
                self._flush()

    def finish(self, at_end: Callable[[], None]) -> None:
        """Take no more, and call `at_end` when all is written or nobody reads it any more."""
        if not self._stopped and self._at_end is None:
            self._at_end = at_end
            self._flush()

    def stop(self) -> None:
        """Write no more; nothing is called any more."""
        self._stopped = True
        self._data.clear()
        self._detach()

    def _flush(self) -> None:
        before = len(self._data)
        try:
            while self._data:
                del self._data[: os.write(self._fd, self._data)]
        except BlockingIOError:
            if not self._writing:
                self._writing = True
                self._loop.add_writer(self._fd, self._flush)
        except OSError:  # nobody reads it any more
            self._data.clear()
        if not self._data:
            self._detach()
            if self._at_end:
                at_end, self._stopped = self._at_end, True
                at_end()
        if len(self._data) < before:
            self._on_drain()

    def _detach(self) -> None:
        if self._writing:
            self._writing = False
            self._loop.remove_writer(self._fd)


class Characters:
    """Hands on whole characters of UTF-8: clients that take each message for a text of its own would show halves."""

    def __init__(self, on_data: Callable[[bytes], None]) -> None:
        self._on_data = on_data
        self._tail = b""

    def feed(self, data: bytes) -> None:
        data = self._tail + data
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        decoder.decode(data[-4:])
        whole = len(data) - len(decoder.getstate()[0])
        self._tail = data[whole:]
        if whole:
            self._on_data(data[:whole])

    def flush(self) -> None:
        """What is left, whole or not."""
        if self._tail:
            self._on_data(self._tail)
            self._tail = b""
