"""What another account may do with a network interface (EC2 API Reference, "CreateNetworkInterfacePermission")."""

from __future__ import annotations

from enum import StrEnum

from .resource import Resource

PERMISSIONS_MAXIMUM = 1000
"""Of one network interface.  AWS gives no figure."""


class InterfacePermission(StrEnum):
    INSTANCE_ATTACH = "INSTANCE-ATTACH"
    EIP_ASSOCIATE = "EIP-ASSOCIATE"


class NetworkInterfacePermission(Resource, frozen=True, kw_only=True):
    """``eni-perm-…``, of the interface's account; ``grantee`` is the account that may."""

    interface_id: str
    grantee: str
    permission: InterfacePermission
