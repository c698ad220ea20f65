/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What a NAT gateway answers to TCP of a connection that it does not know: a reset (RFC 9293, section 3.5.2). */
#pragma once

#include "common.h"
#include "icmp.h"
#include "transport.h"

struct reset {
	struct ethhdr ethernet;
	struct iphdr ip;
	__u8 tcp[TCP_HEADER];
} __attribute__((packed));

/* Turns the segment into its answer.  Only one with an acknowledgement gets one, which the reset begins from. */
RARE int answer_reset(struct __sk_buff *skb, const struct packet *packet, const struct interface *sender)
{
	const struct mac router = { { ROUTER_MAC } };
	struct {
		__be32 source, destination;
		__u8 zero, protocol;
		__be16 length;
	} pseudo = { .protocol = PROTOCOL_TCP, .length = bpf_htons(TCP_HEADER) };
	struct tcp_start asked;
	struct {
		struct ports ports;
		__be32 sequence, acknowledgement;
		__u8 offset, flags;
		__be16 window;
		__sum16 checksum;
		__be16 urgent;
	} tcp = { .offset = (TCP_HEADER / 4) << 4, .flags = TCP_RST };
	struct iphdr ip = {
		.version = IPV4,
		.ihl = IPV4_HEADER_WORDS,
		.tot_len = bpf_htons(sizeof(struct iphdr) + TCP_HEADER),
		.ttl = ROUTER_TTL,
		.protocol = PROTOCOL_TCP,
	};
	struct reset *answer;

	if (packet->has_options || packet->is_fragment || (packet->tcp_flags & TCP_RST) || !(packet->tcp_flags & TCP_ACK) ||
	    bpf_skb_load_bytes(skb, ETH_LENGTH + offsetof(struct iphdr, saddr), &pseudo, sizeof(ip.saddr) + sizeof(ip.daddr)) ||
	    bpf_skb_load_bytes(skb, ETH_LENGTH + sizeof(ip), &asked, offsetof(struct tcp_start, offset)))
		return TC_ACT_SHOT;
	ip.saddr = pseudo.destination; /* untranslated: who stands behind an interface endpoint is known by another address */
	ip.daddr = pseudo.source;      /* and a checksum does not mind which comes first */
	tcp.ports.source = asked.ports.destination;
	tcp.ports.destination = asked.ports.source;
	tcp.sequence = asked.acknowledgement;
	tcp.checksum = fold(bpf_csum_diff(NULL, 0, (__be32 *)&tcp, sizeof(tcp),
					  bpf_csum_diff(NULL, 0, (__be32 *)&pseudo, sizeof(pseudo), 0)));
	ip.check = fold(bpf_csum_diff(NULL, 0, (__be32 *)&ip, sizeof(ip), 0));
	if (bpf_skb_change_tail(skb, sizeof(*answer), 0) || bpf_skb_pull_data(skb, sizeof(*answer)))
		return TC_ACT_SHOT;
	answer = (void *)(long)skb->data;
	if ((void *)(answer + 1) > (void *)(long)skb->data_end)
		return TC_ACT_SHOT;
	__builtin_memcpy(answer->ethernet.h_dest, sender->mac.bytes, sizeof(sender->mac));
	__builtin_memcpy(answer->ethernet.h_source, router.bytes, sizeof(router));
	__builtin_memcpy(&answer->ip, &ip, sizeof(ip));
	__builtin_memcpy(answer->tcp, &tcp, sizeof(tcp));
	bpf_skb_change_type(skb, PACKET_HOST);
	return bpf_redirect_peer(skb->ifindex, 0);
}
