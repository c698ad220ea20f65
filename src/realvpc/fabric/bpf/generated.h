/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Made by `python -m realvpc.fabric.bpf.generate` from layout.py and net/reasons.py. */
#pragma once

struct address {
	union {
		__u64 halves[2];
		__u32 words[4]; /* network byte order; IPv4 is 0:0:ffff:a.b.c.d */
	};
};

struct mac {
	__u8 bytes[6];
};

#define INTERNET_ID 0
#define RULES_PER_CHUNK 16
#define RULE_CHUNKS 64
#define LPM_BITS 192
#define CB_REASON 0
#define CB_IFINDEX 1
#define MTU_SAME_REGION 9001
#define MTU_INTERNET 1500
#define METADATA_IPV4 2852039166
#define METADATA_PORT 80
#define RESOLVER_IPV4 2852039165
#define RESOLVER_PORT 53
#define IDENTITY_BITS 24
#define IDENTITIES 167772160
#define IDENTITIES_OF_VPC_ADDRESS 184549376
#define SECONDS_TCP_ESTABLISHED 432000
#define SECONDS_TCP_OTHER 60
#define SECONDS_UDP_SINGLE 30
#define SECONDS_UDP_STREAM 180
#define SECONDS_ICMP 30
#define SECONDS_OTHER 600
#define INTERFACE_CHECKED 1
#define INTERFACE_RUNNING 2
#define INTERFACE_RESOLVES 4
#define SEEN_LEAVING 1
#define SEEN_ARRIVING 2
#define SEEN_FIN_LEAVING 4
#define SEEN_FIN_ARRIVING 8
#define SEEN_RST 16
#define ROUTER_MAC 0x02, 0x00, 0x00, 0x00, 0x00, 0x01

enum {
	ROUTE_LOCAL = 1,
	ROUTE_NETWORK_INTERFACE = 2,
	ROUTE_PEERING = 3,
	ROUTE_INTERNET_GATEWAY = 4,
	ROUTE_BLACKHOLE = 5,
};

enum {
	EDGE_INTERNET = 0,
	EDGE_SERVICES = 1,
};

enum {
	REASON_DELIVERED = 0,
	REASON_UNKNOWN_INTERFACE = 1,
	REASON_MALFORMED_PACKET = 2,
	REASON_UNSUPPORTED_PROTOCOL = 3,
	REASON_NOT_UNICAST = 4,
	REASON_FRAGMENT_WITHOUT_FIRST = 5,
	REASON_SOURCE_CHECK = 6,
	REASON_SECURITY_GROUP_EGRESS = 7,
	REASON_NO_ROUTE = 8,
	REASON_BLACKHOLE_ROUTE = 9,
	REASON_PCX_REQUIRES_ADDRESS_IN_VPC_CIDR = 10,
	REASON_PCX_REJECTS_SPOOFED_SOURCE = 11,
	REASON_NO_DESTINATION = 12,
	REASON_IGW_NO_PUBLIC_ADDRESS = 13,
	REASON_IGW_PRIVATE_DESTINATION = 14,
	REASON_IGW_PRIVATE_SOURCE = 15,
	REASON_IGW_UNKNOWN_PUBLIC_ADDRESS = 16,
	REASON_PACKET_TOO_BIG = 17,
	REASON_DESTINATION_CHECK = 18,
	REASON_SECURITY_GROUP_INGRESS = 19,
	REASON_INSTANCE_NOT_RUNNING = 20,
	REASON_NOT_SERVED = 21,
	REASON_DNS_SUPPORT_DISABLED = 22,
	REASON_SERVICE_REQUIRES_PRIMARY_ADDRESS = 23,
};

struct rule_key {
	__u64 rule_set;
	__u32 is_egress;
	__u32 chunk;
};
_Static_assert(sizeof(struct rule_key) == 16, "layout.py and C agree");

struct rule {
	struct address network;
	struct address mask;
	__u64 group; /* when not 0: its members instead of network and mask */
	__u16 low_from; /* destination port or ICMP type */
	__u16 low_to;
	__u16 high_from; /* ICMP code */
	__u16 high_to;
	__u8 protocol;
	__u8 any_protocol;
};
_Static_assert(sizeof(struct rule) == 56, "layout.py and C agree");

struct rule_chunk {
	struct rule rules[16];
};
_Static_assert(sizeof(struct rule_chunk) == 896, "layout.py and C agree");

struct group_member_key {
	__u64 group;
	struct address address;
};
_Static_assert(sizeof(struct group_member_key) == 24, "layout.py and C agree");

struct present {
	__u32 value;
};
_Static_assert(sizeof(struct present) == 4, "layout.py and C agree");

struct lpm_key {
	__u32 prefix_length; /* of all that follows */
	__u32 table[2]; /* route table or VPC */
	__u32 address[4];
};
_Static_assert(sizeof(struct lpm_key) == 28, "layout.py and C agree");

struct route {
	__u64 target; /* interface id, when the route leads to one */
	__u64 vpc; /* the VPC that a peering leads to */
	__u32 kind; /* ROUTE_... */
	__u32 mtu;
};
_Static_assert(sizeof(struct route) == 24, "layout.py and C agree");

struct id_value {
	__u64 id;
};
_Static_assert(sizeof(struct id_value) == 8, "layout.py and C agree");

struct firewall {
	__u16 rules; /* how many */
	__u16 everywhere; /* so many of them, the first ones, name 0.0.0.0/0 */
	__u8 opens_all; /* a rule admits everything to or from 0.0.0.0/0 */
	__u8 opens_tcp; /* a rule admits every TCP port to or from 0.0.0.0/0 */
	__u8 opens_udp;
};
_Static_assert(sizeof(struct firewall) == 8, "layout.py and C agree");

