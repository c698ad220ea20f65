/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The bytes of a packet that changes its family (RFC 7915).  Checksums of TCP and UDP differ by the addresses alone, since
 * length and protocol add up to the same in both pseudo-headers; that of ICMPv6 has one, and that of ICMP has not. */
#pragma once

#include "common.h"
#include "icmp.h"
#include "icmpv6.h"
#include "ipv6.h"
#include "transport.h"

/* An error is made anew, with as much of what it quotes as every host makes do with. */
struct error_ipv4 {
	struct iphdr ip;
	struct icmp icmp;
	struct iphdr quoted;
	__u8 transport[NAT64_QUOTE];
};

struct error_ipv6 {
	struct ipv6 ip;
	struct icmpv6 icmp;
	struct ipv6 quoted;
	__u8 transport[NAT64_QUOTE];
};

struct ipv4_ends {
	__be32 source, destination;
};

INLINE void set_header_ipv4(struct iphdr *ip, const struct address *source, const struct address *destination,
			    __u8 protocol, __u32 total, __u8 ttl)
{
	ip->version = IPV4;
	ip->ihl = IPV4_HEADER_WORDS;
	ip->tot_len = total >> 16 ? 0 : bpf_htons(total); /* what the kernel will segment may be longer */
	ip->frag_off = bpf_htons(DONT_FRAGMENT);
	ip->ttl = ttl;
	ip->protocol = protocol;
	ip->saddr = ipv4_of(source);
	ip->daddr = ipv4_of(destination);
	ip->check = 0;
	ip->check = fold(bpf_csum_diff(NULL, 0, (__be32 *)ip, sizeof(*ip), 0));
}

INLINE void set_header_ipv6(struct ipv6 *ip, const struct address *source, const struct address *destination,
			    __u8 next_header, __u32 payload, __u8 hop_limit)
{
	ip->version_and_class = IPV6 << 4;
	ip->payload_length = bpf_htons(payload);
	ip->next_header = next_header;
	ip->hop_limit = hop_limit;
	ip->source = *source;
	ip->destination = *destination;
}

INLINE int set_ethertype(struct __sk_buff *skb, __u16 type)
{
	__be16 bytes = bpf_htons(type);

	return bpf_skb_store_bytes(skb, offsetof(struct ethhdr, h_proto), &bytes, sizeof(bytes), 0);
}

/* Type, code and identifier of a query or a reply; `change` is that of the pseudo-header. */
INLINE void rewrite_query(struct __sk_buff *skb, const struct packet *packet, __u32 offset, __u32 change)
{
	struct icmp before, after;

	if (bpf_skb_load_bytes(skb, offset, &before, sizeof(before)))
		return;
	after = before;
	after.type = packet->icmp_type;
	after.code = packet->icmp_code;
	after.identifier = bpf_htons(packet->source_port);
	change = bpf_csum_diff((__be32 *)&before, sizeof(before), (__be32 *)&after, sizeof(after), change);
	bpf_skb_store_bytes(skb, offset, &after, sizeof(after), 0);
	bpf_l4_csum_replace(skb, offset + offsetof(struct icmp, checksum), 0, change, 0);
}

/* Ports and checksum of TCP and UDP. */
INLINE void rewrite_segment(struct __sk_buff *skb, const struct packet *packet, __u32 offset, __u32 change)
{
	__u32 checksum = offset + checksum_offset(packet->protocol);

	bpf_l4_csum_replace(skb, checksum, 0, change, checksum_flags(packet->protocol) | BPF_F_PSEUDO_HDR);
	rewrite_ports(skb, offset, packet->protocol, checksum, 0, packet->source_port, packet->destination_port);
}

/* Of ICMPv6: what is covered of the IP header (RFC 8200 section 8.1). */
INLINE __u32 sum_of_pseudo_header(struct address *ends, __u32 length)
{
	__u32 rest = bpf_htonl(length + PROTOCOL_ICMPV6);

	return bpf_csum_diff(NULL, 0, (__be32 *)ends, 2 * sizeof(*ends), rest);
}

