/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The flows that security groups track (net/allowances.py).  No interface has more of the table than it leaves free.  A
 * timer goes round all flows and ends those that have been idle for too long, whether or not a packet comes. */
#pragma once

#include "common.h"

INLINE int is_closed(__u64 seen)
{
	return (seen & SEEN_RST) || (seen & (SEEN_FIN_LEAVING | SEEN_FIN_ARRIVING)) ==
					    (SEEN_FIN_LEAVING | SEEN_FIN_ARRIVING);
}

INLINE __s64 time_out(__u16 protocol, __u64 seen)
{
	int both = (seen & (SEEN_LEAVING | SEEN_ARRIVING)) == (SEEN_LEAVING | SEEN_ARRIVING);

	switch (protocol) {
	case PROTOCOL_TCP:
		if (is_closed(seen))
			return SECONDS_TCP_CLOSED;
		return both ? SECONDS_TCP_ESTABLISHED : SECONDS_TCP_OPENING;
	case PROTOCOL_UDP:
		return both ? SECONDS_UDP_STREAM : SECONDS_UDP_SINGLE;
	case PROTOCOL_ICMP:
	case PROTOCOL_ICMPV6:
		return SECONDS_ICMP;
	}
	return SECONDS_OTHER;
}

/* Another CPU may have seen a packet a moment after `now`: then the difference is negative. */
INLINE __s64 idle(const struct flow *flow, __u64 now)
{
	return now - flow->last;
}

INLINE int is_over(const struct flow *flow, __u16 protocol, __u64 now)
{
	return idle(flow, now) >= time_out(protocol, flow->seen) * NANOSECONDS;
}

