/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Bytes to struct packet: a reason number, of which 0 (DELIVERED) means to go on; or NOT_IP. */
#pragma once

#include "common.h"
#include "ipv4.h"
#include "ipv6.h"

#define NOT_IP (-1)

INLINE int parse(struct __sk_buff *skb, struct packet *packet)
{
	if (skb->vlan_present)
		return NOT_IP;
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return parse_ipv4(skb, packet);
	if (skb->protocol == bpf_htons(ETH_P_IPV6))
		return parse_ipv6(skb, packet);
	return NOT_IP;
}
