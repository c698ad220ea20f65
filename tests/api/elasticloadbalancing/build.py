"""Short ways to make load balancers and what is behind them."""

from __future__ import annotations

from typing import Any

from realvpc.net.load_balancing import forwards_of

from ..build import make_internet_gateway, make_subnet, make_vpc
from ..conftest import Client

SERVICE = "elasticloadbalancing"
ZONES = ("ap-northeast-1a", "ap-northeast-1c")


class Ground:
    """A VPC with a subnet in each of two zones, and an account's calls."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.vpc_id = make_vpc(client)
        cidrs = ("10.20.0.0/20", "10.20.16.0/20")
        self.subnets = [
            make_subnet(client, self.vpc_id, cidr, AvailabilityZone=zone)
            for cidr, zone in zip(cidrs, ZONES, strict=True)
        ]
        make_internet_gateway(client, self.vpc_id)

    def __call__(self, action: str, /, **params: Any) -> dict[str, Any]:
        return self.client(action, of=SERVICE, **params)

    def refused(self, action: str, /, **params: Any) -> tuple[str, str]:
        error = self.client.refused(action, of=SERVICE, **params)
        return error.code, error.message

    def balancer(self, name: str = "front", **more: Any) -> dict[str, Any]:
        wanted = {"Type": "network", "Scheme": "internal", "Subnets": self.subnets} | more
        wanted = {member: value for member, value in wanted.items() if value is not None}
        [row] = self("CreateLoadBalancer", Name=name, **wanted)["LoadBalancers"]
        return row  # type: ignore[no-any-return]

    def group(self, name: str = "web", **more: Any) -> str:
        wanted = {"Protocol": "TCP", "Port": 80, "VpcId": self.vpc_id, "TargetType": "ip"} | more
        [row] = self("CreateTargetGroup", Name=name, **wanted)["TargetGroups"]
        return row["TargetGroupArn"]  # type: ignore[no-any-return]

    def listener(self, balancer: str, group: str, port: int = 80, protocol: str = "TCP", **more: Any) -> str:
        actions = [{"Type": "forward", "TargetGroupArn": group}]
        made = self(
            "CreateListener", LoadBalancerArn=balancer, Port=port, Protocol=protocol, DefaultActions=actions, **more
        )
        return made["Listeners"][0]["ListenerArn"]  # type: ignore[no-any-return]

    def register(self, group: str, *targets: str, **more: Any) -> None:
        self("RegisterTargets", TargetGroupArn=group, Targets=[{"Id": each, **more} for each in targets])

    def states(self, group: str) -> dict[str, str]:
        shown = self("DescribeTargetHealth", TargetGroupArn=group)["TargetHealthDescriptions"]
        return {each["Target"]["Id"]: each["TargetHealth"]["State"] for each in shown}

    def given(self, arn: str) -> dict[tuple[str, int, str], list[tuple[str, int]]]:
        """What the load balancer forwards, by transport, port and the zone where it arrives."""
        network = self.client.service.state.network
        [balancer] = [row for row in network.load_balancers.values() if row.arn == arn]
        return {
            (row.protocol, row.port, network.subnets[network.interfaces[row.interface_id].subnet_id].zone_name): [
                (target.address, target.port) for target in row.targets
            ]
            for row in forwards_of(network, balancer)
        }

    def ended(self, arn: str) -> dict[str, set[tuple[str, int]]]:
        """The targets to which connections end, by transport."""
        network = self.client.service.state.network
        [balancer] = [row for row in network.load_balancers.values() if row.arn == arn]
        found: dict[str, set[tuple[str, int]]] = {}
        for row in forwards_of(network, balancer):
            found.setdefault(row.protocol, set()).update((target.address, target.port) for target in row.ended)
        return found