RARE int rewrite_as_ipv4(struct __sk_buff *skb, const struct packet *packet)
{
	const __u32 offset = ETH_LENGTH + sizeof(struct iphdr);
	struct iphdr ip = {};
	struct ipv6 old;
	__u32 change, length;

	if (bpf_skb_load_bytes(skb, ETH_LENGTH, &old, sizeof(old)) || bpf_skb_change_proto(skb, bpf_htons(ETH_P_IP), 0))
		return -1;
	length = bpf_ntohs(old.payload_length);
	ip.tos = (__u8)(old.version_and_class << 4) | old.class_and_flow[0] >> 4;
	set_header_ipv4(&ip, &packet->source, &packet->destination, packet->protocol,
			length ? sizeof(ip) + length : 0, old.hop_limit);
	if (set_ethertype(skb, ETH_P_IP) || bpf_skb_store_bytes(skb, ETH_LENGTH, &ip, sizeof(ip), 0))
		return -1;
	if (packet->protocol == PROTOCOL_ICMP) {
		rewrite_query(skb, packet, offset, ~sum_of_pseudo_header(&old.source, length));
	} else {
		change = bpf_csum_diff((__be32 *)&old.source, 2 * sizeof(old.source), &ip.saddr,
				       sizeof(struct ipv4_ends), 0);
		rewrite_segment(skb, packet, offset, change);
	}
	return 0;
}

/* IPv6 wants a checksum of UDP, which IPv4 may be without. */
INLINE int lacks_checksum(struct __sk_buff *skb, const struct packet *packet, __u32 header_length)
{
	__sum16 sum;

	return packet->protocol == PROTOCOL_UDP &&
	       (bpf_skb_load_bytes(skb, ETH_LENGTH + header_length + UDP_CHECKSUM_PLACE, &sum, sizeof(sum)) || !sum);
}

RARE int rewrite_as_ipv6(struct __sk_buff *skb, const struct packet *packet)
{
	const __u32 offset = ETH_LENGTH + sizeof(struct ipv6);
	struct ipv6 ip = {};
	struct iphdr old;
	__u32 change, length;

	if (bpf_skb_load_bytes(skb, ETH_LENGTH, &old, sizeof(old)) || lacks_checksum(skb, packet, sizeof(old)) ||
	    bpf_skb_change_proto(skb, bpf_htons(ETH_P_IPV6), 0))
		return -1;
	length = old.tot_len ? bpf_ntohs(old.tot_len) - sizeof(old) : 0;
	set_header_ipv6(&ip, &packet->source, &packet->destination, packet->protocol, length, old.ttl);
	ip.version_and_class |= old.tos >> 4;
	ip.class_and_flow[0] = old.tos << 4;
	if (set_ethertype(skb, ETH_P_IPV6) || bpf_skb_store_bytes(skb, ETH_LENGTH, &ip, sizeof(ip), 0))
		return -1;
	if (packet->protocol == PROTOCOL_ICMPV6) {
		rewrite_query(skb, packet, offset, sum_of_pseudo_header(&ip.source, length));
	} else {
		change = bpf_csum_diff(&old.saddr, sizeof(struct ipv4_ends), (__be32 *)&ip.source,
				       2 * sizeof(ip.source), 0);
		rewrite_segment(skb, packet, offset, change);
	}
	return 0;
}

/* What stands in an error of the transport header that it quotes.  Nobody can verify a checksum there. */
INLINE void set_quoted_transport(__u8 *transport, const struct packet *packet)
{
	struct ports ports = {
		.source = bpf_htons(packet->quoted_source_port),
		.destination = bpf_htons(packet->quoted_destination_port),
	};
	struct icmp *query = (struct icmp *)transport;

	if (packet->quoted_protocol == PROTOCOL_TCP || packet->quoted_protocol == PROTOCOL_UDP) {
		__builtin_memcpy(transport, &ports, sizeof(ports));
	} else {
		query->type = packet->quoted_icmp_type;
		query->code = packet->quoted_icmp_code;
		query->identifier = ports.source;
	}
}

