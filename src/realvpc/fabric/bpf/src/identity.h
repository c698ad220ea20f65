/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The addresses by which services know interfaces, whose own may repeat (net/services.py): the last bits of an id in a
 * block, and of IPv6 behind them what is the interface's own in its address. */
#pragma once

#include "common.h"

#define IDENTITY_MASK ((1ULL << IDENTITY_BITS) - 1)

/* Makes of the first address of a block the one that names an interface in it: by the last bits of its id. */
INLINE void put_number(struct address *address, __u64 interface)
{
	address->words[3] |= bpf_htonl(interface & IDENTITY_MASK);
}

/* The interface that the last bits of a number name, or NULL. */
INLINE struct interface *numbered(__u32 number)
{
	struct identity_key key = { .number = number & IDENTITY_MASK };
	struct id_value *found = bpf_map_lookup_elem(&identities, &key);

	return found ? interface_by_id(found->id) : NULL;
}

INLINE __u32 number_in(const struct address *identity, int is_ipv6)
{
	return is_ipv6 ? bpf_be64_to_cpu(identity->halves[0]) >> IPV6_OWN_HIGH_BITS : bpf_ntohl(identity->words[3]);
}

#define IPV6_OWN_MASK ((1ULL << IPV6_OWN_HIGH_BITS) - 1)

/* In the block that begins with `first`. */
INLINE void set_identity_ipv6(struct address *identity, const struct address *first, const struct interface *interface,
			      const struct address *address)
{
	__u64 number = interface->id & IDENTITY_MASK;

	identity->halves[0] = first->halves[0] | bpf_cpu_to_be64(number << IPV6_OWN_HIGH_BITS) |
			      (address->halves[0] & bpf_cpu_to_be64(IPV6_OWN_MASK));
	identity->halves[1] = address->halves[1];
}

/* The other way round: the address in the interface's subnet, if it is the interface's: 0, or -1. */
INLINE int read_own_ipv6(struct address *address, const struct address *identity, const struct interface *interface)
{
	address->halves[0] = (interface->ipv6_subnet_network.halves[0] & ~bpf_cpu_to_be64(IPV6_OWN_MASK)) |
			     (identity->halves[0] & bpf_cpu_to_be64(IPV6_OWN_MASK));
	address->halves[1] = identity->halves[1];
	return has_address(interface, address) ? 0 : -1;
}
