/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Neighbour discovery (RFC 4861) is answered here as ARP is: an interface of the same subnet has its own MAC, the VPC's
 * router has ROUTER_MAC, and nobody else exists. */
#pragma once

#include "common.h"
#include "icmpv6.h"

struct neighbour_message {
	struct icmpv6 icmp; /* its word has the flags of an advertisement */
	struct address target;
	__u8 option, option_length; /* in units of 8 bytes */
	struct mac mac;
};

struct neighbour {
	struct ethhdr ethernet;
	struct ipv6 ip;
	struct neighbour_message message;
} __attribute__((packed));

/* What stays on an IPv6 link: neighbour discovery, and whatever a kernel says from its link-local address or from none
 * (RFC 3810).  But for a solicitation it deserves neither an answer nor a line in the statistics. */
INLINE int stays_on_link(const struct packet *packet)
{
	return packet->is_ipv6 &&
	       (is_absent(&packet->source) || is_link_local_ipv6(&packet->source) ||
		(packet->protocol == PROTOCOL_ICMPV6 && packet->icmp_type >= ICMPV6_ROUTER_SOLICITATION &&
		 packet->icmp_type <= ICMPV6_REDIRECT));
}

INLINE int is_router_of(const struct interface *sender, const struct address *target)
{
	const struct address link_local = ROUTER_LINK_LOCAL;
	struct address in_subnet = sender->ipv6_subnet_network;

	in_subnet.words[3] = bpf_htonl(bpf_ntohl(in_subnet.words[3]) + ROUTER_PLACE);
	return same_address(target, &link_local) || same_address(target, &in_subnet);
}

/* The MAC that stands for the target on the sender's link, and the flags of the advertisement that says so; 0 when nobody
 * answers. */
INLINE __u32 find_neighbour(const struct packet *packet, const struct interface *sender, const struct address *target,
			    struct mac *mac)
{
	const struct mac router = { { ROUTER_MAC } };
	struct interface *owner;

	if (is_router_of(sender, target)) {
		*mac = router;
		return NEIGHBOUR_IS_ROUTER | NEIGHBOUR_SOLICITED | NEIGHBOUR_OVERRIDES;
	}
	if (!in_subnet_of(sender, packet, target))
		return 0;
	owner = interface_by_id(owner_of(sender->vpc, target));
	if (!owner || owner->id == sender->id) /* its own address: a probe for duplicates, or an announcement */
		return 0;
	*mac = owner->mac;
	return NEIGHBOUR_SOLICITED | NEIGHBOUR_OVERRIDES;
}

RARE int answer_neighbour(struct __sk_buff *skb, const struct packet *packet, const struct interface *sender)
{
	struct neighbour_message message = {};
	struct neighbour *found;
	struct ipv6 ip;
	__u32 flags;

	if (packet->protocol != PROTOCOL_ICMPV6 || packet->icmp_type != ICMPV6_NEIGHBOUR_SOLICITATION ||
	    packet->icmp_code || is_absent(&packet->source) ||
	    bpf_skb_load_bytes(skb, ETH_LENGTH, &ip, sizeof(ip)) || ip.next_header != PROTOCOL_ICMPV6 ||
	    ip.hop_limit != NEIGHBOUR_HOP_LIMIT || packet->size < offsetof(struct neighbour, message.option) - ETH_LENGTH ||
	    bpf_skb_load_bytes(skb, offsetof(struct neighbour, message.target), &message.target, sizeof(message.target)))
		return TC_ACT_SHOT;
	flags = find_neighbour(packet, sender, &message.target, &message.mac);
	if (!flags || bpf_skb_change_tail(skb, sizeof(*found), 0) || bpf_skb_pull_data(skb, sizeof(*found)))
		return TC_ACT_SHOT;
	found = (void *)(long)skb->data;
	if ((void *)(found + 1) > (void *)(long)skb->data_end)
		return TC_ACT_SHOT;

	message.icmp.type = ICMPV6_NEIGHBOUR_ADVERTISEMENT;
	message.icmp.word = bpf_htonl(flags);
	message.option = NEIGHBOUR_TARGET_OPTION;
	message.option_length = 1;
	set_icmpv6_header(&ip, &message.target, &packet->source, sizeof(message), NEIGHBOUR_HOP_LIMIT);
	__builtin_memcpy(found->ethernet.h_dest, sender->mac.bytes, sizeof(sender->mac));
	__builtin_memcpy(found->ethernet.h_source, message.mac.bytes, sizeof(message.mac));
	__builtin_memcpy(&found->ip, &ip, sizeof(ip));
	__builtin_memcpy(&found->message, &message, sizeof(message));
	found->message.icmp.checksum = icmpv6_checksum((void *)found + offsetof(struct neighbour, ip.source),
						       (void *)found + offsetof(struct neighbour, message),
						       sizeof(message));
	bpf_skb_change_type(skb, PACKET_HOST);
	return bpf_redirect_peer(skb->ifindex, 0);
}
