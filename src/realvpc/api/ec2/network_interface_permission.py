"""Permissions for other accounts to attach a network interface to instances of theirs (EC2 API Reference)."""

from __future__ import annotations

import re

from realvpc.net.network_interface import NetworkInterface
from realvpc.net.network_interface_permission import (
    PERMISSIONS_MAXIMUM,
    InterfacePermission,
    NetworkInterfacePermission,
)
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import describing
from ..core.errors import (
    AwsError,
    invalid_parameter_combination,
    invalid_parameter_value,
    missing_parameter,
    unsupported_operation,
)
from ..core.filter import no_values
from ..core.lookup import check_form, named
from ..core.noun import Noun, of_row
from .network_interface import NETWORK_INTERFACE, changeable

_ACCOUNT = re.compile(r"[0-9]{12}\Z")


def create_network_interface_permission(ctx: Context, request: Request) -> Answer:
    """One account at a time; who has the permission already keeps the one that there is.

    Raises ``InvalidNetworkInterfaceID.NotFound``, AuthFailure, MissingParameter, InvalidParameterCombination,
    InvalidParameterValue, UnsupportedOperation for a service of AWS's, ResourceLimitExceeded.
    """
    interface = changeable(ctx, request)
    account = request.get("AwsAccountId")
    if request.get("AwsService") and account:
        raise invalid_parameter_combination("The parameter awsService cannot be used with the parameter awsAccountId")
    if request.get("AwsService"):
        raise unsupported_operation("The parameter awsService is not supported.")
    if not account:
        raise missing_parameter("awsAccountId")
    if not _ACCOUNT.match(account):
        raise invalid_parameter_value(f"Value ({account}) for parameter awsAccountId is invalid.")
    wanted = InterfacePermission(request["Permission"])
    found = ctx.state.inventory.permission_of(interface.id, account, wanted)
    if found is not None:
        return Answer({"InterfacePermission": _render(found)})
    if len(ctx.state.inventory.permissions_of(interface.id)) >= PERMISSIONS_MAXIMUM:
        raise AwsError(
            "ResourceLimitExceeded", f"The maximum number of permissions for {interface.id} has been reached."
        )
    made = NetworkInterfacePermission(
        id=ctx.new_id(NETWORK_INTERFACE_PERMISSION.prefix),
        account=ctx.account,
        region=ctx.region,
        interface_id=interface.id,
        grantee=account,
        permission=wanted,
    )
    return Answer({"InterfacePermission": _render(made)}, put(made))


def delete_network_interface_permission(ctx: Context, request: Request) -> Answer:
    """Whoever has attached the interface keeps it.

    Raises ``InvalidPermissionID.NotFound``; OperationNotPermitted without Force while the other
    account's instance has the interface.
    """
    row = named(ctx, NETWORK_INTERFACE_PERMISSION, request, "NetworkInterfacePermissionId")
    interface = ctx.network.interfaces.get(row.interface_id)
    instance = ctx.network.instance_of(interface) if interface else None
    if instance is not None and instance.account == row.grantee and not request.get("Force"):
        raise AwsError(
            "OperationNotPermitted", f"The network interface '{row.interface_id}' is attached to an instance."
        )
    return Answer({"Return": True}, delete(row))


def attachable(ctx: Context, request: Request) -> NetworkInterface:
    """The interface that is to be attached: the caller's, or one that it was given permission for.

    Raises ``InvalidNetworkInterfaceID.NotFound``, AuthFailure.
    """
    interface_id = request["NetworkInterfaceId"]
    check_form(NETWORK_INTERFACE, interface_id)
    found = ctx.state.inventory.permission_of(interface_id, ctx.account, InterfacePermission.INSTANCE_ATTACH)
    if found is not None and found.region == ctx.region and interface_id in ctx.network.interfaces:
        return ctx.network.interfaces[interface_id]
    return changeable(ctx, request)


def _render(row: NetworkInterfacePermission) -> Response:
    return {
        "NetworkInterfacePermissionId": row.id,
        "NetworkInterfaceId": row.interface_id,
        "AwsAccountId": row.grantee,
        "Permission": str(row.permission),
        "PermissionState": {"State": "GRANTED"},
    }


NETWORK_INTERFACE_PERMISSION = Noun(
    type=NetworkInterfacePermission,
    prefix="eni-perm",
    not_found="InvalidPermissionID.NotFound",
    malformed="InvalidPermissionID.Malformed",
    words="networkInterfacePermission ID",
    tag_type="network-interface-permission",  # which nobody can tag
    ids="NetworkInterfacePermissionIds",
    result="NetworkInterfacePermissions",
    render=of_row(_render),
    filters={
        "network-interface-permission.network-interface-permission-id": ".id",
        "network-interface-permission.network-interface-id": ".interface_id",
        "network-interface-permission.aws-account-id": ".grantee",
        "network-interface-permission.aws-service": no_values,
        "network-interface-permission.permission": "Permission",
    },
)

describe_network_interface_permissions = describing(NETWORK_INTERFACE_PERMISSION)
