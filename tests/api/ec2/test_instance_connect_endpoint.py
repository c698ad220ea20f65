"""EC2 Instance Connect Endpoints: made, listed, modified, deleted, and what the host says of them."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.api.machine_report import machine_down, machine_failed, machine_removed, machine_up
from realvpc.api.machines import workload_specs
from realvpc.clock import Clock
from realvpc.net.machine import ApplianceSpec, Wanted

from ..build import make_dual_stack, make_subnet, make_vpc, named, specification
from ..conftest import MAIN, OTHER, TOKYO, Client, new_service

NAMED = "eice-{}.realvpc0.ec2-instance-connect-endpoint.ap-northeast-1.amazonaws.com"


def make(client: Client, subnet_id: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = client("CreateInstanceConnectEndpoint", SubnetId=subnet_id, **more)
    return made["InstanceConnectEndpoint"]  # type: ignore[no-any-return]


def described(client: Client, endpoint_id: str) -> dict[str, Any]:
    (row,) = client("DescribeInstanceConnectEndpoints", InstanceConnectEndpointIds=[endpoint_id])[
        "InstanceConnectEndpoints"
    ]
    return row  # type: ignore[no-any-return]


def test_an_endpoint_has_an_interface_of_its_own_in_its_subnet(client: Client) -> None:
    vpc_id = make_vpc(client)
    subnet_id = make_subnet(client, vpc_id)
    made = make(client, subnet_id, TagSpecifications=specification("instance-connect-endpoint", Name="door"))
    endpoint_id = made["InstanceConnectEndpointId"]
    assert made["State"] == "create-in-progress"
    row = described(client, endpoint_id)
    assert row["State"] == "create-complete"
    assert row["DnsName"] == NAMED.format(endpoint_id.removeprefix("eice-"))
    arn = f"arn:aws:ec2:ap-northeast-1:{MAIN}:instance-connect-endpoint/{endpoint_id}"
    assert row["InstanceConnectEndpointArn"] == arn
    assert (row["VpcId"], row["SubnetId"], row["IpAddressType"]) == (vpc_id, subnet_id, "ipv4")
    assert row["Tags"] == [{"Key": "Name", "Value": "door"}]
    (interface,) = client("DescribeNetworkInterfaces", Filters=named("subnet-id", subnet_id))["NetworkInterfaces"]
    assert [interface["NetworkInterfaceId"]] == row["NetworkInterfaceIds"]
    assert interface["InterfaceType"] == "ec2_instance_connect_endpoint"
    assert interface["RequesterManaged"] is True
    assert [each["GroupName"] for each in interface["Groups"]] == ["default"]
    assert row["SecurityGroupIds"] == [each["GroupId"] for each in interface["Groups"]]


def test_its_interface_is_the_services_and_goes_with_it(client: Client) -> None:
    subnet_id = make_subnet(client, make_vpc(client))
    made = make(client, subnet_id)
    (interface_id,) = made["NetworkInterfaceIds"]
    wanted = {"NetworkInterfaceId": interface_id, "Description": {"Value": "mine"}}
    assert client.refused("ModifyNetworkInterfaceAttribute", **wanted).code == "AuthFailure"
    assert client.refused("DeleteSubnet", SubnetId=subnet_id).code == "DependencyViolation"
    endpoint_id = made["InstanceConnectEndpointId"]
    gone = client("DeleteInstanceConnectEndpoint", InstanceConnectEndpointId=endpoint_id)["InstanceConnectEndpoint"]
    assert gone["State"] == "delete-in-progress"
    error = client.refused("DescribeInstanceConnectEndpoints", InstanceConnectEndpointIds=[endpoint_id])
    assert error.code == "InvalidInstanceConnectEndpointId.NotFound"
    client("DeleteSubnet", SubnetId=subnet_id)


def test_a_vpc_has_one(client: Client) -> None:
    vpc_id = make_vpc(client)
    subnet_id = make_subnet(client, vpc_id)
    make(client, subnet_id)
    for place, words in ((subnet_id, "this subnet"), (make_subnet(client, vpc_id, "10.20.16.0/24"), "this VPC")):
        error = client.refused("CreateInstanceConnectEndpoint", SubnetId=place)
        assert error.code == "ResourceLimitExceeded"
        assert words in error.message


def test_a_client_token_makes_one_endpoint(client: Client) -> None:
    subnet_id = make_subnet(client, make_vpc(client))
    first, again = (make(client, subnet_id, ClientToken="once") for _ in range(2))
    assert first["InstanceConnectEndpointId"] == again["InstanceConnectEndpointId"]


def test_its_groups_are_replaced(client: Client) -> None:
    vpc_id = make_vpc(client)
    endpoint_id = make(client, make_subnet(client, vpc_id))["InstanceConnectEndpointId"]
    group = client("CreateSecurityGroup", GroupName="door", Description="door", VpcId=vpc_id)["GroupId"]
    answer = client("ModifyInstanceConnectEndpoint", InstanceConnectEndpointId=endpoint_id, SecurityGroupIds=[group])
    assert answer["Return"] is True
    row = described(client, endpoint_id)
    assert (row["State"], row["SecurityGroupIds"]) == ("update-complete", [group])
    assert client.refused("DeleteSecurityGroup", GroupId=group).code == "DependencyViolation"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"IpAddressType": "ipv5"}, "InvalidParameterValue"),
        ({"IpAddressType": "dualstack"}, "InvalidParameterValue"),  # the subnet has no IPv6 block
        ({"SecurityGroupIds": ["sg-00000000000000000"]}, "InvalidGroup.NotFound"),
    ],
)
def test_what_cannot_be_is_refused(client: Client, more: dict[str, Any], code: str) -> None:
    vpc_id = make_vpc(client)
    subnet_id = make_subnet(client, vpc_id)
    assert client.refused("CreateInstanceConnectEndpoint", SubnetId=subnet_id, **more).code == code
    endpoint_id = make(client, subnet_id)["InstanceConnectEndpointId"]
    error = client.refused("ModifyInstanceConnectEndpoint", InstanceConnectEndpointId=endpoint_id, **more)
    assert error.code == code


def test_in_a_dual_stack_subnet_it_connects_to_both_families_unless_told_otherwise(client: Client) -> None:
    _, subnet_id = make_dual_stack(client)
    made = make(client, subnet_id)
    assert made["IpAddressType"] == "dualstack"

    def addresses() -> int:
        rows = client("DescribeNetworkInterfaces", NetworkInterfaceIds=made["NetworkInterfaceIds"])["NetworkInterfaces"]
        return len(rows[0]["Ipv6Addresses"])

    assert addresses() == 1
    for kind, count in (("ipv4", 0), ("ipv6", 1)):
        client(
            "ModifyInstanceConnectEndpoint",
            InstanceConnectEndpointId=made["InstanceConnectEndpointId"],
            IpAddressType=kind,
        )
        assert addresses() == count


def test_clients_addresses_are_not_preserved_and_the_state_says_so(client: Client) -> None:
    """Terraform's provider asks for it where nobody has said anything."""
    _, subnet_id = make_dual_stack(client)
    endpoint_id = make(client, subnet_id, PreserveClientIp=True)["InstanceConnectEndpointId"]
    row = described(client, endpoint_id)
    assert (row["PreserveClientIp"], row["IpAddressType"]) == (True, "ipv4")
    assert "not preserved" in row["StateMessage"]
    named_one = {"InstanceConnectEndpointId": endpoint_id}
    error = client.refused("ModifyInstanceConnectEndpoint", **named_one, IpAddressType="dualstack")
    assert error.code == "InvalidParameterCombination"
    client("ModifyInstanceConnectEndpoint", **named_one, PreserveClientIp=False)
    row = described(client, endpoint_id)
    assert (row["PreserveClientIp"], row["StateMessage"]) == (False, "")


