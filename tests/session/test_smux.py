"""smux: streams over a carrier that cuts them into pieces of its own."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realvpc.session.smux import (
    LARGEST,
    STREAMS,
    Arrived,
    Closed,
    Command,
    Decoder,
    Event,
    Frame,
    Multiplexer,
    Opened,
    SmuxError,
    encode,
)

STREAM = st.integers(0, (1 << 32) - 1)
frames = st.builds(Frame, command=st.sampled_from(Command), stream=STREAM, data=st.binary(max_size=40))


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The carrier's pieces."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def test_the_layout_is_little_endian() -> None:
    assert encode(Frame(Command.PSH, 0x01020304, b"hi")) == bytes([1, 2, 2, 0, 4, 3, 2, 1]) + b"hi"


@given(st.lists(frames, max_size=20), st.lists(st.integers(0, 10_000), max_size=20))
def test_frames_may_straddle_what_carries_them(sent: list[Frame], places: list[int]) -> None:
    decoder = Decoder()
    received = [frame for piece in cut(b"".join(map(encode, sent)), places) for frame in decoder.feed(piece)]
    assert received == sent


@given(
    st.lists(st.tuples(st.integers(1, 9), st.binary(max_size=30)), max_size=60),
    st.lists(st.integers(0, 10_000), max_size=20),
)
def test_many_streams_arrive_each_for_itself(sent: list[tuple[int, bytes]], places: list[int]) -> None:
    """Every stream is opened, carries its data between that of others and silences, and is closed."""
    streams = sorted({stream for stream, _ in sent})
    wire = [Frame(Command.SYN, stream) for stream in streams]
    for stream, data in sent:
        wire += [Frame(Command.PSH, stream, data), Frame(Command.NOP, 0)]
    wire += [Frame(Command.FIN, stream) for stream in streams]
    multiplexer = Multiplexer()
    events: list[Event] = []
    for piece in cut(b"".join(map(encode, wire)), places):
        happened, answer = multiplexer.receive(piece)
        events += happened
        assert answer == b""
    assert [event.stream for event in events if isinstance(event, Opened)] == streams
    assert [event.stream for event in events if isinstance(event, Closed)] == streams
    for stream in streams:
        arrived = b"".join(event.data for event in events if isinstance(event, Arrived) and event.stream == stream)
        assert arrived == b"".join(data for other, data in sent if other == stream)


def test_large_data_goes_in_several_frames() -> None:
    multiplexer = Multiplexer()
    multiplexer.receive(encode(Frame(Command.SYN, 3)))
    data = bytes(range(256)) * 1024
    carried = Decoder().feed(multiplexer.send(3, data))
    assert max(len(frame.data) for frame in carried) == LARGEST
    assert b"".join(frame.data for frame in carried) == data


def test_a_stream_that_is_over_takes_and_gives_nothing() -> None:
    multiplexer = Multiplexer()
    multiplexer.receive(encode(Frame(Command.SYN, 3)) + encode(Frame(Command.FIN, 3)))
    assert multiplexer.send(3, b"late") == multiplexer.close(3) == b""
    assert multiplexer.receive(encode(Frame(Command.PSH, 3, b"late")) + encode(Frame(Command.FIN, 3))) == ([], b"")
    multiplexer.receive(encode(Frame(Command.SYN, 5)))
    assert Decoder().feed(multiplexer.close(5)) == [Frame(Command.FIN, 5)]
    assert multiplexer.close(5) == b""


def test_a_stream_too_many_is_closed_at_once() -> None:
    multiplexer = Multiplexer()
    for stream in range(STREAMS):
        assert multiplexer.receive(encode(Frame(Command.SYN, stream))) == ([Opened(stream)], b"")
    events, answer = multiplexer.receive(encode(Frame(Command.SYN, STREAMS)))
    assert (events, Decoder().feed(answer)) == ([], [Frame(Command.FIN, STREAMS)])


@pytest.mark.parametrize("garbage", [b"\x02\x00" + bytes(6), b"\x01\x04" + bytes(6), b"GET / HTTP/1.1\r\n"])
def test_what_is_no_frame_is_refused(garbage: bytes) -> None:
    with pytest.raises(SmuxError):
        Multiplexer().receive(garbage)
