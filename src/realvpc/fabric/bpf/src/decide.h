/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What was decided for a flow is remembered for a second, so that its next packets cost one lookup whatever the number of
 * rules and routes.  Any change of the tables makes the generation, and with it every older decision, stale.
 *
 * Remembered are only packets that are delivered as they are and tell security groups nothing new.  After a second one
 * packet goes the whole way again and keeps its tracked flows alive. */
#pragma once

#include "common.h"
#include "firewall.h"

/* Starts, ends and resets of TCP change what is known of the flow; fragments and errors speak of another packet. */
INLINE int is_ordinary(const struct packet *packet)
{
	return !packet->is_error && !packet->is_fragment && !packet->translated &&
	       !(packet->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST));
}

/* The valid decision for the packet, or NULL.  What is looked up from here on belongs to this generation or a later one. */
INLINE struct decision *recall(struct __sk_buff *skb, struct journey *journey, __u64 now)
{
	const struct packet *packet = &journey->packet;
	struct decision_key *key = &journey->decision;
	struct generation_value *current;
	struct decision *decision;
	__u32 zero = 0;

	current = bpf_map_lookup_elem(&generation, &zero);
	if (!current || !is_ordinary(packet))
		return NULL;
	journey->generation = *(volatile __u64 *)&current->number;
	key->source = packet->source;
	key->destination = packet->destination;
	key->ifindex = skb->ifindex;
	key->source_port = packet->source_port;
	key->destination_port = packet->destination_port;
	key->protocol = packet->protocol;
	key->icmp_type = packet->icmp_type;
	key->icmp_code = packet->icmp_code;
	decision = bpf_map_lookup_elem(&decisions, key);
	if (!decision || decision->generation != journey->generation || (__s64)(decision->until - now) <= 0 ||
	    packet->size > decision->mtu)
		return NULL;
	return decision;
}

/* Whether the next packet of the same flow will tell the security groups nothing that this one did not. */
INLINE int is_settled(const struct passage *passage)
{
	return passage->flow || !passage->track;
}

INLINE void keep(struct journey *journey, __u32 ifindex, __u32 mtu, const struct mac *from, const struct mac *to,
		 __u64 now)
{
	struct decision decision = {
		.generation = journey->generation,
		.until = now + NANOSECONDS,
		.ifindex = ifindex,
		.mtu = mtu,
		.from = *from,
		.to = *to,
	};

	if (is_ordinary(&journey->packet))
		bpf_map_update_elem(&decisions, &journey->decision, &decision, BPF_ANY);
}
