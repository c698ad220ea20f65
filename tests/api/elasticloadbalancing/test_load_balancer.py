"""Network Load Balancers: made, shown, changed, deleted, and what the host says of them."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.api.machine_report import machine_down, machine_failed, machine_removed, machine_up
from realvpc.api.machines import workload_specs
from realvpc.clock import Clock
from realvpc.net.machine import ApplianceSpec, Forwarding, Wanted

from ..build import make_subnet, make_vpc, named, tags
from ..conftest import MAIN, OTHER, TOKYO, Client, new_service
from .build import SERVICE, ZONES, Ground


@pytest.fixture
def ground(client: Client) -> Ground:
    return Ground(client)


def described(ground: Ground, arn: str) -> dict[str, object]:
    [row] = ground("DescribeLoadBalancers", LoadBalancerArns=[arn])["LoadBalancers"]
    return row  # type: ignore[no-any-return]


def test_a_load_balancer_has_a_node_in_each_of_its_subnets(ground: Ground) -> None:
    made = ground.balancer(Tags=tags(team="a"))
    arn = made["LoadBalancerArn"]
    digits = arn.rpartition("/")[2]
    assert arn == f"arn:aws:elasticloadbalancing:{TOKYO}:{MAIN}:loadbalancer/net/front/{digits}"
    assert made["State"] == {"Code": "provisioning"}
    row = described(ground, arn)
    assert row["State"] == {"Code": "active"}
    assert row["DNSName"] == f"front-{digits}.elb.{TOKYO}.amazonaws.com"
    assert row["CanonicalHostedZoneId"] == "Z31USIVHYNEOWT"
    assert (row["Type"], row["Scheme"], row["VpcId"], row["IpAddressType"]) == (
        "network",
        "internal",
        ground.vpc_id,
        "ipv4",
    )
    assert row["AvailabilityZones"] == [
        {"ZoneName": zone, "SubnetId": subnet, "LoadBalancerAddresses": []}
        for zone, subnet in zip(ZONES, ground.subnets, strict=True)
    ]
    shown = ground.client("DescribeNetworkInterfaces", Filters=named("description", f"ELB net/front/{digits}"))
    assert len(shown["NetworkInterfaces"]) == 2
    for interface in shown["NetworkInterfaces"]:
        assert (interface["InterfaceType"], interface["RequesterManaged"]) == ("network_load_balancer", True)
        assert interface["Groups"] == []
        assert "Association" not in interface or interface["Association"] is None
    assert ground("DescribeTags", ResourceArns=[arn])["TagDescriptions"] == [
        {"ResourceArn": arn, "Tags": tags(team="a")}
    ]


def test_the_nodes_of_an_internet_facing_one_have_public_addresses(ground: Ground) -> None:
    allocation = ground.client("AllocateAddress")
    mappings = [
        {"SubnetId": ground.subnets[0], "AllocationId": allocation["AllocationId"]},
        {"SubnetId": ground.subnets[1]},
    ]
    made = ground.balancer(Scheme=None, Subnets=None, SubnetMappings=mappings)
    assert made["Scheme"] == "internet-facing"
    assert [row["LoadBalancerAddresses"] for row in made["AvailabilityZones"]] == [
        [{"IpAddress": allocation["PublicIp"], "AllocationId": allocation["AllocationId"]}],
        [],
    ]
    shown = ground.client("DescribeNetworkInterfaces", Filters=named("interface-type", "network_load_balancer"))
    assert all(row["Association"]["PublicIp"] for row in shown["NetworkInterfaces"])
    ground("DeleteLoadBalancer", LoadBalancerArn=made["LoadBalancerArn"])
    [address] = ground.client("DescribeAddresses")["Addresses"]
    assert "AssociationId" not in address or address["AssociationId"] is None


def test_an_internal_one_has_the_addresses_that_are_named(ground: Ground) -> None:
    mappings = [{"SubnetId": ground.subnets[0], "PrivateIPv4Address": "10.20.0.50"}, {"SubnetId": ground.subnets[1]}]
    made = ground.balancer(Subnets=None, SubnetMappings=mappings)
    assert [row["LoadBalancerAddresses"] for row in made["AvailabilityZones"]] == [
        [{"PrivateIPv4Address": "10.20.0.50"}],
        [],
    ]


def test_what_is_made_again_with_the_same_settings_is_there_already(ground: Ground) -> None:
    first = ground.balancer()
    assert ground.balancer()["LoadBalancerArn"] == first["LoadBalancerArn"]
    wanted = {"Name": "front", "Type": "network", "Scheme": "internal", "Subnets": ground.subnets[:1]}
    assert ground.refused("CreateLoadBalancer", **wanted) == (
        "DuplicateLoadBalancerName",
        "A load balancer with the same name 'front' exists, but with different settings",
    )


@pytest.mark.parametrize("scheme", ["internal", "internet-facing"])
def test_all_that_is_said_once_more_has_to_be_so(ground: Ground, scheme: str) -> None:
    mine, other = (ground.client("AllocateAddress")["AllocationId"] for _ in range(2))
    named, otherwise = (
        ({"PrivateIPv4Address": "10.20.0.50"}, {"PrivateIPv4Address": "10.20.0.51"})
        if scheme == "internal"
        else ({"AllocationId": mine}, {"AllocationId": other})
    )
    [subnet, far] = ground.subnets
    said: dict[str, Any] = {
        "Scheme": scheme,
        "Subnets": None,
        "SubnetMappings": [{"SubnetId": subnet, **named}, {"SubnetId": far}],
        "Tags": tags(team="a"),
    }
    first = ground.balancer(**said)["LoadBalancerArn"]
    assert ground.balancer(**said)["LoadBalancerArn"] == first
    assert ground.balancer(Scheme=scheme)["LoadBalancerArn"] == first, "nothing is said of addresses"
    for change in (
        {"Tags": tags(team="b")},
        {"SubnetMappings": [{"SubnetId": subnet, **otherwise}, {"SubnetId": far}]},
        {"SubnetMappings": [{"SubnetId": subnet}, {"SubnetId": far, "AllocationId": mine}]}
        if scheme == "internet-facing"
        else {"SubnetMappings": [{"SubnetId": subnet}, {"SubnetId": far, "PrivateIPv4Address": "10.20.16.50"}]},
    ):
        wanted = {member: value for member, value in (said | change).items() if value is not None}
        refused = ground.refused("CreateLoadBalancer", Name="front", Type="network", **wanted)
        assert refused[0] == "DuplicateLoadBalancerName", change
    kept = ground("SetSubnets", LoadBalancerArn=first, SubnetMappings=said["SubnetMappings"])["AvailabilityZones"]
    assert [row["SubnetId"] for row in kept] == ground.subnets


def test_an_elastic_ip_address_is_one_nodes(ground: Ground) -> None:
    allocation_id = ground.client("AllocateAddress")["AllocationId"]
    [near, far] = ({"SubnetId": each, "AllocationId": allocation_id} for each in ground.subnets)
    taken = ("ResourceInUse", "The allocation IDs are not available for use")
    wanted = {"Name": "front", "Type": "network", "SubnetMappings": [near, far]}
    assert ground.refused("CreateLoadBalancer", **wanted) == taken
    arn = ground.balancer(Scheme=None, Subnets=None, SubnetMappings=[near])["LoadBalancerArn"]
    for mappings in ([near, far], [far], [{"SubnetId": ground.subnets[0]}, far]):
        assert ground.refused("SetSubnets", LoadBalancerArn=arn, SubnetMappings=mappings) == taken
    wanted = {"Name": "other", "Type": "network", "SubnetMappings": [near]}
    assert ground.refused("CreateLoadBalancer", **wanted) == taken


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Type": None}, "InvalidConfigurationRequest"),
        ({"Type": "application"}, "InvalidConfigurationRequest"),
        ({"Type": "gateway"}, "InvalidConfigurationRequest"),
        ({"IpAddressType": "dualstack"}, "InvalidConfigurationRequest"),
        ({"Subnets": []}, "ValidationError"),
        ({"Subnets": ["subnet-00000000000000001"]}, "SubnetNotFound"),
        ({"SecurityGroups": ["sg-00000000000000001"]}, "InvalidSecurityGroup"),
        ({"Name": "a" * 33}, "ValidationError"),
        ({"Name": "a_b"}, "ValidationError"),
        ({"Name": "-a"}, "ValidationError"),
        ({"Name": "internal-a"}, "ValidationError"),
        ({"Tags": [*tags(a="1"), *tags(a="2")]}, "DuplicateTagKeys"),
    ],
)
def test_what_cannot_be_made_is_refused(ground: Ground, change: dict[str, object], code: str) -> None:
    wanted = {"Name": "front", "Type": "network", "Scheme": "internal", "Subnets": ground.subnets} | change
    wanted = {member: value for member, value in wanted.items() if value is not None}
    assert ground.refused("CreateLoadBalancer", **wanted)[0] == code


def test_subnets_are_of_one_vpc_and_of_different_zones(ground: Ground) -> None:
    again = make_subnet(ground.client, ground.vpc_id, "10.20.32.0/20", AvailabilityZone=ZONES[0])
    elsewhere = make_subnet(ground.client, make_vpc(ground.client, "10.21.0.0/16"), "10.21.0.0/20")
    wanted = {"Name": "front", "Type": "network", "Scheme": "internal"}
    refused = ground.refused("CreateLoadBalancer", **wanted, Subnets=[ground.subnets[0], again])
    assert refused == (
        "InvalidConfigurationRequest",
        "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
    )
    assert ground.refused("CreateLoadBalancer", **wanted, Subnets=[ground.subnets[0], elsewhere])[0] == "InvalidSubnet"
    public = {"Name": "front", "Type": "network", "Subnets": [elsewhere]}
    assert ground.refused("CreateLoadBalancer", **public)[1].endswith("has no internet gateway")


def test_nobody_else_finds_it(ground: Ground) -> None:
    arn = ground.balancer()["LoadBalancerArn"]
    stranger = Client(ground.client.service, OTHER, TOKYO)
    assert stranger("DescribeLoadBalancers", of=SERVICE)["LoadBalancers"] == []
    error = stranger.refused("DescribeLoadBalancers", of=SERVICE, LoadBalancerArns=[arn])
    assert error.code == "LoadBalancerNotFound"
    assert stranger.refused("DescribeLoadBalancers", of=SERVICE, Names=["front"]).code == "LoadBalancerNotFound"
    assert stranger.refused("DeleteLoadBalancer", of=SERVICE, LoadBalancerArn=arn).code == "AccessDenied"
    assert described(ground, arn)


def test_a_protected_one_is_not_deleted(ground: Ground) -> None:
    arn = ground.balancer()["LoadBalancerArn"]
    protection = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    ground("ModifyLoadBalancerAttributes", LoadBalancerArn=arn, Attributes=protection)
    assert ground.refused("DeleteLoadBalancer", LoadBalancerArn=arn)[0] == "OperationNotPermitted"


def test_subnets_are_exchanged_and_the_nodes_that_stay_are_the_same(ground: Ground) -> None:
    arn = ground.balancer(Subnets=ground.subnets[:1])["LoadBalancerArn"]
    network = ground.client.service.state.network
    [before] = network.interfaces_in_subnet(ground.subnets[0])
    done = ground("SetSubnets", LoadBalancerArn=arn, Subnets=ground.subnets)
    assert [row["SubnetId"] for row in done["AvailabilityZones"]] == ground.subnets
    [after] = ground.client.service.state.network.interfaces_in_subnet(ground.subnets[0])
    assert after == before
    ground("SetSubnets", LoadBalancerArn=arn, Subnets=ground.subnets[1:])
    assert not ground.client.service.state.network.interfaces_in_subnet(ground.subnets[0])


def test_groups_are_those_of_its_nodes(ground: Ground) -> None:
    made = ground.client("CreateSecurityGroup", GroupName="front", Description="x", VpcId=ground.vpc_id)["GroupId"]
    other = ground.client("CreateSecurityGroup", GroupName="other", Description="x", VpcId=ground.vpc_id)["GroupId"]
    row = ground.balancer(SecurityGroups=[made])
    assert row["SecurityGroups"] == [made]
    arn = row["LoadBalancerArn"]
    assert ground("SetSecurityGroups", LoadBalancerArn=arn, SecurityGroups=[other])["SecurityGroupIds"] == [other]
    shown = ground.client("DescribeNetworkInterfaces", Filters=named("group-id", other))["NetworkInterfaces"]
    assert len(shown) == 2
    assert (
        ground.refused("SetSecurityGroups", LoadBalancerArn=arn, SecurityGroups=[])[0] == "InvalidConfigurationRequest"
    )
    bare = ground.balancer("bare")["LoadBalancerArn"]
    refused = ground.refused("SetSecurityGroups", LoadBalancerArn=bare, SecurityGroups=[other])
    assert refused[0] == "InvalidConfigurationRequest"


def test_the_host_says_when_it_is_active_and_when_nothing_is_left(clock: Clock) -> None:
    ground = Ground(Client(new_service(clock, has_fabric=True), MAIN, TOKYO))
    service = ground.client.service
    arn = ground.balancer()["LoadBalancerArn"]
    [spec] = [each for each in workload_specs(service.state) if isinstance(each, ApplianceSpec)]
    assert (spec.wanted, len(spec.links), spec.forwarding) == (Wanted.RUNNING, 2, Forwarding())
    assert [link.device_index for link in spec.links] == [0, 1]
    assert described(ground, arn)["State"] == {"Code": "provisioning"}
    service.report(machine_failed(spec.id, "no room", 1), "test")
    assert described(ground, arn)["State"] == {"Code": "failed", "Reason": "no room"}
    service.report(machine_up(spec.id, 1), "test")
    assert described(ground, arn)["State"] == {"Code": "active"}
    service.report(machine_down(spec.id, 1), "test")
    [again] = [each for each in workload_specs(service.state) if isinstance(each, ApplianceSpec)]
    assert again.boot == 2
    ground("DeleteLoadBalancer", LoadBalancerArn=arn)
    assert ground.refused("DescribeLoadBalancers", LoadBalancerArns=[arn])[0] == "LoadBalancerNotFound"
    assert ground.client.refused("DeleteSubnet", SubnetId=ground.subnets[0]).code == "DependencyViolation"
    [leaving] = [each for each in workload_specs(service.state) if isinstance(each, ApplianceSpec)]
    assert leaving.wanted is Wanted.TERMINATED
    service.report(machine_removed(spec.id), "test")
    assert not service.state.network.load_balancers
    ground.client("DeleteSubnet", SubnetId=ground.subnets[0])


def test_attributes_say_what_there_is_and_no_more(ground: Ground) -> None:
    arn = ground.balancer()["LoadBalancerArn"]
    shown = {
        each["Key"]: each["Value"]
        for each in ground("DescribeLoadBalancerAttributes", LoadBalancerArn=arn)["Attributes"]
    }
    assert shown["load_balancing.cross_zone.enabled"] == "false"

    def change(key: str, value: str) -> tuple[str, str]:
        return ground.refused(
            "ModifyLoadBalancerAttributes", LoadBalancerArn=arn, Attributes=[{"Key": key, "Value": value}]
        )

    assert change("access_logs.s3.enabled", "true")[0] == "InvalidConfigurationRequest"
    assert change("idle_timeout.timeout_seconds", "60") == (
        "ValidationError",
        "Load balancer attribute key 'idle_timeout.timeout_seconds' is not recognized",
    )
    assert change("load_balancing.cross_zone.enabled", "perhaps")[0] == "ValidationError"


def test_what_an_account_may_have(ground: Ground) -> None:
    limits = {each["Name"]: each["Max"] for each in ground("DescribeAccountLimits")["Limits"]}
    assert limits["listeners-per-network-load-balancer"] == "50"
    arn = ground.balancer()["LoadBalancerArn"]
    assert ground("DescribeCapacityReservation", LoadBalancerArn=arn)["CapacityReservationState"] == []


def test_addresses_are_of_ipv4(ground: Ground) -> None:
    arn = ground.balancer()["LoadBalancerArn"]
    assert ground("SetIpAddressType", LoadBalancerArn=arn, IpAddressType="ipv4")["IpAddressType"] == "ipv4"
    refused = ground.refused("SetIpAddressType", LoadBalancerArn=arn, IpAddressType="dualstack")
    assert refused[0] == "InvalidConfigurationRequest"
