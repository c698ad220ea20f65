/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* 1:1 translation at the internet gateway: first in struct packet, and in the bytes when the packet has arrived. */
#pragma once

#include "common.h"
#include "parse.h"

/* The packet that an ICMP error quotes travelled the other way; it is translated with the error (RFC 5508). */
INLINE void translate_source(struct packet *packet, const struct address *to)
{
	if (packet->is_error && same_address(&packet->quoted_destination, &packet->source))
		packet->quoted_destination = *to;
	packet->source = *to;
	packet->translated = 1;
}

INLINE void translate_destination(struct packet *packet, const struct address *to)
{
	if (packet->is_error && same_address(&packet->quoted_source, &packet->destination))
		packet->quoted_source = *to;
	packet->destination = *to;
	packet->translated = 1;
}

/* The outgoing half, at the gateway of a VPC: 0, or why it drops the packet. */
INLINE __u32 translate_out(struct packet *packet, const struct interface *sender, __u64 vpc)
{
	const struct interface *owner = sender;

	if (vpc != sender->vpc || !same_address(&packet->source, &sender->primary))
		owner = interface_by_id(owner_of(vpc, &packet->source));
	if (!owner || !same_address(&packet->source, &owner->primary) || is_absent(&owner->public_address))
		return REASON_IGW_NO_PUBLIC_ADDRESS;
	if (is_private(&packet->destination))
		return REASON_IGW_PRIVATE_DESTINATION;
	if (packet->size > MTU_INTERNET)
		return REASON_PACKET_TOO_BIG;
	translate_source(packet, &owner->public_address);
	return REASON_DELIVERED;
}

INLINE struct public_address *public_owner(const struct packet *packet)
{
	return bpf_map_lookup_elem(&public_addresses, &packet->destination);
}

/* The incoming half: 0 and the receiver, or why the packet goes no further. */
INLINE __u32 translate_in(struct packet *packet, const struct public_address *owner, struct interface **receiver)
{
	if (is_private(&packet->source))
		return REASON_IGW_PRIVATE_SOURCE;
	if (!owner || !owner->attached)
		return REASON_IGW_UNKNOWN_PUBLIC_ADDRESS;
	*receiver = interface_by_id(owner->interface);
	if (!*receiver)
		return REASON_IGW_UNKNOWN_PUBLIC_ADDRESS;
	translate_destination(packet, &(*receiver)->primary);
	return REASON_DELIVERED;
}

/* Puts the address at `offset`, in the IP header at `header`.  `transport` is the offset of the checksum of TCP or UDP,
 * which covers addresses too, or 0. */
INLINE void rewrite_address(struct __sk_buff *skb, __u32 header, __u32 offset, __u32 transport, __u64 flags,
			    const struct address *to)
{
	__be32 new = ipv4_of(to), old;

	if (bpf_skb_load_bytes(skb, header + offset, &old, sizeof(old)) || old == new)
		return;
	if (transport)
		bpf_l4_csum_replace(skb, transport, old, new, flags | sizeof(new));
	bpf_l3_csum_replace(skb, header + offsetof(struct iphdr, check), old, new, sizeof(new));
	bpf_skb_store_bytes(skb, header + offset, &new, sizeof(new), 0);
}

/* Where the checksum of the transport protocol lies, after the IP header; 0 where none covers addresses. */
INLINE __u32 checksum_offset(__u8 protocol)
{
	return protocol == PROTOCOL_TCP ? TCP_CHECKSUM_PLACE : protocol == PROTOCOL_UDP ? UDP_CHECKSUM_PLACE : 0;
}

INLINE __u64 checksum_flags(__u8 protocol)
{
	return protocol == PROTOCOL_UDP ? BPF_F_MARK_MANGLED_0 : 0;
}

/* In the packet that an ICMP error quotes.  The change of an address and of its header's checksum cancel out in the
 * checksum of the error; that of the quoted transport checksum, where the quote is long enough, does not. */
INLINE void rewrite_quote(struct __sk_buff *skb, const struct packet *packet)
{
	__u32 error = ETH_LENGTH + packet->header_length, header = error + sizeof(struct icmp), transport;
	__sum16 before = 0, after = 0;
	struct iphdr ip;

	if (bpf_skb_load_bytes(skb, header, &ip, sizeof(ip)))
		return;
	transport = checksum_offset(ip.protocol);
	if (transport)
		transport += header + ip.ihl * 4;
	if ((ip.frag_off & bpf_htons(FRAGMENT_OFFSET)) || bpf_skb_load_bytes(skb, transport, &before, sizeof(before)))
		transport = 0;
	rewrite_address(skb, header, offsetof(struct iphdr, saddr), transport, checksum_flags(ip.protocol),
			&packet->quoted_source);
	rewrite_address(skb, header, offsetof(struct iphdr, daddr), transport, checksum_flags(ip.protocol),
			&packet->quoted_destination);
	if (!transport || bpf_skb_load_bytes(skb, transport, &after, sizeof(after)) || before == after)
		return;
	bpf_l4_csum_replace(skb, error + offsetof(struct icmp, checksum), before, after, sizeof(after));
}

RARE int rewrite(struct __sk_buff *skb, const struct packet *packet)
{
	__u32 transport = packet->is_later_fragment ? 0 : checksum_offset(packet->protocol);
	__u64 flags = checksum_flags(packet->protocol) | BPF_F_PSEUDO_HDR;

	if (transport)
		transport += ETH_LENGTH + packet->header_length;
	if (packet->is_error)
		rewrite_quote(skb, packet);
	rewrite_address(skb, ETH_LENGTH, offsetof(struct iphdr, saddr), transport, flags, &packet->source);
	rewrite_address(skb, ETH_LENGTH, offsetof(struct iphdr, daddr), transport, flags, &packet->destination);
	return 0;
}
