/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The flows that security groups track (net/allowances.py).  Each has a timer, so that it ends when it has been idle for
 * too long whether or not anybody looks at it, and each interface has a share of the table that no other can take. */
#pragma once

#include "common.h"

#define TICKS(seconds) ((__s32)((seconds) * (__u64)NANOSECONDS >> TICK_SHIFT))

INLINE int is_closed(__u32 seen)
{
	return (seen & SEEN_RST) || (seen & (SEEN_FIN_LEAVING | SEEN_FIN_ARRIVING)) ==
					    (SEEN_FIN_LEAVING | SEEN_FIN_ARRIVING);
}

/* In ticks. */
INLINE __s32 time_out(__u16 protocol, __u32 seen)
{
	int both = (seen & (SEEN_LEAVING | SEEN_ARRIVING)) == (SEEN_LEAVING | SEEN_ARRIVING);

	switch (protocol) {
	case PROTOCOL_TCP:
		if (is_closed(seen))
			return TICKS(SECONDS_TCP_CLOSED);
		return both ? TICKS(SECONDS_TCP_ESTABLISHED) : TICKS(SECONDS_TCP_OPENING);
	case PROTOCOL_UDP:
		return both ? TICKS(SECONDS_UDP_STREAM) : TICKS(SECONDS_UDP_SINGLE);
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		return TICKS(SECONDS_ICMP);
	}
	return TICKS(SECONDS_OTHER);
}

/* In ticks.  Another CPU may have seen a packet a moment after `now`: then it is negative. */
INLINE __s32 idle(const struct flow *flow, __u64 now)
{
	return (__u32)(now >> TICK_SHIFT) - flow->last;
}

INLINE struct flow *tracked(struct flow_key *key, __u64 now)
{
	struct flow *flow = bpf_map_lookup_elem(&flows, key);

	return flow && idle(flow, now) < time_out(key->protocol, flow->seen) ? flow : NULL;
}

/* How many flows an interface has, or ALL_INTERFACES. */
INLINE struct tally *tally_of(__u64 interface)
{
	struct id_value key = { .id = interface };
	struct tally none = {};
	struct tally *tally = bpf_map_lookup_elem(&tallies, &key);

	if (tally)
		return tally;
	bpf_map_update_elem(&tallies, &key, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&tallies, &key);
}

/* An interface never has more than its share, nor more than are left free. */
INLINE int is_within_allowance(__s64 own, __s64 all)
{
	return own < FLOWS_OF_INTERFACE && own < FLOWS - all;
}

/* Whether one more flow may begin. */
INLINE int may_track(__u64 interface)
{
	struct tally *own = tally_of(interface), *all = tally_of(ALL_INTERFACES);

	return own && all && is_within_allowance(own->flows, all->flows);
}

RARE int release(__u64 interface)
{
	struct id_value key = { .id = interface };
	struct tally *tally = bpf_map_lookup_elem(&tallies, &key);

	if (tally)
		__sync_fetch_and_add(&tally->flows, -1);
	tally = tally_of(ALL_INTERFACES);
	if (tally)
		__sync_fetch_and_add(&tally->flows, -1);
	return 0;
}

/* Takes a place for one more flow: exact, whatever other CPUs do at the same time. */
RARE int claim(__u64 interface)
{
	struct tally *own = tally_of(interface), *all = tally_of(ALL_INTERFACES);
	__s64 before, before_all;

	if (!own || !all)
		return 0;
	before_all = __sync_fetch_and_add(&all->flows, 1);
	before = __sync_fetch_and_add(&own->flows, 1);
	if (is_within_allowance(before, before_all))
		return 1;
	__sync_fetch_and_add(&own->flows, -1);
	__sync_fetch_and_add(&all->flows, -1);
	return 0;
}

static int look_at(void *map, struct flow_key *key, struct flow *flow);

/* Look again when the flow will have been idle for too long, or sooner: its interface may be gone by then. */
INLINE void look_later(struct flow *flow, __u16 protocol)
{
	__u64 now = bpf_ktime_get_ns();
	__s32 left = time_out(protocol, flow->seen) - idle(flow, now);

	if (left > TICKS(SECONDS_BETWEEN_LOOKS))
		left = TICKS(SECONDS_BETWEEN_LOOKS);
	if (left < 0)
		left = 0;
	bpf_timer_start(&flow->timer, (((now >> TICK_SHIFT) + left + 1) << TICK_SHIFT) - now, 0);
}

static int look_at(void *map, struct flow_key *key, struct flow *flow)
{
	__u64 interface = key->interface;

	if (idle(flow, bpf_ktime_get_coarse_ns()) < time_out(key->protocol, flow->seen) && interface_by_id(interface))
		look_later(flow, key->protocol);
	else if (!bpf_map_delete_elem(map, key))
		release(interface);
	return 0;
}

/* The flow begins, on a place that was claimed for it: 0, or -1 and the place is free again. */
RARE int begin(struct flow_key *key, __u32 seen, __u64 now)
{
	struct flow first = { .last = now >> TICK_SHIFT, .seen = seen };
	struct flow *flow;

	if (bpf_map_update_elem(&flows, key, &first, BPF_NOEXIST)) {
		release(key->interface);
		flow = bpf_map_lookup_elem(&flows, key);
		if (!flow)
			return -1; /* no room, or no memory */
		if (idle(flow, now) < time_out(key->protocol, flow->seen))
			seen |= flow->seen; /* begun by another CPU just now; otherwise idle for too long and not yet gone */
		flow->last = first.last;
		flow->seen = seen;
		return 0;
	}
	flow = bpf_map_lookup_elem(&flows, key);
	if (!flow)
		return -1;
	if (bpf_timer_init(&flow->timer, &flows, CLOCK_MONOTONIC) || bpf_timer_set_callback(&flow->timer, look_at)) {
		if (!bpf_map_delete_elem(&flows, key)) /* nothing would ever end it */
			release(key->interface);
		return -1;
	}
	look_later(flow, key->protocol);
	return 0;
}
