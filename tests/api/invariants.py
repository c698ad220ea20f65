"""What must be true of every state, however a client got there."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

from realvpc.fabric.plan import compile_plan
from realvpc.net.addresses import overlapping
from realvpc.net.dhcp_options import NO_OPTIONS_ID
from realvpc.net.instance import InstanceState
from realvpc.net.instance_types import INSTANCE_TYPES
from realvpc.net.nat_gateway import ADDRESSES_MAXIMUM, Connectivity
from realvpc.net.network import Network
from realvpc.net.route_table import TargetKind
from realvpc.net.services import identity_of
from realvpc.net.vpc import IPV6_POOL, IPV6_PREFIX_LENGTH
from realvpc.store.references import dangling
from realvpc.store.state import State


def check(state: State) -> None:
    """Raises AssertionError, or whatever the data plane's compiler trips over."""
    network = state.network
    _subnets_lie_in_their_vpc(network)
    _route_tables_belong_together(network)
    _interfaces_have_a_place_and_an_address_of_their_own(network)
    _a_public_address_is_one_interfaces_and_leads_back_to_it(network)
    _active_peerings_do_not_overlap(network)
    _gateways_are_attached_once(network)
    _default_vpcs_are_the_only_ones(network)
    _zones_are_whole(state)
    _dhcp_options_are_the_vpcs_own(state)
    _services_take_no_interface_for_another(network)
    _what_aws_runs_has_the_interfaces_of_its_state(network)
    _instances_have_each_device_once(state)
    _lists_acls_and_exclusions_are_of_something(network)
    _templates_have_the_versions_that_they_name(state)
    assert not list(dangling(state))
    compile_plan(network)


def _services_take_no_interface_for_another(network: Network) -> None:
    for interface in network.interfaces.values():
        assert network.interface_with_identity(identity_of(interface.id)) == interface


def _dhcp_options_are_the_vpcs_own(state: State) -> None:
    for vpc in state.network.vpcs.values():
        options = state.names.dhcp_options_of(vpc)
        if options is None:
            assert vpc.dhcp_options_id == NO_OPTIONS_ID
        else:
            assert (options.account, options.region) == (vpc.account, vpc.region)


def _subnets_lie_in_their_vpc(network: Network) -> None:
    for vpc in network.vpcs.values():
        subnets = network.subnets_of(vpc.id)
        assert not any(overlapping(a.blocks, b.blocks) for a, b in combinations(subnets, 2))
        assert not any(a.overlaps(b) for a, b in combinations(vpc.cidrs, 2))
        for subnet in subnets:
            assert subnet.blocks and len(subnet.ipv6_cidr_associations) <= 1
            assert not subnet.is_ipv6_native or subnet.assign_ipv6_address_on_creation
            assert all(any(whole.covers(block) for whole in vpc.blocks) for block in subnet.blocks)
            needs_ipv6 = subnet.assign_ipv6_address_on_creation or subnet.enable_dns64
            assert subnet.ipv6_cidr is not None or not needs_ipv6
        for one, other in combinations(subnets, 2):
            assert overlapping(one.blocks, other.blocks) is None
    of_ipv6 = [block for vpc in network.vpcs.values() for block in vpc.ipv6_cidrs]
    assert len(of_ipv6) == len(set(of_ipv6))
    assert all(IPV6_POOL.covers(block) and block.prefix_length == IPV6_PREFIX_LENGTH for block in of_ipv6)
    assert all(subnet.vpc_id in network.vpcs for subnet in network.subnets.values())


def _default_vpcs_are_the_only_ones(network: Network) -> None:
    """An account has one in a Region at most, and there a default subnet in a zone at most."""
    defaults = [vpc for vpc in network.vpcs.values() if vpc.is_default]
    assert all(network.default_vpc_of(vpc.account, vpc.region) == vpc for vpc in defaults)
    subnets = [subnet for subnet in network.subnets.values() if subnet.default_for_az]
    assert all(network.vpcs[subnet.vpc_id].is_default for subnet in subnets)
    places = [(subnet.vpc_id, subnet.zone_id) for subnet in subnets]
    assert len(places) == len(set(places))


