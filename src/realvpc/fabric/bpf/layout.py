"""The one definition of every map of the data plane: keys, values, sizes.

``generated.h`` is made from it (``python -m realvpc.fabric.bpf.generate``), and Python packs bytes with it.  An id is
64 bits taken from the AWS id (see ``number_of``), so that what the tables hold depends on the state alone and never on
the history that led to it.  Addresses are 16 bytes, IPv4 in ``::ffff:0:0/96``; ports are in host order.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from realvpc.net import allowances, flow_gathering, nat_flow
from realvpc.net.nat_gateway import ADDRESSES_MAXIMUM
from realvpc.net.reasons import Reason
from realvpc.net.route_table import TargetKind

from .constants import DECISION_PLACES, FRAGMENT_PLACES, RULES_PER_CHUNK, Edge, RuleList
from .record import ADDRESS, MAC, TIMER, U8, U16, U32, U64, Field, Record

BLACKHOLE = 0
ROUTE_KINDS = {kind: number for number, kind in enumerate(TargetKind, BLACKHOLE + 1)}
"""The ``kind`` of a route, by where it leads; BLACKHOLE when it cannot be used."""

FIREWALL = Record(
    "firewall",
    Field("rules", U16, "how many"),
    Field("everywhere", U16, "so many of them, the first ones, name 0.0.0.0/0, or ::/0 in IPv6"),
    Field("opens_all", U8, "the first one admits everything to or from there"),
    Field("opens_tcp", U8, "one admits every TCP port to or from there"),
    Field("opens_udp", U8),
)
RULE_SET = Record("rule_set", Field("lists", FIREWALL, "by their number, see RuleList", repeat=len(RuleList)))
INTERFACE = Record(
    "interface",
    Field("id", U64),
    Field("vpc", U64),
    Field("route_table", U64, "of its subnet"),
    Field("rule_set", U64),
    Field("acl", U64, "the rule set of its subnet's network ACL, or ACL_..."),
    Field("primary", ADDRESS, "of IPv4, on its link"),
    Field("subnet_network", ADDRESS, "of IPv4; of an IPv6-only subnet that of link-local addresses"),
    Field("subnet_mask", ADDRESS),
    Field("ipv6_subnet_network", ADDRESS, "with a mask of nothing when the subnet has no IPv6 block: holds no address"),
    Field("ipv6_subnet_mask", ADDRESS),
    Field("resolver", ADDRESS, "the VPC's own address of it"),
    Field("flags", U32, "INTERFACE_..."),
    Field("mac", MAC),
)
ID = Record("id_value", Field("id", U64))
LINK_KEY = Record("link_key", Field("ifindex", U32))
ADDRESS_KEY = Record("address_key", Field("vpc", U64), Field("address", ADDRESS))
ADDRESS_OWNER = Record(
    "address_owner",
    Field("interface", U64),
    Field("kept_from", U64, "KEPT_FROM_..."),
    Field("is_prefix", U64, "the address is the first one of an IPv6 prefix that is delegated to it"),
    Field("public_address", ADDRESS, "that it is mapped to; all zero: none"),
)
LPM_KEY = Record(
    "lpm_key",
    Field("prefix_length", U32, "of all that follows"),
    Field("table", U64, "route table or VPC"),
    Field("address", ADDRESS),
    tight=True,
)
ROUTE = Record(
    "route",
    Field("target", U64, "interface (a NAT gateway's too) or route table, when the route leads to one"),
    Field("vpc", U64, "the VPC that a peering leads to, or whose the route table is"),
    Field("kind", U32, "ROUTE_..."),
    Field("mtu", U32),
)
PRESENT = Record("present", Field("value", U32))
PUBLIC_ADDRESS_KEY = Record("public_address_key", Field("address", ADDRESS))
PUBLIC_ADDRESS = Record(
    "public_address",
    Field("interface", U64),
    Field("attached", U64, "its VPC has an internet gateway"),
    Field("route_table", U64, "by which that routes what it lets in; 0: by none"),
    Field("kept_from", U64, "KEPT_FROM_..."),
    Field("is_prefix", U64, "as of an address_owner"),
    Field("private_address", ADDRESS, "of the interface, that it stands for"),
)
RULE = Record(
    "rule",
    Field("network", ADDRESS),
    Field("mask", ADDRESS),
    Field("group", U64, "when not 0: its members instead of network and mask"),
    Field("low_from", U16, "destination port or ICMP type"),
    Field("low_to", U16),
    Field("high_from", U16, "ICMP code"),
    Field("high_to", U16),
    Field("protocol", U8),
    Field("any_protocol", U8),
    Field("denies", U8, "in a network ACL"),
)
RULE_KEY = Record("rule_key", Field("rule_set", U64), Field("list", U32, "see RuleList"), Field("chunk", U32))
RULE_CHUNK = Record("rule_chunk", Field("rules", RULE, repeat=RULES_PER_CHUNK))
GROUP_MEMBER_KEY = Record("group_member_key", Field("group", U64), Field("address", ADDRESS))
FLOW_KEY = Record(
    "flow_key",
    Field("interface", U64),
    Field("local", ADDRESS),
    Field("remote", ADDRESS),
    Field("local_port", U16),
    Field("remote_port", U16),
    Field("protocol", U16),
    Field("icmp_type", U8, "that the interface sends"),
    Field("icmp_code", U8),
)
FLOW = Record(
    "flow",
    Field("last", U64, "nanoseconds of CLOCK_MONOTONIC_COARSE"),
    Field("seen", U64, "SEEN_..."),
    Field("sender", U64, "at an interface endpoint: the interface that began it, or 0"),
    Field("gateway", U64, "the interface of the NAT gateway in a peered VPC to which answers return, or 0"),
)
SHARE_KEY = Record("share_key", Field("endpoint", U64, "its interface"), Field("sender", U64))
NAT_GATEWAY = Record(
    "nat_gateway", Field("count", U64, "of addresses"), Field("addresses", ADDRESS, repeat=ADDRESSES_MAXIMUM)
)
NAT_KEY = Record(
    "nat_key",
    Field("gateway", U64, "its interface"),
    Field("near", ADDRESS, "whose connection it is; inwards, what the gateway puts in its place"),
    Field("remote", ADDRESS),
    Field("near_port", U16, "the identifier of an ICMP query"),
    Field("remote_port", U16, "none of an ICMP query"),
    Field("protocol", U16),
    Field("is_inwards", U16),
)
NAT_FLOW = Record(
    "nat_flow",
    Field("near", ADDRESS, "of the key in the other direction"),
    Field("near_port", U64),
    Field("last", U64, "inwards: nanoseconds of CLOCK_MONOTONIC_COARSE"),
    Field("seen", U64, "inwards: SEEN_..."),
    Field("sender", U64, "inwards: the interface that began it, or INTERNET_ID"),
)
SWEEPER = Record("sweeper", Field("timer", TIMER))
TALLY = Record("tally", Field("flows", U64), Field("nat_flows", U64, "that it began, through NAT gateways"))
BUCKET = Record("bucket", Field("full", U64, "when, in nanoseconds of CLOCK_MONOTONIC_COARSE"))
DECISION = Record(
    "decision",
    Field("source", ADDRESS),
    Field("destination", ADDRESS),
    Field("source_port", U16),
    Field("destination_port", U16),
    Field("came_from", U32, "the ifindex where the packet came in"),
    Field("generation", U64, "in which it was made"),
    Field("ifindex", U32, "where the packet goes"),
    Field("mtu", U16),
    Field("from", MAC),
    Field("to", MAC),
    Field("protocol", U8),
    Field("icmp_type", U8),
    Field("icmp_code", U8),
    Field("translated", U8, "the packet becomes what follows"),
    Field("ports_translated", U8),
    Field("new_source_port", U16),
    Field("new_destination_port", U16),
    Field("new_source", ADDRESS),
    Field("new_destination", ADDRESS),
    Field("seen_by_sender", U64, "the interface, if a flow log covers it; otherwise 0"),
    Field("seen_by_receiver", U64),
)
FRAGMENT_KEY = Record(
    "fragment_key",
    Field("ifindex", U32, "where the packet came from"),
    Field("place", U32, "one of FRAGMENT_PLACES"),
)
FRAGMENT = Record(
    "fragment",
    Field("source", ADDRESS),
    Field("destination", ADDRESS),
    Field("identification", U32),
    Field("end", U32, "of what was in the first one, in bytes"),
    Field("protocol", U8, "of IPv4, which tells packets apart by it too"),
    Field("transport", U8, "the protocol that the ports are of"),
    Field("source_port", U16),
    Field("destination_port", U16),
    Field("icmp_type", U8),
    Field("icmp_code", U8),
)
FLOW_RECORD_KEY = Record(
    "flow_record_key",
    Field("interface", U64),
    Field("source", ADDRESS),
    Field("destination", ADDRESS),
    Field("source_port", U16),
    Field("destination_port", U16),
    Field("protocol", U8),
    Field("is_egress", U8),
    Field("is_rejected", U8),
    Field("by_block_public_access", U8),
)
FLOW_RECORD = Record(
    "flow_record",
    Field("packets", U64),
    Field("bytes", U64),
    Field("first", U64, "nanoseconds of CLOCK_MONOTONIC_COARSE"),
    Field("last", U64),
    Field("tcp_flags", U64, "of all of them"),
)
RECORD_TALLY_KEY = Record("record_tally_key", Field("interface", U64), Field("window", U64))
RECORD_TALLY = Record("record_tally", Field("records", U64), Field("skipped", U64, "packets without one"))
WINDOW = Record("window", Field("number", U32, "of the minute, so to speak: counts up"))
NO_KEY = Record("no_key")
INDEX_KEY = Record("index_key", Field("index", U32))
COUNT = Record("count", Field("packets", U64))
COUNTER_KEY = Record("counter_key", Field("interface", U64), Field("reason", U64))
GENERATION = Record(
    "generation_value",
    Field("tables", U32, "counts their changes"),
    Field("second", U32, "of CLOCK_MONOTONIC_COARSE, as the sweeper sees it"),
)
EDGE = Record("edge", Field("ifindex", U32), Field("mac", MAC))
IDENTITY_KEY = Record("identity_key", Field("number", U32))


class MapType(IntEnum):
    """``enum bpf_map_type`` of ``linux/bpf.h``."""

    HASH = 1
    ARRAY = 2
    PERCPU_HASH = 5
    PERCPU_ARRAY = 6
    LRU_HASH = 9
    LPM_TRIE = 11
    QUEUE = 22


class MapSpec(NamedTuple):
    """``desired``: the map holds state that ``apply`` writes; the others belong to the program."""

    name: str
    type: MapType
    key: Record
    value: Record
    max_entries: int
    about: str
    desired: bool = True


INTERFACES_MAXIMUM = 1 << 18

# In the order in which entries are written, so that what an entry names is there before it; deleted in reverse.  A link
# is known before its interface has an address: who is reached can answer, and no ARP request is lost for a second.
MAPS = (
    MapSpec(
        "rules", MapType.HASH, RULE_KEY, RULE_CHUNK, 1 << 17, "rules of security groups and network ACLs, in chunks"
    ),
    MapSpec("rule_sets", MapType.HASH, ID, RULE_SET, INTERFACES_MAXIMUM, "what is to be known of them beforehand"),
    MapSpec("group_members", MapType.HASH, GROUP_MEMBER_KEY, PRESENT, 1 << 19, "private addresses by security group"),
    MapSpec("vpc_cidrs", MapType.LPM_TRIE, LPM_KEY, PRESENT, 1 << 17, "the CIDR blocks of every VPC"),
    MapSpec("routes", MapType.LPM_TRIE, LPM_KEY, ROUTE, 1 << 20, "all route tables: their routes of IPv4"),
    MapSpec("ipv6_routes", MapType.LPM_TRIE, LPM_KEY, ROUTE, 1 << 20, "and of IPv6: ::/0 holds no IPv4 address"),
    MapSpec("nat_gateways", MapType.HASH, ID, NAT_GATEWAY, 1 << 14, "NAT gateways, by interface id"),
    MapSpec("interfaces", MapType.HASH, ID, INTERFACE, INTERFACES_MAXIMUM, "by interface id"),
    MapSpec("links", MapType.HASH, LINK_KEY, ID, INTERFACES_MAXIMUM, "interface id by ifindex of the fabric's end"),
    MapSpec("ifindexes", MapType.HASH, ID, LINK_KEY, INTERFACES_MAXIMUM, "and the other way round"),
    MapSpec("addresses", MapType.HASH, ADDRESS_KEY, ADDRESS_OWNER, 1 << 19, "who has a private address"),
    MapSpec(
        "public_addresses",
        MapType.HASH,
        PUBLIC_ADDRESS_KEY,
        PUBLIC_ADDRESS,
        INTERFACES_MAXIMUM,
        "who has a public address",
    ),
    MapSpec("identities", MapType.HASH, IDENTITY_KEY, ID, INTERFACES_MAXIMUM, "interface id by how services know it"),
    MapSpec("edges", MapType.ARRAY, INDEX_KEY, EDGE, len(Edge), "the links to the namespaces beside the machines"),
    MapSpec("flows", MapType.HASH, FLOW_KEY, FLOW, allowances.FLOWS, "what security groups track", desired=False),
    MapSpec(
        "turns", MapType.QUEUE, NO_KEY, FLOW_KEY, allowances.FLOWS, "whose turn it is to be looked at", desired=False
    ),
    MapSpec(
        "nat_flows", MapType.HASH, NAT_KEY, NAT_FLOW, 2 * nat_flow.FLOWS, "through NAT gateways, twice", desired=False
    ),
    MapSpec("nat_turns", MapType.QUEUE, NO_KEY, NAT_KEY, nat_flow.FLOWS, "whose turn it is of them", desired=False),
    MapSpec("sweepers", MapType.ARRAY, INDEX_KEY, SWEEPER, 1, "what looks", desired=False),
    MapSpec("tallies", MapType.HASH, ID, TALLY, INTERFACES_MAXIMUM, "how many of them an interface has", desired=False),
    MapSpec(
        "shares",
        MapType.LRU_HASH,
        SHARE_KEY,
        TALLY,
        INTERFACES_MAXIMUM // 4,
        "how many of those of an interface endpoint a sender has",
        desired=False,
    ),
    MapSpec("buckets", MapType.HASH, ID, BUCKET, INTERFACES_MAXIMUM, "what it may ask of services", desired=False),
    MapSpec(
        "decisions",
        MapType.PERCPU_ARRAY,
        INDEX_KEY,
        DECISION,
        DECISION_PLACES,
        "what was decided lately, by a hash of the flow",
        desired=False,
    ),
    MapSpec("generation", MapType.ARRAY, INDEX_KEY, GENERATION, 1, "for how long a decision holds", desired=False),
    MapSpec(
        "fragments", MapType.LRU_HASH, FRAGMENT_KEY, FRAGMENT, 1024 * FRAGMENT_PLACES, "first fragments", desired=False
    ),
    MapSpec("flow_windows", MapType.ARRAY, INDEX_KEY, WINDOW, 1, "which of the next two is written", desired=False),
    *(
        MapSpec(name, MapType.HASH, FLOW_RECORD_KEY, FLOW_RECORD, flow_gathering.RECORDS, "of flow logs", desired=False)
        for name in ("even_records", "odd_records")
    ),
    MapSpec(
        "record_tallies",
        MapType.HASH,
        RECORD_TALLY_KEY,
        RECORD_TALLY,
        2 * INTERFACES_MAXIMUM,
        "how many of them an interface has",
        desired=False,
    ),
    MapSpec("counters", MapType.PERCPU_ARRAY, INDEX_KEY, COUNT, len(Reason), "packets by reason", desired=False),
    MapSpec(
        "interface_counters",
        MapType.PERCPU_HASH,
        COUNTER_KEY,
        COUNT,
        INTERFACES_MAXIMUM,
        "packets dropped, by interface and reason",
        desired=False,
    ),
)


def number_of(resource_id: str) -> int:
    """The last 64 bits of the hexadecimal part of an AWS id (``eni-0123456789abcdef0``).

    An AWS id has 68 bits, of which the first four are 0.  Raises ValueError when it is no such id.
    """
    return int(resource_id.rpartition("-")[2][-16:], 16)
