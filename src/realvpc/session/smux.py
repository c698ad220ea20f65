"""smux, version 1: many byte streams over one, without I/O (the framing of github.com/xtaci/smux, whose side of the
accepting peer AWS's agent plays in a port session).

A frame is a header, little-endian: version (1 byte), command (1), length of the data (2), stream (4); then the data.
Frames may straddle what carries them.  A stream begins with SYN and ends with FIN, which whoever sends it means for
both directions.  Version 1 has no window: how much may wait for a slow stream is decided by who reads the carrier.
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct as Layout
from typing import TypeAlias

from msgspec import Struct

VERSION = 1
LARGEST = (1 << 16) - 1  # bytes of data in a frame
STREAMS = 256  # open at the same time; a stream is a connection in an instance

_HEADER = Layout("<BBHI")


class SmuxError(ValueError):
    """Bytes that are no frames.  Nothing after them can be read."""


class Command(IntEnum):
    """What a frame says."""

    SYN = 0
    FIN = 1
    PSH = 2
    NOP = 3  # keeps alive what is silent


class Frame(Struct, frozen=True):
    """One frame; `data` has at most `LARGEST` bytes."""

    command: Command
    stream: int
    data: bytes = b""


def encode(frame: Frame) -> bytes:
    return _HEADER.pack(VERSION, frame.command, len(frame.data), frame.stream) + frame.data


class Decoder:
    """Bytes in, in pieces of any size; whole frames out."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Raises SmuxError."""
        self._bytes += data
        frames = []
        start = 0
        while len(self._bytes) - start >= _HEADER.size:
            version, command, length, stream = _HEADER.unpack_from(self._bytes, start)
            if version != VERSION or command > Command.NOP:
                raise SmuxError(f"version {version}, command {command} is no frame of smux")
            end = start + _HEADER.size + length
            if len(self._bytes) < end:
                break
            frames.append(Frame(Command(command), stream, bytes(self._bytes[start + _HEADER.size : end])))
            start = end
        del self._bytes[:start]
        return frames


class Opened(Struct, frozen=True):
    """The client has opened this stream."""

    stream: int


class Arrived(Struct, frozen=True):
    """Data of an open stream."""

    stream: int
    data: bytes


class Closed(Struct, frozen=True):
    """The client has closed this stream, in both directions."""

    stream: int


Event: TypeAlias = Opened | Arrived | Closed


class Multiplexer:
    """The accepting side.  What concerns a stream that is not open is of no use and dropped, as the library does."""

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._open: set[int] = set()

    def receive(self, data: bytes) -> tuple[list[Event], bytes]:
        """What bytes of the client bring, and what is to be answered at once: FIN to a stream too many.

        Raises SmuxError.
        """
        events: list[Event] = []
        answer = b""
        for frame in self._decoder.feed(data):
            known = frame.stream in self._open
            if frame.command is Command.SYN and not known:
                if len(self._open) < STREAMS:
                    self._open.add(frame.stream)
                    events.append(Opened(frame.stream))
                else:
                    answer += encode(Frame(Command.FIN, frame.stream))
            elif frame.command is Command.PSH and known and frame.data:
                events.append(Arrived(frame.stream, frame.data))
            elif frame.command is Command.FIN and known:
                self._open.remove(frame.stream)
                events.append(Closed(frame.stream))
        return events, answer

    def send(self, stream: int, data: bytes) -> bytes:
        """The bytes that carry `data` of a stream; none for one that is not open any more."""
        if stream not in self._open:
            return b""
        pieces = (data[start : start + LARGEST] for start in range(0, len(data), LARGEST))
        return b"".join(encode(Frame(Command.PSH, stream, piece)) for piece in pieces)

    def close(self, stream: int) -> bytes:
        """The bytes that end a stream; none for one that is not open any more."""
        if stream not in self._open:
            return b""
        self._open.remove(stream)
        return encode(Frame(Command.FIN, stream))
