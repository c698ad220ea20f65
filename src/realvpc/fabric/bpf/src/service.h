/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The resolver and the instance metadata service: reached without a route or a security group, in a namespace of their
 * own, where each interface appears as an address that names it, because VPCs may have the same private ones. */
#pragma once

#include "common.h"
#include "nat.h"

INLINE int asks_service(const struct packet *packet, const struct interface *sender)
{
	__u32 ip = bpf_ntohl(ipv4_of(&packet->destination));

	return ip == METADATA_IPV4 || ip == RESOLVER_IPV4 || same_address(&packet->destination, &sender->resolver);
}

INLINE int is_served(const struct packet *packet, int is_metadata)
{
	if (is_metadata)
		return packet->protocol == IPPROTO_TCP && packet->destination_port == METADATA_PORT;
	return (packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP) &&
	       packet->destination_port == RESOLVER_PORT;
}

/* Makes a packet to a service what the service sees: 0, or why it is dropped. */
INLINE __u32 translate_to_service(struct packet *packet, const struct interface *sender)
{
	int is_metadata = ipv4_of(&packet->destination) == bpf_htonl(METADATA_IPV4);
	__u32 block = IDENTITIES;
	struct address address;

	if (!same_address(&packet->source, &sender->primary))
		return REASON_SERVICE_REQUIRES_PRIMARY_ADDRESS;
	if (!is_served(packet, is_metadata))
		return REASON_NOT_SERVED;
	if (!is_metadata) {
		if (!(sender->flags & INTERFACE_RESOLVES))
			return REASON_DNS_SUPPORT_DISABLED;
		if (same_address(&packet->destination, &sender->resolver))
			block = IDENTITIES_OF_VPC_ADDRESS;
		set_ipv4(&address, bpf_htonl(RESOLVER_IPV4));
		translate_destination(packet, &address);
	}
	set_ipv4(&address, bpf_htonl(block | (sender->id & ((1 << IDENTITY_BITS) - 1))));
	translate_source(packet, &address);
	return REASON_DELIVERED;
}

/* The other way round: 0 and the receiver, or why the packet goes no further. */
INLINE __u32 translate_from_service(struct packet *packet, struct interface **receiver)
{
	__u32 ip = bpf_ntohl(ipv4_of(&packet->destination)), block = ip >> IDENTITY_BITS << IDENTITY_BITS;
	struct identity_key key = { .number = ip & ((1 << IDENTITY_BITS) - 1) };
	struct id_value *found = NULL;

	if (block == IDENTITIES || block == IDENTITIES_OF_VPC_ADDRESS)
		found = bpf_map_lookup_elem(&identities, &key);
	*receiver = found ? interface_by_id(found->id) : NULL;
	if (!*receiver)
		return REASON_UNKNOWN_INTERFACE;
	if (block == IDENTITIES_OF_VPC_ADDRESS)
		translate_source(packet, &(*receiver)->resolver);
	translate_destination(packet, &(*receiver)->primary);
	if (!((*receiver)->flags & INTERFACE_RUNNING) || !(*receiver)->ifindex)
		return REASON_INSTANCE_NOT_RUNNING;
	return REASON_DELIVERED;
}
