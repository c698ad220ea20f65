/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Connections through NAT gateways (net/nat_flow.py).  Each has an entry for either direction; what is known of it lies
 * in the one that answers find.  A port is taken when that entry is made, so that no two connections have it.  No gateway
 * has more than it leaves free, and the timer of track.h ends what has been idle for too long. */
#pragma once

#include "common.h"
#include "track.h"

INLINE int is_idle_for_too_long(const struct nat_flow *flow, __u64 now)
{
	__s64 limit = is_closed(flow->seen) ? SECONDS_TCP_CLOSED : NAT_IDLE_SECONDS;

	return (__s64)(now - flow->last) >= limit * NANOSECONDS;
}

INLINE struct nat_flow *nat_flow_of(struct nat_key *inward, __u64 now)
{
	struct nat_flow *flow = bpf_map_lookup_elem(&nat_flows, inward);

	return flow && !is_idle_for_too_long(flow, now) ? flow : NULL;
}

/* Whether the gateway still has the address.  A connection over one that it has no longer is over for who began it:
 * somebody else may have the address now. */
APART int gateway_has(__u64 gateway, const struct address *address)
{
	struct id_value id = { .id = gateway };
	struct nat_gateway *found = bpf_map_lookup_elem(&nat_gateways, &id);

	if (!found || !address)
		return 0;
	for (__u32 place = 0; place < NAT_ADDRESSES; place++)
		if (place < found->count && same_address(&found->addresses[place], address))
			return 1;
	return 0;
}

/* `begun`: by the sender, who leaves as much of the gateway to others. */
INLINE int has_room(__s64 own, __s64 all, __s64 begun)
{
	return own < NAT_FLOWS_OF_GATEWAY && own < NAT_FLOWS - all && begun < NAT_FLOWS_OF_GATEWAY - own;
}

/* A search for a free port: `key` is that of the answers. */
struct search {
	struct nat_key key;
	__u64 mixed;
	__u32 own_port;
	__u32 found;
};

static long try_place(__u32 index, struct search *search)
{
	struct id_value id = { .id = search->key.gateway };
	struct nat_gateway *gateway = bpf_map_lookup_elem(&nat_gateways, &id);
	__u64 place;

	if (!gateway || !gateway->count)
		return 1;
	search->mixed = mix(search->mixed, index);
	place = (search->mixed >> NAT_ADDRESS_SHIFT) % gateway->count;
	if (place >= NAT_ADDRESSES)
		return 1;
	search->key.near = gateway->addresses[place];
	search->key.near_port = !index && search->own_port >= NAT_FIRST_PORT ?
					search->own_port :
					NAT_FIRST_PORT + (__u32)(search->mixed >> NAT_PORT_SHIFT) % NAT_PORTS;
	search->found = !bpf_map_lookup_elem(&nat_flows, &search->key);
	return search->found;
}

/* The key of the answers to a new connection: 0, or -1 when the gateway has no port or no room for it. */
APART int find_port(const struct nat_key *outward, struct nat_key *inward, __u64 sender)
{
	struct search search = {};
	struct tally *own, *all, *begun;

	if (!outward || !inward)
		return -1;
	own = tally_of(outward->gateway);
	all = tally_of(ALL_NAT_GATEWAYS);
	begun = tally_of(sender);
	if (!own || !all || !begun || !has_room(own->flows, all->flows, begun->nat_flows))
		return -1;
	search.key = *outward;
	search.key.is_inwards = 1;
	search.own_port = outward->near_port;
	search.mixed = mix(outward->protocol, (__u32)outward->near_port << 16 | outward->remote_port);
	search.mixed = mix_address(search.mixed, &outward->near);
	search.mixed = mix_address(search.mixed, &outward->remote);
	bpf_loop(NAT_ATTEMPTS, try_place, &search, 0);
	*inward = search.key;
	return search.found ? 0 : -1;
}

