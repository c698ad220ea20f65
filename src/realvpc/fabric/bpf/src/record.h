/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What flow logs have of a packet (net/flow_record.py): a record for each interface that sees it, if a flow log covers that.
 * Which interfaces have seen it is noted on the way, and put down when its fate is known.  Of two maps one is written and
 * one is read, so that nothing is lost when the minute is over. */
#pragma once

#include "common.h"

#define INTERFACE_LOGS (INTERFACE_LOGS_ACCEPTED | INTERFACE_LOGS_REJECTED)
#define RECORDED_TCP_FLAGS (TCP_FIN | TCP_SYN | TCP_RST)

/* The interface sees the packet as it is now. */
APART int note(const struct interface *interface, int is_egress)
{
	__u32 zero = 0;
	struct journey *journey = bpf_map_lookup_elem(&scratch, &zero);
	const struct packet *packet;
	struct sighting *sighting;

	if (!interface || !journey)
		return 0;
	journey->is_unlogged = !(interface->flags & INTERFACE_LOGS);
	if (journey->is_unlogged || journey->sighted >= FLOW_SIGHTINGS)
		return 0;
	packet = &journey->packet;
	sighting = &journey->sightings[journey->sighted++];
	sighting->logs = interface->flags & INTERFACE_LOGS;
	sighting->key.interface = interface->id;
	sighting->key.source = packet->source;
	sighting->key.destination = packet->destination;
	sighting->key.source_port = sighting->key.destination_port = 0;
	sighting->key.protocol = packet->protocol;
	sighting->key.is_egress = !!is_egress;
	if (packet->protocol == PROTOCOL_TCP || packet->protocol == PROTOCOL_UDP) {
		sighting->key.source_port = packet->source_port;
		sighting->key.destination_port = packet->destination_port;
	}
	return 0;
}

INLINE __u32 sightings_so_far(void)
{
	__u32 zero = 0;
	struct journey *journey = bpf_map_lookup_elem(&scratch, &zero);

	return journey ? journey->sighted : 0;
}

/* Forgets what was noted since. */
INLINE void seen_last_by(const struct interface *interface, __u32 sighted)
{
	__u32 zero = 0;
	struct journey *journey = bpf_map_lookup_elem(&scratch, &zero);

	if (!journey)
		return;
	journey->sighted = sighted;
	journey->is_unlogged = !(interface->flags & INTERFACE_LOGS);
}

/* Called for every packet at every interface: those that no flow log covers look at a flag. */
INLINE void seen_by(struct journey *journey, const struct interface *interface, int is_egress)
{
	if (interface->flags & INTERFACE_LOGS)
		note(interface, is_egress);
	else
		journey->is_unlogged = 1;
}

/* What an instance sends to the router itself is nobody's flow. */
INLINE void seen_by_sender(struct journey *journey, const struct interface *sender)
{
	if (journey->packet.is_ipv6 || ipv4_of(&journey->packet.destination) != router_in(sender))
		seen_by(journey, sender, 1);
}

/* FIN, SYN, RST, and ACK together with SYN (VPC guide, "Flow log records"). */
INLINE __u8 recorded_flags(__u8 flags)
{
	return flags & TCP_SYN ? flags & (RECORDED_TCP_FLAGS | TCP_ACK) : flags & RECORDED_TCP_FLAGS;
}

INLINE struct flow_record *record_in(__u32 window, const struct flow_record_key *key)
{
	return window & 1 ? bpf_map_lookup_elem(&odd_records, key) : bpf_map_lookup_elem(&even_records, key);
}

INLINE struct record_tally *record_tally_of(__u64 interface, __u32 window)
{
	struct record_tally_key key = { .interface = interface, .window = window };
	struct record_tally none = {};
	struct record_tally *tally = bpf_map_lookup_elem(&record_tallies, &key);

	if (tally)
		return tally;
	bpf_map_update_elem(&record_tallies, &key, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&record_tallies, &key);
}

