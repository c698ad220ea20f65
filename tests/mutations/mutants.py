"""Mistakes that somebody could make, in each layer: of the law in ``net``, and of the program that has to follow it."""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """``old`` is in the file once."""

    file: str
    old: str
    new: str

    def apply(self, text: str) -> str:
        assert text.count(self.old) == 1, f"{self.file} has this {text.count(self.old)} times: {self.old}"
        return text.replace(self.old, self.new)

    def __str__(self) -> str:
        return f"{self.file}: {self.new or f'without {self.old}'}"


LAW = (
    # network interface and source check
    Mutant("walk.py", "source in block or destination in block", "source in block"),
    Mutant("walk.py", "speaks_for_resolver or any(", "any("),
    Mutant("journey.py", "own or not interface.source_dest_check", "own or interface.source_dest_check"),
    Mutant("journey.py", "own = interface.has(address)", "own = address == interface.private_address"),
    # security groups
    Mutant("walk.py", "    journey.security_group(sender, is_egress=True)\n", ""),
    Mutant(
        "journey.py", "self.security_group(receiver, is_egress=False)", "self.security_group(receiver, is_egress=True)"
    ),
    Mutant("firewall.py", "if rule.is_egress == is_egress:", "if True:"),
    Mutant("firewall.py", "if packet.quoted is None and flow in flows:", "if packet.quoted is None and False:"),
    Mutant(
        "firewall.py", "protocol in (TCP, UDP)\n        and isinstance", "protocol in (TCP,)\n        and isinstance"
    ),
    Mutant("firewall.py", "        and rule.peer.is_default\n", ""),
    Mutant("firewall.py", "remote = packet.destination if is_egress", "remote = packet.source if is_egress"),
    Mutant("firewall.py", "low = high = packet.destination_port", "low = high = packet.source_port"),
    Mutant(
        "firewall.py",
        "(Flow.arriving if is_egress else Flow.leaving)",
        "(Flow.leaving if is_egress else Flow.arriving)",
    ),
    # network ACLs
    Mutant("walk.py", "        journey.network_acl(subnet, is_egress=True)\n", ""),
    Mutant("journey.py", "        if self.is_outside:\n", "        if False:\n"),
    Mutant("network_acl.py", "(packet.destination if self.is_egress else packet.source)", "(packet.source)"),
    Mutant(
        "network_acl.py",
        "self.low <= packet.destination_port <= self.high",
        "self.low <= packet.destination_port < self.high",
    ),
    Mutant("journey.py", "self.decide(entry is not None and entry.allows", "self.decide(entry is None or entry.allows"),
    # route tables
    Mutant("walk.py", "if subnet.holds(journey.packet.destination):", "if False:"),
    Mutant("journey.py", "state is RouteState.ACTIVE,", "True,"),
    Mutant("walk.py", "journey.network.route_tables[route.target.id], lookups - 1", "table, lookups - 1"),
    Mutant("walk.py", "appliance is not None and appliance.subnet_id == subnet.id", "appliance is not None"),
    # gateways and the entry of a VPC
    Mutant("walk.py", "near_vpc.holds(journey.packet.source)", "True"),
    Mutant("walk.py", "far_vpc.holds(journey.packet.destination)", "True"),
    Mutant("walk.py", "mtu.CROSS_REGION if peering.is_cross_region else mtu.SAME_REGION", "mtu.SAME_REGION"),
    Mutant("internet.py", "    journey.track_as_sent(journey.sender)\n", ""),
    Mutant("internet.py", "not _is_private(journey.packet.destination)", "True"),
    Mutant("internet.py", "not _is_private(packet.source)", "True"),
    Mutant("internet.py", "journey.packet = journey.packet.with_source(public)", "journey.packet = journey.packet"),
    Mutant(
        "internet.py",
        "        journey.decide(\n            journey.is_answer_to(receiver)",
        "        journey.decide(\n            True",
    ),
    Mutant("internet.py", "Exit(_next_hop(journey, gateway_id, receiver)", "Exit(receiver"),
    Mutant("internet.py", "    _check_access(journey, owner, gateway_id, kind)\n", ""),
    # NAT gateways
    Mutant("nat.py", "        vpc.holds(source),\n", "        True,\n"),
    Mutant("nat.py", "translated is not None and is_carried(translated)", "translated is not None"),
    Mutant("nat.py", "may_be_first=not journey.nat_back", "may_be_first=True"),
    Mutant("nat.py", "journey.decide(begins(packet)", "journey.decide(True"),
    Mutant("nat.py", "journey.fits(gateway.id, mtu.NAT_GATEWAY, gateway.vpc_id)", "pass"),
    Mutant("nat.py", "quoted = replace(packet.quoted, source=flow.inside)", "quoted = packet.quoted"),
    Mutant(
        "nat_flow.py", "if not attempt and packet.source_port >= FIRST_PORT:", "if packet.source_port >= FIRST_PORT:"
    ),
    Mutant("nat_flow.py", "if newest is not None and newest.outside in addresses", "if newest is not None"),
    # what returns to them over a peering connection
    Mutant("journey.py", " or not interface.has(address):", ":"),
    Mutant("journey.py", "(known.gateway and self.answered_gateway(known, flow.remote) is None)", "known.gateway"),
    Mutant("journey.py", "or (known.gateway and", "or ("),
    Mutant("return_to_sender.py", "or far.vpc_id != sender.vpc_id", ""),
    Mutant(
        "return_to_sender.py",
        "route is None or network.route_state(table, route) is RouteState.BLACKHOLE",
        "route is None",
    ),
    # the way in
    Mutant("journey.py", "if self.packet.size > limit:", "if self.packet.size >= limit:"),
    Mutant("journey.py", "if not has_machine(self.network, receiver):", "if False:"),
    Mutant(
        "journey.py",
        "return replace(trace, delivered_to=to, tracked=frozenset(self.tracked)",
        "return replace(trace, delivered_to=to",
    ),
    # what an account keeps from the internet, endpoints and services
    Mutant("block_public_access.py", "BlockMode.OFF if self is ExclusionMode.ALLOW_BIDIRECTIONAL else ", ""),
    Mutant("gateway_endpoint.py", "owner is None or packet.source != owner.private_address", "owner is None"),
    Mutant("gateway_endpoint.py", "journey.decide(is_carried(packet)", "journey.decide(True"),
    Mutant("gateway_endpoint.py", "journey.fits(endpoint_id, mtu.INTERNET, vpc_id)", "pass"),
    Mutant("private_link.py", "journey.fits(endpoint.id, mtu.INTERFACE_ENDPOINT, receiver.vpc_id)", "pass"),
    Mutant("private_link.py", "    journey.track_as_received(receiver)\n", ""),
    Mutant("link_local.py", "else packet.source == sender.ipv4_on_link", "else sender.has(packet.source)"),
    Mutant("link_local.py", "of_vpc_address=packet.destination == vpc.resolver", "of_vpc_address=False"),
    Mutant("link_local.py", "            vpc.enable_dns_support,\n", "            True,\n"),
    # what is counted, and what is recorded
    Mutant("allowances.py", "own < min(FLOWS_OF_INTERFACE", "own <= min(FLOWS_OF_INTERFACE"),
    Mutant("nat_flow.py", "own >= min(FLOWS_OF_GATEWAY", "own > min(FLOWS_OF_GATEWAY"),
    Mutant("nat_flow.py", "begun >= FLOWS_OF_GATEWAY - own", "begun > FLOWS_OF_GATEWAY - own"),
    Mutant("nat64.py", "size = packet.size - LONGER if", "size = packet.size if"),
    Mutant(
        "flow_record.py", "trace.sightings[:-1] if trace.reason in NO_RECORD else trace.sightings", "trace.sightings"
    ),
    Mutant("flow_record.py", "records and (is_blocked or trace.reason in REFUSED_BY_RULES)", "records and is_blocked"),
)

