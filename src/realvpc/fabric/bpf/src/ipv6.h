/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* An IPv6 packet to struct packet (RFC 8200). */
#pragma once

#include "common.h"
#include "fragment.h"
#include "transport.h"

struct ipv6 {
	__u8 version_and_class, class_and_flow[3];
	__be16 payload_length;
	__u8 next_header, hop_limit;
	struct address source, destination;
};

/* A header up to its addresses. */
struct ipv6_start {
	__u8 version_and_class, class_and_flow[3];
	__be16 payload_length;
	__u8 next_header, hop_limit;
};

/* The addresses of a header lie as those of struct packet, where they are read at once: the stack has no room for them. */
#define ADDRESSES (sizeof(struct ipv6) - sizeof(struct ipv6_start))
_Static_assert(offsetof(struct ipv6, destination) + sizeof(struct address) == sizeof(struct ipv6), "the last ones");
_Static_assert(offsetof(struct packet, destination) - offsetof(struct packet, source) == sizeof(struct address), "a pair");
_Static_assert(offsetof(struct packet, quoted_destination) - offsetof(struct packet, quoted_source) ==
		       sizeof(struct address), "a pair");

/* What every extension header begins with; of a fragment header it is all. */
struct extension {
	__u8 next_header, length; /* in units of 8 bytes, without the first one */
	__be16 fragment;
	__be32 identification;
};

/* The way from one header to the next: `offset` is where the header `next_header` begins. */
struct chain {
	__u32 offset;
	__u32 fragmentable; /* where the part that is cut into fragments begins, or 0 */
	__u32 identification;
	__u16 fragment;
	__u8 next_header;
};

INLINE int is_ipv6(const struct ipv6_start *ip)
{
	return ip->version_and_class >> 4 == IPV6;
}

/* A mapped address stands for an IPv4 one, which no IPv6 packet comes from or goes to (RFC 4291 section 2.5.5.2). */
INLINE int is_mapped(const struct address *address)
{
	return !address->halves[0] && address->words[2] == bpf_htonl(MAPPED);
}

INLINE int is_extension(__u8 next_header)
{
	return next_header == IPV6_HOP_BY_HOP || next_header == IPV6_ROUTING || next_header == IPV6_FRAGMENT ||
	       next_header == IPV6_DESTINATION_OPTIONS;
}

/* To the transport header, or to the data of a later fragment: 0, or that the headers are not sane. */
APART int skip_extensions(struct __sk_buff *skb, struct chain *chain, __u32 end)
{
	if (!chain)
		return REASON_MALFORMED_PACKET;
	for (int i = 0; i < IPV6_EXTENSIONS_MAXIMUM; i++) {
		struct extension header;
		int is_fragment_header = chain->next_header == IPV6_FRAGMENT;

		if (!is_extension(chain->next_header))
			break;
		if ((i && chain->next_header == IPV6_HOP_BY_HOP) || (is_fragment_header && chain->fragmentable) ||
		    chain->offset + sizeof(header) > end ||
		    bpf_skb_load_bytes(skb, chain->offset, &header, sizeof(header)))
			return REASON_MALFORMED_PACKET;
		chain->next_header = header.next_header;
		chain->offset += is_fragment_header ? sizeof(header) : (header.length + 1) * 8;
		if (!is_fragment_header)
			continue;
		chain->fragmentable = chain->offset;
		chain->fragment = bpf_ntohs(header.fragment);
		chain->identification = bpf_ntohl(header.identification);
		if (chain->fragment & IPV6_FRAGMENT_OFFSET)
			return REASON_DELIVERED;
	}
	return is_extension(chain->next_header) || chain->offset > end ? REASON_MALFORMED_PACKET : REASON_DELIVERED;
}

/* RFC 4443: an error quotes as much as there is room for. */
RARE int parse_quote_ipv6(struct __sk_buff *skb, struct packet *packet, __u32 offset, __u32 end)
{
	struct chain chain = {};
	struct ipv6_start ip;
	__u32 reason;

	if (offset + sizeof(struct ipv6) > end || bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)) || !is_ipv6(&ip) ||
	    bpf_skb_load_bytes(skb, offset + sizeof(ip), &packet->quoted_source, ADDRESSES) ||
	    is_mapped(&packet->quoted_source) || is_mapped(&packet->quoted_destination))
		return REASON_MALFORMED_PACKET;
	chain.offset = offset + sizeof(struct ipv6);
	chain.next_header = ip.next_header;
	reason = skip_extensions(skb, &chain, end);
	if (reason)
		return reason;
	forget_quote(packet, chain.next_header);
	if (chain.fragment & IPV6_FRAGMENT_OFFSET)
		return REASON_DELIVERED;
	return parse_quoted_transport(skb, packet, chain.offset, end, 1);
}

APART int parse_ipv6(struct __sk_buff *skb, struct packet *packet)
{
	struct chain chain = { .offset = ETH_LENGTH + sizeof(struct ipv6) };
	__u32 length = 0, total, end, reason;
	struct ipv6_start ip;

	if (!packet || load(skb, ETH_LENGTH, &ip, sizeof(ip)) || !is_ipv6(&ip) ||
	    load(skb, ETH_LENGTH + sizeof(ip), &packet->source, ADDRESSES) || is_mapped(&packet->source) ||
	    is_mapped(&packet->destination))
		return REASON_MALFORMED_PACKET;

	/* A packet beyond 64 KiB that the kernel will segment has payload length 0 (BIG TCP); jumbograms there are none. */
	total = ip.payload_length || !skb->gso_size ? sizeof(struct ipv6) + bpf_ntohs(ip.payload_length) :
							skb->len - ETH_LENGTH;
	end = ETH_LENGTH + total;
	if (end > skb->len)
		return REASON_MALFORMED_PACKET;
	packet->is_ipv6 = packet->dont_fragment = 1; /* routers never fragment */
	packet->has_options = 0;
	set_nothing_said(packet);

	chain.next_header = ip.next_header;
	reason = is_extension(ip.next_header) ? skip_extensions(skb, &chain, end) : REASON_DELIVERED;
	if (reason)
		return reason;
	packet->protocol = chain.next_header;
	packet->header_length = chain.offset - ETH_LENGTH;
	packet->is_fragment = !!(chain.fragment & (IPV6_FRAGMENT_OFFSET | IPV6_MORE_FRAGMENTS));
	packet->is_later_fragment = !!(chain.fragment & IPV6_FRAGMENT_OFFSET);
	if (packet->is_fragment) {
		struct piece piece = {
			.identification = chain.identification,
			.start = chain.fragment & IPV6_FRAGMENT_OFFSET,
			.end = end - chain.fragmentable,
		};

		reason = parse_fragment(skb, packet, &piece, chain.offset, end, &length, 1);
	} else {
		reason = parse_transport(skb, packet, chain.offset, end, &length, 1);
	}
	packet->size = skb->gso_size ? packet->header_length + length + skb->gso_size : total;
	return reason;
}
