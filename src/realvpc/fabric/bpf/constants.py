"""Numbers that only the program and its tables know; what the model knows too stands in ``realvpc.net``.

C gets all of them, with those of the model, from ``generate.py``: it defines none by hand.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

INTERNET_ID = 0  # stands where an interface's id would
ALL_INTERFACES = 0  # as well, in `tallies`
ALL_NAT_GATEWAYS = (1 << 63) - 1  # the same, and no id of AWS's
ROUTER_MAC = bytes.fromhex("020000000001")  # the VPC router's, in every subnet
ROUTER_TTL = 64
IPV6_PREFIX = 2  # of a group member: the first address of a delegated prefix
RULES_PER_CHUNK = 16
RULE_CHUNKS = 4096  # 65,536 rules in one direction; AWS allows 1,000 of groups and 40 of an ACL, an operator more
LPM_TABLE_BITS = 64

# Stand for the rule set of a network ACL that lets everything pass, and of one that does so with IPv4 and has no rule
# of IPv6, which is what most subnets have.
ACL_PASSES, ACL_PASSES_IPV4 = 0, 1

# How long a flow is remembered after its last packet, in seconds (EC2 guide, "Security group connection tracking").
# The guide has no figure for TCP before it is established and after it is closed.
SECONDS_TCP_ESTABLISHED = 432_000
SECONDS_TCP_OPENING = 60
SECONDS_TCP_CLOSED = 10
SECONDS_UDP_SINGLE = 30
SECONDS_UDP_STREAM = 180
SECONDS_ICMP = 30
SECONDS_OTHER = 600

# A timer goes round all flows, once a second; of many flows only so many at a time that it delays nobody, which takes
# 13 seconds when the table is full.
FLOWS_PER_LOOK = 2048
LOOKS_PER_ROUND = 20
NANOSECONDS_BETWEEN_LOOKS = 50_000_000
NANOSECONDS = 1_000_000_000  # in a second

# A flow has a place in `decisions` (1.8 MB on each CPU), named by the highest bits of a hash.
DECISION_PLACES = 1 << 14
HASH_SHIFT = 64 - 14

FRAGMENT_PLACES = 64  # packets whose fragments an interface may have under way; a power of 2

# What the program leaves in skb->cb for whoever runs it by hand (BPF_PROG_TEST_RUN).
CB_REASON, CB_IFINDEX = 0, 1

# RFC 791: the field of flags and fragment offset, the length of a header without options, in words of
# 4 bytes, and the greatest length, in bytes.
FRAGMENT_OFFSET, MORE_FRAGMENTS, DONT_FRAGMENT = 0x1FFF, 0x2000, 0x4000
IPV4, IPV4_HEADER_WORDS, IPV4_HEADER_MAXIMUM = 4, 5, 60

# RFC 8200: headers that may stand before the transport header, how many at most, and in that of a fragment where it
# begins, in bytes.
IPV6, IPV6_HEADER = 6, 40
IPV6_HOP_BY_HOP, IPV6_ROUTING, IPV6_FRAGMENT, IPV6_DESTINATION_OPTIONS = 0, 43, 44, 60
IPV6_EXTENSIONS_MAXIMUM = 7
IPV6_FRAGMENT_OFFSET, IPV6_MORE_FRAGMENTS = 0xFFF8, 0x0001

# RFC 4861: what comes with this hop limit has passed no router; the flags of an advertisement; its option with a MAC.
NEIGHBOUR_HOP_LIMIT = 255
NEIGHBOUR_IS_ROUTER, NEIGHBOUR_SOLICITED, NEIGHBOUR_OVERRIDES = 1 << 31, 1 << 30, 1 << 29
NEIGHBOUR_TARGET_OPTION = 2

# The least that a transport header has, in bytes (RFC 9293, RFC 768), and where its checksum lies.
TCP_HEADER, UDP_HEADER = 20, 8
TCP_CHECKSUM_PLACE, UDP_CHECKSUM_PLACE = 16, 6

TOO_BIG_QUOTE, TOO_BIG_QUOTE_IPV6 = (
    40,
    80,
)  # bytes of a packet that is too big in the answer: what checksum offload may still refer to


class TcpFlag(IntFlag):
    FIN = 0x01
    SYN = 0x02
    RST = 0x04
    ACK = 0x10


class Arp(IntEnum):
    """RFC 826."""

    REQUEST = 1
    REPLY = 2


class Edge(IntEnum):
    """The index in ``edges``."""

    INTERNET = 0
    SERVICES = 1
    ENDPOINTS = 2
    AWS = 3


class RuleList(IntEnum):
    """The lists of a rule set: an address of one family never matches a block of the other."""

    INGRESS = 0
    EGRESS = 1
    INGRESS_IPV6 = 2
    EGRESS_IPV6 = 3


class InterfaceFlag(IntFlag):
    CHECKED = 1  # source/destination check on
    RUNNING = 2  # attached to an instance whose machine is wanted
    RESOLVES = 4  # the VPC has DNS support
    NAT_GATEWAY = 8
    LOGS_ACCEPTED = 16  # flow logs have what is accepted there
    LOGS_REJECTED = 32
    RESOLVES_OVER_IPV6 = 64
    METADATA_OVER_IPV6 = 128
    ENDPOINT = 256  # of an interface endpoint


class KeptFrom(IntFlag):
    """Gateways to the internet that VPC Block Public Access takes from an interface."""

    INTERNET_GATEWAY = 1
    EGRESS_ONLY = 2


class Seen(IntFlag):
    """What a flow's packets have shown so far, as seen from its interface."""

    LEAVING = 1
    ARRIVING = 2
    FIN_LEAVING = 4
    FIN_ARRIVING = 8
    RST = 16
