/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The receiving side: from the path MTU into the receiver's namespace. */
#pragma once

#include "common.h"
#include "count.h"
#include "endpoint.h"
#include "firewall.h"
#include "nat.h"
#include "network_acl.h"
#include "record.h"

/* Makes the bytes what the packet has become: 0, or why they cannot be.  Before anything is remembered of it. */
INLINE __u32 written(struct __sk_buff *skb, const struct packet *packet)
{
	return packet->translated && rewrite(skb, packet) ? REASON_MALFORMED_PACKET : REASON_DELIVERED;
}

/* Straight into the namespace at the other end of the veth, by bpf_redirect_peer(): no queue, no second pass.  The
 * kernel does not classify the frame again, so it has to be told that the frame is for the host. */
INLINE int hand_over(struct __sk_buff *skb, __u32 ifindex, const struct mac *from, const struct mac *to)
{
	struct ethhdr *ethernet = (void *)(long)skb->data;

	if ((void *)(ethernet + 1) > (void *)(long)skb->data_end)
		return drop(skb, INTERNET_ID, REASON_MALFORMED_PACKET);
	__builtin_memcpy(ethernet->h_dest, to->bytes, sizeof(*to));
	__builtin_memcpy(ethernet->h_source, from->bytes, sizeof(*from));
	if (skb->pkt_type != PACKET_HOST)
		bpf_skb_change_type(skb, PACKET_HOST);
	count(REASON_DELIVERED);
	skb->cb[CB_REASON] = REASON_DELIVERED;
	skb->cb[CB_IFINDEX] = ifindex;
	return bpf_redirect_peer(ifindex, 0);
}

INLINE int deliver(struct __sk_buff *skb, const struct packet *packet, __u32 ifindex, const struct mac *from,
		   const struct mac *to)
{
	__u32 reason = written(skb, packet);

	return reason ? drop(skb, INTERNET_ID, reason) : hand_over(skb, ifindex, from, to);
}

/* Whether the receiver takes the packet, which comes from outside its subnet or not: 0, or why not.  `passage` becomes
 * what its security groups said, and `ifindex` where to send the packet, which may become another one. */
INLINE __u32 accept(struct journey *journey, const struct interface *receiver, struct passage *passage,
		    __u32 *ifindex, int is_outside, __u64 now)
{
	struct packet *packet = &journey->packet;
	__u32 denied;

	seen_by(journey, receiver, 0);
	denied = is_outside ? examine_acl(packet, receiver, 0) : REASON_DELIVERED;
	if (denied)
		return denied;
	if ((receiver->flags & INTERFACE_CHECKED) && !has_address(receiver, &packet->destination))
		return REASON_DESTINATION_CHECK;
	*passage = examine(packet, &journey->arriving, receiver, 0, now);
	if (passage->reason)
		return passage->reason;
	if (receiver->flags & INTERFACE_ENDPOINT)
		return to_endpoint(packet, receiver, ifindex);
	*ifindex = ifindex_of(receiver);
	return *ifindex ? REASON_DELIVERED : REASON_INSTANCE_NOT_RUNNING;
}
