/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Every packet is counted once, by its reason; a dropped one also at the interface concerned. */
#pragma once

#include "common.h"

INLINE void count(__u32 reason)
{
	struct count *total = bpf_map_lookup_elem(&counters, &reason);

	if (total)
		total->packets++;
}

INLINE void count_drop(__u64 interface, __u32 reason)
{
	struct counter_key key = { .interface = interface, .reason = reason };
	struct count *total = bpf_map_lookup_elem(&interface_counters, &key);
	struct count first = { .packets = 1 };

	count(reason);
	if (total)
		total->packets++;
	else
		bpf_map_update_elem(&interface_counters, &key, &first, BPF_ANY);
}

INLINE int drop(struct __sk_buff *skb, __u64 interface, __u32 reason)
{
	count_drop(interface, reason);
	skb->cb[CB_REASON] = reason;
	return TC_ACT_SHOT;
}
