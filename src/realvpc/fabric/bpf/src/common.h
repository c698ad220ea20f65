/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What every part needs.  UAPI headers only: neither vmlinux.h nor CO-RE, so the kernel needs no BTF to load this. */
#pragma once

#include <stddef.h>
#include <linux/errno.h>
#include <linux/types.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/time.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "../generated.h"

#define INLINE static __always_inline
#define RARE static __noinline /* off the path that most packets take */
#define APART __noinline /* the same, and verified once instead of at each call: its pointers may be NULL */
#define ETH_LENGTH ((__u32)sizeof(struct ethhdr))

/* The part of an IP packet that decides its fate (net/packet.py).  Ports are in host order; an ICMP query or reply carries
 * its identifier in both.  The quoted fields are those of the packet that an ICMP error message speaks of. */
struct packet {
	struct address source, destination;
	struct address quoted_source, quoted_destination;
	__u16 source_port, destination_port;
	__u16 quoted_source_port, quoted_destination_port;
	__u8 protocol, icmp_type, icmp_code;
	__u8 quoted_protocol, quoted_icmp_type, quoted_icmp_code;
	__u8 tcp_flags;
	__u8 is_error; /* an ICMP error message: the quoted fields count */
	__u8 is_fragment;
	__u8 is_later_fragment; /* no transport header */
	__u8 dont_fragment;
	__u8 translated; /* an address differs from the one in the bytes */
	__u8 changes_family; /* the bytes are of the other family: RFC 7915 */
	__u8 ports_translated; /* and a port, or an identifier */
	__u8 has_options; /* IP options */
	__u8 is_ipv6;
	__u16 header_length; /* of the IP header, in bytes; with its extension headers */
	__u32 size; /* bytes of the IP packet, of each segment when the kernel will segment it */
};

/* The connection of a NAT gateway that the packet belongs to, if it passes one; `begins`: with this packet. */
struct nat_passage {
	struct nat_key outward, inward;
	__u8 passes, begins;
};

/* A packet's addresses and ports as they are in its bytes. */
struct ends {
	struct address source, destination;
	__u16 source_port, destination_port;
};

/* An interface that has seen the packet, as it was then, and which of its traffic flow logs have (record.h). */
struct sighting {
	struct flow_record_key key;
	__u32 logs;
};

/* The one packet under way, its flow as its sender's and its receiver's interface see it, and what decides its fate. */
struct journey {
	struct packet packet;
	struct flow_key leaving, arriving;
	struct nat_passage out, back;
	struct ends came;
	__u64 generation;
	__u64 sender; /* an interface, or INTERNET_ID */
	__u64 returns_to; /* the NAT gateway to which answers will, or 0: for the receiver's flow */
	__u32 length, gso_size, size; /* of the frame that came, and of its packet */
	__u32 sighted;
	__u32 is_unlogged; /* the interface that has seen it last */
	struct sighting sightings[FLOW_SIGHTINGS];
};

/* Larger than a BPF stack likes.  One packet at a time is under way on each CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct journey);
	__uint(max_entries, 1);
} scratch SEC(".maps");

INLINE struct journey *new_journey(void)
{
	__u32 zero = 0;
	struct journey *journey = bpf_map_lookup_elem(&scratch, &zero);

	if (journey)
		journey->out.passes = journey->back.passes = journey->sighted = journey->returns_to = 0;
	return journey;
}

INLINE void set_ipv4(struct address *address, __be32 ipv4)
{
	address->words[0] = 0;
	address->words[1] = 0;
	address->words[2] = bpf_htonl(MAPPED);
	address->words[3] = ipv4;
}

INLINE __be32 ipv4_of(const struct address *address)
{
	return address->words[3];
}

INLINE int same_address(const struct address *a, const struct address *b)
{
	return a->halves[0] == b->halves[0] && a->halves[1] == b->halves[1];
}

INLINE int in_block(const struct address *address, const struct address *network, const struct address *mask)
{
	return (address->halves[0] & mask->halves[0]) == network->halves[0] &&
	       (address->halves[1] & mask->halves[1]) == network->halves[1];
}

INLINE int is_absent(const struct address *address)
{
	return !address->halves[0] && !address->halves[1];
}

/* Multiplication carries low bits, in which flows differ, up to where places are taken from. */
INLINE __u64 mix(__u64 mixed, __u64 word)
{
	return (mixed ^ word) * HASH_MULTIPLIER;
}

