/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* IPv6 packets to 64:ff9b::/96 as IPv4 ones, and back (net/nat64.py): first in struct packet, and in the bytes when the
 * packet has arrived.  Neither fragments nor extension headers nor options are carried over. */
#pragma once

#include "common.h"
#include "icmp.h"
#include "icmpv6.h"
#include "ipv6.h"
#include "nat64_bytes.h"
#include "transport.h"

/* The other family's protocol, type and code: 0, or -1 where there is no such thing. */
INLINE int set_other_icmp(__u8 *protocol, __u8 *type, __u8 *code, int is_to_ipv6)
{
	int found;

	if (*protocol == PROTOCOL_TCP || *protocol == PROTOCOL_UDP)
		return 0;
	if (*protocol != icmp_of(!is_to_ipv6))
		return -1;
	found = is_to_ipv6 ? to_icmpv6(*type, *code) : to_icmp(*type, *code);
	if (found < 0)
		return -1;
	*protocol = icmp_of(is_to_ipv6);
	*type = found >> 8;
	*code = found;
	return 0;
}

INLINE void set_other_family(struct packet *packet, int is_to_ipv6)
{
	packet->is_ipv6 = is_to_ipv6;
	packet->changes_family = packet->translated = 1;
}

/* Whether a gateway lets an IPv6 packet out: what it would of IPv4, to an address of the block. */
APART int is_carried_as_ipv4(const struct packet *packet)
{
	__u8 protocol, type, code;

	if (!packet || packet->changes_family || !is_nat64(&packet->destination) ||
	    packet->header_length != sizeof(struct ipv6))
		return 0;
	if (!packet->is_error)
		return packet->protocol == PROTOCOL_TCP || packet->protocol == PROTOCOL_UDP ||
		       (packet->protocol == PROTOCOL_ICMPV6 && packet->icmp_type == ICMPV6_ECHO_REQUEST);
	protocol = packet->quoted_protocol;
	type = packet->quoted_icmp_type;
	code = packet->quoted_icmp_code;
	return is_nat64(&packet->quoted_source) && to_icmp(packet->icmp_type, packet->icmp_code) >= 0 &&
	       !set_other_icmp(&protocol, &type, &code, 0);
}

/* What such a packet becomes, but for its source. */
APART int become_ipv4(struct packet *packet)
{
	if (!packet)
		return REASON_NAT_PROTOCOL;
	set_other_icmp(&packet->protocol, &packet->icmp_type, &packet->icmp_code, 0);
	if (packet->is_error) {
		set_other_icmp(&packet->quoted_protocol, &packet->quoted_icmp_type, &packet->quoted_icmp_code, 0);
		set_ipv4(&packet->quoted_source, ipv4_of(&packet->quoted_source));
		packet->size = sizeof(struct error_ipv4);
	} else {
		packet->size -= NAT64_LONGER;
	}
	set_ipv4(&packet->destination, ipv4_of(&packet->destination));
	set_other_family(packet, 0);
	return is_never_forwarded(&packet->destination) ? REASON_NOT_UNICAST : REASON_DELIVERED;
}

INLINE void set_standing_for(struct address *address)
{
	const struct address block = NAT64_BLOCK;
	__be32 ipv4 = ipv4_of(address);

	*address = block;
	address->words[3] = ipv4;
}

/* What an IPv4 packet for an IPv6 address becomes: 0, or why there is no such thing. */
APART int become_ipv6(struct packet *packet)
{
	if (!packet || packet->changes_family || packet->has_options ||
	    set_other_icmp(&packet->protocol, &packet->icmp_type, &packet->icmp_code, 1))
		return REASON_NAT_PROTOCOL;
	if (packet->is_error) {
		if (set_other_icmp(&packet->quoted_protocol, &packet->quoted_icmp_type, &packet->quoted_icmp_code, 1))
			return REASON_NAT_PROTOCOL;
		set_standing_for(&packet->quoted_destination);
		packet->size = sizeof(struct error_ipv6);
	} else {
		if (packet->is_fragment)
			return REASON_NAT_FRAGMENT;
		packet->size += NAT64_LONGER;
	}
	set_standing_for(&packet->source);
	set_other_family(packet, 1);
	return REASON_DELIVERED;
}
