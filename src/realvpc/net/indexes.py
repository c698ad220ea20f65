"""What rows of the Network are found by.  Each function names an index: see ``Table.where``."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

from . import services
from .addresses import RFC4193, Address, Cidr
from .block_public_access import BlockPublicAccessExclusion
from .egress_only_internet_gateway import EgressOnlyInternetGateway
from .elastic_ip import ElasticIp
from .endpoint_service import EndpointServiceConfiguration
from .flow_log import FlowLog, logged_id
from .instance import Instance
from .instance_connect_endpoint import InstanceConnectEndpoint
from .instance_types import INSTANCE_TYPES
from .internet_gateway import InternetGateway
from .listener import Listener
from .load_balancer import PREFIX as LOAD_BALANCER
from .load_balancer import LoadBalancer
from .nat_gateway import NatGateway
from .network_acl import NetworkAcl
from .network_interface import NetworkInterface
from .peering import Peering, PeeringStatus
from .prefix_list import PrefixList
from .resource import Resource
from .route_table import PrefixListRoute, RouteTable, TableRoute
from .security_group import GroupReference, PrefixListReference, SecurityGroup, SecurityGroupVpcAssociation
from .subnet import Subnet
from .table import Keys
from .target_group import TargetGroup
from .vpc import Vpc
from .vpc_endpoint import VpcEndpoint
from .vpc_endpoint_services import EndpointType


def vpc_id(row: Any) -> Iterable[str | None]:
    return (row.vpc_id,)


def subnet_id(row: NetworkInterface) -> Iterable[str]:
    return (row.subnet_id,)


def node_addresses(row: NetworkInterface) -> Iterable[Address]:
    """The private ones of a load balancer's node."""
    is_node = row.attachment is not None and row.attachment.owner_id.startswith(f"{LOAD_BALANCER}-")
    return row.private_addresses if is_node else ()


def vpc_block(row: Subnet) -> Iterable[tuple[str, Cidr]]:
    """VPC and block of IPv4."""
    return ((row.vpc_id, row.cidr),) if row.cidr else ()


def gateway_place(row: NatGateway) -> Iterable[tuple[str, str]]:
    """Account and Region of NAT gateways that are available."""
    return ((row.account, row.region),) if row.is_available else ()


def endpoint_place(row: VpcEndpoint) -> Iterable[tuple[str, str, EndpointType]]:
    """Account, Region and type."""
    return ((row.account, row.region, row.type),)


def group_ids(row: NetworkInterface | VpcEndpoint) -> Iterable[str]:
    return row.group_ids


def group_addresses(row: NetworkInterface) -> Iterable[tuple[str, Address]]:
    return product(row.group_ids, row.addresses)


def group_prefixes(row: NetworkInterface) -> Iterable[tuple[str, Cidr]]:
    return product(row.group_ids, row.ipv6_prefixes)


def vpc_prefixes(row: NetworkInterface) -> Iterable[tuple[str, Cidr]]:
    return ((row.vpc_id, prefix) for prefix in row.ipv6_prefixes)


def ipv6_prefixes(row: NetworkInterface) -> Iterable[Cidr]:
    """As ``ipv6_addresses``."""
    there = () if row.deny_all_igw_traffic else row.ipv6_prefixes
    return (prefix for prefix in there if not RFC4193.covers(prefix))


def group_name(row: SecurityGroup) -> Iterable[tuple[str, str]]:
    """VPC and name."""
    return ((row.vpc_id, row.name),)


def rule_ids(row: SecurityGroup) -> Iterable[str]:
    return (rule.id for rule in row.rules)


def owner_id(row: NetworkInterface) -> Iterable[str]:
    return (row.attachment.owner_id,) if row.attachment else ()


def attachment_id(row: NetworkInterface) -> Iterable[str]:
    """Of its attachment, and of the last one that has ended."""
    ended = row.detachment.attachment if row.detachment else None
    return [each.id for each in (row.attachment, ended) if each is not None]


def vpc_addresses(row: NetworkInterface) -> Iterable[tuple[str, Address]]:
    return ((row.vpc_id, address) for address in row.addresses)