INLINE __u64 mix_address(__u64 mixed, const struct address *address)
{
	return mix(mix(mixed, bpf_be64_to_cpu(address->halves[0])), bpf_be64_to_cpu(address->halves[1]));
}

/* The VPC's router in the subnet of an interface. */
INLINE __be32 router_in(const struct interface *interface)
{
	return bpf_htonl(bpf_ntohl(ipv4_of(&interface->subnet_network)) + ROUTER_PLACE);
}

/* The entry of a table (route table or VPC) that matches the address best. */
#define LPM_LOOKUP(map, table_id, to)                                                                        \
	({                                                                                                   \
		struct lpm_key _key = { .prefix_length = LPM_BITS };                                         \
		__builtin_memcpy(_key.table, &(table_id), 8);                                                \
		__builtin_memcpy(_key.address, (to), 16);                                                    \
		bpf_map_lookup_elem(&map, &_key);                                                            \
	})

INLINE struct interface *interface_by_id(__u64 id)
{
	struct id_value key = { .id = id };

	return bpf_map_lookup_elem(&interfaces, &key);
}

/* The interface whose link this is. */
INLINE struct interface *interface_at(__u32 ifindex)
{
	struct link_key key = { .ifindex = ifindex };
	struct id_value *found = bpf_map_lookup_elem(&links, &key);

	return found ? interface_by_id(found->id) : NULL;
}

/* Where to send what is for the interface: the fabric's end of its link, or 0. */
INLINE __u32 ifindex_of(const struct interface *interface)
{
	struct id_value key = { .id = interface->id };
	struct link_key *found = bpf_map_lookup_elem(&ifindexes, &key);

	return found && (interface->flags & INTERFACE_RUNNING) ? found->ifindex : 0;
}

/* Whether the address lies in the subnet of an interface, of either family. */
INLINE int in_subnet_of(const struct interface *interface, const struct packet *packet, const struct address *address)
{
	return packet->is_ipv6 ?
		       in_block(address, &interface->ipv6_subnet_network, &interface->ipv6_subnet_mask) :
		       in_block(address, &interface->subnet_network, &interface->subnet_mask);
}

INLINE int in_same_subnet(const struct interface *sender, const struct interface *receiver)
{
	return sender->vpc == receiver->vpc && same_address(&sender->subnet_network, &receiver->subnet_network) &&
	       same_address(&sender->ipv6_subnet_network, &receiver->ipv6_subnet_network);
}

/* The prefix that an IPv6 address would be in, were it delegated, by its first address. */
INLINE void set_prefix_of(struct address *prefix, const struct address *address)
{
	const struct address mask = IPV6_PREFIX_MASK;

	prefix->halves[0] = address->halves[0] & mask.halves[0];
	prefix->halves[1] = address->halves[1] & mask.halves[1];
}

INLINE int may_be_delegated(const struct address *address)
{
	return !!address->halves[0]; /* of IPv6, but for some that are nobody's */
}

RARE struct address_owner *lookup_prefix(__u64 vpc, const struct address *address)
{
	struct address_key key = { .vpc = vpc };
	struct address_owner *found;

	set_prefix_of(&key.address, address);
	found = bpf_map_lookup_elem(&addresses, &key);
	return found && found->is_prefix ? found : NULL;
}

INLINE struct address_owner *lookup_address(__u64 vpc, const struct address *address)
{
	struct address_key key = { .vpc = vpc, .address = *address };
	struct address_owner *found = bpf_map_lookup_elem(&addresses, &key);

	return found || !may_be_delegated(address) ? found : lookup_prefix(vpc, address);
}

/* The id of the interface with this private address in this VPC, or 0. */
INLINE __u64 owner_of(__u64 vpc, const struct address *address)
{
	struct address_owner *found = lookup_address(vpc, address);

	return found ? found->interface : 0;
}

INLINE int has_address(const struct interface *interface, const struct address *address)
{
	return same_address(&interface->primary, address) || owner_of(interface->vpc, address) == interface->id;
}