/* A place for one more record, and whose: 0, or -1 when the interface has none left. */
APART int begin_record(const struct flow_record_key *key, __u32 window, __u64 now)
{
	struct flow_record first = { .first = now, .last = now };
	struct record_tally *own, *all;

	if (!key)
		return -1;
	own = record_tally_of(key->interface, window);
	all = record_tally_of(ALL_INTERFACES, window);
	if (!own || !all)
		return -1;
	if (own->records < FLOW_RECORDS_OF_INTERFACE && own->records < FLOW_RECORDS - all->records &&
	    !(window & 1 ? bpf_map_update_elem(&odd_records, key, &first, BPF_NOEXIST) :
			   bpf_map_update_elem(&even_records, key, &first, BPF_NOEXIST))) {
		__sync_fetch_and_add(&own->records, 1);
		__sync_fetch_and_add(&all->records, 1);
		return 0;
	}
	return -1;
}

APART int skip_record(const struct flow_record_key *key, __u32 window, __u32 packets)
{
	struct record_tally *own = key ? record_tally_of(key->interface, window) : NULL;

	if (own)
		__sync_fetch_and_add(&own->skipped, packets);
	return 0;
}

/* What the kernel will send of a packet that it has yet to cut into segments, each with headers of its own. */
struct amount {
	__u32 packets, bytes;
};

INLINE struct amount amount_of(__u32 size, __u32 length, __u32 gso_size)
{
	struct amount amount = { .packets = 1, .bytes = size };
	__u32 headers = size - gso_size, payload = length - ETH_LENGTH - headers;

	if (!gso_size || length < ETH_LENGTH + headers)
		return amount;
	if (payload > gso_size)
		amount.packets = (payload + gso_size - 1) / gso_size;
	amount.bytes = payload + amount.packets * headers;
	return amount;
}

INLINE void put_down(const struct flow_record_key *key, const struct amount *amount, __u8 tcp_flags)
{
	__u32 zero = 0, number;
	struct window *window = bpf_map_lookup_elem(&flow_windows, &zero);
	__u64 now = bpf_ktime_get_coarse_ns();
	struct flow_record *record;

	if (!window)
		return;
	number = *(volatile __u32 *)&window->number;
	record = record_in(number, key);
	if (!record) {
		begin_record(key, number, now);
		record = record_in(number, key); /* or another CPU has begun it */
	}
	if (!record) {
		skip_record(key, number, amount->packets);
		return;
	}
	__sync_fetch_and_add(&record->packets, amount->packets);
	__sync_fetch_and_add(&record->bytes, amount->bytes);
	if (tcp_flags & ~record->tcp_flags)
		__sync_fetch_and_or(&record->tcp_flags, tcp_flags);
	record->last = now;
}

/* Puts down what was noted of the packet, now that it is known what became of it. */
APART int record(__u32 reason)
{
	int is_refused = is_refused_by_rules(reason) || reason == REASON_VPC_BLOCK_PUBLIC_ACCESS;
	__u32 zero = 0;
	struct journey *journey = bpf_map_lookup_elem(&scratch, &zero);
	struct amount amount;
	__u8 tcp_flags;

	if (!journey)
		return 0;
	amount = amount_of(journey->size, journey->length, journey->gso_size);
	tcp_flags = recorded_flags(journey->packet.tcp_flags);
	for (__u32 i = 0; i < FLOW_SIGHTINGS && i < journey->sighted; i++) {
		struct sighting *sighting = &journey->sightings[i];
		int is_last = i + 1 == journey->sighted && !journey->is_unlogged, is_rejected = is_last && is_refused;

		if (is_last && leaves_no_record(reason))
			break;
		if (!(sighting->logs & (is_rejected ? INTERFACE_LOGS_REJECTED : INTERFACE_LOGS_ACCEPTED)))
			continue;
		sighting->key.is_rejected = is_rejected;
		sighting->key.by_block_public_access = is_rejected && reason == REASON_VPC_BLOCK_PUBLIC_ACCESS;
		put_down(&sighting->key, &amount, tcp_flags);
	}
	return 0;
}

/* The same of a packet whose way was decided before, once it is what it becomes. */
INLINE void seen_as_before(__u64 interface, int is_egress)
{
	if (interface)
		note(interface_by_id(interface), is_egress);
}
