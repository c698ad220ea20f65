"""Who is in a target group: told one by one, and counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from realvpc.clock import Clock
from realvpc.net import quotas

from ..build import put_instance
from ..conftest import Client, give_quota
from .build import Ground

NEAR, FAR = "10.20.0.10", "10.20.16.10"


@pytest.fixture
def ground(client: Client) -> Ground:
    return Ground(client)


def test_targets_are_described_by_id_and_by_port(ground: Ground) -> None:
    group = ground.group()
    for port in (80, 81):
        ground.register(group, NEAR, FAR, Port=port)

    def described(*targets: dict[str, Any]) -> list[tuple[str, int, str | None]]:
        shown = ground("DescribeTargetHealth", TargetGroupArn=group, Targets=list(targets))["TargetHealthDescriptions"]
        return [(row["Target"]["Id"], row["Target"]["Port"], row["TargetHealth"]["Reason"]) for row in shown]

    here = "Target.NotInUse"
    assert described({"Id": FAR}) == [(FAR, 80, here), (FAR, 81, here)]
    assert described({"Id": NEAR, "Port": 81}, {"Id": FAR, "Port": 80}) == [(NEAR, 81, here), (FAR, 80, here)]
    gone = "Target.NotRegistered"
    assert described({"Id": NEAR, "Port": 82}, {"Id": "10.20.0.99"}) == [(NEAR, 82, gone), ("10.20.0.99", 80, gone)]


def test_whoever_has_left_takes_no_room_of_a_load_balancer(ground: Ground, clock: Clock) -> None:
    balancer = ground.balancer(Subnets=ground.subnets[:1])["LoadBalancerArn"]
    by_address, by_instance, third = ground.group(), ground.group("instances", TargetType="instance"), ground.group("c")
    for port, group in enumerate((by_address, by_instance), 80):
        ground.listener(balancer, group, port)
    instance_id, _ = put_instance(ground.client, ground.subnets[0], "10.20.0.9")
    give_quota(ground.client.service, quotas.TARGETS_PER_LOAD_BALANCER, 2)
    ground.register(by_address, NEAR)
    ground.register(by_instance, instance_id)
    ground.client("TerminateInstances", InstanceIds=[instance_id])
    ground.register(by_address, FAR)
    for each in (NEAR, FAR):
        ground("DeregisterTargets", TargetGroupArn=by_address, Targets=[{"Id": each}])
    ground.register(third, NEAR)
    actions = [{"Type": "forward", "TargetGroupArn": third}]
    wanted = {"LoadBalancerArn": balancer, "Port": 82, "Protocol": "TCP", "DefaultActions": actions}
    assert ground.refused("CreateListener", **wanted)[0] == "TooManyTargets", "two of another group drain"
    clock.offset = timedelta(seconds=300)
    ground("CreateListener", **wanted)
    ground.register(third, FAR)
    wanted = {"TargetGroupArn": third, "Targets": [{"Id": "10.20.0.11"}]}
    assert ground.refused("RegisterTargets", **wanted)[0] == "TooManyTargets"
