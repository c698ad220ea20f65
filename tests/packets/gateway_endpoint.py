"""A gateway endpoint to S3, for networks of ``hosts`` and ``nat``."""

from __future__ import annotations

from realvpc.net import aws_hosts
from realvpc.net.aws_prefix_lists import aws_prefix_lists
from realvpc.net.resource import Resource
from realvpc.net.route_table import PrefixListRoute, RouteTable, Target, TargetKind
from realvpc.net.vpc_endpoint import EndpointState, VpcEndpoint
from realvpc.net.vpc_endpoint_services import EndpointType

from .hosts import COMMON, NOW, number

REGION: str = COMMON["region"]
[LIST] = (row for row in aws_prefix_lists(REGION) if row.name == f"com.amazonaws.{REGION}.s3")
S3 = str(aws_hosts.HOSTS[f"s3.{REGION}.amazonaws.com"])


def gateway_endpoint(index: int, vpc_index: int, *tables: int) -> list[Resource]:
    """Endpoint number ``index`` with routes in the tables of these numbers."""
    endpoint = number("vpce", index)
    target = Target(TargetKind.VPC_ENDPOINT, endpoint)
    vpc_id = number("vpc", vpc_index)
    return [
        VpcEndpoint(
            id=endpoint,
            vpc_id=vpc_id,
            service_name=f"com.amazonaws.{REGION}.s3",
            type=EndpointType.GATEWAY,
            created_at=NOW,
            state=EndpointState.AVAILABLE,
            **COMMON,
        ),
        *(
            PrefixListRoute.of(RouteTable(id=number("rtb", table), vpc_id=vpc_id, **COMMON), LIST, target)
            for table in tables
        ),
    ]
