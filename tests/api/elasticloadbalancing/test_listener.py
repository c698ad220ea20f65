"""Listeners: made, changed, deleted, and what they may give to."""

from __future__ import annotations

import pytest

from ..build import make_vpc
from ..conftest import Client
from .build import Ground


@pytest.fixture
def ground(client: Client) -> Ground:
    return Ground(client)


def test_a_listener_forwards_to_its_group(ground: Ground) -> None:
    balancer, group = ground.balancer()["LoadBalancerArn"], ground.group()
    arn = ground.listener(balancer, group)
    [row] = ground("DescribeListeners", LoadBalancerArn=balancer)["Listeners"]
    assert (row["ListenerArn"], row["LoadBalancerArn"], row["Port"], row["Protocol"]) == (arn, balancer, 80, "TCP")
    assert arn.startswith(balancer.replace(":loadbalancer/", ":listener/"))
    [action] = row["DefaultActions"]
    assert (action["Type"], action["TargetGroupArn"]) == ("forward", group)
    assert ground("DescribeListeners", ListenerArns=[arn])["Listeners"] == [row]
    [attribute] = ground("DescribeListenerAttributes", ListenerArn=arn)["Attributes"]
    assert attribute == {"Key": "tcp.idle_timeout.seconds", "Value": "350"}
    [rule] = ground("DescribeRules", ListenerArn=arn)["Rules"]
    assert rule["IsDefault"] is True


def test_one_port_has_one_listener(ground: Ground) -> None:
    balancer, group = ground.balancer()["LoadBalancerArn"], ground.group(Protocol="TCP_UDP")
    ground.listener(balancer, group)
    wanted = {
        "LoadBalancerArn": balancer,
        "Port": 80,
        "Protocol": "UDP",
        "DefaultActions": [{"Type": "forward", "TargetGroupArn": group}],
    }
    assert ground.refused("CreateListener", **wanted) == (
        "DuplicateListener",
        f"A listener already exists on this port for this load balancer '{balancer}'",
    )


def test_a_group_has_one_load_balancer(ground: Ground) -> None:
    group = ground.group()
    ground.listener(ground.balancer()["LoadBalancerArn"], group)
    other = ground.balancer("other")["LoadBalancerArn"]
    actions = [{"Type": "forward", "TargetGroupArn": group}]
    wanted = {"LoadBalancerArn": other, "Port": 80, "Protocol": "TCP", "DefaultActions": actions}
    assert ground.refused("CreateListener", **wanted) == (
        "TargetGroupAssociationLimit",
        f"The following target groups cannot be associated with more than one load balancer: {group}",
    )


def test_what_listeners_cannot_be(ground: Ground) -> None:
    balancer, group = ground.balancer()["LoadBalancerArn"], ground.group()
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    wanted = {"LoadBalancerArn": balancer, "Port": 80, "Protocol": "TCP", "DefaultActions": forward}

    def code(**change: object) -> str:
        asked = {member: value for member, value in (wanted | change).items() if value is not None}
        return ground.refused("CreateListener", **asked)[0]

    assert code(Protocol="TLS") == "UnsupportedProtocol"
    assert code(Protocol="HTTP") == "UnsupportedProtocol"
    assert code(Protocol="UDP") == "IncompatibleProtocols"
    assert code(Protocol=None) == "ValidationError"
    assert code(Port=None) == "ValidationError"
    assert code(SslPolicy="x") == "InvalidConfigurationRequest"
    assert code(DefaultActions=[]) == "ValidationError"
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
    assert code(DefaultActions=[fixed]) == "InvalidLoadBalancerAction"
    both = {"TargetGroups": [{"TargetGroupArn": group}, {"TargetGroupArn": ground.group("second")}]}
    assert code(DefaultActions=[{"Type": "forward", "ForwardConfig": both}]) == "InvalidConfigurationRequest"
    foreign = ground.group("foreign", VpcId=make_vpc(ground.client, "10.21.0.0/16"))
    assert code(DefaultActions=[{"Type": "forward", "TargetGroupArn": foreign}]) == "InvalidConfigurationRequest"
    assert code(DefaultActions=[{"Type": "forward", "TargetGroupArn": f"{group[:-1]}x"}]) == "ValidationError"


def test_a_listener_is_modified(ground: Ground) -> None:
    balancer, first, second = ground.balancer()["LoadBalancerArn"], ground.group(), ground.group("second")
    arn = ground.listener(balancer, first)
    ground.listener(balancer, first, 81)
    assert ground.refused("ModifyListener", ListenerArn=arn, Port=81)[0] == "DuplicateListener"
    actions = [{"Type": "forward", "TargetGroupArn": second}]
    [row] = ground("ModifyListener", ListenerArn=arn, Port=8080, DefaultActions=actions)["Listeners"]
    assert (row["Port"], row["DefaultActions"][0]["TargetGroupArn"]) == (8080, second)
    idle = [{"Key": "tcp.idle_timeout.seconds", "Value": "60"}]
    refused = ground.refused("ModifyListenerAttributes", ListenerArn=arn, Attributes=idle)
    assert refused[0] == "InvalidConfigurationRequest"


def test_listeners_go_with_their_load_balancer(ground: Ground) -> None:
    balancer, group = ground.balancer()["LoadBalancerArn"], ground.group()
    arn = ground.listener(balancer, group)
    ground("AddTags", ResourceArns=[arn], Tags=[{"Key": "a", "Value": "b"}])
    assert ground("DescribeTags", ResourceArns=[arn])["TagDescriptions"][0]["Tags"] == [{"Key": "a", "Value": "b"}]
    ground("RemoveTags", ResourceArns=[arn], TagKeys=["a"])
    assert ground("DescribeTags", ResourceArns=[arn])["TagDescriptions"][0]["Tags"] == []
    ground("DeleteLoadBalancer", LoadBalancerArn=balancer)
    assert ground.refused("DescribeListeners", ListenerArns=[arn])[0] == "ListenerNotFound"
    ground("DeleteTargetGroup", TargetGroupArn=group)
