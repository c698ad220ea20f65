"""The tables of the Network: one for each type of what decides a packet's fate."""

from __future__ import annotations

from . import indexes
from .block_public_access import BlockPublicAccess, BlockPublicAccessExclusion
from .egress_only_internet_gateway import EgressOnlyInternetGateway
from .elastic_ip import ElasticIp
from .endpoint_service import EndpointServiceConfiguration
from .flow_log import FlowLog
from .instance import Instance
from .instance_connect_endpoint import InstanceConnectEndpoint
from .internet_gateway import InternetGateway
from .listener import Listener
from .load_balancer import LoadBalancer
from .nat_gateway import NatGateway
from .network_acl import NetworkAcl
from .network_interface import NetworkInterface
from .peering import Peering
from .prefix_list import PrefixList
from .route_table import PrefixListRoute, RouteTable, TableRoute
from .security_group import SecurityGroup, SecurityGroupVpcAssociation
from .subnet import Subnet
from .table import Snapshot, Table
from .target_group import TargetGroup
from .vpc import Vpc
from .vpc_endpoint import VpcEndpoint


class NetworkTables(Snapshot):
    """Each by its name; ``Network`` has the questions that cross them."""

    TYPES = (
        Vpc, Subnet, RouteTable, TableRoute, InternetGateway, EgressOnlyInternetGateway, SecurityGroup, NetworkAcl,
        NetworkInterface, ElasticIp, Instance, Peering, PrefixList, PrefixListRoute, NatGateway, VpcEndpoint,
        BlockPublicAccess, BlockPublicAccessExclusion, SecurityGroupVpcAssociation, FlowLog,
        InstanceConnectEndpoint, LoadBalancer, Listener, TargetGroup,
        EndpointServiceConfiguration,
    )  # fmt: skip
    INDEXES = indexes.OF_NETWORK

    __slots__ = ()

    @property
    def vpcs(self) -> Table[Vpc]:
        return self.table(Vpc)

    @property
    def subnets(self) -> Table[Subnet]:
        return self.table(Subnet)

    @property
    def route_tables(self) -> Table[RouteTable]:
        return self.table(RouteTable)

    @property
    def table_routes(self) -> Table[TableRoute]:
        return self.table(TableRoute)

    @property
    def internet_gateways(self) -> Table[InternetGateway]:
        return self.table(InternetGateway)

    @property
    def egress_only_internet_gateways(self) -> Table[EgressOnlyInternetGateway]:
        return self.table(EgressOnlyInternetGateway)

    @property
    def security_groups(self) -> Table[SecurityGroup]:
        return self.table(SecurityGroup)

    @property
    def network_acls(self) -> Table[NetworkAcl]:
        """Those that somebody made, and the default ones that somebody changed: see ``default_network_acl``."""
        return self.table(NetworkAcl)

    @property
    def interfaces(self) -> Table[NetworkInterface]:
        return self.table(NetworkInterface)

    @property
    def elastic_ips(self) -> Table[ElasticIp]:
        return self.table(ElasticIp)

    @property
    def instances(self) -> Table[Instance]:
        return self.table(Instance)

    @property
    def peerings(self) -> Table[Peering]:
        return self.table(Peering)

    @property
    def prefix_lists(self) -> Table[PrefixList]:
        """Those that somebody made: see ``prefix_list``."""
        return self.table(PrefixList)

    @property
    def prefix_list_routes(self) -> Table[PrefixListRoute]:
        return self.table(PrefixListRoute)

    @property
    def nat_gateways(self) -> Table[NatGateway]:
        """In every state, for as long as somebody sees them."""
        return self.table(NatGateway)

    @property
    def vpc_endpoints(self) -> Table[VpcEndpoint]:
        return self.table(VpcEndpoint)

    @property
    def instance_connect_endpoints(self) -> Table[InstanceConnectEndpoint]:
        return self.table(InstanceConnectEndpoint)

    @property
    def load_balancers(self) -> Table[LoadBalancer]:
        """And those that are about to be gone, which nobody sees."""
        return self.table(LoadBalancer)

    @property
    def endpoint_services(self) -> Table[EndpointServiceConfiguration]:
        """Of accounts; AWS's are in ``vpc_endpoint_services``."""
        return self.table(EndpointServiceConfiguration)

    @property
    def listeners(self) -> Table[Listener]:
        return self.table(Listener)

    @property
    def target_groups(self) -> Table[TargetGroup]:
        return self.table(TargetGroup)

    @property
    def block_public_access(self) -> Table[BlockPublicAccess]:
        return self.table(BlockPublicAccess)

    @property
    def block_public_access_exclusions(self) -> Table[BlockPublicAccessExclusion]:
        return self.table(BlockPublicAccessExclusion)

    @property
    def security_group_vpc_associations(self) -> Table[SecurityGroupVpcAssociation]:
        return self.table(SecurityGroupVpcAssociation)

    @property
    def flow_logs(self) -> Table[FlowLog]:
        return self.table(FlowLog)
