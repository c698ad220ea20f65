"""Reading and writing descriptors that never block, at the pace of whoever is slower."""

from __future__ import annotations

import asyncio
import codecs
import os
import select
from collections import deque
from collections.abc import Callable

_BATCH = 1 << 15  # bytes read at a time
_PIPE = 1 << 16  # bytes that the kernel keeps in a pipe
_BULK = (1 << 12) - 1  # bytes: more than anybody types; and a terminal gives no more in one read
_PAUSE = 0.005  # seconds in which what streams may pile up in the kernel, so that it costs fewer and larger messages


class Turns:
    """Streams take turns, one for each round of the event loop: what is typed elsewhere never waits for all of them."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()

    def wait(self, turn: Callable[[], None]) -> None:
        """Call `turn` in its turn."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._next)
        self._waiting.append(turn)

    def _next(self) -> None:
        """The next turn, once the one after it has its place: a turn may wait for another, and may fail."""
        turn = self._waiting.popleft()
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._next)
        turn()


class Reader:
    """Reads while there is `room()`; `on_end` is called once, after the last data.

    With `turns`, for a terminal, which gives a stream away in small pieces: while it streams, it is read in bursts.
    """

    def __init__(
        self,
        fd: int,
        room: Callable[[], bool],
        on_data: Callable[[bytes], None],
        on_end: Callable[[], None],
        turns: Turns | None = None,
    ) -> None:
        self._fd = fd
        self._room = room
        self._on_data = on_data
        self._on_end = on_end
        self._turns = turns
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._in_line = False  # pauses, or waits for its turn
        self._reading = False
        self.ended = False
        os.set_blocking(fd, False)
        self.resume()

    def resume(self) -> None:
        """There may be room again."""
        if not (self._reading or self.ended or self._in_line) and self._room():
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
        data = self._piece()
        if data and self._turns and len(data) >= _BULK:
            self._detach()
            self._wait(_PAUSE)
        self._hand_on(data)

    def _burst(self) -> None:
        """A turn of what streams: again as soon as there was a batch, after a pause when that was all, and back to the
        event loop when it does not stream any more."""
        self._in_line = False
        if self.ended or not self._room():
            return
        pieces: list[bytes] = []
        size = 0
        while size < _BATCH and (piece := self._piece()):
            pieces.append(piece)
            size += len(piece)
        if size < _BULK:
            self.resume()
        else:
            self._wait(_PAUSE if size < _BATCH else 0)
        if pieces:
            self._hand_on(b"".join(pieces))

    def _wait(self, seconds: float) -> None:
        assert self._turns, "only who takes turns waits for one"
        self._in_line = True
        if seconds:
            self._pause = self._loop.call_later(seconds, self._turns.wait, self._burst)
        else:
            self._turns.wait(self._burst)

    def _piece(self) -> bytes | None:
        """None when there is nothing now, empty at the end."""
        try:
            return os.read(self._fd, _BATCH)
        except BlockingIOError:
            return None
        except OSError:  # EIO of a terminal that nobody has open any more, or the reset of a connection
            return b""

    def _hand_on(self, data: bytes | None) -> None:
        if data:
            self._on_data(data)
        elif data is not None:
            self._end()

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
