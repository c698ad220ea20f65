/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The network ACL at the boundary of an interface's subnet (net/network_acl.py): stateless, the first rule that matches
 * decides. */
#pragma once

#include "common.h"
#include "firewall.h"

/* 0, or why the packet does not leave (`is_egress`) or enter the subnet. */
APART int examine_acl(const struct packet *packet, const struct interface *interface, int is_egress)
{
	const int refused = is_egress ? REASON_NETWORK_ACL_EGRESS : REASON_NETWORK_ACL_INGRESS;
	const struct firewall *firewall;
	struct scan scan = {};
	struct rule_set *rules;
	struct id_value key;
	__u32 list;

	if (!packet || !interface)
		return refused;
	key.id = interface->acl;
	if (key.id == ACL_PASSES || (key.id == ACL_PASSES_IPV4 && !packet->is_ipv6))
		return REASON_DELIVERED;
	rules = bpf_map_lookup_elem(&rule_sets, &key);
	if (!rules)
		return refused;
	list = list_for(packet, is_egress);
	firewall = firewall_of(rules, list);
	if (firewall->opens_all)
		return REASON_DELIVERED;
	set_scan(&scan, packet, key.id, is_egress);
	if (!scan_rules(&scan, list, firewall->rules) || scan.denies)
		return refused;
	return REASON_DELIVERED;
}
