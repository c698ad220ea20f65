/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Bytes to struct packet.  Returns a reason number; 0 (DELIVERED) means: go on. */
#pragma once

#include "common.h"

#define FRAGMENT_OFFSET 0x1fff
#define MORE_FRAGMENTS 0x2000
#define DONT_FRAGMENT 0x4000

/* linux/icmp.h and linux/tcp.h draw in headers of the C library that a BPF target has not. */
struct icmp {
	__u8 type, code;
	__sum16 checksum;
	__be16 identifier; /* of an echo */
	__be16 sequence; /* of an echo; the MTU in "fragmentation needed" */
};

struct ports {
	__be16 source, destination;
};

struct tcp_start {
	struct ports ports;
	__be32 sequence, acknowledgement;
	__u8 offset, flags;
};

enum {
	ICMP_ECHO_REPLY = 0,
	ICMP_DESTINATION_UNREACHABLE = 3,
	ICMP_SOURCE_QUENCH = 4,
	ICMP_REDIRECT = 5,
	ICMP_ECHO_REQUEST = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER_PROBLEM = 12,
	ICMP_FRAGMENTATION_NEEDED = 4, /* code of DESTINATION_UNREACHABLE */
};

enum { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_ACK = 0x10 };

INLINE int is_echo(__u8 type)
{
	return type == ICMP_ECHO_REQUEST || type == ICMP_ECHO_REPLY;
}

INLINE int is_icmp_error(__u8 type)
{
	return type == ICMP_DESTINATION_UNREACHABLE || type == ICMP_SOURCE_QUENCH || type == ICMP_REDIRECT ||
	       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER_PROBLEM;
}

/* RFC 792: an error quotes the IP header and eight bytes of what it speaks of. */
RARE int parse_quote(struct __sk_buff *skb, struct packet *packet, __u32 offset, __u32 end)
{
	struct iphdr ip;
	struct icmp start;

	if (offset + sizeof(ip) > end || bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)) || ip.version != 4 ||
	    ip.ihl < 5)
		return REASON_MALFORMED_PACKET;
	packet->is_error = 1;
	set_ipv4(&packet->quoted_source, ip.saddr);
	set_ipv4(&packet->quoted_destination, ip.daddr);
	packet->quoted_protocol = ip.protocol;
	packet->quoted_source_port = packet->quoted_destination_port = 0;
	if (ip.frag_off & bpf_htons(FRAGMENT_OFFSET))
		return REASON_DELIVERED;
	offset += ip.ihl * 4;
	if (offset + sizeof(start) > end || bpf_skb_load_bytes(skb, offset, &start, sizeof(start)))
		return REASON_MALFORMED_PACKET;
	if (ip.protocol == IPPROTO_TCP || ip.protocol == IPPROTO_UDP) {
		struct ports *ports = (struct ports *)&start;

		packet->quoted_source_port = bpf_ntohs(ports->source);
		packet->quoted_destination_port = bpf_ntohs(ports->destination);
	} else if (ip.protocol == IPPROTO_ICMP && is_echo(start.type)) {
		packet->quoted_source_port = packet->quoted_destination_port = bpf_ntohs(start.identifier);
	}
	return REASON_DELIVERED;
}