INLINE struct flow *tracked(struct flow_key *key, __u64 now)
{
	struct flow *flow = bpf_map_lookup_elem(&flows, key);

	return flow && !is_over(flow, key->protocol, now) ? flow : NULL;
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

/* How many flows a sender has at an interface endpoint, where many meet. */
INLINE struct tally *share_of(__u64 endpoint, __u64 sender)
{
	struct share_key key = { .endpoint = endpoint, .sender = sender };
	struct tally none = {};
	struct tally *share = bpf_map_lookup_elem(&shares, &key);

	if (share)
		return share;
	bpf_map_update_elem(&shares, &key, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&shares, &key);
}

/* A sender never has more of them than it leaves to others.  Without one: yes. */
APART int claim_share(__u64 endpoint, __u64 sender)
{
	struct tally *all = tally_of(endpoint), *own;

	if (!sender)
		return 1;
	own = share_of(endpoint, sender);
	if (!own || !all)
		return 0;
	if ((__s64)__sync_fetch_and_add(&own->flows, 1) <= FLOWS_OF_INTERFACE - (__s64)all->flows)
		return 1;
	__sync_fetch_and_add(&own->flows, -1);
	return 0;
}

APART int release_share(__u64 endpoint, __u64 sender)
{
	struct share_key key = { .endpoint = endpoint, .sender = sender };
	struct tally *own = sender ? bpf_map_lookup_elem(&shares, &key) : NULL;

	if (own && (__s64)own->flows > 0)
		__sync_fetch_and_add(&own->flows, -1);
	return 0;
}

/* Whether one more flow may begin. */
APART int may_track(__u64 interface)
{
	struct tally *own = tally_of(interface), *all = tally_of(ALL_INTERFACES);

	return own && all && is_within_allowance(own->flows, all->flows);
}

APART int release(__u64 interface)
{
	struct id_value key = { .id = interface };
	struct tally *own = bpf_map_lookup_elem(&tallies, &key), *all = tally_of(ALL_INTERFACES);

	if (own) /* otherwise it is gone */
		__sync_fetch_and_add(&own->flows, -1);
	if (all)
		__sync_fetch_and_add(&all->flows, -1);
	return 0;
}

/* Takes a place for one more flow: exact, whatever other CPUs do at the same time. */
APART int claim(__u64 interface)
{
	struct tally *own = tally_of(interface), *all = tally_of(ALL_INTERFACES);
	__s64 before, before_all;

	if (!own || !all)
		return 0;
	before_all = __sync_fetch_and_add(&all->flows, 1);
	before = __sync_fetch_and_add(&own->flows, 1);
	if (is_within_allowance(before, before_all))
		return 1;
	release(interface);
	return 0;
}

/* The flow begins, on the place that was claimed for it: 0, or -1 and the place is free again. */
APART int begin(struct flow_key *key, __u64 seen, __u64 now, __u64 sender, __u64 gateway)
{
	struct flow first = { .last = now, .seen = seen, .sender = sender, .gateway = gateway };
	struct flow *flow;

	if (!key)
		return -1;
	if (!bpf_map_update_elem(&flows, key, &first, BPF_NOEXIST)) {
		if (!bpf_map_push_elem(&turns, key, BPF_ANY))
			return 0;
		bpf_map_delete_elem(&flows, key); /* nobody would ever end it */
		release_share(key->interface, sender);
		release(key->interface);
		return -1;
	}
	release_share(key->interface, sender);
	release(key->interface);
	flow = bpf_map_lookup_elem(&flows, key);
	if (!flow)
		return -1; /* no memory */
	/* Begun by another CPU just now; or over, and not yet gone. */
	if (is_over(flow, key->protocol, now)) {
		flow->seen = seen;
		flow->gateway = gateway;
	} else {
		flow->seen |= seen;
	}
	flow->last = now;
	return 0;
}

/* The packet that began the flow does not arrive after all.  It is over, and goes when it has its turn. */
APART int end_at_once(struct flow_key *key, __u64 now)
{
	struct flow *flow = key ? bpf_map_lookup_elem(&flows, key) : NULL;

	if (flow)
		flow->last = now - time_out(key->protocol, flow->seen) * NANOSECONDS;
	return 0;
}

/* Ends the flow whose turn it is, or lets it queue again. */
static long look_at_next(__u32 index, __u64 *now)
{
	struct flow_key key;
	struct flow *flow;

	(void)index;
	if (bpf_map_pop_elem(&turns, &key))
		return 1;
	flow = bpf_map_lookup_elem(&flows, &key);
	if (!flow)
		return 0;
	if (is_over(flow, key.protocol, *now) || !interface_by_id(key.interface)) {
		__u64 sender = flow->sender;

		if (!bpf_map_delete_elem(&flows, &key)) {
			release_share(key.interface, sender);
			release(key.interface);
		}
		return 0;
	}
	bpf_map_push_elem(&turns, &key, BPF_ANY);
	return 0;
}

/* So many that all have their turn within LOOKS_PER_ROUND looks, unless there are too many. */
INLINE __u32 flows_to_look_at(__u64 whose)
{
	struct tally *all = tally_of(whose);
	__u64 share = all ? all->flows / LOOKS_PER_ROUND + 1 : FLOWS_PER_LOOK;

	return share < FLOWS_PER_LOOK ? share : FLOWS_PER_LOOK;
}

/* A new second makes older decisions void (decide.h). */
INLINE void tell_time(__u64 now)
{
	__u32 zero = 0, second = now / NANOSECONDS;
	struct generation_value *current = bpf_map_lookup_elem(&generation, &zero);

	if (current && current->second != second) /* every packet reads it: one write a second */
		current->second = second;
}

static long look_at_next_nat_flow(__u32 index, __u64 *now);

static int look_at_some(void *map, __u32 *key, struct sweeper *sweeper)
{
	__u64 now = bpf_ktime_get_coarse_ns();

	(void)map;
	(void)key;
	tell_time(now);
	bpf_loop(flows_to_look_at(ALL_INTERFACES), look_at_next, &now, 0);
	bpf_loop(flows_to_look_at(ALL_NAT_GATEWAYS), look_at_next_nat_flow, &now, 0);
	bpf_timer_start(&sweeper->timer, NANOSECONDS_BETWEEN_LOOKS, 0);
	return 0;
}

/* Run once when the program is loaded, over maps that may have been there before: 0, or why the timer does not run. */
SEC("tc")
int start_sweeper(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct sweeper *sweeper = bpf_map_lookup_elem(&sweepers, &zero);
	long error;

	(void)skb;
	if (!sweeper)
		return -ENOENT;
	error = bpf_timer_init(&sweeper->timer, &sweepers, CLOCK_MONOTONIC);
	if (error && error != -EBUSY) /* it runs already, perhaps for the program before this one */
		return error;
	error = bpf_timer_set_callback(&sweeper->timer, look_at_some);
	return error ? error : bpf_timer_start(&sweeper->timer, NANOSECONDS_BETWEEN_LOOKS, 0);
}