struct interface {
	__u64 id;
	__u64 vpc;
	__u64 route_table; /* of its subnet */
	__u64 rule_set;
	struct address primary;
	struct address public_address; /* all zero: none */
	struct address subnet_network;
	struct address subnet_mask;
	struct address resolver; /* the VPC's own address of it */
	__u32 ifindex; /* fabric-side veth; 0: no link */
	__u32 flags; /* INTERFACE_... */
	struct firewall ingress;
	struct firewall egress;
	struct mac mac;
};
_Static_assert(sizeof(struct interface) == 144, "layout.py and C agree");

struct link_key {
	__u32 ifindex;
};
_Static_assert(sizeof(struct link_key) == 4, "layout.py and C agree");

struct address_key {
	__u64 vpc;
	struct address address;
};
_Static_assert(sizeof(struct address_key) == 24, "layout.py and C agree");

struct public_address_key {
	struct address address;
};
_Static_assert(sizeof(struct public_address_key) == 16, "layout.py and C agree");

struct public_address {
	__u64 interface;
	__u64 attached; /* its VPC has an internet gateway */
};
_Static_assert(sizeof(struct public_address) == 16, "layout.py and C agree");

struct identity_key {
	__u32 number;
};
_Static_assert(sizeof(struct identity_key) == 4, "layout.py and C agree");

struct index_key {
	__u32 index;
};
_Static_assert(sizeof(struct index_key) == 4, "layout.py and C agree");

struct edge {
	__u32 ifindex;
	struct mac mac;
};
_Static_assert(sizeof(struct edge) == 12, "layout.py and C agree");

struct flow_key {
	__u64 interface;
	struct address local;
	struct address remote;
	__u16 local_port;
	__u16 remote_port;
	__u32 protocol;
};
_Static_assert(sizeof(struct flow_key) == 48, "layout.py and C agree");

struct flow {
	__u64 last; /* nanoseconds of CLOCK_MONOTONIC_COARSE */
	__u64 seen; /* SEEN_... */
};
_Static_assert(sizeof(struct flow) == 16, "layout.py and C agree");

struct decision_key {
	struct address source;
	struct address destination;
	__u32 ifindex; /* where the packet came from */
	__u32 protocol;
	__u32 source_port;
	__u32 destination_port;
};
_Static_assert(sizeof(struct decision_key) == 48, "layout.py and C agree");

struct decision {
	__u64 generation; /* of the tables that it was made with */
	__u64 until; /* nanoseconds of CLOCK_MONOTONIC_COARSE */
	__u32 ifindex; /* where the packet goes */
	__u32 mtu;
	struct mac from;
	struct mac to;
};
_Static_assert(sizeof(struct decision) == 40, "layout.py and C agree");

struct generation_value {
	__u64 number;
};
_Static_assert(sizeof(struct generation_value) == 8, "layout.py and C agree");

struct fragment_key {
	__u64 ifindex; /* where the packet came from */
	struct address source;
	struct address destination;
	__u32 identification;
	__u32 protocol;
};
_Static_assert(sizeof(struct fragment_key) == 48, "layout.py and C agree");

struct fragment {
	__u16 source_port;
	__u16 destination_port;
	__u8 icmp_type;
	__u8 icmp_code;
};
_Static_assert(sizeof(struct fragment) == 6, "layout.py and C agree");

struct count {
	__u64 packets;
};
_Static_assert(sizeof(struct count) == 8, "layout.py and C agree");

struct counter_key {
	__u64 interface;
	__u64 reason;
};
_Static_assert(sizeof(struct counter_key) == 16, "layout.py and C agree");

/* security group rules, in chunks */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct rule_key);
	__type(value, struct rule_chunk);
	__uint(max_entries, 131072);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} rules SEC(".maps");

/* private addresses by security group */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct group_member_key);
	__type(value, struct present);
	__uint(max_entries, 524288);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} group_members SEC(".maps");

/* the CIDR blocks of every VPC */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__type(key, struct lpm_key);
	__type(value, struct present);
	__uint(max_entries, 131072);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} vpc_cidrs SEC(".maps");

/* all route tables */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__type(key, struct lpm_key);
	__type(value, struct route);
	__uint(max_entries, 1048576);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} routes SEC(".maps");

/* by interface id */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct id_value);
	__type(value, struct interface);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} interfaces SEC(".maps");

/* interface id by ifindex */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct link_key);
	__type(value, struct id_value);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} links SEC(".maps");

/* who has a private address */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct address_key);
	__type(value, struct id_value);
	__uint(max_entries, 524288);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} addresses SEC(".maps");

/* who has a public address */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct public_address_key);
	__type(value, struct public_address);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} public_addresses SEC(".maps");

/* interface id by how services know it */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct identity_key);
	__type(value, struct id_value);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} identities SEC(".maps");

/* the links to the namespaces beside the machines */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct edge);
	__uint(max_entries, 2);
} edges SEC(".maps");

/* what security groups track */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct flow_key);
	__type(value, struct flow);
	__uint(max_entries, 262144);
} flows SEC(".maps");

/* what was decided lately */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct decision_key);
	__type(value, struct decision);
	__uint(max_entries, 65536);
} decisions SEC(".maps");

/* counts changes of the tables */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct generation_value);
	__uint(max_entries, 1);
} generation SEC(".maps");

/* ports of first fragments */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct fragment_key);
	__type(value, struct fragment);
	__uint(max_entries, 4096);
} fragments SEC(".maps");

/* packets by reason */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct count);
	__uint(max_entries, 64);
} counters SEC(".maps");

/* packets dropped, by interface and reason */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__type(key, struct counter_key);
	__type(value, struct count);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} interface_counters SEC(".maps");
