"""What the Network says of prefix lists and network ACLs."""

from __future__ import annotations

from collections.abc import Collection

from . import indexes
from .addresses import Cidr
from .aws_prefix_lists import aws_prefix_list
from .network_acl import NetworkAcl, default_acl_id
from .network_tables import NetworkTables
from .prefix_list import PrefixList
from .route_table import PrefixListRoute
from .security_group import SecurityGroup
from .subnet import Subnet
from .vpc import Vpc


class NetworkRules(NetworkTables):
    """The lists and rules that routes, security groups and subnets refer to."""

    __slots__ = ()

    # -- prefix lists --------------------------------------------------------------------------------------------

    def prefix_list(self, prefix_list_id: str) -> PrefixList | None:
        """One that somebody made, or of AWS's own."""
        return self.prefix_lists.get(prefix_list_id) or aws_prefix_list(prefix_list_id)

    def cidrs_of_list(self, prefix_list_id: str) -> tuple[Cidr, ...]:
        """Nothing for a list that is gone."""
        found = self.prefix_list(prefix_list_id)
        return found.cidrs if found else ()

    def prefix_list_routes_by(self, prefix_list_id: str) -> Collection[PrefixListRoute]:
        return self.prefix_list_routes.where(indexes.prefix_list_id, prefix_list_id)

    def prefix_list_routes_over(self, target_id: str) -> Collection[PrefixListRoute]:
        return self.prefix_list_routes.where(indexes.prefix_list_target_id, target_id)

    def groups_naming_list(self, prefix_list_id: str) -> Collection[SecurityGroup]:
        return self.security_groups.where(indexes.referenced_prefix_lists, prefix_list_id)

    # -- network ACLs --------------------------------------------------------------------------------------------

    def default_network_acl(self, vpc: Vpc) -> NetworkAcl:
        found = self.network_acls.get(default_acl_id(vpc.id))
        return found or NetworkAcl.default_of(vpc)

    def network_acl_for(self, subnet: Subnet) -> NetworkAcl:
        """The one ACL that is associated with the subnet."""
        if subnet.network_acl_id is not None:
            return self.network_acls[subnet.network_acl_id]
        return self.default_network_acl(self.vpcs[subnet.vpc_id])

    def network_acls_of(self, vpc_id: str) -> Collection[NetworkAcl]:
        """Those that are stored."""
        return self.network_acls.where(indexes.vpc_id, vpc_id)

    def subnets_with_acl(self, acl: NetworkAcl) -> Collection[Subnet]:
        if acl.is_default:
            return [
                subnet for subnet in self.subnets.where(indexes.vpc_id, acl.vpc_id) if subnet.network_acl_id is None
            ]
        return self.subnets.where(indexes.network_acl_id, acl.id)
