"""The rows of the table of EC2's actions that are about VPC endpoints."""

from __future__ import annotations

from ..core.action import Action, on_all
from . import vpc_endpoint, vpc_endpoint_change, vpc_endpoint_service
from .resources import on

VPC_ENDPOINT_ACTIONS: dict[str, Action] = {
    "CreateVpcEndpoint": Action(
        vpc_endpoint.create_vpc_endpoint,
        on("vpc", "vpc-endpoint", perhaps=("route-table", "security-group", "subnet")),
    ),
    "DeleteVpcEndpoints": Action(vpc_endpoint.delete_vpc_endpoints, on("vpc-endpoint")),
    "DescribeVpcEndpointServices": Action(vpc_endpoint_service.describe_vpc_endpoint_services, on_all),
    "DescribeVpcEndpoints": Action(vpc_endpoint.describe_vpc_endpoints, on_all),
    "ModifyVpcEndpoint": Action(
        vpc_endpoint_change.modify_vpc_endpoint,
        on("vpc-endpoint", perhaps=("route-table", "security-group", "subnet")),
    ),
}
