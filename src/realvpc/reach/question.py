"""One question, one answer: a packet there, and its reply back, and whether the ends are who was asked about."""

from __future__ import annotations

from enum import Enum
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
    """Can ``at`` (an interface id, or INTERNET) send from ``source`` to ``destination`` and hear back?

    ``receiver`` is whom the question is about, an interface id or INTERNET: addresses repeat, and where the packet goes
    another machine may have the destination.  None: whoever has the address.
    """

    at: str
    source: Address
    destination: Address
    receiver: str | None = None
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


class Misdelivery(Enum):
    """A packet that arrives, though not at the machine that the question is about: ``(English, Japanese)``.

    No layer drops it, so these are no reasons of ``walk``.  The sentences may use ``{source}`` and ``{destination}`` of
    the packet that goes astray, ``{asked}`` and ``{instead}``.
    """

    ANOTHER_HAS_THE_ADDRESS = (
        "The packet arrives at {instead}: seen from {source}, the address {destination} is not that of {asked}.",
        "パケットは {instead} に届きます。{source} から見た {destination} は {asked} のアドレスではありません。",
    )
    REPLY_GOES_TO_ANOTHER = (
        "The reply arrives at {instead}: seen from {source}, the address {destination} is not that of {asked}.",
        "応答は {instead} に届きます。{source} から見た {destination} は {asked} のアドレスではありません。",
    )


class Stray(Struct, frozen=True):
    """``trace`` ended at ``trace.delivered_to`` where ``asked`` was meant."""

    kind: Misdelivery
    trace: Trace
    asked: str


class Reachability(Struct, frozen=True):
    """``reply`` is None when the packet did not arrive, or not where it was meant to."""

    question: Question
    forward: Trace
    reply: Trace | None
    stray: Stray | None = None

    @property
    def reachable(self) -> bool:
        return self.stray is None and self.reply is not None and self.reply.delivered

    @property
    def decisive(self) -> Trace:
        """The trace that tells why: the one that failed, or the way there."""
        return self.reply if self.forward.delivered and self.reply and not self.reply.delivered else self.forward


def ask(network: Network, question: Question) -> Reachability:
    """Walk the packet and, if it arrives, the reply, which security groups let pass as part of a tracked flow.

    The reply is routed by itself: with CIDR blocks that repeat it may reach another machine than the one that asked
    (VPC peering guide, "Routing for response traffic").
    """
    forward = walk(network, question.packet(), question.at)
    if forward.delivered_to is None:
        return Reachability(question, forward, None)
    meant = question.receiver
    if meant is not None and not _same_machine(network, forward.delivered_to, meant):
        return Reachability(question, forward, None, Stray(Misdelivery.ANOTHER_HAS_THE_ADDRESS, forward, meant))
    back = walk(network, forward.packet.reply(), forward.delivered_to, forward.tracked)
    if back.delivered_to is None or _same_machine(network, back.delivered_to, question.at):
        return Reachability(question, forward, back)
    return Reachability(question, forward, back, Stray(Misdelivery.REPLY_GOES_TO_ANOTHER, back, question.at))


def _same_machine(network: Network, one: str, other: str) -> bool:
    """Whether two places, interface ids or INTERNET, are the same or belong to one instance."""
    machines = [network.instance_of(row) for place in (one, other) if (row := network.interfaces.get(place))]
    return one == other or (len(machines) == 2 and machines[0] is not None and machines[0] == machines[1])