def _route_tables_belong_together(network: Network) -> None:
    for vpc_id in network.vpcs:
        assert sum(table.is_main for table in network.route_tables_of(vpc_id)) == 1
    associated = Counter(a.subnet_id for t in network.route_tables.values() for a in t.associations if a.subnet_id)
    assert all(count == 1 for count in associated.values())
    assert all(row.route_table_id in network.route_tables for row in network.table_routes.values())
    for table in network.route_tables.values():
        assert table.vpc_id in network.vpcs
        for association in table.associations:
            if association.gateway_id:
                assert network.internet_gateways[association.gateway_id].vpc_id == table.vpc_id
            elif association.subnet_id:
                assert network.subnets[association.subnet_id].vpc_id == table.vpc_id
        for route in network.routes(table):
            if route.target.kind is TargetKind.PEERING and (peering := network.peerings.get(route.target.id)):
                assert peering.far_side(table.vpc_id) is not None


def _interfaces_have_a_place_and_an_address_of_their_own(network: Network) -> None:
    for interface in network.interfaces.values():
        subnet = network.subnets[interface.subnet_id]
        assert subnet.vpc_id == interface.vpc_id
        groups = (network.security_groups[group_id] for group_id in interface.group_ids)
        assert all(interface.vpc_id in network.vpc_ids_of(group) for group in groups)
        assert len(set(interface.addresses)) == len(interface.addresses)
        assert interface.ipv6_addresses or not interface.has_primary_ipv6
        for address in interface.addresses:
            assert subnet.usable(address) and subnet.holds(address)
            assert network.interface_at(interface.vpc_id, address) == interface
        if interface.attachment is not None:
            owner = interface.attachment.owner_id
            appliances = (network.nat_gateways, network.vpc_endpoints, network.instance_connect_endpoints)
            assert any(owner in table for table in (network.instances, *appliances))
    for group in network.security_groups.values():
        assert group.vpc_id in network.vpcs


def _a_public_address_is_one_interfaces_and_leads_back_to_it(network: Network) -> None:
    public = [row.public_address for row in network.interfaces.values() if row.public_address is not None]
    public += [row.public_address for row in network.elastic_ips.values()]
    assert len(public) == len(set(public))
    mapped = 0
    for interface in network.interfaces.values():
        for private, address in network.public_addresses_of(interface).items():
            assert network.behind_public_address(address) == (interface, private)
            mapped += 1
    of_pool = [row for row in network.interfaces.values() if row.public_address is not None]
    associated = [row for row in network.elastic_ips.values() if row.association is not None]
    assert mapped == len(of_pool) + len(associated)
    for row in associated:
        assert row.association is not None
        interface = network.interfaces[row.association.interface_id]
        assert (interface.account, interface.region) == (row.account, row.region)
        assert network.internet_gateway_of(interface.vpc_id) is not None


def _active_peerings_do_not_overlap(network: Network) -> None:
    active = [peering for peering in network.peerings.values() if peering.is_active]
    pairs = [frozenset((peering.requester.vpc_id, peering.accepter.vpc_id)) for peering in active]
    assert len(pairs) == len(set(pairs))
    for peering in active:
        sides = [network.vpcs[side.vpc_id] for side in (peering.requester, peering.accepter)]
        assert overlapping(sides[0].blocks, sides[1].blocks) is None
        assert [vpc.account for vpc in sides] == [peering.requester.account, peering.accepter.account]


def _zones_are_whole(state: State) -> None:
    names = state.names
    for zone in names.hosted_zones.values():
        assert {"NS", "SOA"} <= {row.type for row in names.record_sets_at(zone, zone.name) or ()}
        assert len(set(zone.vpcs)) == len(zone.vpcs) > 0 or not zone.is_private
    for vpc_id in state.network.vpcs:
        found = [zone.name for zone in names.hosted_zones_of(vpc_id)]
        assert len(found) == len(set(found))
    assert all(row.zone_id in names.hosted_zones for row in names.record_sets.values())


