"""The port that a message suggests where one is taken."""

from __future__ import annotations

import socket
from contextlib import ExitStack

from realvpc.daemon.free_port import next_free_port


def listening(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))


def test_what_is_taken_is_passed_over() -> None:
    with ExitStack() as held:
        first = held.enter_context(listening(0)).getsockname()[1]
        second = next_free_port(first)
        held.enter_context(listening(second))
        assert next_free_port(first) not in (first, second)


def test_after_the_last_port_comes_none_beyond_it() -> None:
    assert 1 <= next_free_port(65535) <= 65535
