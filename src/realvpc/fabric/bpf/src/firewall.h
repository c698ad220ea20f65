/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Security groups at one interface (net/firewall.py): tracked flows first, then the rules. */
#pragma once

#include "common.h"
#include "parse.h"

/* What the security groups said.  `flow` is the tracked flow that the packet belongs to; `track`: remember it. */
struct passage {
	struct flow *flow;
	__u8 admitted, track;
};

/* One look at the rules of one direction.  The rules that name 0.0.0.0/0 come first. */
struct scan {
	struct address remote;
	__u64 rule_set;
	__u32 is_egress, limit;
	__u16 low, high;
	__u8 protocol, matched, everywhere;
};

INLINE int rule_admits(const struct rule *rule, const struct scan *scan)
{
	if (!rule->any_protocol && rule->protocol != scan->protocol)
		return 0;
	if (scan->low < rule->low_from || scan->low > rule->low_to || scan->high < rule->high_from ||
	    scan->high > rule->high_to)
		return 0;
	if (rule->group) {
		struct group_member_key key = { .group = rule->group, .address = scan->remote };

		return bpf_map_lookup_elem(&group_members, &key) != NULL;
	}
	return in_block(&scan->remote, &rule->network, &rule->mask);
}

static long scan_chunk(__u32 index, struct scan *scan)
{
	struct rule_key key = { .rule_set = scan->rule_set, .is_egress = scan->is_egress, .chunk = index };
	struct rule_chunk *chunk = bpf_map_lookup_elem(&rules, &key);
	__u32 first = index * RULES_PER_CHUNK;

	if (!chunk)
		return 1;
	for (__u32 i = 0; i < RULES_PER_CHUNK; i++) {
		if (first + i >= scan->limit)
			return 1;
		if (rule_admits(&chunk->rules[i], scan)) {
			scan->matched = 1;
			return 1;
		}
	}
	return 0;
}

/* Whether one of the first `limit` rules admits traffic with `remote`. */
INLINE int scan_rules(struct scan *scan, const struct interface *interface, int is_egress, __u32 limit)
{
	scan->rule_set = interface->rule_set;
	scan->is_egress = is_egress;
	scan->limit = limit;
	scan->matched = 0;
	if (limit)
		bpf_loop(RULE_CHUNKS, scan_chunk, scan, 0);
	return scan->matched;
}

/* The same, of the rules that name 0.0.0.0/0. */
INLINE int scan_everywhere(struct scan *scan, const struct interface *interface, int is_egress)
{
	const struct firewall *firewall = is_egress ? &interface->egress : &interface->ingress;

	return firewall->opens_all || scan_rules(scan, interface, is_egress, firewall->everywhere);
}

INLINE int opens_every_port(const struct firewall *firewall, __u8 protocol)
{
	return (protocol == IPPROTO_TCP && firewall->opens_tcp) || (protocol == IPPROTO_UDP && firewall->opens_udp);
}

/* EC2 guide, "Security group connection tracking": a flow is untracked when a rule admits it from or to everywhere and
 * the opposite direction admits every port to or from everywhere; whichever side began it. */
RARE int examine_rules(struct passage *passage, const struct packet *packet, const struct interface *interface,
		       int is_egress)
{
	const struct firewall *forward = is_egress ? &interface->egress : &interface->ingress;
	const struct firewall *backward = is_egress ? &interface->ingress : &interface->egress;
	int is_icmp = packet->protocol == IPPROTO_ICMP;
	struct scan scan = {
		.remote = is_egress ? packet->destination : packet->source,
		.low = is_icmp ? packet->icmp_type : packet->destination_port,
		.high = packet->icmp_code,
		.protocol = packet->protocol,
	};
	int everywhere = scan_everywhere(&scan, interface, is_egress);

	passage->admitted = everywhere || (forward->rules > forward->everywhere &&
					   scan_rules(&scan, interface, is_egress, forward->rules));
	if (!passage->admitted || packet->is_error)
		return 0;
	passage->track = 1;
	if (everywhere && opens_every_port(backward, packet->protocol)) {
		passage->track = 0;
	} else if (opens_every_port(forward, packet->protocol)) {
		scan.low = packet->source_port;
		passage->track = !scan_everywhere(&scan, interface, !is_egress);
	}
	return 0;
}

