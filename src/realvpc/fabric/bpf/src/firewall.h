/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Security groups at one interface (net/firewall.py): tracked flows first, then the rules. */
#pragma once

#include "common.h"
#include "transport.h"
#include "track.h"

/* What the security groups said: `reason` is 0 or why the packet goes no further, `flow` the tracked flow that it belongs
 * to; `track`: it begins one. */
struct passage {
	struct flow *flow;
	__u64 sender; /* whose share of an interface endpoint the flow takes of, or 0 */
	__u32 reason;
	__u8 track;
};

/* One look at the rules of one direction, for the first that matches.  Of security groups' those come first that name
 * 0.0.0.0/0, or ::/0 in IPv6. */
struct scan {
	struct address remote;
	__u64 rule_set;
	__u32 list, limit;
	__u16 low, high;
	__u8 protocol, matched, denies;
};

/* Of either family. */
INLINE int is_icmp(__u8 protocol)
{
	return protocol == PROTOCOL_ICMP || protocol == PROTOCOL_ICMPV6;
}

/* Of the lists in a rule set that for the packet's family, and the direction; without a branch, which would double the
 * verifier's work. */
INLINE __u32 list_for(const struct packet *packet, int is_egress)
{
	return packet->is_ipv6 * RULES_INGRESS_IPV6 + is_egress * RULES_EGRESS;
}

INLINE const struct firewall *firewall_of(const struct rule_set *rules, __u32 list)
{
	return &rules->lists[list & RULES_EGRESS_IPV6];
}

INLINE void set_scan(struct scan *scan, const struct packet *packet, __u64 rule_set, int is_egress)
{
	scan->remote = is_egress ? packet->destination : packet->source;
	scan->rule_set = rule_set;
	scan->low = is_icmp(packet->protocol) ? packet->icmp_type : packet->destination_port;
	scan->high = packet->icmp_code;
	scan->protocol = packet->protocol;
}

/* Whether a prefix with the address, which the key becomes one of, is delegated to a member of the group: at the end of
 * the longest chain of calls there is no room for another key. */
RARE int has_prefix(struct group_member_key *member)
{
	struct present *found;

	set_prefix_of(&member->address, &member->address);
	found = bpf_map_lookup_elem(&group_members, member);
	return found && found->value == IPV6_PREFIX;
}

INLINE int rule_matches(const struct rule *rule, const struct scan *scan)
{
	if (!rule->any_protocol && rule->protocol != scan->protocol)
		return 0;
	if (scan->low < rule->low_from || scan->low > rule->low_to || scan->high < rule->high_from ||
	    scan->high > rule->high_to)
		return 0;
	if (rule->group) {
		struct group_member_key key = { .group = rule->group, .address = scan->remote };

		return bpf_map_lookup_elem(&group_members, &key) || (may_be_delegated(&scan->remote) && has_prefix(&key));
	}
	return in_block(&scan->remote, &rule->network, &rule->mask);
}

/* The context of a loop must be on the stack of the function that runs it. */
static long scan_chunk(__u32 index, struct scan **context)
{
	struct scan *scan = *context;
	struct rule_key key = { .rule_set = scan->rule_set, .list = scan->list, .chunk = index };
	struct rule_chunk *chunk = bpf_map_lookup_elem(&rules, &key);
	__u32 first = index * RULES_PER_CHUNK;

	if (!chunk)
		return 1;
	for (__u32 i = 0; i < RULES_PER_CHUNK; i++) {
		if (first + i >= scan->limit)
			return 1;
		if (rule_matches(&chunk->rules[i], scan)) {
			scan->matched = 1;
			scan->denies = chunk->rules[i].denies;
			return 1;
		}
	}
	return 0;
}

/* Whether one of the first `limit` rules matches traffic with `remote`. */
APART int scan_rules(struct scan *scan, __u32 list, __u32 limit)
{
	if (!scan)
		return 0;
	scan->list = list;
	scan->limit = limit;
	scan->matched = 0;
	if (limit)
		bpf_loop(RULE_CHUNKS, scan_chunk, &scan, 0);
	return scan->matched;
}

/* The same, of the rules that name everywhere. */
INLINE int scan_everywhere(struct scan *scan, const struct firewall *firewall, __u32 list)
{
	return firewall->opens_all || scan_rules(scan, list, firewall->everywhere);
}

INLINE int opens_every_port(const struct firewall *firewall, __u8 protocol)
{
	return (protocol == PROTOCOL_TCP && firewall->opens_tcp) || (protocol == PROTOCOL_UDP && firewall->opens_udp);
}

#define BEGINS (-1)

