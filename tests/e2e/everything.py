"""What the configurations of Terraform's tests make."""

from __future__ import annotations

from typing import Any

from tests.running import Running


def everything(service: Running) -> list[Any]:
    """What the configurations make and have to take away, of both accounts."""
    return [
        {**getattr(client, operation)(**parameters), "ResponseMetadata": None}
        for account in ("main", "other")
        for name, operations in _READS.items()
        for client in [service.client(name, "--account", account, "--region", "us-east-1")]
        for operation, parameters in operations.items()
    ]


_READS: dict[str, dict[str, dict[str, Any]]] = {
    "ec2": {
        "describe_vpcs": {},
        "describe_dhcp_options": {},
        "describe_addresses": {},
        "describe_launch_templates": {},
        "describe_volumes": {},
        "describe_snapshots": {"OwnerIds": ["self"]},
        "describe_placement_groups": {},
        "describe_managed_prefix_lists": {},
        "describe_flow_logs": {},
        "describe_vpc_endpoints": {},
        "describe_vpc_endpoint_service_configurations": {},
    },
    "elbv2": {"describe_load_balancers": {}, "describe_target_groups": {}},
    "route53": {"list_hosted_zones": {}},
    "iam": {"list_users": {}, "list_groups": {}, "list_policies": {"Scope": "Local"}},
    "ssm": {"describe_parameters": {}},
    "logs": {"describe_log_groups": {}},
}
