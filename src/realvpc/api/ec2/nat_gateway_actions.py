"""The rows of the table of EC2's actions that are about NAT gateways."""

from __future__ import annotations

from ..core.action import Action, on_all
from . import nat_gateway, nat_gateway_address
from .resources import on

NAT_GATEWAY_ACTIONS: dict[str, Action] = {
    "AssignPrivateNatGatewayAddress": Action(nat_gateway_address.assign_private_nat_gateway_address, on("natgateway")),
    "AssociateNatGatewayAddress": Action(
        nat_gateway_address.associate_nat_gateway_address, on("natgateway", perhaps=("elastic-ip",))
    ),
    "CreateNatGateway": Action(nat_gateway.create_nat_gateway, on("natgateway", "subnet", perhaps=("elastic-ip",))),
    "DeleteNatGateway": Action(nat_gateway.delete_nat_gateway, on("natgateway")),
    "DescribeNatGateways": Action(nat_gateway.describe_nat_gateways, on_all),
    "DisassociateNatGatewayAddress": Action(
        nat_gateway_address.disassociate_nat_gateway_address, on("natgateway", perhaps=("elastic-ip",))
    ),
    "UnassignPrivateNatGatewayAddress": Action(
        nat_gateway_address.unassign_private_nat_gateway_address, on("natgateway")
    ),
}