RARE int rewrite_error_as_ipv4(struct __sk_buff *skb, const struct packet *packet)
{
	const __u32 quote = ETH_LENGTH + sizeof(struct ipv6) + sizeof(struct icmpv6);
	struct error_ipv4 error = {};
	struct icmpv6 icmp;
	struct ipv6 old;
	__u8 hop_limit;

	if (bpf_skb_load_bytes(skb, ETH_LENGTH + offsetof(struct ipv6, hop_limit), &hop_limit, sizeof(hop_limit)) ||
	    bpf_skb_load_bytes(skb, ETH_LENGTH + sizeof(struct ipv6), &icmp, sizeof(icmp)) ||
	    bpf_skb_load_bytes(skb, quote, &old, sizeof(old)) || is_extension(old.next_header) ||
	    bpf_skb_load_bytes(skb, quote + sizeof(old), error.transport, sizeof(error.transport)))
		return -1;
	set_header_ipv4(&error.ip, &packet->source, &packet->destination, PROTOCOL_ICMP, sizeof(error), hop_limit);
	set_header_ipv4(&error.quoted, &packet->quoted_source, &packet->quoted_destination, packet->quoted_protocol,
			sizeof(struct iphdr) + bpf_ntohs(old.payload_length), old.hop_limit);
	set_quoted_transport(error.transport, packet);
	error.icmp.type = packet->icmp_type;
	error.icmp.code = packet->icmp_code;
	if (icmp.type == ICMPV6_PACKET_TOO_BIG)
		error.icmp.sequence = bpf_htons(bpf_ntohl(icmp.word) - NAT64_LONGER);
	error.icmp.checksum = fold(bpf_csum_diff(NULL, 0, (__be32 *)&error.icmp, sizeof(error) - sizeof(error.ip), 0));
	if (bpf_skb_change_proto(skb, bpf_htons(ETH_P_IP), 0) ||
	    bpf_skb_change_tail(skb, ETH_LENGTH + sizeof(error), 0) || set_ethertype(skb, ETH_P_IP))
		return -1;
	return bpf_skb_store_bytes(skb, ETH_LENGTH, &error, sizeof(error), 0);
}

INLINE __u32 mtu_over_ipv6(__u32 mtu)
{
	return mtu + NAT64_LONGER < IPV6_SMALLEST_MTU ? IPV6_SMALLEST_MTU : mtu + NAT64_LONGER;
}

RARE int rewrite_error_as_ipv6(struct __sk_buff *skb, const struct packet *packet)
{
	const __u32 quote = ETH_LENGTH + sizeof(struct iphdr) + sizeof(struct icmp);
	struct error_ipv6 error = {};
	struct icmp icmp;
	struct iphdr old;
	__u8 ttl;

	if (bpf_skb_load_bytes(skb, ETH_LENGTH + offsetof(struct iphdr, ttl), &ttl, sizeof(ttl)) ||
	    bpf_skb_load_bytes(skb, ETH_LENGTH + sizeof(struct iphdr), &icmp, sizeof(icmp)) ||
	    bpf_skb_load_bytes(skb, quote, &old, sizeof(old)) ||
	    bpf_skb_load_bytes(skb, quote + old.ihl * 4, error.transport, sizeof(error.transport)))
		return -1;
	set_header_ipv6(&error.ip, &packet->source, &packet->destination, PROTOCOL_ICMPV6,
			sizeof(error) - sizeof(error.ip), ttl);
	set_header_ipv6(&error.quoted, &packet->quoted_source, &packet->quoted_destination, packet->quoted_protocol,
			bpf_ntohs(old.tot_len) - old.ihl * 4, old.ttl);
	set_quoted_transport(error.transport, packet);
	error.icmp.type = packet->icmp_type;
	error.icmp.code = packet->icmp_code;
	if (packet->icmp_type == ICMPV6_PACKET_TOO_BIG)
		error.icmp.word = bpf_htonl(mtu_over_ipv6(bpf_ntohs(icmp.sequence)));
	error.icmp.checksum = icmpv6_checksum(&error.ip.source, &error.icmp, sizeof(error) - sizeof(error.ip));
	if (bpf_skb_change_proto(skb, bpf_htons(ETH_P_IPV6), 0) ||
	    bpf_skb_change_tail(skb, ETH_LENGTH + sizeof(error), 0) || set_ethertype(skb, ETH_P_IPV6))
		return -1;
	return bpf_skb_store_bytes(skb, ETH_LENGTH, &error, sizeof(error), 0);
}

INLINE int rewrite_family(struct __sk_buff *skb, const struct packet *packet)
{
	if (packet->is_error)
		return packet->is_ipv6 ? rewrite_error_as_ipv6(skb, packet) : rewrite_error_as_ipv4(skb, packet);
	return packet->is_ipv6 ? rewrite_as_ipv6(skb, packet) : rewrite_as_ipv4(skb, packet);
}
