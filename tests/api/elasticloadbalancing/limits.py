"""How to reach the quotas of load balancing."""

from __future__ import annotations

from typing import Any

from realvpc.net import quotas
from realvpc.net.quotas import Quota

from ..build import make_subnet, make_vpc
from ..conftest import Client
from ..limit import NUMBERS, Limit, Nth, Request
from .build import SERVICE


def elb(action: str, **params: Any) -> Request:
    return SERVICE, action, params


def _made(client: Client, vpc_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A load balancer and target groups, as requests name them."""
    wanted = {"Type": "network", "Scheme": "internal", "Subnets": [make_subnet(client, vpc_id)]}
    [balancer] = client("CreateLoadBalancer", of=SERVICE, Name="front", **wanted)["LoadBalancers"]
    groups = [
        {"TargetGroupArn": row["TargetGroupArn"]}
        for number in NUMBERS
        for row in client("CreateTargetGroup", of=SERVICE, **_group(vpc_id, number))["TargetGroups"]
    ]
    return {"LoadBalancerArn": balancer["LoadBalancerArn"]}, groups


def _group(vpc_id: str, number: int) -> dict[str, Any]:
    return {"Name": f"g{number}", "Protocol": "TCP", "Port": 80, "VpcId": vpc_id, "TargetType": "ip"}


def _balancers(client: Client) -> Nth:
    subnets = [make_subnet(client, make_vpc(client))]
    wanted = {"Type": "network", "Scheme": "internal", "Subnets": subnets}
    return lambda number: elb("CreateLoadBalancer", Name=f"b{number}", **wanted)


def _groups(client: Client) -> Nth:
    vpc_id = make_vpc(client)
    return lambda number: elb("CreateTargetGroup", **_group(vpc_id, number))


def _listeners(client: Client) -> Nth:
    balancer, [group, *_] = _made(client, make_vpc(client))
    actions = [{"Type": "forward", **group}]
    return lambda number: elb("CreateListener", **balancer, Protocol="TCP", Port=number, DefaultActions=actions)


def _targets_of_a_group(client: Client) -> Nth:
    _, [group, *_] = _made(client, make_vpc(client))
    return lambda number: elb(
        "RegisterTargets", **group, Targets=[{"Id": f"10.20.0.{number + 4}"}]
    )  # those before are reserved


def _targets_of_a_balancer(client: Client) -> Nth:
    """One in each of its target groups."""
    balancer, groups = _made(client, make_vpc(client))
    for port, group in enumerate(groups, 1):
        actions = [{"Type": "forward", **group}]
        client("CreateListener", of=SERVICE, **balancer, Protocol="TCP", Port=port, DefaultActions=actions)
    return lambda number: elb("RegisterTargets", **groups[number - 1], Targets=[{"Id": "10.20.0.9"}])


OF_BALANCING: dict[Quota, Limit] = {
    quotas.NETWORK_LOAD_BALANCERS_PER_REGION: Limit("TooManyLoadBalancers", _balancers),
    quotas.LISTENERS_PER_LOAD_BALANCER: Limit("TooManyListeners", _listeners),
    quotas.TARGET_GROUPS_PER_REGION: Limit("TooManyTargetGroups", _groups),
    quotas.TARGETS_PER_GROUP: Limit("TooManyTargets", _targets_of_a_group),
    quotas.TARGETS_PER_LOAD_BALANCER: Limit("TooManyTargets", _targets_of_a_balancer),
}