def _gateways_are_attached_once(network: Network) -> None:
    attached = [gateway.vpc_id for gateway in network.internet_gateways.values() if gateway.vpc_id]
    assert len(attached) == len(set(attached))
    assert all(vpc_id in network.vpcs for vpc_id in attached)
    egress_only = [gateway.vpc_id for gateway in network.egress_only_internet_gateways.values()]
    assert len(egress_only) == len(set(egress_only))


def _what_aws_runs_has_the_interfaces_of_its_state(network: Network) -> None:
    """NAT gateways and endpoints."""
    for gateway in network.nat_gateways.values():
        owned = network.interfaces_of(gateway.id)
        assert [row.subnet_id for row in owned] == [gateway.subnet_id] * gateway.is_available
        for interface in owned:
            assert len(interface.private_addresses) <= ADDRESSES_MAXIMUM
            public = network.public_addresses_of(interface)
            is_public = gateway.connectivity is Connectivity.PUBLIC
            assert set(public) == (set(interface.private_addresses) if is_public else set())
    for endpoint in network.vpc_endpoints.values():
        owned = network.interfaces_of(endpoint.id)
        assert not (endpoint.is_gateway and owned)
        assert all((row.vpc_id, row.group_ids) == (endpoint.vpc_id, endpoint.group_ids) for row in owned)
        zones = [network.subnets[row.subnet_id].zone_id for row in owned]
        assert len(set(zones)) == len(zones)
    for door in network.instance_connect_endpoints.values():
        assert [row.subnet_id for row in network.interfaces_of(door.id)] == [door.subnet_id]
    doors = [door.vpc_id for door in network.instance_connect_endpoints.values()]
    assert len(set(doors)) == len(doors)


def _instances_have_each_device_once(state: State) -> None:
    for instance in state.network.instances.values():
        held = [row.attachment for row in state.network.interfaces_of(instance.id) if row.attachment]
        indexes = sorted(attachment.device_index for attachment in held)
        assert len(set(indexes)) == len(indexes) <= INSTANCE_TYPES[instance.instance_type].interfaces
        is_gone = instance.state is InstanceState.TERMINATED
        assert is_gone == (not indexes), "the primary interface goes with its instance"
        assert is_gone or indexes[0] == 0
        volumes = state.inventory.volumes_of(instance.id)
        assert not (is_gone and volumes)
        assert all(volume.zone_id == instance.zone_id for volume in volumes)
        assert len({volume.device_name for volume in volumes}) == len(volumes)
    assert all(row.instance_id in (None, *state.network.instances) for row in state.inventory.volumes.values())


def _lists_acls_and_exclusions_are_of_something(network: Network) -> None:
    for row in network.prefix_lists.values():
        assert len({*row.cidrs}) == len(row.entries) <= row.max_entries
    excluded = [row.excluded_id for row in network.block_public_access_exclusions.values()]
    assert len(set(excluded)) == len(excluded)
    assert all(each in network.vpcs or each in network.subnets for each in excluded)
    for subnet in network.subnets.values():
        if subnet.network_acl_id:
            assert network.network_acls[subnet.network_acl_id].vpc_id == subnet.vpc_id
    for acl in network.network_acls.values():
        places = [(entry.is_egress, entry.number) for entry in acl.entries]
        assert len(set(places)) == len(places)
    for association in network.security_group_vpc_associations.values():
        assert association.group_id in network.security_groups
        assert association.vpc_id in network.vpcs


def _templates_have_the_versions_that_they_name(state: State) -> None:
    inventory = state.inventory
    for template in inventory.launch_templates.values():
        numbers = [version.number for version in inventory.versions_of(template.id)]
        assert {template.default_version, template.latest_version} <= set(numbers)
        assert template.latest_version == max(numbers) <= template.numbered
    assert all(row.template_id in inventory.launch_templates for row in inventory.launch_template_versions.values())
