"""The table of EC2's nouns: what can be tagged, by the prefix of its ids."""

from __future__ import annotations

from typing import Any

from ..core.noun import Noun
from .dhcp_options import DHCP_OPTIONS
from .image import IMAGE
from .instance import INSTANCE
from .internet_gateway import INTERNET_GATEWAY
from .key_pair import KEY_PAIR
from .network_acl import NETWORK_ACL
from .network_interface import NETWORK_INTERFACE
from .peering import PEERING
from .route_table import ROUTE_TABLE
from .security_group import SECURITY_GROUP
from .security_group_rule import SECURITY_GROUP_RULE
from .snapshot import SNAPSHOT
from .subnet import SUBNET
from .volume import VOLUME
from .vpc import VPC

NOUNS: dict[str, Noun[Any]] = {
    noun.prefix: noun
    for noun in (
        DHCP_OPTIONS,
        IMAGE,
        INSTANCE,
        INTERNET_GATEWAY,
        KEY_PAIR,
        NETWORK_ACL,
        NETWORK_INTERFACE,
        PEERING,
        ROUTE_TABLE,
        SECURITY_GROUP,
        SECURITY_GROUP_RULE,
        SNAPSHOT,
        SUBNET,
        VOLUME,
        VPC,
    )
}
