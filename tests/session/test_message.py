"""The frames of a data channel."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realvpc.session import message as m

messages = st.builds(
    m.Message,
    type=st.sampled_from([m.INPUT, m.OUTPUT, m.ACKNOWLEDGE, m.CHANNEL_CLOSED]),
    sequence=st.integers(-(1 << 63), (1 << 63) - 1),
    flags=st.integers(0, (1 << 64) - 1),
    id=st.uuids(),
    created_at=st.integers(1, (1 << 64) - 1),
    payload_type=st.integers(0, (1 << 32) - 1),
    payload=st.binary(max_size=300),
)


@given(messages)
def test_what_is_written_is_read(message: m.Message) -> None:
    assert m.decode(m.encode(message)) == message


def test_the_layout_is_that_of_aws() -> None:
    id_ = UUID("00112233-4455-6677-8899-aabbccddeeff")
    frame = m.encode(m.Message(type=m.OUTPUT, sequence=7, id=id_, created_at=9, payload_type=1, payload=b"sh"))
    assert frame[:4] == (116).to_bytes(4, "big")
    assert frame[4:36] == b"output_stream_data              "
    assert (frame[40:48], frame[48:56]) == ((9).to_bytes(8, "big"), (7).to_bytes(8, "big"))
    assert frame[64:80].hex() == "8899aabbccddeeff0011223344556677"
    assert frame[112:] == (1).to_bytes(4, "big") + (2).to_bytes(4, "big") + b"sh"


@given(messages, st.integers(0, 14), st.sampled_from([b" ", b"\0"]), st.binary(min_size=32, max_size=32))
def test_other_paddings_and_wrong_digests_are_read_all_the_same(
    message: m.Message, left: int, padding: bytes, digest: bytes
) -> None:
    frame = m.encode(message)
    kind = (padding * left + message.type.encode()).ljust(32, padding)
    assert m.decode(frame[:4] + kind + frame[36:80] + digest + frame[112:]) == message


@given(st.binary(max_size=200) | messages.map(m.encode).flatmap(lambda f: st.integers(0, len(f)).map(lambda n: f[:n])))
def test_anything_else_is_refused_and_nothing_worse(frame: bytes) -> None:
    try:
        m.decode(frame)
    except m.MessageError:
        return
    assert len(frame) >= 120


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"{}", b'{"cols": 0, "rows": 5}', b'{"cols": "80", "rows": 24}', b"\xff"]
)
def test_a_size_that_is_none(payload: bytes) -> None:
    message = m.Message(type=m.INPUT, id=UUID(int=1), created_at=1, payload_type=m.PayloadType.SIZE, payload=payload)
    with pytest.raises(m.MessageError):
        m.size(message)
