/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Over a gateway endpoint to S3 or DynamoDB, and back (net/gateway_endpoint.py). */
#pragma once

#include "common.h"
#include "nat.h"

INLINE int endpoint_carries(const struct packet *packet)
{
	if (packet->protocol == PROTOCOL_ICMP)
		return packet->is_error || packet->icmp_type == ICMP_ECHO_REQUEST;
	return packet->protocol == PROTOCOL_TCP;
}

/* From an interface of the VPC to the service, which is told by an address who asks: 0, or why not. */
APART int over_gateway_endpoint(struct packet *packet, __u64 vpc)
{
	struct address identity = IDENTITIES_OVER_ENDPOINT;
	struct interface *owner;

	if (!packet)
		return REASON_BLACKHOLE_ROUTE;
	owner = interface_by_id(owner_of(vpc, &packet->source));
	if (!owner || !same_address(&packet->source, &owner->primary))
		return REASON_VPCE_SOURCE_ADDRESS;
	if (!endpoint_carries(packet))
		return REASON_VPCE_PROTOCOL;
	if (packet->size > MTU_INTERNET)
		return REASON_PACKET_TOO_BIG;
	put_number(&identity, owner->id);
	translate_source(packet, &identity);
	return REASON_DELIVERED;
}

/* The answer: 0 and the receiver, or why it goes no further. */
INLINE __u32 from_gateway_endpoint(struct packet *packet, __u64 *receiver)
{
	struct interface *interface = numbered(bpf_ntohl(packet->destination.words[3]));

	if (!interface)
		return REASON_IGW_UNKNOWN_PUBLIC_ADDRESS;
	*receiver = interface->id;
	translate_destination(packet, &interface->primary);
	return REASON_DELIVERED;
}
