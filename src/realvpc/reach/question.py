"""One question, one answer: a packet there, and its reply back, and whether the ends are who was asked about."""

from __future__ import annotations

from enum import Enum
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from realvpc.net import aws_hosts, nat64
from realvpc.net.addresses import Address
from realvpc.net.icmp import Icmpv6Type
from realvpc.net.load_balancing import balancer_at, listens
from realvpc.net.network import Network
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.packet import DEFAULT_SIZE, ECHO_REQUEST, PROTOCOL_NUMBERS, Packet
from realvpc.net.reasons import Layer, Reason
from realvpc.net.running import has_machine
from realvpc.net.security_group import ICMP, ICMPV6
from realvpc.net.services import INTERNET_ADDRESSES, IPV6_INTERNET_HOSTS
from realvpc.net.trace import ENDPOINTS, INTERNET, Hop, Trace
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
        """The first packet: an echo request, of ICMPv6 to an IPv6 address, or one to ``port``."""
        number = PROTOCOL_NUMBERS[self.protocol]
        if number == ICMP:
            is_ipv4 = self.destination.is_ipv4
            return Packet(
                source=self.source,
                destination=self.destination,
                protocol=ICMP if is_ipv4 else ICMPV6,
                source_port=1,
                destination_port=1,
                icmp_type=ECHO_REQUEST if is_ipv4 else Icmpv6Type.ECHO_REQUEST,
                size=self.size,
            )
        return Packet(
            source=self.source,
            destination=self.destination,
            protocol=number,
            source_port=EPHEMERAL_PORT,
            destination_port=self.port,
            opens=self.protocol == "tcp",
            size=self.size,
        )


class Misdelivery(Enum):
    """A packet that arrives, though not at a machine that it is for: ``(English, Japanese)``.

    No layer drops it, so these are no reasons of ``walk``.  The sentences may use ``{source}`` and ``{destination}`` of
    the packet that goes astray, ``{asked}`` and ``{instead}``.
    """

    ANOTHER_HAS_THE_ADDRESS = (
        "The packet arrives at {instead}: seen from {source}, the address {destination} is not that of {asked}.",
        "パケットは {instead} に届きます。{source} から見た {destination} は {asked} のアドレスではありません。",
    )
    NOBODY_HAS_THE_ADDRESS = (
        "The packet leaves for the internet, where nobody has the address {destination}.",
        "パケットはインターネットに出ますが、{destination} のアドレスを持つものはそこにありません。",
    )
    NAT64_REQUIRES_NAT_GATEWAY = (
        "The packet leaves for the internet, where nobody has the address {destination}: addresses of 64:ff9b::/96, "
        "which DNS64 gives to hosts of IPv4, are reached by a route from 64:ff9b::/96 to a NAT gateway.",
        "パケットはインターネットに出ますが、{destination} のアドレスを持つものはそこにありません。"
        "DNS64 が IPv4 のホストに付ける 64:ff9b::/96 のアドレスへは、"
        "64:ff9b::/96 から NAT ゲートウェイへのルートが必要です。",
    )
    REPLY_GOES_TO_ANOTHER = (
        "The reply arrives at {instead}: seen from {source}, the address {destination} is not that of {asked}.",
        "応答は {instead} に届きます。{source} から見た {destination} は {asked} のアドレスではありません。",
    )
    NO_LISTENER = (
        "The packet arrives at {instead}, where no active load balancer has a listener for it: nothing answers.",
        "パケットは {instead} に届きますが、アクティブなロードバランサーに該当するリスナーがないため応答はありません。",
    )
    AT_A_MIDDLEBOX = (
        "A route leads to {instead}, whose source/destination check is off: whether that machine passes on what is for "
        "{destination} is decided inside it.",
        "ルートは {instead} に通じていて、その送信元/送信先チェックはオフです。"
        "{destination} 宛てのパケットを転送するかどうかは、そのマシンの中の設定で決まります。",
    )


class Stray(Struct, frozen=True):
    """``trace`` ended at ``trace.delivered_to`` where ``asked`` was meant: None for whoever has the address."""

    kind: Misdelivery
    trace: Trace
    asked: str | None


class Reachability(Struct, frozen=True):
    """``reply`` is None when the packet did not arrive, or not where it was meant to."""

    question: Question
    forward: Trace
    reply: Trace | None
    stray: Stray | None = None

    @property
    def reachable(self) -> bool | None:
        """None: not known, because a machine on the way decides it."""
        if self.stray is not None and self.stray.kind is Misdelivery.AT_A_MIDDLEBOX:
            return None
        return self.stray is None and self.reply is not None and self.reply.delivered

    @property
    def decisive(self) -> Trace:
        """The trace that tells why: the one that failed, or the way there."""
        return self.reply if self.forward.delivered and self.reply and not self.reply.delivered else self.forward