def test_a_modification_of_nothing_is_refused(client: Client) -> None:
    endpoint_id = make(client, make_subnet(client, make_vpc(client)))["InstanceConnectEndpointId"]
    error = client.refused("ModifyInstanceConnectEndpoint", InstanceConnectEndpointId=endpoint_id)
    assert error.code == "InvalidParameterCombination"


def test_nobody_else_sees_it(client: Client, as_account: Any) -> None:
    endpoint_id = make(client, make_subnet(client, make_vpc(client)))["InstanceConnectEndpointId"]
    other = as_account(OTHER)
    assert other("DescribeInstanceConnectEndpoints")["InstanceConnectEndpoints"] == []
    error = other.refused("DeleteInstanceConnectEndpoint", InstanceConnectEndpointId=endpoint_id)
    assert error.code == "InvalidInstanceConnectEndpointId.NotFound"


def test_it_is_complete_once_the_host_has_a_place_for_it(clock: Clock) -> None:
    service = new_service(clock, has_fabric=True)
    client = Client(service, MAIN, TOKYO)
    made = make(client, make_subnet(client, make_vpc(client)))
    endpoint_id = made["InstanceConnectEndpointId"]
    (place,) = workload_specs(service.state)
    assert isinstance(place, ApplianceSpec)
    assert (place.id, [link.interface_id for link in place.links]) == (endpoint_id, made["NetworkInterfaceIds"])
    assert described(client, endpoint_id)["State"] == "create-in-progress"
    service.report(machine_failed(endpoint_id, "no room", 1), "test")
    row = described(client, endpoint_id)
    assert (row["State"], row["StateMessage"]) == ("create-failed", "no room")
    service.report(machine_up(endpoint_id, 1), "test")
    row = described(client, endpoint_id)
    assert (row["State"], row["StateMessage"]) == ("create-complete", "")


