/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The resolver and the instance metadata service: reached without a route or a security group, in a namespace of their
 * own, where each interface appears as an address that names it, because VPCs may have the same private ones. */
#pragma once

#include "common.h"
#include "nat.h"

INLINE int is_resolver(const struct address *address, const struct interface *sender)
{
	return is_shared_resolver(address) || same_address(address, &sender->resolver);
}

INLINE int asks_service(const struct packet *packet, const struct interface *sender)
{
	return is_metadata(&packet->destination) || is_resolver(&packet->destination, sender);
}

INLINE int is_served(const struct packet *packet)
{
	if (is_metadata(&packet->destination))
		return packet->protocol == PROTOCOL_TCP && packet->destination_port == METADATA_PORT;
	return (packet->protocol == PROTOCOL_TCP || packet->protocol == PROTOCOL_UDP) &&
	       packet->destination_port == RESOLVER_PORT;
}

INLINE struct bucket *bucket_of(__u64 interface)
{
	struct id_value key = { .id = interface };
	struct bucket full = {};
	struct bucket *bucket = bpf_map_lookup_elem(&buckets, &key);

	if (bucket)
		return bucket;
	bpf_map_update_elem(&buckets, &key, &full, BPF_NOEXIST);
	return bpf_map_lookup_elem(&buckets, &key);
}

/* A token bucket that holds what flows into it in a second, kept as the time when it will be full again: each packet
 * puts that off by a step.  The services have one socket for everybody, so what is too much must not get that far. */
INLINE int is_within_allowance_of_services(__u64 interface, __u64 now)
{
	const __u64 step = NANOSECONDS / LINKLOCAL_PACKETS;
	struct bucket *bucket = bucket_of(interface);
	__s64 missing;
	__u64 full;

	if (!bucket)
		return 0;
	full = __sync_fetch_and_add(&bucket->full, step);
	missing = full - now;
	if (missing <= 0) /* it has been full for a while; if another CPU says so first, a token more is gone */
		__sync_val_compare_and_swap(&bucket->full, full + step, now + step);
	if (missing <= NANOSECONDS - (__s64)step)
		return 1;
	__sync_fetch_and_add(&bucket->full, -step);
	return 0;
}

/* The address that names an interface: the last bits of its id, in one of two blocks. */
INLINE void set_identity(struct address *address, const struct interface *interface, int of_vpc_address)
{
	const struct address identities = IDENTITIES, of_vpc_addresses = IDENTITIES_OF_VPC_ADDRESS;

	*address = of_vpc_address ? of_vpc_addresses : identities;
	put_number(address, interface->id);
}

/* A packet to a service over IPv6, as translate_to_service() does it. */
INLINE __u32 translate_to_service_ipv6(struct packet *packet, const struct interface *sender, __u64 now)
{
	const struct address identities = IPV6_IDENTITIES;
	int asks_metadata = is_metadata(&packet->destination);
	struct address identity;

	if (!has_address(sender, &packet->source))
		return REASON_SERVICE_REQUIRES_PRIMARY_ADDRESS;
	if (!is_served(packet))
		return REASON_NOT_SERVED;
	if (!(sender->flags & (asks_metadata ? INTERFACE_METADATA_OVER_IPV6 : INTERFACE_RESOLVES_OVER_IPV6)))
		return REASON_SERVICE_NOT_OVER_IPV6;
	if (!asks_metadata && !(sender->flags & INTERFACE_RESOLVES))
		return REASON_DNS_SUPPORT_DISABLED;
	if (!is_within_allowance_of_services(sender->id, now))
		return REASON_LINKLOCAL_ALLOWANCE_EXCEEDED;
	set_identity_ipv6(&identity, &identities, sender, &packet->source);
	translate_source(packet, &identity);
	return REASON_DELIVERED;
}

/* Makes a packet to a service what the service sees: 0, or why it is dropped. */
INLINE __u32 translate_to_service(struct packet *packet, const struct interface *sender, __u64 now)
{
	int of_vpc_address = same_address(&packet->destination, &sender->resolver);
	const struct address resolver = RESOLVER;
	struct address identity;

	if (packet->is_ipv6)
		return translate_to_service_ipv6(packet, sender, now);
	if (!same_address(&packet->source, &sender->primary))
		return REASON_SERVICE_REQUIRES_PRIMARY_ADDRESS;
	if (!is_served(packet))
		return REASON_NOT_SERVED;
	if (!is_metadata(&packet->destination)) {
		if (!(sender->flags & INTERFACE_RESOLVES))
			return REASON_DNS_SUPPORT_DISABLED;
		translate_destination(packet, &resolver);
	}
	if (!is_within_allowance_of_services(sender->id, now))
		return REASON_LINKLOCAL_ALLOWANCE_EXCEEDED;
	set_identity(&identity, sender, of_vpc_address);
	translate_source(packet, &identity);
	return REASON_DELIVERED;
}

/* The other way round: 0, the receiver and where to send it, or why the packet goes no further. */
INLINE __u32 translate_from_service(struct packet *packet, struct interface **receiver, __u32 *ifindex)
{
	int of_vpc_address = is_identity_of_vpc_address(&packet->destination);
	__u32 number = number_in(&packet->destination, packet->is_ipv6);
	struct address asked_by;

	*receiver = of_vpc_address || is_identity(&packet->destination) ? numbered(number) : NULL;
	if (!*receiver)
		return REASON_UNKNOWN_INTERFACE;
	if (of_vpc_address)
		translate_source(packet, &(*receiver)->resolver);
	if (packet->is_ipv6) {
		if (read_own_ipv6(&asked_by, &packet->destination, *receiver)) {
			*receiver = NULL;
			return REASON_UNKNOWN_INTERFACE;
		}
		if (packet->protocol != PROTOCOL_TCP && packet->protocol != PROTOCOL_UDP)
			return REASON_NOT_SERVED; /* else what an error quotes would have to be translated as well */
		translate_destination(packet, &asked_by);
	} else {
		translate_destination(packet, &(*receiver)->primary);
	}
	*ifindex = ifindex_of(*receiver);
	return *ifindex ? REASON_DELIVERED : REASON_INSTANCE_NOT_RUNNING;
}
