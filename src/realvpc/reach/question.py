"""One question, one answer: a packet there, and its reply back."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from realvpc.net.addresses import Address
from realvpc.net.network import Network
from realvpc.net.packet import DEFAULT_SIZE, ECHO_REQUEST, PROTOCOL_NUMBERS, Packet
from realvpc.net.security_group import ICMP
from realvpc.net.trace import Trace
from realvpc.net.walk import walk

EPHEMERAL_PORT = 49152
"""The client's port in a question about TCP or UDP (RFC 6335: the dynamic range begins here)."""


class Question(Struct, frozen=True, kw_only=True):
    """Can ``at`` (an interface id, or INTERNET) send from ``source`` to ``destination`` and hear back?"""

    at: str
    source: Address
    destination: Address
    protocol: Literal["icmp", "tcp", "udp"] = "icmp"
    port: int = 0
    size: int = DEFAULT_SIZE

    def packet(self) -> Packet:
        """The first packet: an echo request, or one to ``port``."""
        number = PROTOCOL_NUMBERS[self.protocol]
        if number == ICMP:
            return Packet(
                source=self.source,
                destination=self.destination,
                protocol=ICMP,
                source_port=1,
                destination_port=1,
                icmp_type=ECHO_REQUEST,
                size=self.size,
            )
        return Packet(
            source=self.source,
            destination=self.destination,
            protocol=number,
            source_port=EPHEMERAL_PORT,
            destination_port=self.port,
            size=self.size,
        )


class Reachability(Struct, frozen=True):
    """``reply`` is None when the packet did not arrive."""

    question: Question
    forward: Trace
    reply: Trace | None

    @property
    def reachable(self) -> bool:
        return self.reply is not None and self.reply.delivered

    @property
    def decisive(self) -> Trace:
        """The trace that tells why: the one that failed, or the way there."""
        return self.reply if self.forward.delivered and self.reply and not self.reply.delivered else self.forward


def ask(network: Network, question: Question) -> Reachability:
    """Walk the packet and, if it arrives, the reply, which security groups let pass as part of a tracked flow."""
    forward = walk(network, question.packet(), question.at)
    if forward.delivered_to is None:
        return Reachability(question, forward, None)
    back = walk(network, forward.packet.reply(), forward.delivered_to, forward.tracked)
    return Reachability(question, forward, back)
