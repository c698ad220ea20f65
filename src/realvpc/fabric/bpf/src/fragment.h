/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Fragments of both families: the first one of a packet speaks for those that follow. */
#pragma once

#include "common.h"
#include "transport.h"

/* The place of a packet's first fragment.  Every interface has places of its own, so that none can push out another's. */
INLINE __u32 fragment_place(const struct fragment *fragment)
{
	__u32 mixed = fragment->identification ^ fragment->protocol;

	for (int i = 0; i < 4; i++)
		mixed ^= bpf_ntohl(fragment->source.words[i]) ^ bpf_ntohl(fragment->destination.words[i]);
	return mixed % FRAGMENT_PLACES;
}

INLINE int is_same_packet(const struct fragment *a, const struct fragment *b)
{
	return same_address(&a->source, &b->source) && same_address(&a->destination, &b->destination) &&
	       a->identification == b->identification && a->protocol == b->protocol;
}

/* Where the fragments of a packet are told apart: what they share, and the place of this one in the whole, in bytes. */
struct piece {
	__u32 identification;
	__u32 start, end;
};

/* Only the first fragment has a transport header: remember what it said for those that follow (RFC 791, RFC 8200).  Those
 * may not say anything about the same bytes (RFC 1858, RFC 5722). */
INLINE __u32 parse_fragment(struct __sk_buff *skb, struct packet *packet, const struct piece *piece, __u32 offset,
			    __u32 end, __u32 *length, int is_ipv6)
{
	struct fragment fragment = {
		.source = packet->source,
		.destination = packet->destination,
		.identification = piece->identification,
		.protocol = is_ipv6 ? 0 : packet->protocol,
	};
	struct fragment_key key = { .ifindex = skb->ifindex, .place = fragment_place(&fragment) };
	struct fragment *known;
	__u32 reason;

	if (packet->is_later_fragment) {
		known = bpf_map_lookup_elem(&fragments, &key);
		if (!known || !is_same_packet(known, &fragment))
			return REASON_FRAGMENT_WITHOUT_FIRST;
		if (piece->start < known->end)
			return REASON_MALFORMED_PACKET;
		packet->protocol = known->transport;
		packet->source_port = known->source_port;
		packet->destination_port = known->destination_port;
		packet->icmp_type = known->icmp_type;
		packet->icmp_code = known->icmp_code;
		return REASON_DELIVERED;
	}
	reason = parse_transport(skb, packet, offset, end, length, is_ipv6);
	if (reason || packet->is_error)
		return reason;
	fragment.transport = packet->protocol;
	fragment.end = piece->end;
	fragment.source_port = packet->source_port;
	fragment.destination_port = packet->destination_port;
	fragment.icmp_type = packet->icmp_type;
	fragment.icmp_code = packet->icmp_code;
	bpf_map_update_elem(&fragments, &key, &fragment, BPF_ANY);
	return REASON_DELIVERED;
}
