"""One session's data channel, without I/O: two streams of numbered messages that survive the connections under them.

Both sides number what they send from 0, acknowledge what they receive, and send again what is not acknowledged.  The
numbers go on across connections: a client that lost one comes back with a new token and misses nothing.

AWS's client does not acknowledge what it receives a second time.  So an acknowledgement that went down with a
connection never comes, and silence alone says nothing.  What does: acknowledgements of messages that were sent later,
on the same connection.  After `_SIGNS` of those, one for each time that it was sent, a message counts as received.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TypeAlias
from uuid import UUID

from msgspec import Struct

from realvpc.hostile_json import NotJsonError, read_json

from .message import (
    ACKNOWLEDGE,
    INPUT,
    OUTPUT,
    Flag,
    Message,
    MessageError,
    PayloadType,
    acknowledged,
    acknowledgement,
    channel_closed,
    decode,
    encode,
    flag,
    size,
)

WINDOW = 1 << 18  # bytes on the way to the client, headers included
KEPT = 8 * WINDOW  # bytes that are not acknowledged, through any number of lost connections
CHUNK = 1 << 14  # bytes of output in a message
LINGER = 3.0  # seconds that the end of a session waits for its last output to be acknowledged

_FIRST_TIMEOUT, _LONGEST_TIMEOUT = 0.2, 1.0
_SIGNS = 5
_AHEAD = 256  # messages that may wait for an earlier one
_ANSWERS = 4096  # acknowledgements that may wait for a connection that is full: not all clients send again


class Keys(Struct, frozen=True):
    """Bytes for what the session is with: a shell, a port."""

    data: bytes


class Resized(Struct, frozen=True):
    """The client's window has this size now."""

    columns: int
    rows: int


class Answered(Struct, frozen=True):
    """The client's part of the handshake."""

    response: bytes


class HungUp(Struct, frozen=True):
    """The client's connection to the forwarded port is closed; another may follow."""


class Terminated(Struct, frozen=True):
    """The client wants the session to end."""


Event: TypeAlias = Keys | Resized | Answered | HungUp | Terminated


class _Sent(Struct):
    """A message of ours that is not acknowledged."""

    frame: bytes
    due: float = 0.0  # when to send it (again)
    timeout: float = _FIRST_TIMEOUT
    first: int = 0  # its first and its last place among all that was sent on this connection; 0: not sent on it
    last: int = 0
    signs: int = 0
    counted: bool = True  # among the bytes on the way


class _Opening(Struct, rename="pascal"):
    """A client's first words on a connection."""

    token_value: str


def carries(first: str, token: str) -> bool:
    """Whether a client's first words have this token."""
    try:
        given = read_json(first, _Opening).token_value
    except NotJsonError:
        return False
    return secrets.compare_digest(given.encode(), token.encode())