PROGRAM = (
    # network interface and source check
    Mutant("route.h", "if ((sender->flags & INTERFACE_CHECKED) && !has_address", "if (!has_address"),
    Mutant("route.h", "is_never_forwarded(&packet->destination) || ", ""),
    Mutant("route.h", " ||\n	    same_address(&packet->source, &sender->resolver)", " || (0 && sender)"),
    # security groups
    Mutant(
        "firewall.h",
        "if (!rule->any_protocol && rule->protocol != scan->protocol)",
        "if (rule->protocol != scan->protocol)",
    ),
    Mutant("firewall.h", "scan->low > rule->low_to", "scan->low >= rule->low_to"),
    Mutant(
        "firewall.h",
        "scan->remote = is_egress ? packet->destination : packet->source",
        "scan->remote = is_egress ? packet->source : packet->source",
    ),
    Mutant("firewall.h", "packet->is_ipv6 * RULES_INGRESS_IPV6 + ", "0 * packet->is_ipv6 + "),
    Mutant("firewall.h", "backward = firewall_of(rules, list ^ RULES_EGRESS)", "backward = firewall_of(rules, list)"),
    Mutant("firewall.h", "scan.low = packet->source_port", "scan.low = packet->destination_port"),
    Mutant("firewall.h", "packet->is_error || (everywhere &&", "(everywhere &&"),
    Mutant(
        "firewall.h",
        "icmp_answer(packet->protocol, packet->icmp_type);\n	key->icmp_code",
        "packet->icmp_type;\n	key->icmp_code",
    ),
    Mutant(
        "firewall.h",
        "key->local = is_egress ? packet->quoted_destination",
        "key->local = is_egress ? packet->quoted_source",
    ),
    Mutant("firewall.h", "if (first + i >= scan->limit)", "if (0 * first + i >= scan->limit)"),
    # network ACLs
    Mutant("network_acl.h", " || scan.denies", ""),
    Mutant("network_acl.h", "key.id == ACL_PASSES_IPV4 && !packet->is_ipv6", "key.id == ACL_PASSES_IPV4"),
    Mutant("nat_gateway.h", "if (!denied || !way->is_outside)", "if (!denied || from)"),
    Mutant(
        "deliver.h",
        "denied = is_outside ? examine_acl(packet, receiver, 0) : REASON_DELIVERED",
        "denied = is_outside ? REASON_DELIVERED : REASON_DELIVERED",
    ),
    # route tables
    Mutant("route.h", "if (in_subnet_of(sender, packet, &packet->destination))", "if (0)"),
    Mutant("route.h", "way->tables == 1 && in_same_subnet", "in_same_subnet"),
    Mutant("route.h", "		*vpc = route->vpc;\n", ""),
    Mutant("route.h", "if (route->mtu < way->mtu)", "if (0)"),
    # gateways and the entry of a VPC
    Mutant(
        "route.h", "near == sender->vpc && has_address(sender, &packet->source)", "has_address(sender, &packet->source)"
    ),
    Mutant("route.h", "	    !LPM_LOOKUP(vpc_cidrs, near, &packet->source))", "	    0)"),
    Mutant("route.h", "		way->is_tracked = 1;\n", ""),
    Mutant("nat.h", "if (is_private(&packet->destination))", "if (0)"),
    Mutant("nat.h", "if (is_private(&packet->source))", "if (0)"),
    Mutant("nat.h", "if (!owner || !owner->attached)", "if (!owner)"),
    Mutant("nat.h", "if (owner->kept_from & gateway)", "if (0 && gateway)"),
    Mutant("internet.h", "if (!is_answer(packet, interface))", "if (0)"),
    Mutant("internet.h", "*receiver = route->target;", "*receiver = route->target + 1;"),
    Mutant(
        "nat.h", "&packet->quoted_source, &packet->destination", "&packet->quoted_destination, &packet->destination"
    ),
    # NAT gateways
    Mutant("nat_gateway.h", "if (!LPM_LOOKUP(vpc_cidrs, vpc, &journey->packet.source))", "if (0 && vpc)"),
    Mutant("nat_gateway.h", "if (!is_carried(&journey->packet))", "if (0)"),
    Mutant("nat_gateway.h", "if (way->mtu > MTU_NAT_GATEWAY)", "if (0)"),
    Mutant("nat_gateway.h", "journey->back.passes || (way->is_to_nat && journey->out.passes)", "journey->back.passes"),
    Mutant(
        "nat_gateway.h",
        "return way->is_outside ? examine_acl(packet, gateway, 0) : REASON_DELIVERED",
        "return REASON_DELIVERED",
    ),
    Mutant("nat_gateway.h", "(TCP_SYN | TCP_ACK)) == TCP_SYN", "TCP_SYN) == TCP_SYN"),
    # the way in
    Mutant(
        "deliver.h",
        "(receiver->flags & INTERFACE_CHECKED) && !has_address",
        "(receiver->flags & INTERFACE_CHECKED) && 0 && !has_address",
    ),
    Mutant(
        "vpc.bpf.c",
        "if (!reason && receiver && packet->size > way.mtu)",
        "if (!reason && receiver && packet->size >= way.mtu)",
    ),
    Mutant(
        "vpc.bpf.c", "if (way.is_tracked && !egress.flow && !packet->is_error)", "if (way.is_tracked && !egress.flow)"
    ),
    Mutant("nat_gateway.h", "seen_last_by(from, seen_by_so_many);", "(void)seen_by_so_many;"),
    # endpoints and services
    Mutant("gateway_endpoint.h", " || !same_address(&packet->source, &owner->primary)", ""),
    Mutant("gateway_endpoint.h", "if (!endpoint_carries(packet))", "if (0 && !endpoint_carries(packet))"),
    Mutant("gateway_endpoint.h", "if (packet->size > MTU_INTERNET)", "if (0)"),
    Mutant("endpoint.h", " || packet->destination_port != ENDPOINT_TLS_PORT", ""),
    Mutant("endpoint.h", "	passage->track = 1;\n", ""),
    Mutant("endpoint.h", " || packet->protocol == PROTOCOL_TCP;", " || packet->protocol;"),
    Mutant(
        "identity.h", "return has_address(interface, address) ? 0 : -1;", "return has_address(interface, address) * 0;"
    ),
    Mutant("identity.h", "number << IPV6_OWN_HIGH_BITS) |", "number << (IPV6_OWN_HIGH_BITS - 1)) |"),
    # what returns to NAT gateways over a peering connection
    Mutant("return_to_sender.h", "!has_address(gateway, address)", "!address"),
    Mutant("firewall.h", "		if (gateway)\n			flow->gateway = gateway;\n", ""),
    Mutant("return_to_sender.h", "flow && address && flow->gateway && !", "flow && address && !"),
    Mutant("return_to_sender.h", "flow->gateway && !answered_gateway(flow, address)", "flow->gateway"),
    Mutant(
        "return_to_sender.h",
        "route->kind == ROUTE_PEERING && route->vpc == vpc",
        "route->kind == ROUTE_PEERING || route->vpc == vpc",
    ),
    Mutant("return_to_sender.h", "	if (denied)\n		return denied;\n", "	(void)denied;\n"),
    Mutant("return_to_sender.h", "	way->is_outside = 1;\n", ""),
    Mutant("return_to_sender.h", "	passage->track = 1;\n", ""),
    Mutant("return_to_sender.h", "	journey->returns_to = journey->out.inward.gateway;\n", ""),
    Mutant("track.h", "		flow->gateway = gateway;\n", ""),
    Mutant("endpoint.h", "&& mtu > MTU_INTERFACE_ENDPOINT ?", "&& 0 ?"),
    Mutant("service.h", "same_address(&packet->destination, &sender->resolver);\n	const", "0;\n	const"),
    Mutant(
        "service.h",
        "		if (!(sender->flags & INTERFACE_RESOLVES))\n			return REASON_DNS_SUPPORT_DISABLED;\n",
        "",
    ),
    Mutant(
        "service.h",
        "if (!is_within_allowance_of_services(sender->id, now))\n		return REASON_LINKLOCAL_ALLOWANCE_EXCEEDED;\n"
        "	set_identity(",
        "set_identity(",
    ),
    # what is counted, what is recorded, and pieces of packets
    Mutant(
        "track.h", "own < FLOWS_OF_INTERFACE && own < FLOWS - all", "own < FLOWS_OF_INTERFACE && own <= FLOWS - all"
    ),
    Mutant("nat_flow.h", "own < NAT_FLOWS - all", "own <= NAT_FLOWS - all"),
    Mutant("nat_flow.h", "begun < NAT_FLOWS_OF_GATEWAY - own", "begun <= NAT_FLOWS_OF_GATEWAY - own"),
    Mutant("record.h", "is_last && leaves_no_record(reason)", "0 && leaves_no_record(reason)"),
    Mutant("record.h", "i + 1 == journey->sighted && !journey->is_unlogged", "i + 1 == journey->sighted"),
    Mutant("fragment.h", "!known || !is_same_packet(known, &fragment)", "!known"),
    Mutant("nat64.h", "		packet->size -= NAT64_LONGER;\n", "		;\n"),
    Mutant("nat_gateway.h", "	if (is_fragment_of_others(&journey->packet))\n", "	if (0)\n"),
)
