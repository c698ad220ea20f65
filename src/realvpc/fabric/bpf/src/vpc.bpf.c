// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* The VPC in one pass: walk() of net/walk.py in C.  The layers and their order are those of docs/semantics.md. */
#include "common.h"
#include "count.h"
#include "parse.h"
#include "firewall.h"
#include "network_acl.h"
#include "record.h"
#include "decide.h"
#include "nat.h"
#include "service.h"
#include "route.h"
#include "nat_gateway.h"
#include "return_to_sender.h"
#include "arp.h"
#include "icmp.h"
#include "icmpv6.h"
#include "neighbour.h"
#include "reset.h"
#include "deliver.h"

char _license[] SEC("license") = "GPL";

INLINE int to_edge(struct __sk_buff *skb, const struct packet *packet, __u32 number)
{
	const struct mac router = { { ROUTER_MAC } };
	struct edge *link = bpf_map_lookup_elem(&edges, &number);

	if (!link || !link->ifindex)
		return TC_ACT_SHOT;
	return deliver(skb, packet, link->ifindex, &router, &link->mac);
}

/* Which namespace of the internet a packet that leaves is for. */
INLINE __u32 beyond(const struct packet *packet)
{
	return is_of_aws(&packet->destination) ? EDGE_AWS : EDGE_INTERNET;
}

/* What is forgotten of the frame when it becomes another one. */
INLINE void begin_journey(struct __sk_buff *skb, struct journey *journey)
{
	skb->cb[CB_REASON] = REASON_DELIVERED;
	journey->length = skb->len;
	journey->gso_size = skb->gso_size;
	journey->size = journey->packet.size;
}

INLINE int deliver_as_before(struct __sk_buff *skb, struct journey *journey, const struct decision *decision)
{
	int is_seen = decision->seen_by_sender || decision->seen_by_receiver;
	struct packet *packet = &journey->packet;

	if (is_seen)
		seen_as_before(decision->seen_by_sender, 1);
	translate_as_before(packet, decision);
	if (is_seen) {
		seen_as_before(decision->seen_by_receiver, 0);
		begin_journey(skb, journey);
		record(REASON_DELIVERED);
	}
	return deliver(skb, packet, decision->ifindex, &decision->from, &decision->to);
}

/* What is too big may have changed its family by then; who sent it knows it as it was. */
INLINE int answer_with_mtu(struct __sk_buff *skb, const struct packet *packet, const struct interface *sender, __u32 mtu)
{
	if (packet->is_ipv6 == packet->changes_family)
		return answer_too_big(skb, packet, sender, packet->changes_family ? mtu - NAT64_LONGER : mtu);
	return answer_too_big_ipv6(skb, sender, packet->changes_family ? mtu + NAT64_LONGER : mtu);
}

/* Out to the internet, over a way that is kept when the packet told nothing new.  Its bytes are written. */
INLINE int leave_fabric(struct __sk_buff *skb, const struct journey *journey, __u32 mtu, int is_settled)
{
	const struct mac router = { { ROUTER_MAC } };
	__u32 number = beyond(&journey->packet);
	struct edge *link = bpf_map_lookup_elem(&edges, &number);

	if (!link || !link->ifindex)
		return TC_ACT_SHOT;
	if (is_settled)
		keep(skb, journey, link->ifindex, mtu, &router, &link->mac);
	return hand_over(skb, link->ifindex, &router, &link->mac);
}

