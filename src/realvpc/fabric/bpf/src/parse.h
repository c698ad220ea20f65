/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Bytes to struct packet.  Returns a reason number; 0 (DELIVERED) means: go on. */
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

/* RFC 792: an error quotes the IP header and eight bytes of what it speaks of. */
RARE int parse_quote(struct __sk_buff *skb, struct packet *packet, __u32 offset, __u32 end)
{
	struct iphdr ip;
	struct icmp start;

	if (offset + sizeof(ip) > end || bpf_skb_load_bytes(skb, offset, &ip, sizeof(ip)) || ip.version != IPV4 ||
	    ip.ihl < IPV4_HEADER_WORDS)
		return REASON_MALFORMED_PACKET;
	packet->is_error = 1;
	set_ipv4(&packet->quoted_source, ip.saddr);
	set_ipv4(&packet->quoted_destination, ip.daddr);
	packet->quoted_protocol = ip.protocol;
	packet->quoted_source_port = packet->quoted_destination_port = 0;
	packet->quoted_icmp_type = packet->quoted_icmp_code = 0;
	if (ip.frag_off & bpf_htons(FRAGMENT_OFFSET))
		return REASON_DELIVERED;
	offset += ip.ihl * 4;
	if (offset + sizeof(start) > end || bpf_skb_load_bytes(skb, offset, &start, sizeof(start)))
		return REASON_MALFORMED_PACKET;
	if (ip.protocol == PROTOCOL_TCP || ip.protocol == PROTOCOL_UDP) {
		struct ports *ports = (struct ports *)&start;

		packet->quoted_source_port = bpf_ntohs(ports->source);
		packet->quoted_destination_port = bpf_ntohs(ports->destination);
	} else if (ip.protocol == PROTOCOL_ICMP) {
		packet->quoted_icmp_type = start.type;
		packet->quoted_icmp_code = start.code;
		if (has_identifier(ip.protocol, start.type))
			packet->quoted_source_port = packet->quoted_destination_port = bpf_ntohs(start.identifier);
	}
	return REASON_DELIVERED;
}

/* The transport header at `offset`; `end` is the end of the IP packet.  `length` becomes that of the header. */
INLINE __u32 parse_transport(struct __sk_buff *skb, struct packet *packet, __u32 offset, __u32 end, __u32 *length)
{
	if (packet->protocol == PROTOCOL_TCP) {
		struct tcp_start tcp;

		if (offset + TCP_HEADER > end ||
		    bpf_skb_load_bytes(skb, offset, &tcp, offsetof(struct tcp_start, flags) + sizeof(tcp.flags)))
			return REASON_MALFORMED_PACKET;
		packet->source_port = bpf_ntohs(tcp.ports.source);
		packet->destination_port = bpf_ntohs(tcp.ports.destination);
		packet->tcp_flags = tcp.flags;
		*length = (tcp.offset >> 4) * 4;
	} else if (packet->protocol == PROTOCOL_UDP) {
		struct ports udp;

		if (offset + UDP_HEADER > end || bpf_skb_load_bytes(skb, offset, &udp, sizeof(udp)))
			return REASON_MALFORMED_PACKET;
		packet->source_port = bpf_ntohs(udp.source);
		packet->destination_port = bpf_ntohs(udp.destination);
		*length = UDP_HEADER;
	} else if (packet->protocol == PROTOCOL_ICMP) {
		struct icmp icmp;

		if (offset + sizeof(icmp) > end || bpf_skb_load_bytes(skb, offset, &icmp, sizeof(icmp)))
			return REASON_MALFORMED_PACKET;
		packet->icmp_type = icmp.type;
		packet->icmp_code = icmp.code;
		*length = sizeof(icmp);
		if (has_identifier(packet->protocol, icmp.type))
			packet->source_port = packet->destination_port = bpf_ntohs(icmp.identifier);
		else if (is_icmp_error(packet->protocol, icmp.type))
			return parse_quote(skb, packet, offset + sizeof(icmp), end);
	}
	return REASON_DELIVERED;
}

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

/* Only the first fragment has a transport header: remember what it said for those that follow (RFC 791). */
INLINE __u32 parse_fragment(struct __sk_buff *skb, struct packet *packet, __be16 identification,
			    __u32 offset, __u32 end, __u32 *length)
{
	struct fragment fragment = {
		.source = packet->source,
		.destination = packet->destination,
		.identification = bpf_ntohs(identification),
		.protocol = packet->protocol,
	};
	struct fragment_key key = { .ifindex = skb->ifindex, .place = fragment_place(&fragment) };
	struct fragment *known;
	__u32 reason;

	if (packet->is_later_fragment) {
		known = bpf_map_lookup_elem(&fragments, &key);
		if (!known || !is_same_packet(known, &fragment))
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
	fragment.source_port = packet->source_port;
	fragment.destination_port = packet->destination_port;
	fragment.icmp_type = packet->icmp_type;
	fragment.icmp_code = packet->icmp_code;
	bpf_map_update_elem(&fragments, &key, &fragment, BPF_ANY);
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
