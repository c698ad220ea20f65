"""What the node answered: the message that was expected, or why there is none."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from . import messages as m
from .channel import Frame

PATIENCE_SECONDS = 10.0  # for a greeting

_A = TypeVar("_A")


class NodeError(Exception):
    """The node refused; the text is its reason."""


class NodeLostError(NodeError):
    """The node cannot be reached, went away, or does not speak our protocol."""


def open_answer(frame: Frame | None, *, keep_fds: bool = False) -> m.Event | m.Answer:
    if frame is None:
        raise NodeLostError("the node closed the connection")
    if not keep_fds:
        frame.close_fds()
    try:
        return m.decode_answer(frame.payload)
    except msgspec.DecodeError as error:
        raise NodeLostError(f"the node does not speak our protocol: {error}") from error


def terminal_of(started: Frame | None) -> int:
    """The terminal that came with `Started`.  Raises NodeLostError."""
    if not started or len(started.fds) != 1:
        raise NodeLostError("the node sent no terminal")
    return started.fds[0]


def expect(message: m.Event | m.Answer, kind: type[_A]) -> _A:
    if isinstance(message, m.Refused):
        raise NodeError(message.reason)
    if not isinstance(message, kind):
        raise NodeLostError(f"the node said {type(message).__name__}, not {kind.__name__}")
    return message
