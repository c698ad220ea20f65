"""Another port to try where one is taken."""

from __future__ import annotations

import socket

_TRIES = 64


def next_free_port(port: int) -> int:
    """The next one that is free on 127.0.0.1, or the next one of all where none of the next 64 is."""
    candidates = [(port + step) % 65535 + 1 for step in range(_TRIES)]
    return next(filter(_is_free, candidates), candidates[0])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