def test_a_place_that_went_down_is_made_again(clock: Clock) -> None:
    service = new_service(clock, has_fabric=True)
    client = Client(service, MAIN, TOKYO)
    endpoint_id = make(client, make_subnet(client, make_vpc(client)))["InstanceConnectEndpointId"]
    service.report(machine_up(endpoint_id, 1), "test")
    for _ in range(2):  # the second one is old news
        service.report(machine_down(endpoint_id, 1), "test")
    (place,) = workload_specs(service.state)
    assert place.boot == 2
    service.report(machine_failed(endpoint_id, "no room", 1), "test")  # and so is this
    assert described(client, endpoint_id)["State"] == "create-complete"
    service.report(machine_failed(endpoint_id, "no room", 2), "test")
    service.report(machine_up(endpoint_id, 1), "test")
    assert described(client, endpoint_id)["State"] == "update-failed"
    client("DeleteInstanceConnectEndpoint", InstanceConnectEndpointId=endpoint_id)
    (place,) = workload_specs(service.state)
    assert place.wanted is Wanted.TERMINATED
    service.report(machine_up(endpoint_id, 2), "test")  # and this


@pytest.mark.parametrize("is_complete", [False, True])
def test_what_is_deleted_is_leaving_until_the_host_has_removed_it(clock: Clock, is_complete: bool) -> None:
    service = new_service(clock, has_fabric=True)
    client = Client(service, MAIN, TOKYO)
    subnet_id = make_subnet(client, make_vpc(client))
    endpoint_id = make(client, subnet_id)["InstanceConnectEndpointId"]
    if is_complete:
        service.report(machine_up(endpoint_id, 1), "test")
    named_one = {"InstanceConnectEndpointId": endpoint_id}
    for _ in range(2):
        gone = client("DeleteInstanceConnectEndpoint", **named_one)["InstanceConnectEndpoint"]
        assert gone["State"] == described(client, endpoint_id)["State"] == "delete-in-progress"
    (place,) = workload_specs(service.state)
    assert place.wanted is Wanted.TERMINATED
    for news in (machine_up(endpoint_id, 1), machine_down(endpoint_id, 1), machine_failed(endpoint_id, "late", 1)):
        assert not service.report(news, "test")
    assert client.refused("ModifyInstanceConnectEndpoint", **named_one, PreserveClientIp=False).code == "IncorrectState"
    assert client.refused("DeleteSubnet", SubnetId=subnet_id).code == "DependencyViolation"
    service.report(machine_removed(endpoint_id), "test")
    error = client.refused("DeleteInstanceConnectEndpoint", **named_one)
    assert error.code == "InvalidInstanceConnectEndpointId.NotFound"
    assert workload_specs(service.state) == ()
    client("DeleteSubnet", SubnetId=subnet_id)


def test_an_endpoint_that_was_not_deleted_is_not_gone_whatever_the_host_says(clock: Clock) -> None:
    service = new_service(clock, has_fabric=True)
    client = Client(service, MAIN, TOKYO)
    endpoint_id = make(client, make_subnet(client, make_vpc(client)))["InstanceConnectEndpointId"]
    assert not service.report(machine_removed(endpoint_id), "test")
    assert described(client, endpoint_id)["State"] == "create-in-progress"
