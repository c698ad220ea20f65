/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The sending side, from the source check to the gateway.  The first lookup is in the table of the sender's subnet.  The
 * tables of a peer's VPC are never asked, so that peering is not transitive. */
#pragma once

#include "common.h"
#include "gateway_endpoint.h"
#include "internet.h"

/* Where the packet goes: to the interface with the id `receiver`, or when that is 0 out to the internet.  `is_outside`: it leaves
 * the sender's subnet for that.  `is_to_nat`: a route leads it to the NAT gateway whose interface is the receiver.
 * `is_tracked`: its flow is, whatever security groups say.  `tables`: how many it has met. */
struct way {
	__u64 receiver;
	__u32 mtu, tables;
	__u8 is_outside, is_to_nat, is_tracked, is_over_peering;
};

INLINE __u32 check_source(const struct packet *packet, const struct interface *sender)
{
	if ((sender->flags & INTERFACE_CHECKED) && !has_address(sender, &packet->source))
		return REASON_SOURCE_CHECK;
	return REASON_DELIVERED;
}

/* Without the source check, too, nobody speaks for the services that are reached without a route. */
INLINE __u32 check_unicast(const struct packet *packet, const struct interface *sender)
{
	if (is_never_forwarded(&packet->destination) || is_never_forwarded(&packet->source) ||
	    same_address(&packet->source, &sender->resolver))
		return REASON_NOT_UNICAST;
	return REASON_DELIVERED;
}

INLINE __u32 to_address_in(__u64 vpc, const struct packet *packet, struct way *way)
{
	way->receiver = owner_of(vpc, &packet->destination);
	return way->receiver ? REASON_DELIVERED : REASON_NO_DESTINATION;
}

/* The far VPC takes only packets for its own addresses, and only from the near one's.  Whatever has an address of a VPC
 * lies in its blocks, so that these are looked at only when no interface has the address. */
INLINE __u32 over_peering(const struct packet *packet, const struct interface *sender, __u64 near, __u64 far,
			  struct way *way)
{
	if (!(near == sender->vpc && has_address(sender, &packet->source)) &&
	    !LPM_LOOKUP(vpc_cidrs, near, &packet->source))
		return REASON_PCX_REJECTS_SPOOFED_SOURCE;
	way->is_over_peering = 1;
	if (!to_address_in(far, packet, way))
		return REASON_DELIVERED;
	return LPM_LOOKUP(vpc_cidrs, far, &packet->destination) ? REASON_NO_DESTINATION :
									 REASON_PCX_REQUIRES_ADDRESS_IN_VPC_CIDR;
}

/* A public address of another VPC is reached here and now, as over the internet. */
INLINE __u32 over_internet_gateway(struct packet *packet, __u64 vpc, __u64 gateway, struct way *way)
{
	struct public_address *owner;
	__u32 reason;

	way->mtu = MTU_INTERNET;
	reason = translate_out(packet, vpc, gateway);
	if (reason)
		return reason;
	owner = public_owner(packet);
	return owner ? enter(packet, owner, &way->receiver) : REASON_DELIVERED;
}

/* From route table to route table, until a route leads out of them: the route, and whose table it is in. */
INLINE __u32 find_route(const struct packet *packet, const struct interface *sender, struct route **found, __u64 *vpc,
			struct way *way)
{
	__u64 table = sender->route_table;

	*vpc = sender->vpc;
	for (int lookups = 0; lookups < LOOKUPS_MAXIMUM; lookups++) {
		struct route *route = route_to(table, packet);

		if (!route)
			return REASON_NO_ROUTE;
		if (route->mtu < way->mtu)
			way->mtu = route->mtu;
		*found = route;
		way->tables = lookups + 1;
		if (route->kind != ROUTE_ROUTE_TABLE)
			return REASON_DELIVERED;
		table = route->target;
		*vpc = route->vpc;
	}
	return REASON_TOO_MANY_LOOKUPS;
}

INLINE __u32 find_way(struct packet *packet, const struct interface *sender, struct way *way)
{
	struct interface *appliance;
	struct route *route = NULL;
	__u64 vpc;
	__u32 reason;

	way->mtu = MTU_SAME_REGION;
	way->receiver = 0;
	way->is_outside = way->is_to_nat = way->is_tracked = way->is_over_peering = 0;
	if (in_subnet_of(sender, packet, &packet->destination))
		return to_address_in(sender->vpc, packet, way);
	way->is_outside = 1;
	reason = find_route(packet, sender, &route, &vpc, way);
	if (reason || !route)
		return reason;
	switch (route->kind) {
	case ROUTE_LOCAL:
		return to_address_in(vpc, packet, way);
	case ROUTE_NAT_GATEWAY:
		way->is_to_nat = 1;
		/* fallthrough */
	case ROUTE_NETWORK_INTERFACE:
		way->receiver = route->target;
		appliance = interface_by_id(route->target);
		if (appliance && way->tables == 1 && in_same_subnet(sender, appliance))
			way->is_outside = 0;
		return appliance ? REASON_DELIVERED : REASON_BLACKHOLE_ROUTE;
	case ROUTE_PEERING:
		return over_peering(packet, sender, vpc, route->vpc, way);
	case ROUTE_EGRESS_ONLY_INTERNET_GATEWAY: /* only answers come back, so it has to be known what they answer */
		if (!packet->is_ipv6)
			return REASON_IGW_NO_PUBLIC_ADDRESS;
		way->is_tracked = 1;
		return over_internet_gateway(packet, vpc, KEPT_FROM_EGRESS_ONLY, way);
	case ROUTE_VPC_ENDPOINT:
		way->mtu = MTU_INTERNET;
		return over_gateway_endpoint(packet, vpc);
	case ROUTE_INTERNET_GATEWAY:
		return over_internet_gateway(packet, vpc, KEPT_FROM_INTERNET_GATEWAY, way);
	}
	return REASON_BLACKHOLE_ROUTE;
}