/* The whole way of a packet that no decision is known for. */
INLINE int travel(struct __sk_buff *skb, struct journey *journey, const struct interface *sender)
{
	__u64 now = bpf_ktime_get_coarse_ns();
	const struct mac router = { { ROUTER_MAC } };
	struct packet *packet = &journey->packet;
	struct passage egress, ingress;
	struct interface *receiver = NULL;
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
	seen_by_sender(journey, sender);
	egress = examine(packet, &journey->leaving, sender, 1, now);
	if (egress.reason)
		return drop(skb, sender->id, egress.reason);
	reason = set_off(journey, sender, &way);
	if (!reason)
		reason = pass_nat_gateways(journey, &way, &receiver, now);
	if (!reason && way.receiver && !receiver)
		reason = REASON_NO_DESTINATION; /* it is going just now */
	if (!reason && receiver && packet->size > way.mtu)
		reason = REASON_PACKET_TOO_BIG;
	if (reason == REASON_PACKET_TOO_BIG) {
		count_drop(sender->id, reason);
		skb->cb[CB_REASON] = reason;
		return answer_with_mtu(skb, packet, sender, way.mtu);
	}
	if (reason == REASON_NAT_NO_CONNECTION && packet->protocol == PROTOCOL_TCP && !packet->changes_family) {
		count_drop(sender->id, reason);
		skb->cb[CB_REASON] = reason;
		return answer_reset(skb, packet, sender);
	}
	if (reason)
		return drop(skb, sender->id, reason);
	if (receiver) {
		reason = accept(journey, receiver, &ingress, &ifindex, way.is_outside, now);
		if (reason)
			return drop(skb, receiver->id, reason);
		track_at_endpoint(&ingress, receiver, sender->id);
		track_way_back(&ingress, journey, &way);
	}
	if (way.is_tracked && !egress.flow && !packet->is_error)
		egress.track = 1;
	reason = written(skb, packet);
	if (reason)
		return drop(skb, INTERNET_ID, reason);
	if (!claim_place(&egress, &journey->leaving))
		return drop(skb, sender->id, REASON_CONNTRACK_ALLOWANCE_EXCEEDED);
	if (receiver && !claim_place(&ingress, &journey->arriving)) {
		give_place_back(&egress, &journey->leaving);
		return drop(skb, receiver->id, REASON_CONNTRACK_ALLOWANCE_EXCEEDED);
	}
	reason = remember_nat(journey, now);
	if (reason) {
		give_place_back(&egress, &journey->leaving);
	} else {
		reason = remember(&egress, &journey->leaving, packet, 1, 0, now);
		if (reason)
			forget_nat(journey, now);
	}
	if (reason) {
		if (receiver)
			give_place_back(&ingress, &journey->arriving);
		return drop(skb, sender->id, reason);
	}
	if (!receiver)
		return leave_fabric(skb, journey, way.mtu, is_settled(&egress));
	reason = remember(&ingress, &journey->arriving, packet, 0, journey->returns_to, now);
	if (reason) {
		forget(&egress, &journey->leaving, now);
		forget_nat(journey, now);
		return drop(skb, receiver->id, reason);
	}
	from = in_same_subnet(sender, receiver) ? &sender->mac : &router;
	if (is_settled(&egress) && is_settled(&ingress) && !is_logged_endpoint(sender) && !is_logged_endpoint(receiver))
		keep(skb, journey, ifindex, mtu_to(receiver, way.mtu), from, &receiver->mac);
	return hand_over(skb, ifindex, from, &receiver->mac);
}

/* What an instance sends: ingress of the fabric's end of its veth. */
SEC("tc")
int from_interface(struct __sk_buff *skb)
{
	struct journey *journey = new_journey();
	struct decision *decision;
	struct interface *sender;
	int reason;

	if (!journey)
		return TC_ACT_SHOT;
	reason = parse(skb, &journey->packet);
	decision = reason ? NULL : recall(skb, journey);
	if (decision)
		return deliver_as_before(skb, journey, decision);
	sender = interface_at(skb->ifindex);
	if (!reason && stays_on_link(&journey->packet))
		return sender ? answer_neighbour(skb, &journey->packet, sender) : TC_ACT_SHOT;
	if (!sender)
		return drop(skb, INTERNET_ID, REASON_UNKNOWN_INTERFACE);
	if (reason == NOT_IP)
		return skb->protocol == bpf_htons(ETH_P_ARP) && !skb->vlan_present ?
			       answer_arp(skb, sender) :
			       drop(skb, sender->id, REASON_UNSUPPORTED_PROTOCOL);
	if (reason)
		return drop(skb, sender->id, reason);
	journey->sender = sender->id;
	begin_journey(skb, journey);
	reason = travel(skb, journey, sender);
	if (journey->sighted)
		record(skb->cb[CB_REASON]);
	return reason;
}

