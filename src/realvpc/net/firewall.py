"""What the security groups of one network interface say to one packet.

Stateful: a tracked flow passes without a look at the rules.  ICMP is always tracked.  A TCP or UDP flow is untracked
when a rule admits it from (or to) everywhere and the opposite direction admits every port to (or from) everywhere
(EC2 guide, "Security group connection tracking"); it then lives and dies with the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from .addresses import Cidr
from .network import Network
from .network_interface import EVERYTHING_PASSES, NetworkInterface
from .packet import Flow, Packet
from .security_group import (
    ALL_PROTOCOLS,
    ICMP,
    ICMPV6,
    PORT_MAXIMUM,
    PORT_MINIMUM,
    TCP,
    UDP,
    GroupReference,
    PrefixListReference,
    SecurityGroup,
    SecurityGroupRule,
    peer_id,
)


def _everything(cidr: str, *, is_egress: bool) -> SecurityGroupRule:
    return SecurityGroupRule(
        id="", is_egress=is_egress, protocol=ALL_PROTOCOLS, from_port=-1, to_port=-1, peer=Cidr.parse(cidr)
    )


_OPEN = SecurityGroup(
    id=EVERYTHING_PASSES,
    account="",
    region="",
    vpc_id="",
    name="",
    description="",
    rules=tuple(_everything(cidr, is_egress=out) for cidr in ("0.0.0.0/0", "::/0") for out in (False, True)),
)
"""As if an interface without groups had one."""


class Verdict(Struct, frozen=True):
    """``rule`` says in words what admitted the packet; ``track`` is the flow to remember."""

    passed: bool
    rule: str
    track: Flow | None = None


def rules_of(
    network: Network, interface: NetworkInterface, *, is_egress: bool
) -> Iterator[tuple[SecurityGroup, SecurityGroupRule]]:
    """The rules that count in one direction: the union of all groups, without stale references, and with the entries of
    prefix lists in their place."""
    groups = interface.group_ids if interface.is_filtered else interface.filtering
    return rules_of_groups(network, groups, is_egress=is_egress)


def rules_of_groups(
    network: Network, group_ids: Iterable[str], *, is_egress: bool
) -> Iterator[tuple[SecurityGroup, SecurityGroupRule]]:
    """As ``rules_of``, for an interface that has these groups."""
    for group_id in group_ids:
        group = _OPEN if group_id == EVERYTHING_PASSES else network.security_groups[group_id]
        for rule in group.rules:
            if rule.is_egress == is_egress:
                yield from ((group, each) for each in _that_count(network, group, rule))


def _that_count(network: Network, group: SecurityGroup, rule: SecurityGroupRule) -> Iterator[SecurityGroupRule]:
    """The rule, unless it is stale; one for each entry in place of a prefix list."""
    match rule.peer:
        case PrefixListReference(prefix_list_id):
            yield from (replace(rule, peer=cidr) for cidr in network.cidrs_of_list(prefix_list_id))
        case GroupReference() if not network.reference_is_live(group, rule.peer):
            pass
        case _:
            yield rule


def is_untracked(rule: SecurityGroupRule, protocol: int, opposite: Iterable[SecurityGroupRule]) -> bool:
    """Whether a flow of ``protocol`` that ``rule`` admits is left untracked, given the opposite direction's rules."""
    return (
        protocol in (TCP, UDP)
        and isinstance(rule.peer, Cidr)
        and rule.peer.is_default
        and any(_opens_every_port(other, protocol, rule.peer) for other in opposite)
    )


def _opens_every_port(rule: SecurityGroupRule, protocol: int, everywhere: Cidr) -> bool:
    if rule.peer != everywhere:
        return False
    ports = (rule.from_port, rule.to_port)
    return rule.protocol == ALL_PROTOCOLS or (rule.protocol == protocol and ports == (PORT_MINIMUM, PORT_MAXIMUM))


def examine(
    network: Network, interface: NetworkInterface, packet: Packet, flows: frozenset[Flow], *, is_egress: bool
) -> Verdict:
    """Decide about ``packet``, which leaves (``is_egress``) or enters; ``flows`` are those tracked so far."""
    seen_as = Flow.leaving if is_egress else Flow.arriving
    if packet.quoted is not None:
        quoted_flow = (Flow.arriving if is_egress else Flow.leaving)(interface.id, packet.quoted)
        if quoted_flow in flows:
            return Verdict(True, "error message about a tracked flow")
    flow = seen_as(interface.id, packet)
    if packet.quoted is None and flow in flows:
        return Verdict(True, "tracked flow")

    forward = list(rules_of(network, interface, is_egress=is_egress))
    admitting = [(group, rule) for group, rule in forward if _admits(network, rule, packet, is_egress=is_egress)]
    if not admitting:
        return Verdict(False, "no rule matches")
    group, rule = admitting[0]
    words = f"{group.id} {describe(rule)}"
    if packet.quoted is not None:
        return Verdict(True, words)

    backward = [rule for _, rule in rules_of(network, interface, is_egress=not is_egress)]
    reply = packet.reply()
    untracked = any(is_untracked(r, packet.protocol, backward) for _, r in admitting) or any(
        is_untracked(r, packet.protocol, [rule for _, rule in forward])
        and _admits(network, r, reply, is_egress=not is_egress)
        for r in backward
    )
    return Verdict(True, words, None if untracked else flow)


def _admits(network: Network, rule: SecurityGroupRule, packet: Packet, *, is_egress: bool) -> bool:
    remote = packet.destination if is_egress else packet.source
    if packet.protocol in (ICMP, ICMPV6):
        low, high = packet.icmp_type, packet.icmp_code
    else:
        low = high = packet.destination_port
    if not rule.matches(packet.protocol, low, high):
        return False
    if isinstance(rule.peer, GroupReference):
        return network.group_has(rule.peer.group_id, remote)
    return isinstance(rule.peer, Cidr) and remote in rule.peer


def describe(rule: SecurityGroupRule) -> str:
    """The rule in words: ``inbound tcp 443 from 10.0.0.0/16``."""
    direction, preposition = ("outbound", "to") if rule.is_egress else ("inbound", "from")
    protocol = {ALL_PROTOCOLS: "all traffic", TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMPV6: "icmpv6"}.get(
        rule.protocol, f"protocol {rule.protocol}"
    )
    ports = ""
    if rule.protocol in (TCP, UDP):
        ports = f" {rule.from_port}" if rule.from_port == rule.to_port else f" {rule.from_port}-{rule.to_port}"
    peer = peer_id(rule.peer) or rule.peer
    return f"{direction} {protocol}{ports} {preposition} {peer}"
