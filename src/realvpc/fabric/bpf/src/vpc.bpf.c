// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* The VPC in one pass: walk() of net/walk.py in C.  The layers and their order are those of docs/semantics.md. */
#include "common.h"
#include "count.h"
#include "parse.h"
#include "firewall.h"
#include "decide.h"
#include "nat.h"
#include "service.h"
#include "route.h"
#include "arp.h"
#include "icmp.h"
#include "deliver.h"

char _license[] SEC("license") = "GPL";

/* What a kernel says by itself on an IPv6 link (RFC 4861, RFC 3810): link-local or without a source.  It deserves neither
 * an answer nor a line in the statistics. */
INLINE int is_ipv6_noise(const struct address *source)
{
	return is_absent(source) || is_link_local_ipv6(source);
}

/* Neither ARP nor IPv4.  No interface has an IPv6 address, so that every IPv6 source is a foreign one. */
RARE int other_protocol(struct __sk_buff *skb, const struct interface *sender)
{
	__u64 id = sender ? sender->id : INTERNET_ID;
	struct {
		__u8 start[8];
		struct address source;
	} ipv6;

	if (skb->protocol != bpf_htons(ETH_P_IPV6) || skb->vlan_present)
		return drop(skb, id, sender ? REASON_UNSUPPORTED_PROTOCOL : REASON_UNKNOWN_INTERFACE);
	if (bpf_skb_load_bytes(skb, ETH_LENGTH, &ipv6, sizeof(ipv6)))
		return drop(skb, id, REASON_MALFORMED_PACKET);
	if (is_ipv6_noise(&ipv6.source))
		return TC_ACT_SHOT;
	return drop(skb, id, sender ? REASON_SOURCE_CHECK : REASON_UNKNOWN_INTERFACE);
}

INLINE int to_edge(struct __sk_buff *skb, const struct packet *packet, __u32 number)
{
	const struct mac router = { { ROUTER_MAC } };
	struct edge *link = bpf_map_lookup_elem(&edges, &number);

	if (!link || !link->ifindex)
		return TC_ACT_SHOT;
	return deliver(skb, packet, link->ifindex, &router, &link->mac);
}

INLINE int in_same_subnet(const struct interface *sender, const struct interface *receiver)
{
	return sender->vpc == receiver->vpc && same_address(&sender->subnet_network, &receiver->subnet_network);
}

/* The whole way of a packet that no decision is known for. */
INLINE int travel(struct __sk_buff *skb, struct journey *journey, const struct interface *sender, __u64 now)
{
	const struct mac router = { { ROUTER_MAC } };
	struct packet *packet = &journey->packet;
	struct passage egress, ingress;
	struct interface *receiver;
	struct way way = {};
	const struct mac *from;
	__u32 reason, ifindex = 0;

	reason = check_source(packet, sender);
	if (reason)
		return drop(skb, sender->id, reason);
	if (asks_service(packet, sender)) {
		reason = translate_to_service(packet, sender, now);
		return reason ? drop(skb, sender->id, reason) : to_edge(skb, packet, EDGE_SERVICES);
	}
	reason = check_unicast(packet, sender);
	if (reason)
		return drop(skb, sender->id, reason);
	egress = examine(packet, &journey->leaving, sender, 1, now);
	if (egress.reason)
		return drop(skb, sender->id, egress.reason);
	reason = find_way(packet, sender, &way);
	receiver = way.receiver;
	if (!reason && receiver && packet->size > way.mtu)
		reason = REASON_PACKET_TOO_BIG;
	if (reason == REASON_PACKET_TOO_BIG) {
		count_drop(sender->id, reason);
		skb->cb[CB_REASON] = reason;
		return answer_too_big(skb, packet, sender, way.mtu);
	}
	if (reason)
		return drop(skb, sender->id, reason);
	if (receiver) {
		reason = accept(packet, &journey->arriving, receiver, &ingress, &ifindex, now);
		if (reason)
			return drop(skb, receiver->id, reason);
	}
	if (!claim_place(&egress, &journey->leaving))
		return drop(skb, sender->id, REASON_CONNTRACK_ALLOWANCE_EXCEEDED);
	if (!receiver) {
		reason = remember(&egress, &journey->leaving, packet, 1, now);
		return reason ? drop(skb, sender->id, reason) : to_edge(skb, packet, EDGE_INTERNET);
	}
	if (!claim_place(&ingress, &journey->arriving)) {
		give_place_back(&egress, &journey->leaving);
		return drop(skb, receiver->id, REASON_CONNTRACK_ALLOWANCE_EXCEEDED);
	}
	reason = remember(&egress, &journey->leaving, packet, 1, now);
	if (reason) {
		give_place_back(&ingress, &journey->arriving);
		return drop(skb, sender->id, reason);
	}
	reason = remember(&ingress, &journey->arriving, packet, 0, now);
	if (reason)
		return drop(skb, receiver->id, reason);
	from = in_same_subnet(sender, receiver) ? &sender->mac : &router;
	if (is_settled(&egress) && is_settled(&ingress))
		keep(journey, ifindex, way.mtu, from, &receiver->mac, now);
	return deliver(skb, packet, ifindex, from, &receiver->mac);
}