/* The whole way in of a packet that no decision is known for; `reason` is what is wrong with its bytes. */
INLINE int come_in(struct __sk_buff *skb, struct journey *journey, int reason)
{
	const struct mac router = { { ROUTER_MAC } };
	__u64 now = bpf_ktime_get_coarse_ns();
	struct interface *receiver;
	__u64 concerned;
	struct passage ingress;
	struct way way = { .mtu = MTU_INTERNET, .is_outside = 1 };
	__u32 ifindex = 0;

	if (!reason)
		reason = is_identity_over_endpoint(&journey->packet.destination) ?
				 from_gateway_endpoint(&journey->packet, &way.receiver) :
				 enter(&journey->packet, public_owner(&journey->packet), &way.receiver);
	if (!reason && journey->packet.size > MTU_INTERNET)
		reason = REASON_PACKET_TOO_BIG;
	if (reason)
		return drop(skb, INTERNET_ID, reason);
	concerned = way.receiver;
	journey->sender = INTERNET_ID;
	reason = pass_nat_gateways(journey, &way, &receiver, now);
	if (reason)
		return drop(skb, concerned, reason);
	if (!way.receiver)
		return to_edge(skb, &journey->packet, beyond(&journey->packet));
	if (!receiver)
		return drop(skb, INTERNET_ID, REASON_IGW_UNKNOWN_PUBLIC_ADDRESS);
	if (journey->packet.size > way.mtu)
		return drop(skb, receiver->id, REASON_PACKET_TOO_BIG);
	reason = accept(journey, receiver, &ingress, &ifindex, way.is_outside, now);
	if (reason)
		return drop(skb, receiver->id, reason);
	track_at_endpoint(&ingress, receiver, INTERNET_ID);
	reason = written(skb, &journey->packet);
	if (reason)
		return drop(skb, INTERNET_ID, reason);
	if (!claim_place(&ingress, &journey->arriving))
		return drop(skb, receiver->id, REASON_CONNTRACK_ALLOWANCE_EXCEEDED);
	reason = remember_nat(journey, now);
	if (reason) {
		give_place_back(&ingress, &journey->arriving);
	} else {
		reason = remember(&ingress, &journey->arriving, &journey->packet, 0, 0, now);
		if (reason)
			forget_nat(journey, now);
	}
	if (reason)
		return drop(skb, receiver->id, reason);
	if (is_settled(&ingress) && !is_logged_endpoint(receiver))
		keep(skb, journey, ifindex, mtu_to(receiver, way.mtu), &router, &receiver->mac);
	return hand_over(skb, ifindex, &router, &receiver->mac);
}

/* What comes in from the internet: ingress of the fabric's end of the veth to the namespace "internet". */
SEC("tc")
int from_internet(struct __sk_buff *skb)
{
	struct journey *journey = new_journey();
	struct decision *decision;
	int reason;

	if (!journey)
		return TC_ACT_SHOT;
	reason = parse(skb, &journey->packet);
	if (reason == NOT_IP || (!reason && stays_on_link(&journey->packet))) /* that namespace asks for no MAC */
		return TC_ACT_SHOT;
	decision = reason ? NULL : recall(skb, journey);
	if (decision)
		return deliver_as_before(skb, journey, decision);
	begin_journey(skb, journey);
	reason = come_in(skb, journey, reason);
	if (journey->sighted)
		record(skb->cb[CB_REASON]);
	return reason;
}

/* What the resolver and the metadata service answer: ingress of the fabric's end of the veth to "services". */
SEC("tc")
int from_services(struct __sk_buff *skb)
{
	const struct mac router = { { ROUTER_MAC } };
	struct interface *receiver = NULL;
	struct journey *journey = new_journey();
	__u32 ifindex = 0;
	int reason;

	if (!journey)
		return TC_ACT_SHOT;
	reason = parse(skb, &journey->packet);
	if (reason == NOT_IP || (!reason && stays_on_link(&journey->packet))) /* that namespace asks for no MAC */
		return TC_ACT_SHOT;
	if (!reason)
		reason = translate_from_service(&journey->packet, &receiver, &ifindex);
	if (reason || !receiver)
		return drop(skb, receiver ? receiver->id : INTERNET_ID, reason);
	return deliver(skb, &journey->packet, ifindex, &router, &receiver->mac);
}

/* What AWS's endpoint answers through interface endpoints: ingress of the fabric's end of the veth to "endpoints". */
SEC("tc")
int from_endpoints(struct __sk_buff *skb)
{
	struct journey *journey = new_journey();
	struct decision *decision;
	struct interface *sender;
	int reason;

	if (!journey)
		return TC_ACT_SHOT;
	reason = parse(skb, &journey->packet);
	if (reason == NOT_IP || (!reason && stays_on_link(&journey->packet))) /* that namespace asks for no MAC */
		return TC_ACT_SHOT;
	if (reason)
		return drop(skb, INTERNET_ID, reason);
	decision = recall(skb, journey);
	if (decision)
		return deliver_as_before(skb, journey, decision);
	sender = from_endpoint(&journey->packet);
	if (!sender)
		return drop(skb, INTERNET_ID, REASON_UNKNOWN_INTERFACE);
	if (!is_of_endpoint(&journey->packet))
		return drop(skb, sender->id, REASON_ENDPOINT_NOT_SERVED);
	journey->sender = sender->id;
	begin_journey(skb, journey);
	reason = travel(skb, journey, sender);
	if (journey->sighted)
		record(skb->cb[CB_REASON]);
	return reason;
}
