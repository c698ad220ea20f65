/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* To AWS's endpoint through an interface endpoint and back (net/private_link.py). */
#pragma once

#include "common.h"
#include "firewall.h"
#include "identity.h"
#include "nat.h"
#include "record.h"

/* Makes a packet that an endpoint's interface has let in what AWS's endpoint sees: 0 and where to send it, or why it is
 * dropped. */
INLINE __u32 to_endpoint(struct packet *packet, const struct interface *receiver, __u32 *ifindex)
{
	const struct address identities = IPV6_ENDPOINT_IDENTITIES;
	struct address identity = ENDPOINT_IDENTITIES;
	__u32 number = EDGE_ENDPOINTS;
	struct edge *link;

	if (packet->protocol != PROTOCOL_TCP || packet->destination_port != ENDPOINT_TLS_PORT)
		return REASON_ENDPOINT_NOT_SERVED;
	if (packet->size > MTU_INTERFACE_ENDPOINT)
		return REASON_PACKET_TOO_BIG;
	link = bpf_map_lookup_elem(&edges, &number);
	*ifindex = link ? link->ifindex : 0;
	if (packet->is_ipv6)
		set_identity_ipv6(&identity, &identities, receiver, &packet->destination);
	else
		put_number(&identity, receiver->id);
	translate_destination(packet, &identity);
	return *ifindex ? REASON_DELIVERED : REASON_INSTANCE_NOT_RUNNING;
}

/* What comes through an interface endpoint is always tracked (EC2 guide, "Security group connection tracking"), and each
 * sender has a share. */
INLINE void track_at_endpoint(struct passage *passage, const struct interface *receiver, __u64 sender)
{
	if (!(receiver->flags & INTERFACE_ENDPOINT) || passage->flow)
		return;
	passage->track = 1;
	passage->sender = sender;
}

/* The interface that answers, in whose place the packet goes on; NULL when there is none. */
INLINE struct interface *from_endpoint(struct packet *packet)
{
	__u32 number = number_in(&packet->source, packet->is_ipv6);
	struct interface *sender = is_endpoint_identity(&packet->source) ? numbered(number) : NULL;
	struct address own;

	if (!sender || !(sender->flags & INTERFACE_ENDPOINT))
		return NULL;
	if (packet->is_ipv6 && read_own_ipv6(&own, &packet->source, sender))
		return NULL;
	translate_source(packet, packet->is_ipv6 ? &own : &sender->primary);
	return sender;
}

/* What an error over IPv6 quotes would have to be translated as well. */
INLINE int is_of_endpoint(const struct packet *packet)
{
	return !packet->is_ipv6 || packet->protocol == PROTOCOL_TCP;
}

/* Whether flow logs have what the interface of an endpoint sees.  A decision that is kept would show them the addresses by
 * which AWS's endpoint knows it. */
INLINE int is_logged_endpoint(const struct interface *interface)
{
	return (interface->flags & INTERFACE_ENDPOINT) && (interface->flags & INTERFACE_LOGS);
}

/* The largest packet that reaches the receiver when the way to it has this MTU. */
INLINE __u32 mtu_to(const struct interface *receiver, __u32 mtu)
{
	return (receiver->flags & INTERFACE_ENDPOINT) && mtu > MTU_INTERFACE_ENDPOINT ? MTU_INTERFACE_ENDPOINT : mtu;
}
