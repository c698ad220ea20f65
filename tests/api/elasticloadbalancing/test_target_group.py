"""Target groups and who is in them: made, changed, registered, drained, and what load balancers forward to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from realvpc.api.machine_report import machine_down, machine_removed
from realvpc.api.target_report import targets_checked
from realvpc.clock import Clock
from realvpc.net import quotas
from realvpc.net.machine import ApplianceSpec, Forward, Workload
from realvpc.net.target_group import Health

from ..build import make_subnet, make_vpc, put_instance, tags
from ..conftest import MAIN, TOKYO, Client, give_quota, new_service
from ..told_node import ToldNode
from .build import ZONES, Ground

NEAR, FAR = "10.20.0.10", "10.20.16.10"


@pytest.fixture
def ground(client: Client) -> Ground:
    return Ground(client)


@pytest.fixture
def live(clock: Clock) -> Ground:
    """Where somebody looks at targets before they count as healthy."""
    return Ground(Client(new_service(clock, has_fabric=True), MAIN, TOKYO))


def group_id(ground: Ground, arn: str) -> str:
    [row] = [each for each in ground.client.service.state.network.target_groups.values() if each.arn == arn]
    return row.id


def found(ground: Ground, group: str, **health: Health) -> None:
    """As health checks tell: ``a`` is the near one, ``b`` the far one."""
    names = {"a": NEAR, "b": FAR}
    facts = {(group_id(ground, group), names[each], 80): value for each, value in health.items()}
    ground.client.service.report(targets_checked(facts), "test")


def test_a_target_group_has_what_aws_gives_it(ground: Ground) -> None:
    arn = ground.group()
    [row] = ground("DescribeTargetGroups", Names=["web"])["TargetGroups"]
    assert row == {
        "TargetGroupArn": arn,
        "TargetGroupName": "web",
        "Protocol": "TCP",
        "Port": 80,
        "VpcId": ground.vpc_id,
        "HealthCheckProtocol": "TCP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckEnabled": True,
        "HealthCheckIntervalSeconds": 30,
        "HealthCheckTimeoutSeconds": 10,
        "HealthyThresholdCount": 5,
        "UnhealthyThresholdCount": 2,
        "LoadBalancerArns": [],
        "TargetType": "ip",
        "IpAddressType": "ipv4",
    }
    shown = ground("DescribeTargetGroupAttributes", TargetGroupArn=arn)["Attributes"]
    assert {"Key": "preserve_client_ip.enabled", "Value": "false"} in shown
    kept = [{"Key": "preserve_client_ip.enabled", "Value": "true"}]
    refused = ground.refused("ModifyTargetGroupAttributes", TargetGroupArn=arn, Attributes=kept)
    assert refused[0] == "InvalidConfigurationRequest"


def test_a_check_by_http_has_a_path_and_codes(ground: Ground) -> None:
    arn = ground.group(HealthCheckProtocol="HTTP", HealthCheckPath="/well")
    [row] = ground("DescribeTargetGroups", TargetGroupArns=[arn])["TargetGroups"]
    assert (row["HealthCheckPath"], row["Matcher"], row["HealthCheckTimeoutSeconds"]) == (
        "/well",
        {"HttpCode": "200-399"},
        6,
    )
    changed = {"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 2, "HealthCheckProtocol": "TCP"}
    [row] = ground("ModifyTargetGroup", TargetGroupArn=arn, **changed)["TargetGroups"]
    assert (row["HealthCheckIntervalSeconds"], row["HealthCheckTimeoutSeconds"]) == (5, 2)
    assert "HealthCheckPath" not in row


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Protocol": "TLS"}, "InvalidConfigurationRequest"),
        ({"Protocol": "HTTP"}, "InvalidConfigurationRequest"),
        ({"TargetType": "lambda"}, "InvalidConfigurationRequest"),
        ({"TargetType": "alb"}, "InvalidConfigurationRequest"),
        ({"HealthCheckEnabled": False}, "InvalidConfigurationRequest"),
        ({"HealthCheckPath": "/"}, "InvalidConfigurationRequest"),
        ({"HealthCheckPort": "0"}, "ValidationError"),
        ({"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 6}, "ValidationError"),
        ({"VpcId": "vpc-00000000000000001"}, "ValidationError"),
        ({"VpcId": None}, "ValidationError"),
        ({"Port": None}, "ValidationError"),
        ({"Protocol": None}, "ValidationError"),
        ({"Name": "a" * 33}, "ValidationError"),
    ],
)
def test_what_cannot_be_made_is_refused(ground: Ground, change: dict[str, object], code: str) -> None:
    wanted = {"Name": "web", "Protocol": "TCP", "Port": 80, "VpcId": ground.vpc_id, "TargetType": "ip"} | change
    wanted = {member: value for member, value in wanted.items() if value is not None}
    assert ground.refused("CreateTargetGroup", **wanted)[0] == code


def test_a_name_is_taken_once(ground: Ground) -> None:
    said: dict[str, Any] = {"HealthCheckProtocol": "HTTP", "HealthCheckPath": "/well", "Tags": tags(team="a")}
    first = ground.group(**said)
    assert ground.group(**said) == first
    assert ground.group() == first, "nothing is said of the rest"
    wanted = {"Name": "web", "Protocol": "TCP", "Port": 80, "VpcId": ground.vpc_id, "TargetType": "ip"}
    for change in (
        {"Protocol": "UDP"},
        {"Port": 81},
        {"TargetType": "instance"},
        {"HealthCheckProtocol": "TCP"},
        {"HealthCheckProtocol": "HTTP", "HealthCheckPath": "/"},
        {"HealthCheckIntervalSeconds": 10},
        {"Tags": tags(team="b")},
        {"Tags": tags(team="a", more="b")},
    ):
        refused = ground.refused("CreateTargetGroup", **(wanted | change))
        assert refused[0] == "DuplicateTargetGroupName", change


def test_targets_are_unused_until_a_listener_gives_to_them(live: Ground) -> None:
    group = live.group()
    live.register(group, NEAR, FAR)
    assert live.states(group) == {NEAR: "unused", FAR: "unused"}
    balancer = live.balancer()["LoadBalancerArn"]
    live.listener(balancer, group)
    assert live.states(group) == {NEAR: "initial", FAR: "initial"}
    found(live, group, a=Health.HEALTHY, b=Health.UNHEALTHY)
    assert live.states(group) == {NEAR: "healthy", FAR: "unhealthy"}
    [row] = live("DescribeTargetGroups", LoadBalancerArn=balancer)["TargetGroups"]
    assert row["LoadBalancerArns"] == [balancer]


def test_a_node_gives_to_the_healthy_of_its_zone_and_to_all_when_none_is(live: Ground) -> None:
    group = live.group()
    live.register(group, NEAR, FAR)
    balancer = live.balancer()["LoadBalancerArn"]
    live.listener(balancer, group, 8080)
    zone_a, zone_c = (("tcp", 8080, zone) for zone in ZONES)
    assert live.given(balancer) == {zone_a: [(NEAR, 80)], zone_c: [(FAR, 80)]}
    found(live, group, a=Health.HEALTHY, b=Health.UNHEALTHY)
    assert live.given(balancer) == {zone_a: [(NEAR, 80)], zone_c: []}
    wanted = [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
    live("ModifyLoadBalancerAttributes", LoadBalancerArn=balancer, Attributes=wanted)
    assert live.given(balancer) == {zone_a: [(NEAR, 80)], zone_c: [(NEAR, 80)]}
    found(live, group, a=Health.UNHEALTHY)
    assert live.given(balancer) == {zone_a: [(NEAR, 80), (FAR, 80)], zone_c: [(NEAR, 80), (FAR, 80)]}


def test_connections_to_the_unhealthy_end_where_there_are_healthy_and_it_is_not_unwanted(live: Ground) -> None:
    group = live.group(Protocol="TCP_UDP")
    live.register(group, NEAR, FAR)
    balancer = live.balancer()["LoadBalancerArn"]
    live.listener(balancer, group, protocol="TCP_UDP")
    nobody: dict[str, set[tuple[str, int]]] = {"tcp": set(), "udp": set()}
    assert live.ended(balancer) == nobody, "nothing is known yet"
    found(live, group, a=Health.HEALTHY, b=Health.UNHEALTHY)
    assert live.ended(balancer) == {"tcp": {(FAR, 80)}, "udp": set()}
    key = "target_health_state.unhealthy.connection_termination.enabled"
    for value, expected in (("false", nobody), ("true", {"tcp": {(FAR, 80)}, "udp": set()})):
        live("ModifyTargetGroupAttributes", TargetGroupArn=group, Attributes=[{"Key": key, "Value": value}])
        assert live.ended(balancer) == expected
    found(live, group, a=Health.UNHEALTHY)
    assert live.ended(balancer) == nobody, "all are, so all are given to"


def test_a_listener_of_both_transports_forwards_both(ground: Ground) -> None:
    group = ground.group(Protocol="TCP_UDP", Port=53)
    ground.register(group, NEAR)
    balancer = ground.balancer(Subnets=ground.subnets[:1])["LoadBalancerArn"]
    ground.listener(balancer, group, 53, "TCP_UDP")
    assert ground.given(balancer) == {(each, 53, ZONES[0]): [(NEAR, 53)] for each in ("tcp", "udp")}


def test_a_target_that_is_deregistered_drains(ground: Ground, clock: Clock) -> None:
    group = ground.group()
    ground.register(group, NEAR, FAR)
    balancer = ground.balancer(Subnets=ground.subnets[:1])["LoadBalancerArn"]
    ground.listener(balancer, group)
    ground("DeregisterTargets", TargetGroupArn=group, Targets=[{"Id": NEAR}])
    assert ground.states(group)[NEAR] == "draining"
    assert ground.given(balancer) == {("tcp", 80, ZONES[0]): []}
    clock.offset = timedelta(seconds=299)
    assert NEAR in ground.states(group)
    clock.offset = timedelta(seconds=300)
    assert NEAR not in ground.states(group)
    [shown] = ground("DescribeTargetHealth", TargetGroupArn=group, Targets=[{"Id": NEAR}])["TargetHealthDescriptions"]
    assert shown["TargetHealth"]["Reason"] == "Target.NotRegistered"
    ground.register(group, NEAR)
    assert ground.states(group)[NEAR] == "healthy"


def test_instances_are_given_to_while_they_run(ground: Ground) -> None:
    group = ground.group(TargetType="instance", Port=8080)
    instance_id, _ = put_instance(ground.client, ground.subnets[0], "10.20.0.9")
    ground.register(group, instance_id)
    balancer = ground.balancer(Subnets=ground.subnets[:1])["LoadBalancerArn"]
    ground.listener(balancer, group)
    place = ("tcp", 80, ZONES[0])
    assert ground.given(balancer) == {place: [("10.20.0.9", 8080)]}
    ground.client("StopInstances", InstanceIds=[instance_id])
    assert ground.given(balancer) == {place: []}
    [shown] = ground("DescribeTargetHealth", TargetGroupArn=group)["TargetHealthDescriptions"]
    assert shown["TargetHealth"]["Reason"] == "Target.InvalidState"
    refused = ground.refused("RegisterTargets", TargetGroupArn=group, Targets=[{"Id": instance_id, "Port": 1}])
    assert refused == (
        "InvalidTarget",
        f"The following targets are not in a running state and cannot be registered: '{instance_id}'",
    )
    ground.client("TerminateInstances", InstanceIds=[instance_id])
    assert ground.states(group) == {}
    give_quota(ground.client.service, quotas.TARGETS_PER_GROUP, 1)
    second, _ = put_instance(ground.client, ground.subnets[0], "10.20.0.19", number=2)
    ground.register(group, second)
    assert ground.states(group) == {second: "healthy"}


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ({"Id": "nonsense"}, "ValidationError"),
        ({"Id": "fd00::1"}, "ValidationError"),
        ({"Id": "127.0.0.1", "AvailabilityZone": "all"}, "ValidationError"),
        ({"Id": "169.254.169.254", "AvailabilityZone": "all"}, "ValidationError"),
        ({"Id": "198.18.0.1", "AvailabilityZone": "all"}, "ValidationError"),
        ({"Id": "10.99.0.1"}, "ValidationError"),
        ({"Id": "10.99.0.1", "AvailabilityZone": ZONES[0]}, "InvalidConfigurationRequest"),
        ({"Id": "10.20.200.1"}, "ValidationError"),  # as AWS has it: kubernetes-sigs/aws-load-balancer-controller, 3714
        ({"Id": "10.20.0.0"}, "ValidationError"),
        ({"Id": "10.20.0.1"}, "ValidationError"),
        ({"Id": "10.20.0.2"}, "ValidationError"),
        ({"Id": "10.20.0.3"}, "ValidationError"),
        ({"Id": "10.20.15.255"}, "ValidationError"),
        ({"Id": "8.8.8.8", "AvailabilityZone": "all"}, "ValidationError"),
        ({"Id": NEAR, "AvailabilityZone": "all"}, "ValidationError"),  # the same, 561
        ({"Id": NEAR, "AvailabilityZone": ZONES[1]}, "ValidationError"),
    ],
)
def test_addresses_that_cannot_be_targets(ground: Ground, target: dict[str, str], code: str) -> None:
    assert ground.refused("RegisterTargets", TargetGroupArn=ground.group(), Targets=[target])[0] == code


def test_a_target_elsewhere_is_as_near_to_every_node(ground: Ground) -> None:
    group = ground.group()
    ground.register(group, "10.99.0.1", AvailabilityZone="all")
    balancer = ground.balancer()["LoadBalancerArn"]
    ground.listener(balancer, group)
    assert list(ground.given(balancer).values()) == [[("10.99.0.1", 80)]] * 2


def test_an_instance_of_another_vpc_is_none(ground: Ground) -> None:
    elsewhere = make_subnet(ground.client, make_vpc(ground.client, "10.21.0.0/16"), "10.21.0.0/20")
    instance_id, _ = put_instance(ground.client, elsewhere, "10.21.0.9")
    group = ground.group(TargetType="instance")
    for name in (instance_id, "i-00000000000000077"):
        assert ground.refused("RegisterTargets", TargetGroupArn=group, Targets=[{"Id": name}])[0] == "InvalidTarget"


def test_a_group_that_a_listener_gives_to_stays(ground: Ground) -> None:
    group = ground.group()
    listener = ground.listener(ground.balancer()["LoadBalancerArn"], group)
    assert ground.refused("DeleteTargetGroup", TargetGroupArn=group) == (
        "ResourceInUse",
        f"Target group '{group}' is currently in use by a listener or a rule",
    )
    ground("DeleteListener", ListenerArn=listener)
    ground("DeleteTargetGroup", TargetGroupArn=group)
    ground("DeleteTargetGroup", TargetGroupArn=group)


def _forwards(spec: Workload) -> tuple[Forward, ...]:
    assert isinstance(spec, ApplianceSpec)
    assert spec.forwarding is not None
    return spec.forwarding.forwards()


def test_what_changes_behind_a_load_balancer_reaches_its_place(live: Ground) -> None:
    node = ToldNode(live.client.service)

    def told() -> list[tuple[str, int]]:
        """Whom the place was last told to give to."""
        [spec] = node.told[-1].machines
        return [(target.address, target.port) for each in _forwards(spec) for target in each.targets]

    by_instance, by_address = live.group(TargetType="instance"), live.group("addresses")
    instance_id, _ = put_instance(live.client, live.subnets[0], "10.20.0.9")
    balancer = live.balancer(Subnets=live.subnets[:1])["LoadBalancerArn"]
    live.listener(balancer, by_instance)
    assert told() == []
    live.register(by_instance, instance_id)
    assert told() == [("10.20.0.9", 80)]
    live.client("StopInstances", InstanceIds=[instance_id])
    node.check(live.client.service.state)
    assert not _forwards(node.view.whole().machines[-1])[0].targets
    live.listener(balancer, by_address, 81)
    live.register(by_address, NEAR, FAR)
    assert told() == [(NEAR, 80)]
    live.client("DeleteSubnet", SubnetId=live.subnets[1])  # and the far one is nowhere
    node.check(live.client.service.state)
    assert told() == [(NEAR, 80)]
    shown = live("DescribeTargetHealth", TargetGroupArn=by_address, Targets=[{"Id": FAR}])["TargetHealthDescriptions"]
    assert [(each["Target"], each["TargetHealth"]["Reason"]) for each in shown] == [
        ({"Id": FAR, "Port": 80}, "Target.FailedHealthChecks")
    ]
    live("DeleteLoadBalancer", LoadBalancerArn=balancer)
    node.check(live.client.service.state)


def test_load_balancers_do_not_give_to_each_others_nodes(live: Ground) -> None:
    """``Target.IpUnusable``: "The target IP address is reserved for use by a load balancer" (API Reference)."""
    node, group = ToldNode(live.client.service), live.group()
    one = live.balancer(Subnets=live.subnets[:1])["LoadBalancerArn"]
    live.listener(one, group)
    live.register(group, NEAR)
    mapping = {"SubnetId": live.subnets[0], "PrivateIPv4Address": NEAR}
    other = live.balancer("other", Subnets=None, SubnetMappings=[mapping])["LoadBalancerArn"]
    node.check(live.client.service.state)
    [shown] = live("DescribeTargetHealth", TargetGroupArn=group)["TargetHealthDescriptions"]
    assert (shown["TargetHealth"]["State"], shown["TargetHealth"]["Reason"]) == ("unused", "Target.IpUnusable")
    assert set(map(len, live.given(one).values())) == {0}
    live("DeleteLoadBalancer", LoadBalancerArn=other)
    [name] = [row.id for row in live.client.service.state.network.load_balancers.values() if row.arn == other]
    live.client.service.report(machine_removed(name), "test")
    node.check(live.client.service.state)
    assert set(map(len, live.given(one).values())) == {1}


def test_nothing_is_known_of_an_instance_that_was_stopped_until_it_is_looked_at_again(live: Ground) -> None:
    """Of several at once, of one that shuts itself down, and whatever was found before it is told."""
    group, service = live.group(TargetType="instance"), live.client.service
    names = [
        put_instance(live.client, live.subnets[0], f"10.20.0.{number}", number=number)[0] for number in (10, 20, 30)
    ]
    live.register(group, *names)
    balancer = live.balancer(Subnets=live.subnets[:1])["LoadBalancerArn"]
    live.listener(balancer, group)
    news = targets_checked({(group_id(live, group), name, 80): Health.HEALTHY for name in names})
    service.report(news, "health checks")
    assert live.states(group) == dict.fromkeys(names, "healthy")
    live.client("StopInstances", InstanceIds=names[:2])
    service.report(news, "health checks")
    for name in names[:2]:
        service.report(machine_down(name), "stopped")
    assert live.states(group) == dict.fromkeys(names[:2], "unused") | {names[2]: "healthy"}
    service.report(machine_down(names[2]), "shut down from inside")
    live.client("StartInstances", InstanceIds=names)
    assert live.states(group) == dict.fromkeys(names, "initial")
    service.report(news, "health checks")
    assert live.states(group) == dict.fromkeys(names, "healthy")


def test_an_instance_that_is_started_again_is_healthy_where_nobody_looks(ground: Ground) -> None:
    group = ground.group(TargetType="instance")
    name, _ = put_instance(ground.client, ground.subnets[0], "10.20.0.9")
    ground.register(group, name)
    ground.listener(ground.balancer(Subnets=ground.subnets[:1])["LoadBalancerArn"], group)
    for action in ("StopInstances", "StartInstances"):
        ground.client(action, InstanceIds=[name])
    assert ground.states(group) == {name: "healthy"}
