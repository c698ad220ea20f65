"""The table of EC2's nouns: what can be tagged, by the prefix of its ids."""

from __future__ import annotations

from typing import Any

from ..core.noun import Noun
from .block_public_access_exclusion import EXCLUSION
from .dhcp_options import DHCP_OPTIONS
from .egress_only_internet_gateway import EGRESS_ONLY_INTERNET_GATEWAY
from .elastic_ip import ELASTIC_IP
from .endpoint_service import ENDPOINT_SERVICE
from .flow_log import FLOW_LOG
from .image import IMAGE
from .instance import INSTANCE
from .instance_connect_endpoint import INSTANCE_CONNECT_ENDPOINT
from .internet_gateway import INTERNET_GATEWAY
from .key_pair import KEY_PAIR
from .launch_template import LAUNCH_TEMPLATE
from .nat_gateway import NAT_GATEWAY
from .network_acl import NETWORK_ACL
from .network_interface import NETWORK_INTERFACE
from .peering import PEERING
from .placement_group import PLACEMENT_GROUP
from .prefix_list import PREFIX_LIST
from .route_table import ROUTE_TABLE
from .security_group import SECURITY_GROUP
from .security_group_rule import SECURITY_GROUP_RULE
from .snapshot import SNAPSHOT
from .subnet import SUBNET
from .subnet_cidr_reservation import SUBNET_CIDR_RESERVATION
from .volume import VOLUME
from .vpc import VPC
from .vpc_endpoint import VPC_ENDPOINT

NOUNS: dict[str, Noun[Any]] = {
    noun.prefix: noun
    for noun in (
        DHCP_OPTIONS,
        EGRESS_ONLY_INTERNET_GATEWAY,
        ELASTIC_IP,
        EXCLUSION,
        FLOW_LOG,
        IMAGE,
        INSTANCE,
        INSTANCE_CONNECT_ENDPOINT,
        INTERNET_GATEWAY,
        KEY_PAIR,
        LAUNCH_TEMPLATE,
        NAT_GATEWAY,
        NETWORK_ACL,
        NETWORK_INTERFACE,
        PEERING,
        PLACEMENT_GROUP,
        PREFIX_LIST,
        ROUTE_TABLE,
        SECURITY_GROUP,
        SECURITY_GROUP_RULE,
        SNAPSHOT,
        SUBNET,
        SUBNET_CIDR_RESERVATION,
        VOLUME,
        VPC,
        ENDPOINT_SERVICE,
        VPC_ENDPOINT,
    )
}
