"""Rows that name others which are not there: no request leaves such behind, but a damaged or edited file may.

Only what the service cannot work without is asked for.  Others may outlive what they name: a route its target, a rule
its peer, a peering connection that has ended its VPCs, an instance its image.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from realvpc.net.egress_only_internet_gateway import EgressOnlyInternetGateway
from realvpc.net.elastic_ip import ElasticIp
from realvpc.net.endpoint_service import EndpointServiceConfiguration
from realvpc.net.hosted_zone import RecordSet
from realvpc.net.instance import InstanceState
from realvpc.net.instance_connect_endpoint import InstanceConnectEndpoint
from realvpc.net.instance_types import INSTANCE_TYPES
from realvpc.net.internet_gateway import InternetGateway
from realvpc.net.listener import Listener
from realvpc.net.nat_gateway import NatGateway
from realvpc.net.network_acl import NetworkAcl
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.peering import Peering
from realvpc.net.resource import Resource
from realvpc.net.route_table import PrefixListRoute, RouteTable, TableRoute
from realvpc.net.security_group import SecurityGroup, SecurityGroupVpcAssociation
from realvpc.net.subnet import Subnet
from realvpc.net.vpc_endpoint import VpcEndpoint

from .state import State


def dangling(state: State) -> Iterator[str]:
    """A sentence for each."""
    ids = {row_id for table in _tables(state) for row_id in table}
    for table in _tables(state):
        for row in table.values():
            for missing in dict.fromkeys(_named(row)):
                if missing not in ids:
                    yield f"{type(row).__name__} {row.id} names {missing}, which is not there"
    yield from _incomplete(state)


def _tables(state: State) -> Iterator[Mapping[str, Resource]]:
    for snapshot in (state.network, state.names):
        for kind in snapshot.TYPES:
            yield snapshot.table(kind)


def _named(row: Resource) -> Iterator[str]:
    """The ids of what has to be there as long as the row is."""
    match row:
        case Subnet():
            yield row.vpc_id
            if row.network_acl_id:
                yield row.network_acl_id
        case SecurityGroup() | NetworkAcl() | EgressOnlyInternetGateway():
            yield row.vpc_id
        case InternetGateway() if row.vpc_id:
            yield row.vpc_id
        case RouteTable():
            yield row.vpc_id
            yield from (used for each in row.associations if (used := each.subnet_id or each.gateway_id))
        case SecurityGroupVpcAssociation():
            yield from (row.group_id, row.vpc_id)
        case TableRoute() | PrefixListRoute():
            yield row.route_table_id
        case NetworkInterface():
            yield from (row.vpc_id, row.subnet_id, *row.group_ids)
            if row.attachment and row.attachment.instance_id:
                yield row.attachment.instance_id
        case ElasticIp() if row.association:
            yield row.association.interface_id
        case Listener():
            yield from (row.load_balancer_id, row.target_group_id)
        case EndpointServiceConfiguration():
            yield from row.load_balancer_ids
        case VpcEndpoint():
            yield from (row.vpc_id, *row.group_ids)
        case NatGateway() if row.is_available:
            yield from (row.vpc_id, row.subnet_id)
        case InstanceConnectEndpoint():
            yield from (row.vpc_id, row.subnet_id)
        case Peering() if row.is_active:
            yield from (row.requester.vpc_id, row.accepter.vpc_id)
        case RecordSet():
            yield row.zone_id


def _incomplete(state: State) -> Iterator[str]:
    """What has lost something that names it."""
    network = state.network
    for instance in network.instances.values():
        if instance.state is not InstanceState.TERMINATED and not network.interfaces_of(instance.id):
            yield f"Instance {instance.id} has no network interface"
        if instance.instance_type not in INSTANCE_TYPES:
            yield f"Instance {instance.id} is of the type {instance.instance_type}, which is not known"
    for endpoint_id in network.instance_connect_endpoints:
        if not network.interfaces_of(endpoint_id):
            yield f"InstanceConnectEndpoint {endpoint_id} has no network interface"
    for balancer_id in network.load_balancers:
        if not network.interfaces_of(balancer_id):
            yield f"LoadBalancer {balancer_id} has no network interface"
    for vpc_id in network.vpcs:
        if not any(table.is_main for table in network.route_tables_of(vpc_id)):
            yield f"Vpc {vpc_id} has no main route table"
        if not any(group.is_default for group in network.security_groups_of(vpc_id)):
            yield f"Vpc {vpc_id} has no default security group"
    for zone in state.names.hosted_zones.values():
        if not any(row.type == "SOA" for row in state.names.record_sets_at(zone, zone.name) or ()):
            yield f"HostedZone {zone.id} has no SOA record set"
