"""Places on the loopback for who lets a socket go and takes its place again: nobody else gets it meanwhile."""

from __future__ import annotations

import random

PORT = 10_053
"""The first of a few below the range that connections' own ports come from (ip(7)): at an address of one's own nobody
else asks for them."""


def own_address() -> str:
    """One of 127.0.0.0/8 that no other test is at, whichever process runs it."""
    second, third, fourth = (random.SystemRandom().randrange(1, 255) for _ in range(3))
    return f"127.{second}.{third}.{fourth}"
