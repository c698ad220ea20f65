/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* An IPv4 packet to struct packet (RFC 791). */
#pragma once

#include "common.h"
#include "fragment.h"
#include "transport.h"

INLINE __u32 parse_ipv4(struct __sk_buff *skb, struct packet *packet)
{
	__u32 needed = ETH_LENGTH + sizeof(struct iphdr), length = 0, reason, total, offset, end;
	struct iphdr *ip;
	__u16 fragment;

	if ((void *)(long)skb->data + needed > (void *)(long)skb->data_end && bpf_skb_pull_data(skb, needed))
		return REASON_MALFORMED_PACKET;
	ip = (void *)(long)skb->data + ETH_LENGTH;
	if ((void *)(ip + 1) > (void *)(long)skb->data_end || ip->version != IPV4 || ip->ihl < IPV4_HEADER_WORDS)
		return REASON_MALFORMED_PACKET;

	/* A packet beyond 64 KiB that the kernel will segment has total length 0 (BIG TCP). */
	total = ip->tot_len || !skb->gso_size ? bpf_ntohs(ip->tot_len) : skb->len - ETH_LENGTH;
	packet->header_length = ip->ihl * 4;
	if (total < packet->header_length || ETH_LENGTH + total > skb->len)
		return REASON_MALFORMED_PACKET;
	set_ipv4(&packet->source, ip->saddr);
	set_ipv4(&packet->destination, ip->daddr);
	fragment = bpf_ntohs(ip->frag_off);
	packet->protocol = ip->protocol;
	packet->has_options = ip->ihl > IPV4_HEADER_WORDS;
	packet->dont_fragment = !!(fragment & DONT_FRAGMENT);
	packet->is_fragment = !!(fragment & (FRAGMENT_OFFSET | MORE_FRAGMENTS));
	packet->is_later_fragment = !!(fragment & FRAGMENT_OFFSET);
	packet->is_ipv6 = 0;
	set_nothing_said(packet);

	offset = ETH_LENGTH + packet->header_length;
	end = ETH_LENGTH + total;
	if (packet->is_fragment) {
		struct piece piece = {
			.identification = bpf_ntohs(ip->id),
			.start = (fragment & FRAGMENT_OFFSET) * 8,
			.end = total - packet->header_length,
		};

		reason = parse_fragment(skb, packet, &piece, offset, end, &length, 0);
	} else
		reason = parse_transport(skb, packet, offset, end, &length, 0);
	packet->size = skb->gso_size ? packet->header_length + length + skb->gso_size : total;
	return reason;
}