def ask(network: Network, question: Question) -> Reachability:
    """Walk the packet and, if it arrives, the reply, which security groups let pass as part of a tracked flow.

    The reply is routed by itself: with CIDR blocks that repeat it may reach another machine than the one that asked
    (VPC peering guide, "Routing for response traffic").  Before any layer counts whether the machines run, and
    whether they are two.
    """
    settled = _not_running(network, question) or _to_itself(network, question)
    if settled is not None:
        return settled
    forward = walk(network, question.packet(), question.at)
    if forward.delivered_to is None:
        return Reachability(question, forward, None)
    meant = question.receiver
    if forward.delivered_to == INTERNET and not _is_in_the_internet(forward.packet.destination):
        is_nat64 = forward.packet.destination in nat64.BLOCK
        kind = Misdelivery.NAT64_REQUIRES_NAT_GATEWAY if is_nat64 else Misdelivery.NOBODY_HAS_THE_ADDRESS
        return Reachability(question, forward, None, Stray(kind, forward, meant))
    there = _arrived_at(network, forward)
    if _at_a_middlebox(network, forward):
        return Reachability(question, forward, None, Stray(Misdelivery.AT_A_MIDDLEBOX, forward, meant))
    if meant is not None and not _same_machine(network, there, meant):
        return Reachability(question, forward, None, Stray(Misdelivery.ANOTHER_HAS_THE_ADDRESS, forward, meant))
    interface = network.interfaces.get(there)
    balancer = balancer_at(network, interface) if interface is not None else None
    if balancer is not None and not (
        balancer.is_active and listens(network, balancer, question.protocol, question.port)
    ):
        return Reachability(question, forward, None, Stray(Misdelivery.NO_LISTENER, forward, meant))
    through = frozenset({forward.nat_flow}) if forward.nat_flow else frozenset()
    back = walk(network, forward.packet.reply(), forward.delivered_to, forward.tracked, through)
    if back.delivered_to is None or _same_machine(network, back.delivered_to, question.at):
        return Reachability(question, forward, back)
    kind = Misdelivery.AT_A_MIDDLEBOX if _at_a_middlebox(network, back) else Misdelivery.REPLY_GOES_TO_ANOTHER
    return Reachability(question, forward, back, Stray(kind, back, question.at))


def _arrived_at(network: Network, trace: Trace) -> str:
    """As ``delivered_to``; through an interface endpoint, its network interface."""
    if trace.delivered_to == ENDPOINTS:
        interface = network.endpoint_interface_with_identity(trace.packet.destination)
        return interface.id if interface else ENDPOINTS
    return trace.delivered_to or ""


def _is_in_the_internet(address: Address) -> bool:
    """Whether a host of the built-in internet has it; VPCs are behind gateways, where the walk has looked."""
    return address in INTERNET_ADDRESSES or address in aws_hosts.ADDRESSES or address in IPV6_INTERNET_HOSTS.values()


def _at_a_middlebox(network: Network, trace: Trace) -> bool:
    """Whether it arrived where only a check that is off let it: at a NAT instance, a firewall, a router.

    A machine knows nothing of its public IPv4 address: what comes for that without translation is not its own.
    """
    interface = network.interfaces.get(trace.delivered_to or "")
    if interface is None or interface.source_dest_check:
        return False
    instance = network.instance_of(interface)
    of_machine = network.interfaces_of(instance.id) if instance else (interface,)
    return not any(row.has(trace.packet.destination) for row in of_machine)


def _standing(network: Network, interface: NetworkInterface) -> str:
    """How an interface stands that nobody's machine has."""
    owner = interface.attachment.owner_id if interface.attachment else ""
    found = network.instance_of(interface) or network.vpc_endpoints.get(owner) or network.load_balancers.get(owner)
    return f"{found.id} is {found.state}" if found else "it is not attached"


def _not_running(network: Network, question: Question) -> Reachability | None:
    """The answer where an end that the question names is no running machine's."""
    for place in (question.at, question.receiver):
        interface = network.interfaces.get(place or "")
        if interface is None or has_machine(network, interface) or network.vpc_endpoint_of(interface) is not None:
            continue
        hop = Hop(Layer.DELIVERY, interface.id, _standing(network, interface), passed=False)
        reason = Reason.INSTANCE_NOT_RUNNING
        return Reachability(question, _at_once(question.packet(), hop, reason, interface.vpc_id), None)
    return None


def _to_itself(network: Network, question: Question) -> Reachability | None:
    """The answer where a machine asks for an address of its own: its kernel delivers, and no layer sees a packet."""
    sender = network.interfaces.get(question.at)
    instance = network.instance_of(sender) if sender else None
    if sender is None or instance is None:
        return None
    if not any(row.has(question.destination) for row in network.interfaces_of(instance.id)):
        return None
    if question.receiver is not None and not _same_machine(network, question.at, question.receiver):
        return None  # of another machine with the same address: where the packet strays to, the walk tells
    hop = Hop(Layer.DELIVERY, question.at, "its own address: no packet leaves the machine")
    there, back = (
        replace(_at_once(packet, hop, Reason.DELIVERED, sender.vpc_id), delivered_to=question.at)
        for packet in (question.packet(), question.packet().reply())
    )
    return Reachability(question, there, back)


def _at_once(packet: Packet, hop: Hop, reason: Reason, vpc_id: str) -> Trace:
    return Trace(sent=packet, packet=packet, hops=(hop,), reason=reason, resource=hop.resource, vpc_id=vpc_id)


def _same_machine(network: Network, one: str, other: str) -> bool:
    """Whether two places, interface ids or INTERNET, are the same or belong to one instance."""
    machines = [network.instance_of(row) for place in (one, other) if (row := network.interfaces.get(place))]
    return one == other or (len(machines) == 2 and machines[0] is not None and machines[0] == machines[1])
