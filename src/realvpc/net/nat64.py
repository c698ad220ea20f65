"""IPv6 packets to 64:ff9b::/96 as IPv4 ones, and back: what a NAT gateway does besides (RFC 6052, RFC 6146, RFC 7915;
VPC guide, "DNS64 and NAT64").

Only the remote end has addresses of both families.  The sender's stays as it is: the gateway puts its own in its place,
as it does with one of IPv4.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec.structs import replace

from .addresses import ANY_IPV4, Address, Cidr
from .icmp import FRAGMENTATION_NEEDED, IcmpType, Icmpv6Type
from .packet import Packet
from .security_group import ICMP, ICMPV6, TCP, UDP

BLOCK = Cidr.parse("64:ff9b::/96")
IPV4_HEADER, IPV6_HEADER, ICMP_HEADER = 20, 40, 8
LONGER = IPV6_HEADER - IPV4_HEADER
"""Bytes by which a packet grows when it becomes one of IPv6."""

Types: TypeAlias = dict[tuple[int, int | None], tuple[int, int]]

QUOTE = 8
"""Bytes of the transport header that a translated error quotes (RFC 792)."""

SMALLEST_MTU = 1280  # of IPv6: RFC 8200 section 5

_UNREACHABLE, _UNREACHABLE_IPV6 = IcmpType.DESTINATION_UNREACHABLE, Icmpv6Type.DESTINATION_UNREACHABLE

TO_ICMPV6: Types = {
    (IcmpType.ECHO_REQUEST, None): (Icmpv6Type.ECHO_REQUEST, 0),
    (IcmpType.ECHO_REPLY, None): (Icmpv6Type.ECHO_REPLY, 0),
    **{(_UNREACHABLE, code): (_UNREACHABLE_IPV6, 0) for code in (0, 1, 5, 6, 7, 8, 11, 12)},
    **{(_UNREACHABLE, code): (_UNREACHABLE_IPV6, 1) for code in (9, 10, 13, 15)},
    (_UNREACHABLE, 3): (_UNREACHABLE_IPV6, 4),
    (_UNREACHABLE, FRAGMENTATION_NEEDED): (Icmpv6Type.PACKET_TOO_BIG, 0),
    (IcmpType.TIME_EXCEEDED, 0): (Icmpv6Type.TIME_EXCEEDED, 0),
    (IcmpType.TIME_EXCEEDED, 1): (Icmpv6Type.TIME_EXCEEDED, 1),
}
"""Types and codes (None: any, of which 0 is left): RFC 7915 section 4.2, but for what points into a header."""

TO_ICMP: Types = {
    (Icmpv6Type.ECHO_REQUEST, None): (IcmpType.ECHO_REQUEST, 0),
    (Icmpv6Type.ECHO_REPLY, None): (IcmpType.ECHO_REPLY, 0),
    **{(_UNREACHABLE_IPV6, code): (_UNREACHABLE, 1) for code in (0, 2, 3)},
    (_UNREACHABLE_IPV6, 1): (_UNREACHABLE, 10),
    (_UNREACHABLE_IPV6, 4): (_UNREACHABLE, 3),
    (Icmpv6Type.PACKET_TOO_BIG, None): (_UNREACHABLE, FRAGMENTATION_NEEDED),
    (Icmpv6Type.TIME_EXCEEDED, 0): (IcmpType.TIME_EXCEEDED, 0),
    (Icmpv6Type.TIME_EXCEEDED, 1): (IcmpType.TIME_EXCEEDED, 1),
}
"""The same the other way round: RFC 7915 section 5.2."""


def embedded(address: Address) -> Address | None:
    """The IPv4 address that one of the block stands for."""
    return ANY_IPV4.at(address - BLOCK.network) if address in BLOCK else None


def standing_for(address: Address) -> Address:
    """The address of the block that stands for one of IPv4."""
    return BLOCK.at(address - ANY_IPV4.network)


def to_ipv4(packet: Packet) -> Packet | None:
    """What an IPv6 packet becomes, but for its source; None where there is no such thing."""
    quoted, destination = packet.quoted, embedded(packet.destination)
    if quoted is not None:
        remote, inner = embedded(quoted.source), _with_icmp(quoted, ICMPV6, ICMP, TO_ICMP)
        quoted = replace(inner, source=remote) if inner and remote is not None else None
    translated = _with_icmp(packet, ICMPV6, ICMP, TO_ICMP)
    if destination is None or translated is None or (quoted is None and packet.quoted is not None):
        return None
    size = packet.size - LONGER if quoted is None else 2 * IPV4_HEADER + ICMP_HEADER + QUOTE
    return replace(translated, destination=destination, quoted=quoted, size=size)


def to_ipv6(packet: Packet) -> Packet | None:
    """What an IPv4 packet for an IPv6 address becomes; None where there is no such thing."""
    quoted = packet.quoted
    if quoted is not None:
        inner = _with_icmp(quoted, ICMP, ICMPV6, TO_ICMPV6)
        quoted = replace(inner, destination=standing_for(quoted.destination)) if inner else None
    translated = _with_icmp(packet, ICMP, ICMPV6, TO_ICMPV6)
    if translated is None or (quoted is None and packet.quoted is not None):
        return None
    size = packet.size + LONGER if quoted is None else 2 * IPV6_HEADER + ICMP_HEADER + QUOTE
    return replace(translated, source=standing_for(packet.source), quoted=quoted, size=size)


def _with_icmp(packet: Packet, old: int, new: int, types: Types) -> Packet | None:
    """With the other family's protocol, type and code."""
    if packet.protocol in (TCP, UDP):
        return packet
    if packet.protocol != old:
        return None
    kind, code = packet.icmp_type, packet.icmp_code
    found = types.get((kind, code)) or types.get((kind, None))
    return replace(packet, protocol=new, icmp_type=found[0], icmp_code=found[1]) if found else None
