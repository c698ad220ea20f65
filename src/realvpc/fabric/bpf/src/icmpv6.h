/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What the VPC's router says over IPv6: "packet too big" (RFC 4443), so that path MTU discovery works. */
#pragma once

#include "common.h"
#include "icmp.h"
#include "ipv6.h"

struct icmpv6 {
	__u8 type, code;
	__sum16 checksum;
	__be32 word; /* the MTU in "packet too big" */
};

INLINE void set_icmpv6_header(struct ipv6 *ip, const struct address *source, const struct address *destination,
			      __u16 payload_length, __u8 hop_limit)
{
	*ip = (struct ipv6){
		.version_and_class = IPV6 << 4,
		.payload_length = bpf_htons(payload_length),
		.next_header = PROTOCOL_ICMPV6,
		.hop_limit = hop_limit,
		.source = *source,
		.destination = *destination,
	};
}

/* Over the pseudo-header (RFC 8200 section 8.1) and the message, whose length is a multiple of 4. */
INLINE __sum16 icmpv6_checksum(void *addresses, void *message, __u32 length)
{
	__u32 rest = bpf_htonl(length + PROTOCOL_ICMPV6);
	__s64 sum = bpf_csum_diff(NULL, 0, addresses, 2 * sizeof(struct address), rest);

	return fold(bpf_csum_diff(NULL, 0, message, length, sum));
}

struct too_big_ipv6 {
	struct ethhdr ethernet;
	struct ipv6 ip;
	struct icmpv6 icmp;
	__u8 quote[TOO_BIG_QUOTE_IPV6];
} __attribute__((packed));

/* As answer_too_big() does. */
RARE int answer_too_big_ipv6(struct __sk_buff *skb, const struct interface *sender, __u32 mtu)
{
	const __u32 room = sizeof(struct ipv6) + sizeof(struct icmpv6);
	const struct address router_address = ROUTER_LINK_LOCAL;
	const struct mac router = { { ROUTER_MAC } };
	const __u32 length = sizeof(struct icmpv6) + TOO_BIG_QUOTE_IPV6;
	struct icmpv6 icmp = { .type = ICMPV6_PACKET_TOO_BIG, .word = bpf_htonl(mtu) };
	struct too_big_ipv6 *answer;
	struct address asker; /* untranslated */
	struct ipv6 ip;

	if (bpf_skb_load_bytes(skb, ETH_LENGTH + offsetof(struct ipv6, source), &asker, sizeof(asker)))
		return TC_ACT_SHOT;
	set_icmpv6_header(&ip, &router_address, &asker, length, ROUTER_TTL);
	if (bpf_skb_change_tail(skb, ETH_LENGTH + TOO_BIG_QUOTE_IPV6, 0) ||
	    bpf_skb_adjust_room(skb, room, BPF_ADJ_ROOM_MAC, 0) || bpf_skb_pull_data(skb, sizeof(*answer)))
		return TC_ACT_SHOT;
	answer = (void *)(long)skb->data;
	if ((void *)(answer + 1) > (void *)(long)skb->data_end)
		return TC_ACT_SHOT;

	__builtin_memcpy(answer->ethernet.h_dest, sender->mac.bytes, sizeof(sender->mac));
	__builtin_memcpy(answer->ethernet.h_source, router.bytes, sizeof(router));
	answer->ethernet.h_proto = bpf_htons(ETH_P_IPV6);
	__builtin_memcpy(&answer->ip, &ip, sizeof(ip));
	__builtin_memcpy(&answer->icmp, &icmp, sizeof(icmp));
	answer->icmp.checksum = icmpv6_checksum((void *)answer + offsetof(struct too_big_ipv6, ip.source),
						(void *)answer + offsetof(struct too_big_ipv6, icmp), length);
	bpf_skb_change_type(skb, PACKET_HOST);
	return bpf_redirect_peer(skb->ifindex, 0);
}
