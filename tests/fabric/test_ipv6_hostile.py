"""Random and damaged chains of IPv6 headers: what arrives has ports that a rule admits, as another reader sees."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from realvpc.fabric import namespace
from realvpc.fabric.loader import Object
from realvpc.net.security_group import ICMPV6, TCP, UDP

from .kernel import TC_ACT_REDIRECT, Kernel
from .program import A, packet
from .test_ipv6_bytes import (
    A_ADDRESS,
    C_ADDRESS,
    DESTINATION,
    FRAGMENT,
    HOP_BY_HOP,
    ROUTING,
    WEB,
    extended,
    fragment,
    network,
    options,
)

pytestmark = pytest.mark.root

PACKETS, START = 4000, 14 + 40


def random_frame(random: Random) -> bytes:
    kind = random.choice((TCP, TCP, UDP, ICMPV6, 47))
    whole = replace(WEB, destination_port=random.choice((80, 22)), protocol=kind)
    if kind == ICMPV6:
        whole = packet(A_ADDRESS, C_ADDRESS, ICMPV6, icmp_type=random.choice((128, 1, 2)))
    frame = bytearray(extended(whole, *(random_header(random) for _ in range(random.randint(0, 4)))))
    for _ in range(random.randint(0, 3)):
        place = random.choice(
            (18, 19, 20, *range(START, min(len(frame), 140)))
        )  # length, next header, and what follows
        frame[place] = random.choice((0, 6, 17, 43, 44, 58, 60, 80, 255))
    return bytes(frame[: random.randint(60, len(frame))] if random.random() < 0.2 else frame)


def random_header(random: Random) -> tuple[int, bytes]:
    kind = random.choice((HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION, DESTINATION))
    if kind != FRAGMENT:
        return kind, options(random.randint(0, 2))
    return kind, fragment(random.choice((0, 0, 1, 5)), more=random.random() < 0.5, identification=random.randint(1, 3))


def read_on(ip: bytes) -> tuple[int, int] | None:
    """Protocol and destination port, where extension headers end; None in a later fragment."""
    following, offset = ip[6], 40
    while following in (HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION):
        header = ip[offset : offset + 8]
        if following == FRAGMENT and int.from_bytes(header[2:4], "big") & 0xFFF8:
            return None
        offset += 8 if following == FRAGMENT else (header[1] + 1) * 8
        following = header[0]
    return following, int.from_bytes(ip[offset + 2 : offset + 4], "big")


@pytest.mark.parametrize("seed", range(3))
def test_nothing_arrives_whose_ports_no_rule_admits(loaded: Object, where: Path, seed: int) -> None:
    random, kernel = Random(seed), Kernel(loaded, network())

    def arriving() -> list[bytes]:
        frames = [random_frame(random) for _ in range(PACKETS)]
        return [frame for frame in frames if kernel.run(frame, A).action == TC_ACT_REDIRECT]

    arrived = namespace.run_in(where, arriving)
    assert len(arrived) > PACKETS // 20
    for frame in arrived:
        found = read_on(frame[14:])
        assert found is None or found == (TCP, 80) or found[0] == UDP, frame.hex()
