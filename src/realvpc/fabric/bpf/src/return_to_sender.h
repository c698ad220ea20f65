/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What answers a NAT gateway in a peered VPC returns to it, with or without a route (net/return_to_sender.py). */
#pragma once

#include "common.h"
#include "firewall.h"
#include "network_acl.h"
#include "route.h"

/* The NAT gateway that the flow remembers, as long as it has the address; or NULL. */
INLINE struct interface *answered_gateway(const struct flow *flow, const struct address *address)
{
	struct interface *gateway = flow && flow->gateway ? interface_by_id(flow->gateway) : NULL;

	if (!gateway || !(gateway->flags & INTERFACE_NAT_GATEWAY) || !has_address(gateway, address))
		return NULL;
	return gateway;
}

/* How large a packet may be on the way that the gateway has to the address, if it is a peering connection of its VPC with
 * this one;
 * or 0.  Such connections are of IPv4. */
INLINE __u32 mtu_from(const struct interface *gateway, __u64 vpc, const struct address *address)
{
	__u64 table = gateway->route_table, of = gateway->vpc;

	for (int lookups = 0; lookups < LOOKUPS_MAXIMUM; lookups++) {
		struct route *route = LPM_LOOKUP(routes, table, address);

		if (!route)
			return 0;
		if (route->kind != ROUTE_ROUTE_TABLE)
			return route->kind == ROUTE_PEERING && route->vpc == vpc && of == gateway->vpc ? route->mtu : 0;
		table = route->target;
		of = route->vpc;
	}
	return 0;
}

/* Over the peering connection to the NAT gateway that the packet answers: 0, or why not.  What answers none is not over
 * a peering connection afterwards. */
APART int return_to_sender(struct journey *journey, const struct interface *sender, struct way *way)
{
	struct interface *gateway;
	__u32 denied, mtu;

	if (!journey || !sender || !way)
		return REASON_DELIVERED;
	gateway = answered_gateway(tracked(&journey->leaving, bpf_ktime_get_coarse_ns()), &journey->packet.destination);
	mtu = gateway ? mtu_from(gateway, sender->vpc, &journey->packet.source) : 0;
	if (!gateway || !mtu)
		return REASON_DELIVERED;
	denied = examine_acl(&journey->packet, sender, 1);
	if (denied)
		return denied;
	way->mtu = mtu;
	way->is_outside = 1;
	return over_peering(&journey->packet, sender, sender->vpc, gateway->vpc, way);
}

/* From the sender's interface. */
INLINE __u32 set_off(struct journey *journey, const struct interface *sender, struct way *way)
{
	__u32 reason = return_to_sender(journey, sender, way);

	return reason || way->is_over_peering ? reason : leave(&journey->packet, sender, way);
}

/* Whether a gateway began the flow and has lost the address since. */
APART int is_left_by_gateway(const struct flow *flow, const struct address *address)
{
	return flow && address && flow->gateway && !answered_gateway(flow, address);
}

/* At whom a NAT gateway has reached over a peering connection: what comes out of a gateway is always tracked (EC2 guide,
 * "Security group connection tracking"), and the flow knows where answers return: to the gateway that began it, or when that
 * has lost the address, to the one that has it now. */
INLINE void track_way_back(struct passage *passage, struct journey *journey, const struct way *way)
{
	if (!way->is_over_peering || !journey->out.passes || journey->back.passes || journey->packet.is_error)
		return;
	if (!passage->flow)
		passage->track = 1;
	else if (!is_left_by_gateway(passage->flow, &journey->arriving.remote))
		return;
	journey->returns_to = journey->out.inward.gateway;
}