INLINE void count_nat_flow(__u64 gateway, __u64 sender, __s64 change)
{
	struct id_value key = { .id = gateway }, by = { .id = sender };
	struct tally *own = bpf_map_lookup_elem(&tallies, &key), *all = tally_of(ALL_NAT_GATEWAYS);
	struct tally *begun = bpf_map_lookup_elem(&tallies, &by);

	if (own) /* otherwise it is gone */
		__sync_fetch_and_add(&own->flows, change);
	if (begun)
		__sync_fetch_and_add(&begun->nat_flows, change);
	if (all)
		__sync_fetch_and_add(&all->flows, change);
}

/* Counts one more, if there is room for it: exact, whatever other CPUs do at the same time. */
INLINE int claim_nat_flow(__u64 gateway, __u64 sender)
{
	struct tally *own = tally_of(gateway), *all = tally_of(ALL_NAT_GATEWAYS), *begun = tally_of(sender);
	__s64 before, before_all, before_begun;

	if (!own || !all || !begun)
		return 0;
	before_all = __sync_fetch_and_add(&all->flows, 1);
	before = __sync_fetch_and_add(&own->flows, 1);
	before_begun = __sync_fetch_and_add(&begun->nat_flows, 1);
	if (has_room(before, before_all, before_begun))
		return 1;
	count_nat_flow(gateway, sender, -1);
	return 0;
}

/* Both entries of a connection that begins, the one that takes the port first: 0, or -1. */
APART int begin_nat_flow(struct nat_key *outward, struct nat_key *inward, __u64 sender, __u64 seen, __u64 now)
{
	struct nat_flow in = { .last = now, .seen = seen, .sender = sender }, out = {};

	if (!outward || !inward)
		return -1;
	in.near = outward->near;
	in.near_port = outward->near_port;
	out.near = inward->near;
	out.near_port = inward->near_port;
	if (!claim_nat_flow(inward->gateway, sender))
		return -1;
	if (!bpf_map_update_elem(&nat_flows, inward, &in, BPF_NOEXIST)) { /* or another CPU took it just now */
		if (!bpf_map_update_elem(&nat_flows, outward, &out, BPF_ANY)) {
			if (!bpf_map_push_elem(&nat_turns, inward, BPF_ANY))
				return 0;
			bpf_map_delete_elem(&nat_flows, outward); /* nobody would ever end it */
		}
		bpf_map_delete_elem(&nat_flows, inward);
	}
	count_nat_flow(inward->gateway, sender, -1);
	return -1;
}

/* The packet that began the connection does not arrive after all.  It is over, and goes when it has its turn. */
APART int end_nat_flow_at_once(struct nat_key *inward, __u64 now)
{
	struct nat_flow *flow = inward ? bpf_map_lookup_elem(&nat_flows, inward) : NULL;

	if (flow)
		flow->last = now - (__u64)NAT_IDLE_SECONDS * NANOSECONDS;
	return 0;
}

INLINE void end_nat_flow(struct nat_key *inward, const struct nat_flow *flow)
{
	struct nat_key outward = *inward;
	__u64 sender = flow->sender;
	struct nat_flow *out;

	outward.is_inwards = 0;
	outward.near = flow->near;
	outward.near_port = flow->near_port;
	out = bpf_map_lookup_elem(&nat_flows, &outward);
	if (out && same_address(&out->near, &inward->near) && out->near_port == inward->near_port)
		bpf_map_delete_elem(&nat_flows, &outward);
	if (!bpf_map_delete_elem(&nat_flows, inward))
		count_nat_flow(inward->gateway, sender, -1);
}

/* Ends the connection whose turn it is, or lets it queue again. */
static long look_at_next_nat_flow(__u32 index, __u64 *now)
{
	struct nat_key inward;
	struct nat_flow *flow;

	(void)index;
	if (bpf_map_pop_elem(&nat_turns, &inward))
		return 1;
	flow = bpf_map_lookup_elem(&nat_flows, &inward);
	if (!flow)
		return 0;
	if (is_idle_for_too_long(flow, *now) || !interface_by_id(inward.gateway))
		end_nat_flow(&inward, flow);
	else
		bpf_map_push_elem(&nat_turns, &inward, BPF_ANY);
	return 0;
}
