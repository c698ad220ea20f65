"""The binary frames of a data channel (the message format of AWS's session-manager-plugin and its agent).

All integers are in network order.  The header says its own length, not counting the payload's length that follows it.
Clients differ in how they pad the type and some send a digest that is none; what they mean is clear all the same, so
neither is held against them.
"""

from __future__ import annotations

import hashlib
import json
from enum import IntEnum
from struct import Struct as Layout
from typing import Any
from uuid import UUID

from msgspec import Struct

from realvpc.hostile_json import NotJsonError, read_json

OUTPUT, INPUT = "output_stream_data", "input_stream_data"
ACKNOWLEDGE, CHANNEL_CLOSED = "acknowledge", "channel_closed"

SYN_FIN = 3  # the flags of what stands outside the streams

_HEADER = Layout("!I32sIQqQ16s32sI")
_LENGTH = Layout("!I")
_SCHEMA_VERSION = 1


class PayloadType(IntEnum):
    """What a payload of a stream is.  A number that is not here is nothing that a shell needs."""

    NONE = 0
    OUTPUT = 1  # and, on the way in, keys
    SIZE = 3
    HANDSHAKE_REQUEST = 5
    HANDSHAKE_RESPONSE = 6
    HANDSHAKE_COMPLETE = 7
    FLAG = 10
    STDERR = 11
    EXIT_CODE = 12


class Flag(IntEnum):
    """What the payload of a FLAG says, in 4 bytes."""

    DISCONNECT_TO_PORT = 1  # from the client, in port sessions without smux: its connection is closed
    TERMINATE_SESSION = 2
    CONNECT_TO_PORT_ERROR = 3  # to the client: nobody listens there


class MessageError(ValueError):
    """Bytes that are no message, or a payload that is not what its type says."""


class Message(Struct, frozen=True, kw_only=True):
    """One frame.  `created_at` is in milliseconds since the epoch; 0 is refused by AWS's client."""

    type: str
    sequence: int = 0
    flags: int = 0
    id: UUID
    created_at: int
    payload_type: int = PayloadType.NONE
    payload: bytes = b""


def encode(message: Message) -> bytes:
    header = _HEADER.pack(
        _HEADER.size,
        message.type.encode("ascii").ljust(32),
        _SCHEMA_VERSION,
        message.created_at,
        message.sequence,
        message.flags,
        _swap(message.id.bytes),
        hashlib.sha256(message.payload).digest(),
        message.payload_type,
    )
    return header + _LENGTH.pack(len(message.payload)) + message.payload


def decode(frame: bytes) -> Message:
    """Raises MessageError."""
    if len(frame) < _HEADER.size + _LENGTH.size:
        raise MessageError("a message is shorter than its header")
    header_length, kind, _, created_at, sequence, flags, id_, _, payload_type = _HEADER.unpack_from(frame)
    start = header_length + _LENGTH.size
    if not _HEADER.size <= header_length <= len(frame) - _LENGTH.size:
        raise MessageError("a message does not hold the header that it announces")
    if _LENGTH.unpack_from(frame, header_length)[0] != len(frame) - start:
        raise MessageError("a message does not hold the payload that it announces")
    return Message(
        type=kind.strip(b" \x00").decode("ascii", "replace"),
        sequence=sequence,
        flags=flags,
        id=UUID(bytes=_swap(id_)),
        created_at=created_at,
        payload_type=payload_type,
        payload=frame[start:],
    )


def acknowledgement(of: Message, id_: UUID, created_at: int) -> Message:
    content = {
        "AcknowledgedMessageType": of.type,
        "AcknowledgedMessageId": str(of.id),
        "AcknowledgedMessageSequenceNumber": of.sequence,
        "IsSequentialMessage": True,
    }
    return Message(type=ACKNOWLEDGE, flags=SYN_FIN, id=id_, created_at=created_at, payload=_json(content))


def acknowledged(message: Message) -> int:
    """The sequence number that an acknowledgement names.  Raises MessageError."""
    return _integer(message, "AcknowledgedMessageSequenceNumber")


def channel_closed(session_id: str, output: str, id_: UUID, created_at: int) -> Message:
    """The end of a session; `output` is what the client shows for its reason, if anything."""
    content = {
        "MessageId": str(id_),
        "CreatedDate": str(created_at),
        "DestinationId": session_id,
        "SessionId": session_id,
        "MessageType": CHANNEL_CLOSED,
        "SchemaVersion": _SCHEMA_VERSION,
        "Output": output,
    }
    return Message(type=CHANNEL_CLOSED, flags=SYN_FIN, id=id_, created_at=created_at, payload=_json(content))


def size(message: Message) -> tuple[int, int]:
    """Columns and rows of the client's window.  Raises MessageError."""
    columns, rows = _integer(message, "cols"), _integer(message, "rows")
    if not (0 < columns < 1 << 16 and 0 < rows < 1 << 16):
        raise MessageError("a terminal has no such size")
    return columns, rows


def flag_payload(flag: Flag) -> bytes:
    return _LENGTH.pack(flag)


def flag(message: Message) -> Flag:
    """Raises MessageError."""
    try:
        return Flag(int.from_bytes(message.payload, "big"))
    except ValueError:
        raise MessageError("there is no such flag") from None


def _integer(message: Message, name: str) -> int:
    try:
        value = read_json(message.payload, dict[str, Any]).get(name)
    except NotJsonError:
        value = None
    if not isinstance(value, int):
        raise MessageError(f"a message of the type {message.type} has no {name}")
    return value


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content).encode()


def _swap(uuid: bytes) -> bytes:
    """Between a UUID and how it travels: the second half first."""
    return uuid[8:] + uuid[:8]
