/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Through a NAT gateway and back (net/nat.py). */
#pragma once

#include "common.h"
#include "nat.h"
#include "nat64.h"
#include "nat_flow.h"
#include "network_acl.h"
#include "record.h"
#include "route.h"

/* Out of the subnet of an interface, an instance's or a gateway's, to wherever its route table leads: 0, or why not. */
APART int leave(struct packet *packet, const struct interface *from, struct way *way)
{
	__u32 denied, reason, seen_by_so_many = 0;

	if (!packet || !from || !way)
		return REASON_NO_ROUTE;
	denied = examine_acl(packet, from, 1); /* before an address is translated */
	if (denied)
		seen_by_so_many = sightings_so_far();
	reason = find_way(packet, from, way);
	if (!denied || !way->is_outside)
		return reason;
	seen_last_by(from, seen_by_so_many); /* whoever would have kept it out never met it */
	return denied;
}

INLINE int begins_connection(const struct packet *packet)
{
	if (packet->is_error)
		return 0;
	return packet->protocol != PROTOCOL_TCP || (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

INLINE int is_carried(const struct packet *packet)
{
	if (packet->is_ipv6)
		return is_carried_as_ipv4(packet);
	if (packet->protocol == PROTOCOL_ICMP)
		return packet->is_error || is_icmp_query(packet->protocol, packet->icmp_type);
	return packet->protocol == PROTOCOL_TCP || packet->protocol == PROTOCOL_UDP;
}

/* Whose connection it is that leaves, or that an error speaks of. */
INLINE void set_outward_key(struct nat_key *key, const struct packet *packet, __u64 gateway)
{
	key->gateway = gateway;
	key->is_inwards = 0;
	key->protocol = packet->is_error ? packet->quoted_protocol : packet->protocol;
	key->near = packet->is_error ? packet->quoted_destination : packet->source;
	key->near_port = packet->is_error ? packet->quoted_destination_port : packet->source_port;
	key->remote = packet->is_error ? packet->quoted_source : packet->destination;
	key->remote_port = packet->is_error ? packet->quoted_source_port : packet->destination_port;
	if (key->protocol == PROTOCOL_ICMP)
		key->remote_port = 0;
}

/* The connection that is answered, or that an error speaks of. */
INLINE void set_inward_key(struct nat_key *key, const struct packet *packet, __u64 gateway)
{
	key->gateway = gateway;
	key->is_inwards = 1;
	key->protocol = packet->is_error ? packet->quoted_protocol : packet->protocol;
	key->near = packet->is_error ? packet->quoted_source : packet->destination;
	key->near_port = packet->is_error ? packet->quoted_source_port : packet->destination_port;
	key->remote = packet->is_error ? packet->quoted_destination : packet->source;
	key->remote_port = packet->is_error ? packet->quoted_destination_port : packet->source_port;
	if (key->protocol == PROTOCOL_ICMP)
		key->remote_port = 0;
}

/* Puts the gateway's address and port in the sender's place; in an error also in what it quotes. */
INLINE void put_outside(struct packet *packet, const struct address *address, __u16 port)
{
	if (packet->is_error) {
		packet->quoted_destination = *address;
		packet->quoted_destination_port = port;
		if (packet->quoted_protocol == PROTOCOL_ICMP)
			packet->quoted_source_port = port;
	} else {
		packet->source_port = port;
		if (packet->protocol == PROTOCOL_ICMP)
			packet->destination_port = port;
	}
	packet->source = *address;
	packet->translated = packet->ports_translated = 1;
}

/* And the other way round. */
INLINE void put_inside(struct packet *packet, const struct address *address, __u16 port)
{
	if (packet->is_error) {
		packet->quoted_source = *address;
		packet->quoted_source_port = port;
		if (packet->quoted_protocol == PROTOCOL_ICMP)
			packet->quoted_destination_port = port;
	} else {
		packet->destination_port = port;
		if (packet->protocol == PROTOCOL_ICMP)
			packet->source_port = port;
	}
	packet->destination = *address;
	packet->translated = packet->ports_translated = 1;
}

INLINE int is_fragment_of_others(const struct packet *packet)
{
	return packet->is_fragment && packet->protocol != PROTOCOL_UDP;
}

/* At the interface of the gateway that the route leads to: 0 and the packet is translated, or why not. */
APART int translate_through_gateway(struct journey *journey, __u64 gateway, __u64 now)
{
	struct packet *packet;
	struct nat_passage *passage;
	struct nat_flow *flow;

	if (!journey)
		return REASON_NAT_NO_CONNECTION;
	packet = &journey->packet;
	passage = &journey->out;
	set_outward_key(&passage->outward, packet, gateway);
	flow = bpf_map_lookup_elem(&nat_flows, &passage->outward);
	passage->begins = 1;
	if (flow) {
		passage->inward = passage->outward;
		passage->inward.is_inwards = 1;
		passage->inward.near = flow->near;
		passage->inward.near_port = flow->near_port;
		passage->begins = !gateway_has(gateway, &flow->near) || !nat_flow_of(&passage->inward, now);
	}
	if (passage->begins && !begins_connection(packet))
		return REASON_NAT_NO_CONNECTION;
	if (passage->begins && find_port(&passage->outward, &passage->inward, journey->sender))
		return REASON_NAT_PORT_ALLOCATION;
	passage->passes = 1;
	put_outside(packet, &passage->inward.near, passage->inward.near_port);
	return REASON_DELIVERED;
}

/* At the interface of a gateway that has the packet's destination: the same. */
APART int translate_back(struct journey *journey, __u64 gateway, __u64 now)
{
	struct packet *packet;
	struct nat_passage *passage;
	struct nat_flow *flow;

	if (!journey)
		return REASON_NAT_UNSOLICITED;
	packet = &journey->packet;
	passage = &journey->back;
	if (packet->protocol == PROTOCOL_ICMP && !packet->is_error &&
	    !is_icmp_query(packet->protocol, icmp_answer(packet->protocol, packet->icmp_type)))
		return REASON_NAT_UNSOLICITED;
	set_inward_key(&passage->inward, packet, gateway);
	flow = nat_flow_of(&passage->inward, now);
	if (!flow)
		return REASON_NAT_UNSOLICITED;
	passage->passes = 1;
	passage->begins = 0;
	put_inside(packet, &flow->near, flow->near_port);
	return is_mapped(&packet->destination) ? REASON_DELIVERED : become_ipv6(packet);
}

/* Into the subnet of the gateway. */
INLINE __u32 enter_gateway(struct journey *journey, const struct interface *gateway, struct way *way)
{
	const struct packet *packet = &journey->packet;

	if (way->mtu > MTU_NAT_GATEWAY)
		way->mtu = MTU_NAT_GATEWAY;
	if (packet->size > way->mtu)
		return REASON_PACKET_TOO_BIG;
	seen_by(journey, gateway, 0);
	return way->is_outside ? examine_acl(packet, gateway, 0) : REASON_DELIVERED;
}

INLINE __u32 go_through_gateway(struct journey *journey, const struct interface *gateway, struct way *way, __u64 now)
{
	__u64 vpc = gateway->vpc;
	__u32 reason;

	if (!LPM_LOOKUP(vpc_cidrs, vpc, &journey->packet.source))
		return REASON_NAT_REQUIRES_SOURCE_IN_VPC;
	if (journey->packet.is_ipv6 && journey->packet.is_fragment)
		return REASON_NAT_FRAGMENT;
	if (!is_carried(&journey->packet))
		return REASON_NAT_PROTOCOL;
	if (is_fragment_of_others(&journey->packet))
		return REASON_NAT_FRAGMENT;
	reason = enter_gateway(journey, gateway, way);
	if (!reason && journey->packet.is_ipv6)
		reason = become_ipv4(&journey->packet);
	return reason ? reason : translate_through_gateway(journey, gateway->id, now);
}

INLINE __u32 come_back(struct journey *journey, const struct interface *gateway, struct way *way, __u64 now)
{
	__u32 reason = enter_gateway(journey, gateway, way);

	if (!reason && is_fragment_of_others(&journey->packet))
		return REASON_NAT_FRAGMENT;
	return reason ? reason : translate_back(journey, gateway->id, now);
}

/* At the NAT gateway that the way leads to, if it does: through it or back, and on from its subnet.  A packet passes one
 * out and one back in at most.  0 and where the packet goes, or why not. */
APART int pass_nat_gateway(struct journey *journey, struct way *way, __u64 now)
{
	struct interface *gateway;
	__u32 reason, limit;
	__u8 was_ipv6;

	if (!journey || !way)
		return REASON_NAT_LOOP;
	was_ipv6 = journey->packet.is_ipv6;
	if (!way->receiver)
		return REASON_DELIVERED;
	gateway = interface_by_id(way->receiver);
	if (!gateway || !(gateway->flags & INTERFACE_NAT_GATEWAY))
		return REASON_DELIVERED;
	if (journey->back.passes || (way->is_to_nat && journey->out.passes))
		return REASON_NAT_LOOP;
	reason = way->is_to_nat ? go_through_gateway(journey, gateway, way, now) :
				  come_back(journey, gateway, way, now);
	if (reason)
		return reason;
	seen_by(journey, gateway, 1);
	limit = way->mtu; /* of the way so far, for what the packet is now */
	if (journey->packet.is_ipv6 != was_ipv6)
		limit = was_ipv6 ? limit - NAT64_LONGER : limit + NAT64_LONGER;
	reason = leave(&journey->packet, gateway, way);
	if (limit < way->mtu)
		way->mtu = limit;
	return reason;
}

INLINE struct interface *receiver_of(const struct way *way)
{
	return way->receiver ? interface_by_id(way->receiver) : NULL;
}

/* All of them, which three steps are enough for.  `receiver` becomes whom the packet is for; NULL: it leaves. */
INLINE __u32 pass_nat_gateways(struct journey *journey, struct way *way, struct interface **receiver, __u64 now)
{
	__u32 reason;

	*receiver = receiver_of(way);
	if (!*receiver || !((*receiver)->flags & INTERFACE_NAT_GATEWAY))
		return REASON_DELIVERED;
	reason = pass_nat_gateway(journey, way, now);
	if (!reason && (journey->out.passes || journey->back.passes))
		reason = pass_nat_gateway(journey, way, now);
	if (!reason && journey->out.passes && journey->back.passes)
		reason = pass_nat_gateway(journey, way, now);
	*receiver = receiver_of(way);
	return reason;
}

INLINE __u64 shown_by(const struct packet *packet, int is_leaving)
{
	__u64 shown = is_leaving ? SEEN_LEAVING : SEEN_ARRIVING;

	if (packet->tcp_flags & TCP_FIN)
		shown |= is_leaving ? SEEN_FIN_LEAVING : SEEN_FIN_ARRIVING;
	return packet->tcp_flags & TCP_RST ? shown | SEEN_RST : shown;
}

/* Keeps a connection alive; an error about one does not. */
INLINE void prolong(struct nat_passage *passage, const struct packet *packet, int is_leaving, __u64 now)
{
	struct nat_flow *flow;
	__u64 seen;

	if (!passage->passes || packet->is_error)
		return;
	flow = bpf_map_lookup_elem(&nat_flows, &passage->inward);
	if (!flow)
		return;
	seen = flow->seen | shown_by(packet, is_leaving);
	if (is_closed(flow->seen) && (packet->tcp_flags & TCP_SYN))
		seen = shown_by(packet, is_leaving); /* the ports are used again */
	if (seen != flow->seen)
		flow->seen = seen;
	if ((__s64)(now - flow->last) > NANOSECONDS) /* one write a second: the cache line is shared */
		flow->last = now;
}

/* Called for a packet that arrives, and for no other: 0, or why it does not after all. */
APART int remember_connection(struct journey *journey, __u64 now)
{
	if (!journey)
		return REASON_NAT_PORT_ALLOCATION;
	if (journey->out.passes && journey->out.begins) {
		if (begin_nat_flow(&journey->out.outward, &journey->out.inward, journey->sender,
				   shown_by(&journey->packet, 1), now))
			return REASON_NAT_PORT_ALLOCATION;
	} else {
		prolong(&journey->out, &journey->packet, 1, now);
	}
	prolong(&journey->back, &journey->packet, 0, now);
	return REASON_DELIVERED;
}

INLINE __u32 remember_nat(struct journey *journey, __u64 now)
{
	return journey->out.passes || journey->back.passes ? remember_connection(journey, now) : REASON_DELIVERED;
}

/* After `remember_nat`, when there is no room for something else of the packet. */
INLINE void forget_nat(struct journey *journey, __u64 now)
{
	if (journey->out.passes && journey->out.begins)
		end_nat_flow_at_once(&journey->out.inward, now);
}
