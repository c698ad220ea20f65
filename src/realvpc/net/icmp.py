"""The ICMP messages that mean something to a VPC, of both families (RFC 792, RFC 950; RFC 4443, RFC 4861)."""

from __future__ import annotations

from enum import IntEnum

from .security_group import ICMP, ICMPV6


class IcmpType(IntEnum):
    ECHO_REPLY = 0
    DESTINATION_UNREACHABLE = 3
    SOURCE_QUENCH = 4
    REDIRECT = 5
    ECHO_REQUEST = 8
    TIME_EXCEEDED = 11
    PARAMETER_PROBLEM = 12
    TIMESTAMP = 13
    TIMESTAMP_REPLY = 14
    INFORMATION_REQUEST = 15
    INFORMATION_REPLY = 16
    ADDRESS_MASK_REQUEST = 17
    ADDRESS_MASK_REPLY = 18


class Icmpv6Type(IntEnum):
    DESTINATION_UNREACHABLE = 1
    PACKET_TOO_BIG = 2
    TIME_EXCEEDED = 3
    PARAMETER_PROBLEM = 4
    ECHO_REQUEST = 128
    ECHO_REPLY = 129
    ROUTER_SOLICITATION = 133
    ROUTER_ADVERTISEMENT = 134
    NEIGHBOUR_SOLICITATION = 135
    NEIGHBOUR_ADVERTISEMENT = 136
    REDIRECT = 137


FRAGMENTATION_NEEDED = 4
"""The code of DESTINATION_UNREACHABLE with which a router tells its MTU (RFC 1191)."""

ERRORS: dict[int, frozenset[int]] = {
    ICMP: frozenset(
        {
            IcmpType.DESTINATION_UNREACHABLE,
            IcmpType.SOURCE_QUENCH,
            IcmpType.REDIRECT,
            IcmpType.TIME_EXCEEDED,
            IcmpType.PARAMETER_PROBLEM,
        }
    ),
    ICMPV6: frozenset(
        {
            Icmpv6Type.DESTINATION_UNREACHABLE,
            Icmpv6Type.PACKET_TOO_BIG,
            Icmpv6Type.TIME_EXCEEDED,
            Icmpv6Type.PARAMETER_PROBLEM,
        }
    ),
}
"""By protocol, the types that quote the packet that they speak of."""

QUERIES: dict[int, dict[int, int]] = {
    ICMP: {
        IcmpType.ECHO_REQUEST: IcmpType.ECHO_REPLY,
        IcmpType.TIMESTAMP: IcmpType.TIMESTAMP_REPLY,
        IcmpType.INFORMATION_REQUEST: IcmpType.INFORMATION_REPLY,
        IcmpType.ADDRESS_MASK_REQUEST: IcmpType.ADDRESS_MASK_REPLY,
    },
    ICMPV6: {Icmpv6Type.ECHO_REQUEST: Icmpv6Type.ECHO_REPLY},
}

ANSWERS: dict[int, dict[int, int]] = {
    protocol: queries | {reply: query for query, reply in queries.items()} for protocol, queries in QUERIES.items()
}
"""By protocol, the type that comes back for a type: queries and replies, which carry an identifier."""


def has_identifier(protocol: int, icmp_type: int) -> bool:
    """Whether the message is a query or a reply, told apart from others of its kind by an identifier."""
    return icmp_type in ANSWERS.get(protocol, {})


def is_query(protocol: int, icmp_type: int) -> bool:
    """Whether the message asks for a reply."""
    return icmp_type in QUERIES.get(protocol, {})


def answering(protocol: int, icmp_type: int) -> int:
    """The type with which the other side takes part in the same exchange: its own, where there is no pair of types."""
    return ANSWERS.get(protocol, {}).get(icmp_type, icmp_type)
