/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* 1:1 translation at the internet gateway: first in struct packet, and in the bytes when the packet has arrived. */
#pragma once

#include "common.h"
#include "identity.h"
#include "record.h"
#include "ipv6.h"
#include "transport.h"

/* The packet that an ICMP error quotes travelled the other way; it is translated with the error (RFC 5508). */
INLINE void translate_source(struct packet *packet, const struct address *to)
{
	if (same_address(&packet->source, to)) /* as of every IPv6 address, which is public by nature */
		return;
	if (packet->is_error && same_address(&packet->quoted_destination, &packet->source))
		packet->quoted_destination = *to;
	packet->source = *to;
	packet->translated = 1;
}

INLINE void translate_destination(struct packet *packet, const struct address *to)
{
	if (same_address(&packet->destination, to))
		return;
	if (packet->is_error && same_address(&packet->quoted_source, &packet->destination))
		packet->quoted_source = *to;
	packet->destination = *to;
	packet->translated = 1;
}

/* The outgoing half, at the gateway of a VPC (one of KEPT_FROM_...): 0, or why it drops the packet. */
INLINE __u32 translate_out(struct packet *packet, __u64 vpc, __u64 gateway)
{
	struct address_owner *owner = lookup_address(vpc, &packet->source);

	if (!owner || is_absent(&owner->public_address))
		return REASON_IGW_NO_PUBLIC_ADDRESS;
	if (owner->kept_from & gateway)
		return REASON_VPC_BLOCK_PUBLIC_ACCESS;
	if (is_private(&packet->destination))
		return REASON_IGW_PRIVATE_DESTINATION;
	if (packet->size > MTU_INTERNET)
		return REASON_PACKET_TOO_BIG;
	if (!packet->is_ipv6) /* which is public by nature */
		translate_source(packet, &owner->public_address);
	return REASON_DELIVERED;
}

INLINE struct public_address *public_owner(const struct packet *packet)
{
	struct public_address *found = bpf_map_lookup_elem(&public_addresses, &packet->destination);
	struct address prefix;

	if (found || !may_be_delegated(&packet->destination))
		return found;
	set_prefix_of(&prefix, &packet->destination);
	found = bpf_map_lookup_elem(&public_addresses, &prefix);
	return found && found->is_prefix ? found : NULL;
}

/* VPC Block Public Access; the interface has seen what it refuses. */
INLINE __u32 keep_out(const struct public_address *owner)
{
	note(interface_by_id(owner->interface), 0);
	return REASON_VPC_BLOCK_PUBLIC_ACCESS;
}

