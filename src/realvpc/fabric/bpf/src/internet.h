/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Over a gateway to the internet, and in again (net/internet.py).  An IPv6 address is public by nature. */
#pragma once

#include "common.h"
#include "firewall.h"
#include "nat.h"

/* Whether the packet answers one that its receiver sent. */
APART int is_answer(const struct packet *packet, const struct interface *receiver)
{
	struct flow_key key = {};

	if (!packet || !receiver)
		return 0;
	if (packet->is_error)
		set_quoted_flow_key(&key, packet, receiver->id, 0);
	else
		set_flow_key(&key, packet, receiver->id, 0);
	return tracked(&key, bpf_ktime_get_coarse_ns()) != NULL;
}

INLINE struct route *route_to(__u64 table, const struct packet *packet)
{
	return packet->is_ipv6 ? LPM_LOOKUP(ipv6_routes, table, &packet->destination) :
				 LPM_LOOKUP(routes, table, &packet->destination);
}

/* By the internet gateway's own route table, where it has one: to the receiver, or to an appliance on the way there. */
INLINE __u32 find_next_hop(const struct packet *packet, const struct public_address *owner, __u64 *receiver)
{
	struct route *route;

	if (!owner->route_table)
		return REASON_DELIVERED;
	route = route_to(owner->route_table, packet);
	if (!route)
		return REASON_NO_ROUTE;
	if (route->kind == ROUTE_LOCAL)
		return REASON_DELIVERED;
	*receiver = route->target;
	return route->kind == ROUTE_NETWORK_INTERFACE ? REASON_DELIVERED : REASON_BLACKHOLE_ROUTE;
}

/* To an IPv6 address.  Where the receiver's subnet sends what it would answer over an egress-only gateway, only answers
 * come in. */
INLINE __u32 enter_untranslated(const struct packet *packet, const struct public_address *owner, __u64 *receiver)
{
	struct interface *interface;
	struct route *back;

	if (is_private(&packet->source))
		return REASON_IGW_PRIVATE_SOURCE;
	interface = owner ? interface_by_id(owner->interface) : NULL;
	if (!interface)
		return REASON_IGW_UNKNOWN_PUBLIC_ADDRESS;
	*receiver = interface->id;
	back = LPM_LOOKUP(ipv6_routes, interface->route_table, &packet->source);
	if (back && back->kind == ROUTE_EGRESS_ONLY_INTERNET_GATEWAY) {
		if (!is_answer(packet, interface))
			return REASON_EIGW_REJECTS_INGRESS;
		return owner->kept_from & KEPT_FROM_EGRESS_ONLY ? keep_out(owner) : REASON_DELIVERED;
	}
	if (!owner->attached)
		return REASON_IGW_UNKNOWN_PUBLIC_ADDRESS;
	if (owner->kept_from & KEPT_FROM_INTERNET_GATEWAY)
		return keep_out(owner);
	return find_next_hop(packet, owner, receiver);
}

/* From the internet into the VPC of whoever has the address: 0 and the receiver, or why the packet goes no further. */
INLINE __u32 enter(struct packet *packet, const struct public_address *owner, __u64 *receiver)
{
	__u32 reason;

	if (packet->is_ipv6)
		return enter_untranslated(packet, owner, receiver);
	reason = translate_in(packet, owner, receiver);
	return reason || !owner ? reason : find_next_hop(packet, owner, receiver);
}
