"""A data channel over connections that lose, repeat and reorder, and that break."""

from __future__ import annotations

import itertools
import json
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realvpc.session import message as m
from realvpc.session.data_channel import (
    CHUNK,
    KEPT,
    WINDOW,
    Answered,
    DataChannel,
    HungUp,
    Keys,
    Resized,
    Terminated,
)


def channel() -> DataChannel:
    numbers = itertools.count(1)
    return DataChannel("user-1", lambda: UUID(int=next(numbers)), lambda: 1)


def opened() -> DataChannel:
    made = channel()
    assert made.connect(opening("right"), "right")
    return made


def opening(token: object) -> str:
    return json.dumps({"MessageSchemaVersion": 1, "RequestId": "1", "TokenValue": token})


def typed(sequence: int, payload: bytes, kind: int = m.PayloadType.OUTPUT) -> bytes:
    return m.encode(
        m.Message(
            type=m.INPUT, sequence=sequence, id=UUID(int=sequence), created_at=1, payload_type=kind, payload=payload
        )
    )


class Peer:
    """AWS's client as its source has it: says nothing to a repetition, keeps and acknowledges what comes early."""

    def __init__(self, keys: list[bytes]) -> None:
        self.shown: list[bytes] = []
        self.farewell: str | None = None
        self._expected = 0
        self._early: dict[int, m.Message] = {}
        self._typed = {number: typed(number, key) for number, key in enumerate(keys)}

    def frames(self) -> list[bytes]:
        return list(self._typed.values())

    def receive(self, frame: bytes) -> list[bytes]:
        message = m.decode(frame)
        if message.type == m.ACKNOWLEDGE:
            self._typed.pop(m.acknowledged(message), None)
        elif message.type == m.CHANNEL_CLOSED:
            self.farewell = json.loads(message.payload)["Output"]
        elif message.sequence >= self._expected:
            self._early[message.sequence] = message
            while self._expected in self._early:
                self.shown.append(self._early.pop(self._expected).payload)
                self._expected += 1
            return [m.encode(m.acknowledgement(message, UUID(int=1), 1))]
        return []