/* The transport header at `offset`; `end` is the end of the IP packet.  `length` becomes that of the header. */
INLINE __u32 parse_transport(struct __sk_buff *skb, struct packet *packet, __u32 offset, __u32 end, __u32 *length)
{
	if (packet->protocol == IPPROTO_TCP) {
		struct tcp_start tcp;

		if (offset + 20 > end || bpf_skb_load_bytes(skb, offset, &tcp, 14))
			return REASON_MALFORMED_PACKET;
		packet->source_port = bpf_ntohs(tcp.ports.source);
		packet->destination_port = bpf_ntohs(tcp.ports.destination);
		packet->tcp_flags = tcp.flags;
		*length = (tcp.offset >> 4) * 4;
	} else if (packet->protocol == IPPROTO_UDP) {
		struct ports udp;

		if (offset + 8 > end || bpf_skb_load_bytes(skb, offset, &udp, sizeof(udp)))
			return REASON_MALFORMED_PACKET;
		packet->source_port = bpf_ntohs(udp.source);
		packet->destination_port = bpf_ntohs(udp.destination);
		*length = 8;
	} else if (packet->protocol == IPPROTO_ICMP) {
		struct icmp icmp;

		if (offset + sizeof(icmp) > end || bpf_skb_load_bytes(skb, offset, &icmp, sizeof(icmp)))
			return REASON_MALFORMED_PACKET;
		packet->icmp_type = icmp.type;
		packet->icmp_code = icmp.code;
		*length = sizeof(icmp);
		if (is_echo(icmp.type))
			packet->source_port = packet->destination_port = bpf_ntohs(icmp.identifier);
		else if (is_icmp_error(icmp.type))
			return parse_quote(skb, packet, offset + sizeof(icmp), end);
	}
	return REASON_DELIVERED;
}

/* Only the first fragment has a transport header: remember what it said for those that follow (RFC 791). */
INLINE __u32 parse_fragment(struct __sk_buff *skb, struct packet *packet, __be16 identification,
			    __u32 offset, __u32 end, __u32 *length)
{
	struct fragment_key key = {
		.ifindex = skb->ifindex, /* fragments of different senders never meet */
		.source = packet->source,
		.destination = packet->destination,
		.identification = identification,
		.protocol = packet->protocol,
	};
	struct fragment first = {};
	struct fragment *known;
	__u32 reason;

	if (packet->is_later_fragment) {
		known = bpf_map_lookup_elem(&fragments, &key);
		if (!known)
			return REASON_FRAGMENT_WITHOUT_FIRST;
		packet->source_port = known->source_port;
		packet->destination_port = known->destination_port;
		packet->icmp_type = known->icmp_type;
		packet->icmp_code = known->icmp_code;
		return REASON_DELIVERED;
	}
	reason = parse_transport(skb, packet, offset, end, length);
	if (reason || packet->is_error)
		return reason;
	first.source_port = packet->source_port;
	first.destination_port = packet->destination_port;
	first.icmp_type = packet->icmp_type;
	first.icmp_code = packet->icmp_code;
	bpf_map_update_elem(&fragments, &key, &first, BPF_ANY);
	return REASON_DELIVERED;
}

INLINE __u32 parse(struct __sk_buff *skb, struct packet *packet)
{
	__u32 needed = ETH_LENGTH + sizeof(struct iphdr), length = 0, reason, total, offset, end;
	struct iphdr *ip;
	__u16 fragment;

	if ((void *)(long)skb->data + needed > (void *)(long)skb->data_end && bpf_skb_pull_data(skb, needed))
		return REASON_MALFORMED_PACKET;
	ip = (void *)(long)skb->data + ETH_LENGTH;
	if ((void *)(ip + 1) > (void *)(long)skb->data_end || ip->version != 4 || ip->ihl < 5)
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
	packet->has_options = ip->ihl > 5;
	packet->dont_fragment = !!(fragment & DONT_FRAGMENT);
	packet->is_fragment = !!(fragment & (FRAGMENT_OFFSET | MORE_FRAGMENTS));
	packet->is_later_fragment = !!(fragment & FRAGMENT_OFFSET);
	packet->source_port = packet->destination_port = 0;
	packet->icmp_type = packet->icmp_code = packet->tcp_flags = 0;
	packet->is_error = packet->translated = 0;

	offset = ETH_LENGTH + packet->header_length;
	end = ETH_LENGTH + total;
	if (packet->is_fragment)
		reason = parse_fragment(skb, packet, ip->id, offset, end, &length);
	else
		reason = parse_transport(skb, packet, offset, end, &length);
	packet->size = skb->gso_size ? packet->header_length + length + skb->gso_size : total;
	return reason;
}
