"""What ``walk`` says of every pair of machines of a network: who answers, and does the asker hear it?

Some machines are routers.  What arrives at one of them for somebody else goes on from there, as its kernel forwards it;
of all pairs without one on the way ``reach`` says the same.  S3 and the interfaces of endpoints are asked, and ask
nobody; a machine with two interfaces stands for two of whom neither asks the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Literal, NamedTuple

from realvpc.net import aws_hosts
from realvpc.net.addresses import Address
from realvpc.net.nat_flow import NatFlow
from realvpc.net.network import Network
from realvpc.net.packet import Flow, Packet
from realvpc.net.services import INTERNET_HOSTS, IPV6_INTERNET_HOSTS
from realvpc.net.trace import AWS, ENDPOINTS, INTERNET
from realvpc.net.walk import walk
from realvpc.reach.question import Question, ask

TCP_PORTS, UDP_PORT = (80, 443), 5000
INTERNET_ADDRESSES = (INTERNET_HOSTS["one.example.com"], IPV6_INTERNET_HOSTS["one.example.com"])
"""Of the one host of the internet that takes part."""

HOPS_MAXIMUM = 64  # of a packet that Linux sends

Protocol = Literal["icmp", "tcp", "udp"]


class Probe(NamedTuple):
    """``asker`` and ``receiver`` are interface ids or INTERNET; the receiver is whose address the destination is, AWS
    for S3's."""

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
            receiver=_entry(self.receiver),
            protocol=self.protocol,
            port=self.port,
        )

    def __str__(self) -> str:
        return f"{self.asker} {self.source} -> {self.receiver} {self.destination} {self.protocol} {self.port or ''}"


def probes(network: Network, machines: Iterable[str], endpoints: Iterable[str]) -> list[Probe]:
    """Of all ordered pairs of these interfaces and the internet, by each protocol, to each address in both families;
    and from each interface to S3 and to these interfaces of endpoints."""
    places = [*machines, INTERNET]
    return [
        *(probe for asker in places for receiver in places for probe in _between(network, asker, receiver)),
        *(
            probe
            for asker in places[:-1]
            for receiver in (AWS, *endpoints)
            for probe in _to_aws(network, asker, receiver)
        ),
    ]


def _between(network: Network, asker: str, receiver: str) -> Iterator[Probe]:
    if _machine(network, asker) == _machine(network, receiver):
        return
    own = [address for _, address in _addresses(network, asker)]
    for is_public, destination in _addresses(network, receiver):
        source = next((each for each in own if each.is_ipv4 == destination.is_ipv4), None)
        is_meant = asker != INTERNET or is_public or not destination.is_ipv4
        if source is None or destination in _own(network, asker) or not is_meant:
            continue
        asked: list[tuple[Protocol, int]] = [("icmp", 0), ("udp", UDP_PORT)]
        asked += [("tcp", port) for port in TCP_PORTS]
        for each in asked:
            yield Probe(asker, receiver, source, destination, *each)


def _to_aws(network: Network, asker: str, receiver: str) -> Iterator[Probe]:
    """To S3 of its own Region, or to an endpoint's interface."""
    interface = network.interfaces[asker]
    destination = aws_hosts.HOSTS[f"s3.{interface.region}.amazonaws.com"]
    if receiver != AWS:
        destination = network.interfaces[receiver].ipv4_on_link
    asked: list[tuple[Protocol, int]] = [("tcp", port) for port in TCP_PORTS]
    asked += [("icmp", 0)] if receiver == AWS else []
    if destination not in _own(network, asker):
        for source, each in product(interface.private_addresses[:1], asked):
            yield Probe(asker, receiver, source, destination, *each)


def _machine(network: Network, place: str) -> str:
    """Whose interface it is."""
    interface = network.interfaces.get(place)
    return interface.attachment.owner_id if interface and interface.attachment else place


def _own(network: Network, place: str) -> set[Address]:
    """What never leaves the machine."""
    if place == INTERNET:
        return set(INTERNET_ADDRESSES)
    return {address for row in network.interfaces_of(_machine(network, place)) for address in row.addresses}


def _addresses(network: Network, place: str) -> list[tuple[bool, Address]]:
    """Private before public."""
    if place == INTERNET:
        return [(True, address) for address in INTERNET_ADDRESSES]
    interface = network.interfaces[place]
    public = network.public_address_of(interface)
    return [
        *((False, address) for address in interface.private_addresses[:1]),
        *([(True, public)] if public else []),
        *((False, address) for address in interface.ipv6_addresses[:1]),
    ]


def answerer(network: Network, probe: Probe) -> str | None:
    """The interface (or INTERNET, or AWS) that answers, where the answer comes back to the one that asked."""
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
        at = ENDPOINTS if self._is_of_endpoint(at) else _entry(at)
        for _ in range(HOPS_MAXIMUM):
            trace = walk(self.network, packet, at, self.flows, self.nat_flows)
            if trace.delivered_to is None:
                return None
            self.flows = trace.tracked | self.flows  # of equal ones the newer
            self.nat_flows |= {trace.nat_flow} if trace.nat_flow else set()
            packet, at = trace.packet, trace.delivered_to
            if at == INTERNET:
                is_of_aws = packet.destination in aws_hosts.ADDRESSES
                return (
                    (AWS if is_of_aws else at, packet)
                    if is_of_aws or packet.destination in INTERNET_ADDRESSES
                    else None
                )
            if at == ENDPOINTS:
                interface = self.network.endpoint_interface_with_identity(packet.destination)
                return (interface.id, packet) if interface else None
            interface = self.network.interfaces[at]
            if packet.destination in interface.addresses:
                return at, packet
            if packet.source in interface.addresses:
                return None  # no kernel takes its own address from outside
            if packet.destination.is_ipv4 not in {address.is_ipv4 for address in interface.addresses}:
                return None  # without an address it has no route
        return None

    def _is_of_endpoint(self, place: str) -> bool:
        interface = self.network.interfaces.get(place)
        return interface is not None and self.network.vpc_endpoint_of(interface) is not None


def _entry(place: str) -> str:
    """Where ``walk`` lets in what comes from there: S3 is a part of the internet."""
    return INTERNET if place == AWS else place
