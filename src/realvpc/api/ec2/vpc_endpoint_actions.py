"""The rows of the table of EC2's actions that are about VPC endpoints."""

from __future__ import annotations

from ..core.action import Action, on_all
from . import (
    endpoint_connection,
    endpoint_service,
    endpoint_service_dns,
    endpoint_service_permission,
    vpc_endpoint,
    vpc_endpoint_change,
    vpc_endpoint_service,
)
from .resources import on

_ON_SERVICE = on("vpc-endpoint-service")

VPC_ENDPOINT_ACTIONS: dict[str, Action] = {
    "AcceptVpcEndpointConnections": Action(endpoint_connection.accept_vpc_endpoint_connections, _ON_SERVICE),
    "CreateVpcEndpoint": Action(
        vpc_endpoint.create_vpc_endpoint,
        on("vpc", "vpc-endpoint", perhaps=("route-table", "security-group", "subnet")),
    ),
    "CreateVpcEndpointServiceConfiguration": Action(
        endpoint_service.create_vpc_endpoint_service_configuration, _ON_SERVICE
    ),
    "DeleteVpcEndpointServiceConfigurations": Action(
        endpoint_service.delete_vpc_endpoint_service_configurations, _ON_SERVICE
    ),
    "DeleteVpcEndpoints": Action(vpc_endpoint.delete_vpc_endpoints, on("vpc-endpoint")),
    "DescribeVpcEndpointConnections": Action(endpoint_connection.describe_vpc_endpoint_connections, on_all),
    "DescribeVpcEndpointServiceConfigurations": Action(
        endpoint_service.describe_vpc_endpoint_service_configurations, on_all
    ),
    "DescribeVpcEndpointServicePermissions": Action(
        endpoint_service_permission.describe_vpc_endpoint_service_permissions, _ON_SERVICE
    ),
    "DescribeVpcEndpointServices": Action(vpc_endpoint_service.describe_vpc_endpoint_services, on_all),
    "DescribeVpcEndpoints": Action(vpc_endpoint.describe_vpc_endpoints, on_all),
    "ModifyVpcEndpoint": Action(
        vpc_endpoint_change.modify_vpc_endpoint,
        on("vpc-endpoint", perhaps=("route-table", "security-group", "subnet")),
    ),
    "ModifyVpcEndpointServiceConfiguration": Action(
        endpoint_service.modify_vpc_endpoint_service_configuration, _ON_SERVICE
    ),
    "ModifyVpcEndpointServicePermissions": Action(
        endpoint_service_permission.modify_vpc_endpoint_service_permissions, _ON_SERVICE
    ),
    "RejectVpcEndpointConnections": Action(endpoint_connection.reject_vpc_endpoint_connections, _ON_SERVICE),
    "StartVpcEndpointServicePrivateDnsVerification": Action(
        endpoint_service_dns.start_vpc_endpoint_service_private_dns_verification, _ON_SERVICE
    ),
}
