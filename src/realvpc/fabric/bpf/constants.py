"""Numbers that only the program and its tables know; what the model knows too stands in ``realvpc.net``.

C gets all of them, with those of the model, from ``generate.py``: it defines none by hand.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

INTERNET_ID = 0  # stands where an interface's id would
ALL_INTERFACES = 0  # as well, in `tallies`
ROUTER_MAC = bytes.fromhex("020000000001")  # the VPC router's, in every subnet
ROUTER_TTL = 64
RULES_PER_CHUNK = 16
RULE_CHUNKS = 64  # 1,024 rules in one direction; AWS allows 1,000
LPM_TABLE_BITS = 64

# How long a flow is remembered after its last packet, in seconds (EC2 guide, "Security group connection tracking").
# The guide has no figure for TCP before it is established and after it is closed.
SECONDS_TCP_ESTABLISHED = 432_000
SECONDS_TCP_OPENING = 60
SECONDS_TCP_CLOSED = 10
SECONDS_UDP_SINGLE = 30
SECONDS_UDP_STREAM = 180
SECONDS_ICMP = 30
SECONDS_OTHER = 600

# A timer goes round all flows: some of them at a time, so that it delays nobody, and all in 13 seconds when the table
# is full.
FLOWS_PER_LOOK = 2048
NANOSECONDS_BETWEEN_LOOKS = 50_000_000
NANOSECONDS = 1_000_000_000  # in a second

FRAGMENT_PLACES = 64  # packets whose fragments an interface may have under way; a power of 2

# What the program leaves in skb->cb for whoever runs it by hand (BPF_PROG_TEST_RUN).
CB_REASON, CB_IFINDEX = 0, 1

# RFC 791: the field of flags and fragment offset, and the length of a header without options, in words of 4 bytes.
FRAGMENT_OFFSET, MORE_FRAGMENTS, DONT_FRAGMENT = 0x1FFF, 0x2000, 0x4000
IPV4, IPV4_HEADER_WORDS = 4, 5

# The least that a transport header has, in bytes (RFC 9293, RFC 768), and where its checksum lies.
TCP_HEADER, UDP_HEADER = 20, 8
TCP_CHECKSUM_PLACE, UDP_CHECKSUM_PLACE = 16, 6

TOO_BIG_QUOTE = 40  # bytes of a packet that is too big in the answer: what checksum offload may still refer to


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


class InterfaceFlag(IntFlag):
    CHECKED = 1  # source/destination check on
    RUNNING = 2  # attached to an instance whose machine is wanted
    RESOLVES = 4  # the VPC has DNS support


class Seen(IntFlag):
    """What a flow's packets have shown so far, as seen from its interface."""

    LEAVING = 1
    ARRIVING = 2
    FIN_LEAVING = 4
    FIN_ARRIVING = 8
    RST = 16
