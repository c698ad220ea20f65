/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What was decided for a flow is remembered for at most a second, so that its next packets cost the same whatever the
 * number of rules and routes.  Any change of the tables and every new second begin a generation, and older decisions are
 * void.  So one packet a second goes the whole way and keeps its tracked flows alive.
 *
 * Remembered are only packets that are delivered, be they translated, and tell security groups and NAT gateways nothing
 * new.
 *
 * On each CPU a flow has a place, found by a hash, which it may have to share.  No other CPU reads or writes there, and
 * finding it takes neither a call into the kernel nor the time of day. */
#pragma once

#include "common.h"
#include "firewall.h"

/* Starts, ends and resets of TCP change what is known of the flow; fragments and errors speak of another packet. */
INLINE int is_ordinary(const struct packet *packet)
{
	return !packet->is_error && !packet->is_fragment && !(packet->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST));
}

/* Where a decision about the packet is, if there is one.  The generation is the hash's key: with it flows change places,
 * and it began with a number that nobody was told, so that nobody can send to the place of another's flow. */
INLINE struct decision *place_of(const struct address *source, const struct address *destination, __u32 ports,
				 __u32 came_from, __u64 generation)
{
	__u64 mixed = mix(mix(generation, came_from), ports);
	__u32 place;

	mixed = mix_address(mixed, source);
	mixed = mix_address(mixed, destination);
	place = mixed >> HASH_SHIFT;
	return bpf_map_lookup_elem(&decisions, &place);
}

INLINE int is_about(const struct decision *decision, const struct packet *packet, __u32 came_from)
{
	return same_address(&decision->source, &packet->source) &&
	       same_address(&decision->destination, &packet->destination) &&
	       decision->source_port == packet->source_port && decision->destination_port == packet->destination_port &&
	       decision->protocol == packet->protocol && decision->icmp_type == packet->icmp_type &&
	       decision->icmp_code == packet->icmp_code && decision->came_from == came_from;
}

/* The valid decision for the packet, or NULL.  What is looked up from here on belongs to this generation or a later one. */
INLINE struct decision *recall(struct __sk_buff *skb, struct journey *journey)
{
	const struct packet *packet = &journey->packet;
	struct ends *came = &journey->came;
	struct generation_value *current;
	struct decision *decision;
	__u32 zero = 0;

	current = bpf_map_lookup_elem(&generation, &zero);
	if (!current || !is_ordinary(packet))
		return NULL;
	journey->generation = *(volatile __u64 *)current; /* tables and second at once */
	decision = place_of(&packet->source, &packet->destination,
			    (__u32)packet->source_port << 16 | packet->destination_port, skb->ifindex,
			    journey->generation);
	if (decision && decision->generation == journey->generation && is_about(decision, packet, skb->ifindex) &&
	    packet->size <= decision->mtu)
		return decision;
	came->source = packet->source;
	came->destination = packet->destination;
	came->source_port = packet->source_port;
	came->destination_port = packet->destination_port;
	return NULL;
}

/* Makes the packet what was decided that it becomes. */
INLINE void translate_as_before(struct packet *packet, const struct decision *decision)
{
	if (!decision->translated)
		return;
	packet->source = decision->new_source;
	packet->destination = decision->new_destination;
	packet->source_port = decision->new_source_port;
	packet->destination_port = decision->new_destination_port;
	packet->translated = 1;
	packet->ports_translated = decision->ports_translated;
}

/* Whether the next packet of the same flow will tell the security groups nothing that this one did not. */
INLINE int is_settled(const struct passage *passage)
{
	return passage->flow || !passage->track;
}

INLINE int is_known_to_nat(const struct journey *journey)
{
	return !journey->out.passes || !journey->out.begins;
}

/* The interface that the packet was seen by on that side, or 0. */
INLINE __u64 seer(const struct journey *journey, int is_egress)
{
	for (__u32 i = 0; i < 2 && i < journey->sighted; i++)
		if (journey->sightings[i].key.is_egress == is_egress)
			return journey->sightings[i].key.interface;
	return 0;
}

INLINE void keep(struct __sk_buff *skb, const struct journey *journey, __u32 ifindex, __u32 mtu, const struct mac *from,
		 const struct mac *to)
{
	const struct packet *packet = &journey->packet;
	const struct ends *came = &journey->came;
	struct decision *decision;

	if (!is_ordinary(packet) || !is_known_to_nat(journey) || packet->changes_family)
		return;
	if (journey->sighted && (journey->out.passes || journey->back.passes))
		return; /* seen by too many */
	decision = place_of(&came->source, &came->destination,
			    (__u32)came->source_port << 16 | came->destination_port, skb->ifindex,
			    journey->generation);
	if (!decision)
		return;
	decision->source = came->source;
	decision->destination = came->destination;
	decision->source_port = came->source_port;
	decision->destination_port = came->destination_port;
	decision->came_from = skb->ifindex;
	decision->generation = journey->generation;
	decision->ifindex = ifindex;
	decision->mtu = mtu;
	decision->from = *from;
	decision->to = *to;
	decision->protocol = packet->protocol;
	decision->icmp_type = packet->icmp_type;
	decision->icmp_code = packet->icmp_code;
	decision->translated = packet->translated;
	decision->ports_translated = packet->ports_translated;
	decision->new_source = packet->source;
	decision->new_destination = packet->destination;
	decision->new_source_port = packet->source_port;
	decision->new_destination_port = packet->destination_port;
	decision->seen_by_sender = seer(journey, 1);
	decision->seen_by_receiver = seer(journey, 0);
}