/* The incoming half: 0 and the receiver, or why the packet goes no further. */
INLINE __u32 translate_in(struct packet *packet, const struct public_address *owner, __u64 *receiver)
{
	if (is_private(&packet->source))
		return REASON_IGW_PRIVATE_SOURCE;
	if (!owner || !owner->attached)
		return REASON_IGW_UNKNOWN_PUBLIC_ADDRESS;
	if (!packet->is_ipv6)
		translate_destination(packet, &owner->private_address);
	if (owner->kept_from & KEPT_FROM_INTERNET_GATEWAY)
		return keep_out(owner);
	*receiver = owner->interface;
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

/* Puts the port at `offset`; `checksum` is the offset of the checksum that covers it, or 0.  What changed is added to the
 * checksum at `outer` too, when that is not 0: that of an error that quotes the port. */
INLINE void rewrite_port(struct __sk_buff *skb, __u32 offset, __u32 checksum, __u64 flags, __u32 outer, __u16 to)
{
	__be16 new = bpf_htons(to), old;

	if (bpf_skb_load_bytes(skb, offset, &old, sizeof(old)) || old == new)
		return;
	if (checksum)
		bpf_l4_csum_replace(skb, checksum, old, new, flags | sizeof(new));
	if (outer)
		bpf_l4_csum_replace(skb, outer, old, new, sizeof(new));
	bpf_skb_store_bytes(skb, offset, &new, sizeof(new), 0);
}

/* The ports, or the identifier, of the transport header at `offset`. */
INLINE void rewrite_ports(struct __sk_buff *skb, __u32 offset, __u8 protocol, __u32 checksum, __u32 outer,
			  __u16 source_port, __u16 destination_port)
{
	if (protocol == PROTOCOL_ICMP) {
		rewrite_port(skb, offset + offsetof(struct icmp, identifier), checksum, 0, outer, source_port);
	} else {
		rewrite_port(skb, offset, checksum, checksum_flags(protocol), outer, source_port);
		rewrite_port(skb, offset + sizeof(__be16), checksum, checksum_flags(protocol), outer, destination_port);
	}
}

#include "nat64_bytes.h"

/* In the packet that an ICMP error quotes.  The change of an address and of its header's checksum cancel out in the
 * checksum of the error; that of the quoted transport checksum, where the quote is long enough, does not. */
APART int rewrite_quote(struct __sk_buff *skb, const struct packet *packet)
{
	__u32 error, header, transport, covering;
	__sum16 before = 0, after = 0;
	struct iphdr ip;

	if (!packet)
		return 0;
	error = ETH_LENGTH + packet->header_length;
	header = error + sizeof(struct icmp);
	if (bpf_skb_load_bytes(skb, header, &ip, sizeof(ip)))
		return 0;
	transport = checksum_offset(ip.protocol);
	if (ip.protocol == PROTOCOL_ICMP && packet->ports_translated)
		transport = offsetof(struct icmp, checksum);
	if (transport)
		transport += header + ip.ihl * 4;
	if ((ip.frag_off & bpf_htons(FRAGMENT_OFFSET)) || bpf_skb_load_bytes(skb, transport, &before, sizeof(before)))
		transport = 0;
	covering = ip.protocol == PROTOCOL_ICMP ? 0 : transport;
	rewrite_address(skb, header, offsetof(struct iphdr, saddr), covering, checksum_flags(ip.protocol),
			&packet->quoted_source);
	rewrite_address(skb, header, offsetof(struct iphdr, daddr), covering, checksum_flags(ip.protocol),
			&packet->quoted_destination);
	if (packet->ports_translated && !(ip.frag_off & bpf_htons(FRAGMENT_OFFSET)))
		rewrite_ports(skb, header + ip.ihl * 4, ip.protocol, transport,
			      error + offsetof(struct icmp, checksum), packet->quoted_source_port,
			      packet->quoted_destination_port);
	if (!transport || bpf_skb_load_bytes(skb, transport, &after, sizeof(after)) || before == after)
		return 0;
	bpf_l4_csum_replace(skb, error + offsetof(struct icmp, checksum), before, after, sizeof(after));
	return 0;
}

/* The same of IPv6.  Only the services know anybody by another address, and they speak TCP and UDP. */
INLINE void rewrite_address_ipv6(struct __sk_buff *skb, __u32 offset, __u32 transport, __u64 flags,
				 const struct address *to)
{
	struct address old, new = *to;

	if (bpf_skb_load_bytes(skb, offset, &old, sizeof(old)) || same_address(&old, &new))
		return;
	if (transport)
		bpf_l4_csum_replace(skb, transport, 0,
				    bpf_csum_diff(old.words, sizeof(old), new.words, sizeof(new), 0), flags);
	bpf_skb_store_bytes(skb, offset, &new, sizeof(new), 0);
}

RARE int rewrite_ipv6(struct __sk_buff *skb, const struct packet *packet)
{
	__u32 transport = packet->is_later_fragment ? 0 : checksum_offset(packet->protocol);
	__u64 flags = checksum_flags(packet->protocol) | BPF_F_PSEUDO_HDR;

	if (transport)
		transport += ETH_LENGTH + packet->header_length;
	rewrite_address_ipv6(skb, ETH_LENGTH + offsetof(struct ipv6, source), transport, flags, &packet->source);
	rewrite_address_ipv6(skb, ETH_LENGTH + offsetof(struct ipv6, destination), transport, flags,
			     &packet->destination);
	return 0;
}

APART int rewrite(struct __sk_buff *skb, const struct packet *packet)
{
	__u32 transport, ports;
	__u64 flags;

	if (!packet)
		return 0;
	transport = packet->is_later_fragment ? 0 : checksum_offset(packet->protocol);
	flags = checksum_flags(packet->protocol) | BPF_F_PSEUDO_HDR;
	ports = ETH_LENGTH + packet->header_length;
	if (packet->changes_family)
		return rewrite_family(skb, packet);
	if (packet->is_ipv6)
		return rewrite_ipv6(skb, packet);
	if (transport)
		transport += ports;
	if (packet->is_error)
		rewrite_quote(skb, packet);
	rewrite_address(skb, ETH_LENGTH, offsetof(struct iphdr, saddr), transport, flags, &packet->source);
	rewrite_address(skb, ETH_LENGTH, offsetof(struct iphdr, daddr), transport, flags, &packet->destination);
	if (packet->ports_translated && !packet->is_later_fragment && !packet->is_error)
		rewrite_ports(skb, ports, packet->protocol,
			      packet->protocol == PROTOCOL_ICMP ? ports + offsetof(struct icmp, checksum) : transport, 0,
			      packet->source_port, packet->destination_port);
	return 0;
}
