/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* ARP (RFC 826) is answered here: an interface of the same subnet has its own MAC, the VPC's router and the
 * link-local services have ROUTER_MAC, and nobody else exists. */
#pragma once

#include "common.h"
#include "service.h"

struct arp {
	struct ethhdr ethernet;
	__be16 hardware, protocol;
	__u8 hardware_length, protocol_length;
	__be16 operation;
	__u8 sender_mac[6];
	__u16 sender_ip[2];
	__u8 target_mac[6];
	__u16 target_ip[2];
} __attribute__((packed));

/* The MAC that stands for the address in the sender's subnet: 0, or -1 when nobody answers. */
INLINE int resolve(const struct interface *sender, __be32 ipv4, struct mac *mac)
{
	const struct mac router = { { ROUTER_MAC } };
	struct interface *owner;
	struct address address;

	set_ipv4(&address, ipv4);
	if (ipv4 == router_in(sender) || is_resolver(&address, sender) || is_metadata(&address)) {
		*mac = router;
		return 0;
	}
	if (!in_block(&address, &sender->subnet_network, &sender->subnet_mask))
		return -1;
	owner = interface_by_id(owner_of(sender->vpc, &address));
	if (!owner || owner->id == sender->id) /* its own address: a probe for duplicates, or an announcement */
		return -1;
	*mac = owner->mac;
	return 0;
}

RARE int answer_arp(struct __sk_buff *skb, const struct interface *sender)
{
	struct arp *arp;
	__be32 asker, asked;
	struct mac mac;

	if (bpf_skb_pull_data(skb, sizeof(*arp)))
		return TC_ACT_SHOT;
	arp = (void *)(long)skb->data;
	if ((void *)(arp + 1) > (void *)(long)skb->data_end || arp->operation != bpf_htons(ARP_REQUEST) ||
	    arp->protocol != bpf_htons(ETH_P_IP) || arp->hardware_length != sizeof(mac) ||
	    arp->protocol_length != sizeof(asked))
		return TC_ACT_SHOT;
	__builtin_memcpy(&asker, arp->sender_ip, sizeof(asker));
	__builtin_memcpy(&asked, arp->target_ip, sizeof(asked));
	if (resolve(sender, asked, &mac))
		return TC_ACT_SHOT;
	arp->operation = bpf_htons(ARP_REPLY);
	__builtin_memcpy(arp->target_mac, arp->sender_mac, sizeof(mac));
	__builtin_memcpy(arp->sender_mac, mac.bytes, sizeof(mac));
	__builtin_memcpy(arp->target_ip, &asker, sizeof(asker));
	__builtin_memcpy(arp->sender_ip, &asked, sizeof(asked));
	__builtin_memcpy(arp->ethernet.h_dest, sender->mac.bytes, sizeof(mac));
	__builtin_memcpy(arp->ethernet.h_source, mac.bytes, sizeof(mac));
	bpf_skb_change_type(skb, PACKET_HOST);
	return bpf_redirect_peer(skb->ifindex, 0);
}
