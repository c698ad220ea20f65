/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The one answer that the VPC's router gives: "fragmentation needed" (RFC 792, RFC 1191), so that path MTU discovery
 * works.  Everything else is dropped in silence. */
#pragma once

#include "common.h"
#include "transport.h"

struct too_big {
	struct ethhdr ethernet;
	struct iphdr ip;
	struct icmp icmp;
	__u8 quote[TOO_BIG_QUOTE];
} __attribute__((packed));

INLINE __sum16 fold(__s64 sum)
{
	__u32 folded = sum;

	folded = (__u16)folded + (folded >> 16);
	folded = (__u16)folded + (folded >> 16);
	return ~folded;
}

/* Turns the packet into the answer: cut the end off, make room in front, fill it in. */
RARE int answer_too_big(struct __sk_buff *skb, const struct packet *packet, const struct interface *sender, __u32 mtu)
{
	const __u32 room = sizeof(struct iphdr) + sizeof(struct icmp);
	struct {
		struct icmp icmp;
		__u8 quote[TOO_BIG_QUOTE];
	} message = { .icmp = { .type = ICMP_DESTINATION_UNREACHABLE, .code = ICMP_FRAGMENTATION_NEEDED } };
	struct iphdr ip = {
		.version = IPV4,
		.ihl = IPV4_HEADER_WORDS,
		.tot_len = bpf_htons(sizeof(struct too_big) - ETH_LENGTH),
		.ttl = ROUTER_TTL,
		.protocol = PROTOCOL_ICMP,
		.saddr = router_in(sender),
	};
	struct too_big *answer;

	if (!packet->dont_fragment || packet->has_options ||
	    bpf_skb_change_tail(skb, ETH_LENGTH + TOO_BIG_QUOTE, 0) ||
	    bpf_skb_adjust_room(skb, room, BPF_ADJ_ROOM_MAC, 0) || bpf_skb_pull_data(skb, sizeof(*answer)))
		return TC_ACT_SHOT;
	answer = (void *)(long)skb->data;
	if ((void *)(answer + 1) > (void *)(long)skb->data_end)
		return TC_ACT_SHOT;

	message.icmp.sequence = bpf_htons(mtu);
	__builtin_memcpy(message.quote, answer->quote, TOO_BIG_QUOTE);
	__builtin_memcpy(&ip.daddr, message.quote + offsetof(struct iphdr, saddr), sizeof(ip.daddr)); /* untranslated */
	message.icmp.checksum = fold(bpf_csum_diff(NULL, 0, (__be32 *)&message, sizeof(message), 0));
	ip.check = fold(bpf_csum_diff(NULL, 0, (__be32 *)&ip, sizeof(ip), 0));
	const struct mac router = { { ROUTER_MAC } };

	__builtin_memcpy(answer->ethernet.h_dest, sender->mac.bytes, sizeof(sender->mac));
	__builtin_memcpy(answer->ethernet.h_source, router.bytes, sizeof(router));
	answer->ethernet.h_proto = bpf_htons(ETH_P_IP);
	__builtin_memcpy(&answer->ip, &ip, sizeof(ip));
	__builtin_memcpy(&answer->icmp, &message.icmp, sizeof(message.icmp));
	bpf_skb_change_type(skb, PACKET_HOST);
	return bpf_redirect_peer(skb->ifindex, 0);
}