/* What an instance sends: ingress of the fabric's end of its veth. */
SEC("tc")
int from_interface(struct __sk_buff *skb)
{
	__u64 now = bpf_ktime_get_coarse_ns();
	struct journey *journey = new_journey();
	struct decision *decision;
	struct interface *sender;
	int is_ipv4 = skb->protocol == bpf_htons(ETH_P_IP) && !skb->vlan_present;
	__u32 reason = REASON_DELIVERED;

	if (!journey)
		return TC_ACT_SHOT;
	if (is_ipv4) {
		reason = parse(skb, &journey->packet);
		decision = reason ? NULL : recall(skb, journey, now);
		if (decision)
			return deliver(skb, &journey->packet, decision->ifindex, &decision->from, &decision->to);
	}
	sender = interface_at(skb->ifindex);
	if (!is_ipv4 && sender && skb->protocol == bpf_htons(ETH_P_ARP) && !skb->vlan_present)
		return answer_arp(skb, sender);
	if (!is_ipv4)
		return other_protocol(skb, sender);
	if (!sender)
		return drop(skb, INTERNET_ID, REASON_UNKNOWN_INTERFACE);
	if (reason)
		return drop(skb, sender->id, reason);
	return travel(skb, journey, sender, now);
}

/* What comes in from the internet: ingress of the fabric's end of the veth to the namespace "internet". */
SEC("tc")
int from_internet(struct __sk_buff *skb)
{
	const struct mac router = { { ROUTER_MAC } };
	__u64 now = bpf_ktime_get_coarse_ns();
	struct interface *receiver = NULL;
	struct passage ingress;
	struct journey *journey = new_journey();
	__u32 reason, ifindex = 0;

	if (!journey)
		return TC_ACT_SHOT;
	if (skb->protocol != bpf_htons(ETH_P_IP) || skb->vlan_present) /* that namespace asks for no ARP */
		return TC_ACT_SHOT;
	reason = parse(skb, &journey->packet);
	if (!reason)
		reason = translate_in(&journey->packet, public_owner(&journey->packet), &receiver);
	if (!reason && journey->packet.size > MTU_INTERNET)
		reason = REASON_PACKET_TOO_BIG;
	if (reason || !receiver)
		return drop(skb, INTERNET_ID, reason);
	reason = accept(&journey->packet, &journey->arriving, receiver, &ingress, &ifindex, now);
	if (reason)
		return drop(skb, receiver->id, reason);
	reason = REASON_CONNTRACK_ALLOWANCE_EXCEEDED;
	if (claim_place(&ingress, &journey->arriving))
		reason = remember(&ingress, &journey->arriving, &journey->packet, 0, now);
	if (reason)
		return drop(skb, receiver->id, reason);
	return deliver(skb, &journey->packet, ifindex, &router, &receiver->mac);
}

/* What the resolver and the metadata service answer: ingress of the fabric's end of the veth to "services". */
SEC("tc")
int from_services(struct __sk_buff *skb)
{
	const struct mac router = { { ROUTER_MAC } };
	struct interface *receiver = NULL;
	struct journey *journey = new_journey();
	__u32 reason, ifindex = 0;

	if (!journey || skb->protocol != bpf_htons(ETH_P_IP) || skb->vlan_present)
		return TC_ACT_SHOT;
	reason = parse(skb, &journey->packet);
	if (!reason)
		reason = translate_from_service(&journey->packet, &receiver, &ifindex);
	if (reason || !receiver)
		return drop(skb, receiver ? receiver->id : INTERNET_ID, reason);
	return deliver(skb, &journey->packet, ifindex, &router, &receiver->mac);
}