class Pipe:
    """Loses a frame at most three times, repeats and reorders as it likes."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._lost: dict[bytes, int] = {}

    def carry(self, frames: list[bytes]) -> list[bytes]:
        arrived = []
        for frame in frames:
            content = frame[48:56] + frame[120:]  # the id of an acknowledgement is another one each time
            if self._random.random() < 0.3 and self._lost.get(content, 0) < 3:
                self._lost[content] = self._lost.get(content, 0) + 1
                continue
            arrived += [frame] * self._random.choice((1, 1, 1, 2))
        if self._random.random() < 0.3:
            self._random.shuffle(arrived)
        return arrived


@given(
    st.lists(st.binary(min_size=1, max_size=50), max_size=20),
    st.lists(st.binary(min_size=1, max_size=50), max_size=20),
    st.sets(st.integers(0, 60)),
    st.randoms(use_true_random=False),
)
def test_everything_arrives_once_and_in_order(
    output: list[bytes], keys: list[bytes], cuts: set[int], random: Random
) -> None:
    made, peer, pipe = opened(), Peer(keys), Pipe(random)
    received: list[bytes] = []
    waiting = list(output)
    for turn in range(400):
        now = turn * 0.5
        if turn in cuts:
            made.disconnect()
            assert made.frames(now) == []
            assert made.connect(opening(f"token {turn}"), f"token {turn}")
        if waiting and made.room:
            made.write(waiting.pop(0))
        answers = [answer for frame in pipe.carry(made.frames(now)) for answer in peer.receive(frame)]
        for frame in pipe.carry([*peer.frames(), *answers]):
            received += [event.data for event in made.receive(frame) if isinstance(event, Keys)]
        if not waiting and len(received) == len(keys) and len(peer.shown) == len(output):
            break
    assert received == keys
    assert peer.shown == output


def test_a_client_that_has_all_and_says_nothing_does_not_stop_the_output() -> None:
    """The acknowledgements of a whole window went down with a connection; they are never said again."""
    made, peer = opened(), Peer([])
    sent = 0
    while made.room:
        made.write(b"%06d" % sent)
        sent += 1
    for frame in made.frames(0.0):
        peer.receive(frame)
    made.disconnect()
    assert made.connect(opening("next"), "next")
    for turn in range(100):
        if made.room:
            made.write(b"%06d" % sent)
            sent += 1
        for frame in made.frames(turn * 1.0):
            for answer in peer.receive(frame):
                made.receive(answer)
    assert peer.shown == [b"%06d" % number for number in range(sent)]
    assert made.frames(200.0) == []  # and it is not sent again for ever


def test_a_client_that_comes_again_and_again_and_acknowledges_nothing_is_not_kept_for() -> None:
    made = opened()
    written = 0
    for turn in range(50):
        while made.room:
            made.write(bytes(CHUNK))
            written += CHUNK
        made.frames(turn * 1.0)
        made.disconnect()
        assert made.connect(opening(f"{turn}"), f"{turn}")
    assert written <= KEPT + CHUNK


def test_what_belongs_between_output_comes_in_order() -> None:
    made = opened()
    made.write(b"request", m.PayloadType.HANDSHAKE_REQUEST)
    made.write(b"out")
    made.write(b"err", m.PayloadType.STDERR)
    sent = [m.decode(frame) for frame in made.frames(0.0)]
    assert [(each.sequence, each.payload_type, each.payload) for each in sent] == [
        (0, 5, b"request"), (1, 1, b"out"), (2, 11, b"err"),
    ]  # fmt: skip
    assert not made.quiet
    for each in sent:
        made.receive(m.encode(m.acknowledgement(each, UUID(int=1), 1)))
    assert made.quiet
    assert made.receive(typed(0, b"{}", m.PayloadType.HANDSHAKE_RESPONSE)) == [Answered(b"{}")]
    assert made.receive(typed(1, m.flag_payload(m.Flag.DISCONNECT_TO_PORT), m.PayloadType.FLAG)) == [HungUp()]
    assert made.receive(typed(2, (9).to_bytes(4, "big"), m.PayloadType.FLAG)) == []


@pytest.mark.parametrize(
    "first",
    [opening("wrong"), opening(None), opening(1), "{}", "[]", "no JSON", "", r'{"TokenValue":"\ud800"}', "[" * 100_000],
)
def test_without_the_token_nothing_is_said(first: str) -> None:
    made = channel()
    made.write(b"secret")
    assert not made.connect(first, "right")
    assert made.frames(0.0) == []


def test_output_waits_when_too_much_is_on_the_way() -> None:
    made = opened()
    made.write(bytes(WINDOW))
    assert not made.room
    for frame in made.frames(0.0):
        assert made.receive(m.encode(m.acknowledgement(m.decode(frame), UUID(int=1), 1))) == []
    assert made.room
    assert made.next_due() is None


def test_what_is_not_acknowledged_is_sent_again_at_longer_and_longer_intervals() -> None:
    made = opened()
    made.write(b"x")
    moments: list[float | None] = []
    while len(moments) < 6:
        moments.append(made.next_due())
        assert made.frames(moments[-1] or 0.0)
    assert moments == pytest.approx([0.0, 0.2, 0.6, 1.4, 2.4, 3.4])


def test_input_that_has_no_place_is_left_to_be_sent_again() -> None:
    made = opened()
    assert made.receive(typed(0, b"x"), accept_input=False) == []
    assert made.frames(0.0) == []
    assert made.receive(typed(0, b"x")) == [Keys(b"x")]
    assert len(made.frames(0.0)) == 1


def test_sizes_and_the_wish_to_end() -> None:
    made = opened()
    assert made.receive(typed(0, b'{"cols": 120, "rows": 30}', m.PayloadType.SIZE)) == [Resized(120, 30)]
    assert made.receive(typed(1, b'{"cols": -1, "rows": 30}', m.PayloadType.SIZE)) == []
    assert made.receive(typed(2, (2).to_bytes(4, "big"), m.PayloadType.FLAG)) == [Terminated()]
    assert made.receive(typed(3, b"", 99)) == []
    assert len(made.frames(0.0)) == 4


@given(st.binary(max_size=200))
def test_garbage_is_dropped(frame: bytes) -> None:
    assert opened().receive(frame) == []


def test_the_end_comes_after_the_last_output_or_after_a_while() -> None:
    made, peer = opened(), Peer([])
    made.write(b"bye")
    made.finish("over", 0.0)
    (frame,) = made.frames(0.0)
    assert not made.closed
    made.receive(peer.receive(frame)[0])
    peer.receive(made.frames(0.1)[0])
    assert (peer.farewell, made.closed) == ("over", True)
    silent = opened()
    silent.write(b"bye")
    silent.finish("over", 0.0)
    silent.frames(0.0)
    assert m.decode(silent.frames(60.0)[-1]).type == m.CHANNEL_CLOSED