/* What the rules say: 0, the packet is admitted; BEGINS, it is and a flow begins with it; otherwise why it is not.
 *
 * EC2 guide, "Security group connection tracking": a flow is untracked when a rule admits it from or to everywhere and
 * the opposite direction admits every port to or from everywhere; whichever side began it. */
APART int examine_rules(const struct packet *packet, const struct interface *interface, int is_egress)
{
	const int refused = is_egress ? REASON_SECURITY_GROUP_EGRESS : REASON_SECURITY_GROUP_INGRESS;
	const struct firewall *forward, *backward;
	struct rule_set *rules;
	struct scan scan = {};
	struct id_value key;
	int everywhere;
	__u32 list;

	if (!packet || !interface)
		return refused;
	set_scan(&scan, packet, interface->rule_set, is_egress);
	key.id = interface->rule_set;
	rules = bpf_map_lookup_elem(&rule_sets, &key);
	if (!rules)
		return refused;
	list = list_for(packet, is_egress);
	forward = firewall_of(rules, list);
	backward = firewall_of(rules, list ^ RULES_EGRESS);
	everywhere = scan_everywhere(&scan, forward, list);
	if (!everywhere &&
	    (forward->rules <= forward->everywhere || !scan_rules(&scan, list, forward->rules)))
		return refused;
	if (packet->is_error || (everywhere && opens_every_port(backward, packet->protocol)))
		return 0;
	if (opens_every_port(forward, packet->protocol)) {
		scan.low = packet->source_port;
		if (scan_everywhere(&scan, backward, list ^ RULES_EGRESS))
			return 0;
	}
	return may_track(interface->id) ? BEGINS : REASON_CONNTRACK_ALLOWANCE_EXCEEDED;
}

INLINE void set_flow_key(struct flow_key *key, const struct packet *packet, __u64 interface, int is_egress)
{
	key->interface = interface;
	key->local = is_egress ? packet->source : packet->destination;
	key->remote = is_egress ? packet->destination : packet->source;
	key->local_port = is_egress ? packet->source_port : packet->destination_port;
	key->remote_port = is_egress ? packet->destination_port : packet->source_port;
	key->protocol = packet->protocol;
	key->icmp_type = is_egress ? packet->icmp_type : icmp_answer(packet->protocol, packet->icmp_type);
	key->icmp_code = packet->icmp_code;
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
	key->icmp_type = is_egress ? icmp_answer(packet->quoted_protocol, packet->quoted_icmp_type) :
				     packet->quoted_icmp_type;
	key->icmp_code = packet->quoted_icmp_code;
}

INLINE struct passage examine(const struct packet *packet, struct flow_key *key, const struct interface *interface,
			      int is_egress, __u64 now)
{
	struct passage passage = {};
	int said;

	if (packet->is_error) {
		set_quoted_flow_key(key, packet, interface->id, is_egress);
		if (tracked(key, now))
			return passage; /* an error about a flow does not prolong it */
	} else {
		set_flow_key(key, packet, interface->id, is_egress);
		passage.flow = tracked(key, now);
		if (passage.flow)
			return passage;
	}
	said = examine_rules(packet, interface, is_egress);
	if (said == BEGINS)
		passage.track = 1;
	else
		passage.reason = said;
	return passage;
}

/* A place for the flow that begins with this packet, if one does: false when the interface has none left. */
INLINE int claim_place(const struct passage *passage, const struct flow_key *key)
{
	if (!passage->track)
		return 1;
	if (!claim(key->interface))
		return 0;
	if (claim_share(key->interface, passage->sender))
		return 1;
	release(key->interface);
	return 0;
}

INLINE void give_place_back(const struct passage *passage, const struct flow_key *key)
{
	if (!passage->track)
		return;
	release_share(key->interface, passage->sender);
	release(key->interface);
}

/* After `remember`, when there is no room for something else of the packet. */
INLINE void forget(const struct passage *passage, struct flow_key *key, __u64 now)
{
	if (passage->track)
		end_at_once(key, now);
}

/* Called for a packet that arrives, and for no other: a dropped packet leaves no trace.  0, or why it does not arrive
 * after all. */
INLINE __u32 remember(const struct passage *passage, struct flow_key *key, const struct packet *packet, int is_egress,
		      __u64 gateway, __u64 now)
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
		if (gateway)
			flow->gateway = gateway;
		if (idle(flow, now) > NANOSECONDS) /* one write a second: the cache line is shared */
			flow->last = now;
	} else if (passage->track && begin(key, shown, now, passage->sender, gateway)) {
		return REASON_CONNTRACK_ALLOWANCE_EXCEEDED;
	}
	return REASON_DELIVERED;
}
