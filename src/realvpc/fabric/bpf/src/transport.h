/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What follows the headers of IP, of either family, and what an ICMP error quotes. */
#pragma once

#include "common.h"

/* linux/icmp.h and linux/tcp.h draw in headers of the C library that a BPF target has not. */
struct icmp {
	__u8 type, code;
	__sum16 checksum;
	__be16 identifier; /* of a query or a reply */
	__be16 sequence; /* the same; the MTU in "fragmentation needed" */
};

struct ports {
	__be16 source, destination;
};

struct tcp_start {
	struct ports ports;
	__be32 sequence, acknowledgement;
	__u8 offset, flags;
};

/* Copies bytes of the packet: 0, or an error when it has not so many.  Headers mostly lie in one piece with the frame's
 * start, and then it takes no call. */
INLINE long load(struct __sk_buff *skb, __u32 offset, void *to, __u32 size)
{
	void *start = (void *)(long)skb->data + offset;

	if (offset > ETH_LENGTH + IPV4_HEADER_MAXIMUM || start + size > (void *)(long)skb->data_end)
		return bpf_skb_load_bytes(skb, offset, to, size);
	__builtin_memcpy(to, start, size);
	return 0;
}

/* Before the transport header is read. */
INLINE void set_nothing_said(struct packet *packet)
{
	packet->source_port = packet->destination_port = 0;
	packet->icmp_type = packet->icmp_code = packet->tcp_flags = 0;
	packet->is_error = packet->translated = packet->ports_translated = packet->changes_family = 0;
}

/* Of each family its own ICMP; that of the other one is a protocol like any other (net/icmp.py). */
INLINE __u8 icmp_of(int is_ipv6)
{
	return is_ipv6 ? PROTOCOL_ICMPV6 : PROTOCOL_ICMP;
}

INLINE void forget_quote(struct packet *packet, __u8 protocol)
{
	packet->is_error = 1;
	packet->quoted_protocol = protocol;
	packet->quoted_source_port = packet->quoted_destination_port = 0;
	packet->quoted_icmp_type = packet->quoted_icmp_code = 0;
}

/* The first eight bytes of the transport header of what an error speaks of (RFC 792, RFC 4443). */
INLINE __u32 parse_quoted_transport(struct __sk_buff *skb, struct packet *packet, __u32 offset, __u32 end,
				   int is_ipv6)
{
	struct icmp start;

	if (offset + sizeof(start) > end || bpf_skb_load_bytes(skb, offset, &start, sizeof(start)))
		return REASON_MALFORMED_PACKET;
	if (packet->quoted_protocol == PROTOCOL_TCP || packet->quoted_protocol == PROTOCOL_UDP) {
		struct ports *ports = (struct ports *)&start;

		packet->quoted_source_port = bpf_ntohs(ports->source);
		packet->quoted_destination_port = bpf_ntohs(ports->destination);
	} else if (packet->quoted_protocol == icmp_of(is_ipv6)) {
		packet->quoted_icmp_type = start.type;
		packet->quoted_icmp_code = start.code;
		if (has_identifier(packet->quoted_protocol, start.type))
			packet->quoted_source_port = packet->quoted_destination_port = bpf_ntohs(start.identifier);
	}
	return REASON_DELIVERED;
}

RARE int parse_quote_ipv4(struct __sk_buff *skb, struct packet *packet, __u32 offset, __u32 end)
{
	struct iphdr ip;

	if (offset + sizeof(ip) > end || bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)) || ip.version != IPV4 ||
	    ip.ihl < IPV4_HEADER_WORDS)
		return REASON_MALFORMED_PACKET;
	set_ipv4(&packet->quoted_source, ip.saddr);
	set_ipv4(&packet->quoted_destination, ip.daddr);
	forget_quote(packet, ip.protocol);
	if (ip.frag_off & bpf_htons(FRAGMENT_OFFSET))
		return REASON_DELIVERED;
	return parse_quoted_transport(skb, packet, offset + ip.ihl * 4, end, 0);
}

/* Below, with the other headers of IPv6. */
RARE int parse_quote_ipv6(struct __sk_buff *skb, struct packet *packet, __u32 offset, __u32 end);

/* The transport header at `offset`; `end` is the end of the IP packet.  `length` becomes that of the header. */
INLINE __u32 parse_transport(struct __sk_buff *skb, struct packet *packet, __u32 offset, __u32 end, __u32 *length,
			     int is_ipv6)
{
	if (packet->protocol == PROTOCOL_TCP) {
		struct tcp_start tcp;

		if (offset + TCP_HEADER > end ||
		    load(skb, offset, &tcp, offsetof(struct tcp_start, flags) + sizeof(tcp.flags)))
			return REASON_MALFORMED_PACKET;
		packet->source_port = bpf_ntohs(tcp.ports.source);
		packet->destination_port = bpf_ntohs(tcp.ports.destination);
		packet->tcp_flags = tcp.flags;
		*length = (tcp.offset >> 4) * 4;
	} else if (packet->protocol == PROTOCOL_UDP) {
		struct ports udp;

		if (offset + UDP_HEADER > end || load(skb, offset, &udp, sizeof(udp)))
			return REASON_MALFORMED_PACKET;
		packet->source_port = bpf_ntohs(udp.source);
		packet->destination_port = bpf_ntohs(udp.destination);
		*length = UDP_HEADER;
	} else if (packet->protocol == icmp_of(is_ipv6)) {
		struct icmp icmp;

		if (offset + sizeof(icmp) > end || bpf_skb_load_bytes(skb, offset, &icmp, sizeof(icmp)))
			return REASON_MALFORMED_PACKET;
		packet->icmp_type = icmp.type;
		packet->icmp_code = icmp.code;
		*length = sizeof(icmp);
		if (has_identifier(packet->protocol, icmp.type))
			packet->source_port = packet->destination_port = bpf_ntohs(icmp.identifier);
		else if (is_icmp_error(packet->protocol, icmp.type))
			return is_ipv6 ? parse_quote_ipv6(skb, packet, offset + sizeof(icmp), end) :
						 parse_quote_ipv4(skb, packet, offset + sizeof(icmp), end);
	}
	return REASON_DELIVERED;
}
