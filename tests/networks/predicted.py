"""What ``walk`` says of every pair of machines of a network: who answers, and does the asker hear it?

Some machines are routers.  What arrives at one of them for somebody else goes on from there, as its kernel forwards it;
of all pairs without one on the way ``reach`` says the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from realvpc.net.addresses import Address
from realvpc.net.nat_flow import NatFlow
from realvpc.net.network import Network
from realvpc.net.packet import Flow, Packet
from realvpc.net.services import INTERNET_HOSTS, IPV6_INTERNET_HOSTS
from realvpc.net.trace import INTERNET
from realvpc.net.walk import walk
from realvpc.reach.question import Question, ask

TCP_PORTS, UDP_PORT = (80, 443), 5000
INTERNET_ADDRESSES = (INTERNET_HOSTS["one.example.com"], IPV6_INTERNET_HOSTS["one.example.com"])
"""Of the one host of the internet that takes part."""

HOPS_MAXIMUM = 64  # of a packet that Linux sends

Protocol = Literal["icmp", "tcp", "udp"]


class Probe(NamedTuple):
    """``asker`` and ``receiver`` are interface ids or INTERNET; the receiver is whose address the destination is."""

    asker: str
    receiver: str
    source: Address
    destination: Address
    protocol: Protocol
    port: int

    @property
    def question(self) -> Question:
        return Question(
            at=self.asker,
            source=self.source,
            destination=self.destination,
            receiver=self.receiver,
            protocol=self.protocol,
            port=self.port,
        )

    def __str__(self) -> str:
        return f"{self.asker} {self.source} -> {self.receiver} {self.destination} {self.protocol} {self.port or ''}"


def probes(network: Network, machines: Iterable[str]) -> list[Probe]:
    """Of all ordered pairs of these interfaces and the internet, by each protocol, to each address in both families."""
    places = [*machines, INTERNET]
    made = []
    for asker in places:
        own = [address for _, address in _addresses(network, asker)]
        for receiver in places:
            for is_public, destination in _addresses(network, receiver):
                source = next((each for each in own if each.is_ipv4 == destination.is_ipv4), None)
                is_meant = asker != INTERNET or is_public or not destination.is_ipv4
                if receiver == asker or source is None or destination in own or not is_meant:
                    continue
                asked: list[tuple[Protocol, int]] = [("icmp", 0), ("udp", UDP_PORT)]
                asked += [("tcp", port) for port in TCP_PORTS]
                made += [Probe(asker, receiver, source, destination, *each) for each in asked]
    return made


def _addresses(network: Network, place: str) -> list[tuple[bool, Address]]:
    """Private before public."""
    if place == INTERNET:
        return [(True, address) for address in INTERNET_ADDRESSES]
    interface = network.interfaces[place]
    public = network.public_address_of(interface)
    return [
        (False, interface.private_address),
        *([(True, public)] if public else []),
        *((False, address) for address in interface.ipv6_addresses[:1]),
    ]


def answerer(network: Network, probe: Probe) -> str | None:
    """The interface (or INTERNET) whose machine answers, where the answer comes back to the one that asked."""
    journey = _Journey(network)
    arrived = journey.travel(probe.question.packet(), probe.asker)
    if arrived is None:
        return None
    there, packet = arrived
    back = journey.travel(packet.reply(), there)
    return there if back is not None and back[0] == probe.asker else None


def agrees_with_reach(network: Network, probe: Probe, answers: str | None) -> bool:
    return ask(network, probe.question).reachable in (None, answers == probe.receiver)


class _Journey:
    """A packet and its answer, with what was noted of them on the way."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.flows: frozenset[Flow] = frozenset()
        self.nat_flows: frozenset[NatFlow] = frozenset()

    def travel(self, packet: Packet, at: str) -> tuple[str, Packet] | None:
        """Where it is taken for the machine's own, and what it is then."""
        for _ in range(HOPS_MAXIMUM):
            trace = walk(self.network, packet, at, self.flows, self.nat_flows)
            if trace.delivered_to is None:
                return None
            self.flows |= trace.tracked
            self.nat_flows |= {trace.nat_flow} if trace.nat_flow else set()
            packet, at = trace.packet, trace.delivered_to
            if at == INTERNET:
                return (at, packet) if packet.destination in INTERNET_ADDRESSES else None
            interface = self.network.interfaces[at]
            if packet.destination in interface.addresses:
                return at, packet
            if packet.source in interface.addresses:
                return None  # no kernel takes its own address from outside
            if packet.destination.is_ipv4 not in {address.is_ipv4 for address in interface.addresses}:
                return None  # without an address it has no route
        return None