def identity_digits(row: NetworkInterface) -> Iterable[str]:
    """The hexadecimal digits of the number by which services know it."""
    return (row.id[-services.IDENTITY_BITS // 4 :],)


def public_addresses(row: NetworkInterface) -> Iterable[Address]:
    return (row.public_address,) if row.public_address is not None else ()


def ipv6_addresses(row: NetworkInterface) -> Iterable[Address]:
    """Those that the internet knows: all but those of private space, or of an interface that is kept from it."""
    there = () if row.deny_all_igw_traffic else row.ipv6_addresses
    return (address for address in there if address not in RFC4193)


def elastic_address(row: ElasticIp) -> Iterable[Address]:
    return (row.public_address,)


def elastic_interface(row: ElasticIp) -> Iterable[str]:
    return (row.association.interface_id,) if row.association else ()


def address_association_id(row: ElasticIp) -> Iterable[str]:
    return (row.association.id,) if row.association else ()


def peering_vpc_ids(row: Peering) -> Iterable[str]:
    return {row.requester.vpc_id, row.accepter.vpc_id}


def associated_subnets(row: RouteTable) -> Iterable[str]:
    return (association.subnet_id for association in row.associations if association.subnet_id)


def associated_gateways(row: RouteTable) -> Iterable[str]:
    return (association.gateway_id for association in row.associations if association.gateway_id)


def route_table_id(row: TableRoute | PrefixListRoute) -> Iterable[str]:
    return (row.route_table_id,)


def route_family(row: TableRoute) -> Iterable[tuple[str, bool]]:
    return ((row.route_table_id, row.route.destination.is_ipv4),)


def target_id(row: TableRoute) -> Iterable[str]:
    return (row.route.target.id,)


def prefix_list_id(row: PrefixListRoute) -> Iterable[str]:
    return (row.prefix_list_id,)


def prefix_list_target_id(row: PrefixListRoute) -> Iterable[str]:
    return (row.target.id,)


def excluded_id(row: BlockPublicAccessExclusion) -> Iterable[str]:
    return (row.excluded_id,)


def associated_group_id(row: SecurityGroupVpcAssociation) -> Iterable[str]:
    return (row.group_id,)


def group_sets(row: NetworkInterface) -> Iterable[frozenset[str]]:
    return (row.filtering,)


def referenced_groups(row: SecurityGroup) -> Iterable[str]:
    return {rule.peer.group_id for rule in row.rules if isinstance(rule.peer, GroupReference)}


def referenced_prefix_lists(row: SecurityGroup) -> Iterable[str]:
    return {rule.peer.prefix_list_id for rule in row.rules if isinstance(rule.peer, PrefixListReference)}


def vpc_with_references(row: SecurityGroup) -> Iterable[str]:
    """Of groups that reference others."""
    return (row.vpc_id,) if any(group_id != row.id for group_id in referenced_groups(row)) else ()


def network_acl_id(row: Subnet) -> Iterable[str]:
    """Of subnets with another one than the VPC's default."""
    return (row.network_acl_id,) if row.network_acl_id else ()


def network_acl_association_id(row: Subnet) -> Iterable[str]:
    return (row.network_acl_association_id,)


def dhcp_options_id(row: Vpc) -> Iterable[str]:
    return (row.dhcp_options_id,)


def subnet_with_more_addresses(row: NetworkInterface) -> Iterable[str]:
    """Of interfaces that have more than the primary one."""
    return (row.subnet_id,) if row.ipv4_slots > 1 else ()


def wanted_vcpus(row: Instance) -> Iterable[tuple[str, str, int]]:
    """Of instances whose machines should be up."""
    return ((row.account, row.region, INSTANCE_TYPES[row.instance_type].vcpus),) if row.machine_wanted else ()


def default_vpc(row: Vpc) -> Iterable[tuple[str, str]]:
    """Account and Region of a default VPC."""
    return ((row.account, row.region),) if row.is_default else ()


def primary_cidr(row: Vpc) -> Iterable[tuple[str, str, str]]:
    """Account, Region, and the block as it is written."""
    return ((row.account, row.region, str(row.primary_cidr)),)


def cidr_association_ids(row: Vpc) -> Iterable[str]:
    """Of both families."""
    yield from (association.id for association in row.cidr_associations)
    yield from (association.id for association in row.ipv6_cidr_associations)


def ipv6_cidrs(row: Vpc) -> Iterable[Cidr]:
    return row.ipv6_cidrs


def ipv6_association_ids(row: Subnet) -> Iterable[str]:
    return (association.id for association in row.ipv6_cidr_associations)


def route_table_association_ids(row: RouteTable) -> Iterable[str]:
    return (association.id for association in row.associations)


def profile_association_id(row: Instance) -> Iterable[str]:
    return (row.instance_profile_association_id,) if row.instance_profile_association_id else ()


def mac_address(row: NetworkInterface) -> Iterable[str]:
    return (row.mac_address,)


def pending_request_of(row: Peering) -> Iterable[tuple[str, str]]:
    """Of requests that nobody has answered, be they expired."""
    return ((row.account, row.region),) if row.status is PeeringStatus.PENDING_ACCEPTANCE else ()


def load_balancer_id(row: Listener) -> Iterable[str]:
    return (row.load_balancer_id,)


def target_group_id(row: Listener) -> Iterable[str]:
    return (row.target_group_id,)


def target_ids(row: TargetGroup) -> Iterable[str]:
    """Of instances, and addresses as texts."""
    return {target.id for target in row.registered}


def owned_service_name(row: VpcEndpoint) -> Iterable[str]:
    """Of the account's service that it leads to."""
    return () if row.leads_to_aws else (row.service_name,)


def connected_to(row: VpcEndpoint) -> Iterable[str]:
    """The account's service that takes what it brings."""
    return owned_service_name(row) if row.is_connected else ()


def service_names(row: EndpointServiceConfiguration) -> Iterable[str]:
    return (row.name,)


def serving_balancer_ids(row: EndpointServiceConfiguration) -> Iterable[str]:
    return row.load_balancer_ids


def name_in_region(row: LoadBalancer | TargetGroup) -> Iterable[tuple[str, str, str]]:
    return ((row.account, row.region, row.name),)


OF_NETWORK: dict[type[Resource], tuple[Keys, ...]] = {
    Vpc: (dhcp_options_id, default_vpc, primary_cidr, cidr_association_ids, ipv6_cidrs),
    Subnet: (vpc_id, vpc_block, network_acl_id, network_acl_association_id, ipv6_association_ids),
    NetworkAcl: (vpc_id,),
    RouteTable: (vpc_id, associated_subnets, associated_gateways, route_table_association_ids),
    TableRoute: (route_table_id, route_family, target_id),
    PrefixList: (),
    SecurityGroupVpcAssociation: (vpc_id, associated_group_id),
    BlockPublicAccessExclusion: (excluded_id,),
    PrefixListRoute: (route_table_id, prefix_list_id, prefix_list_target_id),
    InternetGateway: (vpc_id,),
    EgressOnlyInternetGateway: (vpc_id,),
    SecurityGroup: (
        vpc_id,
        group_name,
        rule_ids,
        referenced_groups,
        referenced_prefix_lists,
        vpc_with_references,
    ),
    NetworkInterface: (
        vpc_id,
        subnet_id,
        subnet_with_more_addresses,
        group_ids,
        group_sets,
        group_addresses,
        group_prefixes,
        owner_id,
        attachment_id,
        vpc_addresses,
        vpc_prefixes,
        node_addresses,
        public_addresses,
        ipv6_addresses,
        ipv6_prefixes,
        identity_digits,
        mac_address,
    ),
    ElasticIp: (elastic_address, elastic_interface, address_association_id),
    Instance: (wanted_vcpus, profile_association_id),
    Peering: (peering_vpc_ids, pending_request_of),
    NatGateway: (gateway_place,),
    VpcEndpoint: (vpc_id, group_ids, endpoint_place, owned_service_name, connected_to),
    EndpointServiceConfiguration: (serving_balancer_ids, service_names),
    FlowLog: (logged_id,),
    InstanceConnectEndpoint: (vpc_id,),
    LoadBalancer: (vpc_id, name_in_region),
    Listener: (load_balancer_id, target_group_id),
    TargetGroup: (target_ids, name_in_region),
}