INLINE void set_flow_key(struct flow_key *key, const struct packet *packet, __u64 interface, int is_egress)
{
	key->interface = interface;
	key->local = is_egress ? packet->source : packet->destination;
	key->remote = is_egress ? packet->destination : packet->source;
	key->local_port = is_egress ? packet->source_port : packet->destination_port;
	key->remote_port = is_egress ? packet->destination_port : packet->source_port;
	key->protocol = packet->protocol;
}

/* What the error speaks of went the other way. */
INLINE void set_quoted_flow_key(struct flow_key *key, const struct packet *packet, __u64 interface, int is_egress)
{
	key->interface = interface;
	key->local = is_egress ? packet->quoted_destination : packet->quoted_source;
	key->remote = is_egress ? packet->quoted_source : packet->quoted_destination;
	key->local_port = is_egress ? packet->quoted_destination_port : packet->quoted_source_port;
	key->remote_port = is_egress ? packet->quoted_source_port : packet->quoted_destination_port;
	key->protocol = packet->quoted_protocol;
}

INLINE int is_closed(__u64 seen)
{
	return (seen & SEEN_RST) || (seen & (SEEN_FIN_LEAVING | SEEN_FIN_ARRIVING)) ==
					    (SEEN_FIN_LEAVING | SEEN_FIN_ARRIVING);
}

INLINE __s64 time_out(__u8 protocol, __u64 seen)
{
	int both = (seen & (SEEN_LEAVING | SEEN_ARRIVING)) == (SEEN_LEAVING | SEEN_ARRIVING);

	switch (protocol) {
	case IPPROTO_TCP:
		return both && !is_closed(seen) ? SECONDS_TCP_ESTABLISHED : SECONDS_TCP_OTHER;
	case IPPROTO_UDP:
		return both ? SECONDS_UDP_STREAM : SECONDS_UDP_SINGLE;
	case IPPROTO_ICMP:
		return SECONDS_ICMP;
	}
	return SECONDS_OTHER;
}

/* Another CPU may have seen a packet a moment after `now`: then the difference is negative. */
INLINE __s64 idle(const struct flow *flow, __u64 now)
{
	return now - flow->last;
}

INLINE struct flow *tracked(struct flow_key *key, __u64 now)
{
	struct flow *flow = bpf_map_lookup_elem(&flows, key);

	return flow && idle(flow, now) < time_out(key->protocol, flow->seen) * NANOSECONDS ? flow : NULL;
}

INLINE struct passage examine(const struct packet *packet, struct flow_key *key, const struct interface *interface,
			      int is_egress, __u64 now)
{
	struct passage passage = {};

	if (packet->is_error) {
		set_quoted_flow_key(key, packet, interface->id, is_egress);
		if (tracked(key, now)) {
			passage.admitted = 1; /* an error about a flow does not prolong it */
			return passage;
		}
	} else {
		set_flow_key(key, packet, interface->id, is_egress);
		passage.flow = tracked(key, now);
		if (passage.flow) {
			passage.admitted = 1;
			return passage;
		}
	}
	examine_rules(&passage, packet, interface, is_egress);
	return passage;
}

/* Called for a packet that arrives, and for no other: a dropped packet leaves no trace. */
INLINE void remember(const struct passage *passage, struct flow_key *key, const struct packet *packet, int is_egress,
		     __u64 now)
{
	__u64 shown = is_egress ? SEEN_LEAVING : SEEN_ARRIVING;

	if (packet->tcp_flags & TCP_FIN)
		shown |= is_egress ? SEEN_FIN_LEAVING : SEEN_FIN_ARRIVING;
	if (packet->tcp_flags & TCP_RST)
		shown |= SEEN_RST;
	if (passage->flow) {
		struct flow *flow = passage->flow;
		__u64 seen = flow->seen | shown;

		if (is_closed(flow->seen) && (packet->tcp_flags & TCP_SYN))
			seen = shown; /* the ports are used again */
		if (seen != flow->seen)
			flow->seen = seen;
		if (idle(flow, now) > NANOSECONDS) /* one write a second: the cache line is shared */
			flow->last = now;
	} else if (passage->track) {
		struct flow flow = { .last = now, .seen = shown };

		bpf_map_update_elem(&flows, key, &flow, BPF_ANY);
	}
}