class DataChannel:
    """`now` is a clock's reading in seconds, of any clock that only goes forward; `new_id` and `created_at` (in
    milliseconds since the epoch) go into the messages."""

    def __init__(self, session_id: str, new_id: Callable[[], UUID], created_at: Callable[[], int]) -> None:
        self._session_id = session_id
        self._new_id = new_id
        self._created_at = created_at
        self._next_output = 0
        self._next_input = 0
        self._unacknowledged: dict[int, _Sent] = {}  # by sequence number, in order
        self._in_flight = 0  # bytes
        self._kept = 0  # bytes
        self._sent = 0  # messages on this connection, repetitions included
        self._early: dict[int, Message] = {}  # input that came before its turn
        self._acknowledgements: list[bytes] = []
        self._farewell: str | None = None
        self._deadline = 0.0
        self.open = False
        self.closed = False

    def connect(self, first: str, token: str) -> bool:
        """A client's first words on a new connection; whether they carry `token`, and the channel is open on it."""
        if not carries(first, token):
            return False
        self.open = True
        self._acknowledgements.clear()
        self._in_flight = 0  # what was on the way may have arrived, and then is never acknowledged: see above
        self._sent = 0
        for sent in self._unacknowledged.values():
            sent.due, sent.timeout, sent.first, sent.last, sent.signs = 0.0, _FIRST_TIMEOUT, 0, 0, 0
            sent.counted = False
        return True

    def disconnect(self) -> None:
        """The connection is gone; the streams wait for the next one."""
        self.open = False

    @property
    def room(self) -> bool:
        """Whether more output may be written."""
        return self._in_flight < WINDOW and self._kept < KEPT

    @property
    def quiet(self) -> bool:
        """Whether all that was written has been acknowledged: the client has nothing to say but input."""
        return not self._unacknowledged

    @property
    def finishing(self) -> bool:
        """Whether the last output has been written."""
        return self._farewell is not None

    def write(self, output: bytes, kind: PayloadType = PayloadType.OUTPUT) -> None:
        """Send output of the shell, or whatever else belongs between it in order."""
        for start in range(0, len(output), CHUNK):
            message = Message(
                type=OUTPUT,
                sequence=self._next_output,
                id=self._new_id(),
                created_at=self._created_at(),
                payload_type=kind,
                payload=output[start : start + CHUNK],
            )
            sent = _Sent(encode(message))
            self._unacknowledged[self._next_output] = sent
            self._in_flight += len(sent.frame)
            self._kept += len(sent.frame)
            self._next_output += 1

    def finish(self, farewell: str, now: float, *, linger: float = LINGER) -> None:
        """Close the channel once all output is acknowledged, or after `linger` seconds.  `farewell` is for the user."""
        self._farewell = farewell
        self._deadline = now + linger

    def receive(self, frame: bytes, *, accept_input: bool = True) -> list[Event]:
        """What a client's message brings, in the order in which the client sent it.

        Without `accept_input` its input is left to be sent again.  What is no message, or of no use, is dropped.
        """
        try:
            message = decode(frame)
            if message.type == ACKNOWLEDGE:
                self._acknowledged(acknowledged(message))
        except MessageError:
            return []
        if message.type != INPUT or not (accept_input or message.sequence < self._next_input):
            return []
        if not 0 <= message.sequence < self._next_input + _AHEAD or len(self._acknowledgements) >= _ANSWERS:
            return []
        self._acknowledgements.append(encode(acknowledgement(message, self._new_id(), self._created_at())))
        if message.sequence >= self._next_input:
            self._early.setdefault(message.sequence, message)
        events = []
        while message_in_turn := self._early.pop(self._next_input, None):
            self._next_input += 1
            event = _event(message_in_turn)
            if event is not None:
                events.append(event)
        return events

    def frames(self, now: float) -> list[bytes]:
        """What is to be sent now."""
        if not self.open or self.closed:
            return []
        frames, self._acknowledgements = self._acknowledgements, []
        for sent in self._unacknowledged.values():
            if sent.due <= now:
                frames.append(sent.frame)
                sent.due = now + sent.timeout
                sent.timeout = min(2 * sent.timeout, _LONGEST_TIMEOUT)
                self._sent += 1
                sent.first = sent.first or self._sent
                sent.last = self._sent
        if self._farewell is not None and (not self._unacknowledged or self._deadline <= now):
            end = channel_closed(self._session_id, self._farewell, self._new_id(), self._created_at())
            frames.append(encode(end))
            self.closed = True
        return frames

    def next_due(self) -> float | None:
        """When `frames` has something again if nothing happens until then."""
        times = [sent.due for sent in self._unacknowledged.values()]
        if self._farewell is not None:
            times.append(self._deadline)
        return min(times, default=None)

    def _acknowledged(self, sequence: int) -> None:
        arrived = self._unacknowledged.get(sequence)
        if arrived is None:
            return
        doomed = [sequence]
        for earlier, sent in self._unacknowledged.items():
            if earlier >= sequence:
                break
            if 0 < sent.last < arrived.first:
                sent.signs += 1
                sent.last = 0  # one sign for each time that it is sent
                if sent.signs == _SIGNS:
                    doomed.append(earlier)
        for each in doomed:
            sent = self._unacknowledged.pop(each)
            self._kept -= len(sent.frame)
            if sent.counted:
                self._in_flight -= len(sent.frame)


_FLAGS: dict[Flag, Event] = {Flag.TERMINATE_SESSION: Terminated(), Flag.DISCONNECT_TO_PORT: HungUp()}


def _event(message: Message) -> Event | None:
    """None for what is of no use."""
    try:
        match message.payload_type:
            case PayloadType.OUTPUT:
                return Keys(message.payload) if message.payload else None
            case PayloadType.SIZE:
                return Resized(*size(message))
            case PayloadType.HANDSHAKE_RESPONSE:
                return Answered(message.payload)
            case PayloadType.FLAG:
                return _FLAGS.get(flag(message))
    except MessageError:
        pass
    return None
