"""Security groups that are associated with other VPCs."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.net.firewall import rules_of

from ..build import make_subnet, make_vpc, named
from ..conftest import MAIN, TOKYO, Client


@pytest.fixture
def house(client: Client) -> dict[str, str]:
    """A group of one VPC, and another VPC with a subnet."""
    home, other = make_vpc(client), make_vpc(client, "10.30.0.0/16")
    group = client("CreateSecurityGroup", VpcId=home, GroupName="web", Description="-")["GroupId"]
    return {"home": home, "other": other, "group": group, "subnet": make_subnet(client, other, "10.30.0.0/24")}


def associate(client: Client, house: dict[str, str]) -> str:
    state: str = client("AssociateSecurityGroupVpc", GroupId=house["group"], VpcId=house["other"])["State"]
    return state


def interface(client: Client, house: dict[str, str]) -> str:
    made = client("CreateNetworkInterface", SubnetId=house["subnet"], Groups=[house["group"]])
    interface_id: str = made["NetworkInterface"]["NetworkInterfaceId"]
    return interface_id


def test_an_associated_group_is_for_interfaces_of_the_vpc(client: Client, house: dict[str, str]) -> None:
    pair = {"GroupId": house["group"], "VpcId": house["other"]}
    request: dict[str, Any] = {"SubnetId": house["subnet"], "Groups": [house["group"]]}
    assert client.refused("CreateNetworkInterface", **request).code == "InvalidGroup.NotFound"
    assert associate(client, house) == "associating"
    assert associate(client, house) == "associating"
    [shown] = client("DescribeSecurityGroupVpcAssociations", Filters=named("group-id", house["group"]))[
        "SecurityGroupVpcAssociations"
    ]
    assert shown == {**pair, "VpcOwnerId": MAIN, "State": "associated", "GroupOwnerId": MAIN}
    interface_id = interface(client, house)
    assert client.refused("DisassociateSecurityGroupVpc", **pair).code == "DependencyViolation"
    assert client.refused("DeleteSecurityGroup", GroupId=house["group"]).code == "DependencyViolation"
    client("DeleteNetworkInterface", NetworkInterfaceId=interface_id)
    assert client.refused("DeleteSecurityGroup", GroupId=house["group"]).code == "DependencyViolation"
    assert client("DisassociateSecurityGroupVpc", **pair)["State"] == "disassociating"
    assert client("DescribeSecurityGroupVpcAssociations")["SecurityGroupVpcAssociations"] == []
    assert client.refused("DisassociateSecurityGroupVpc", **pair).code == "InvalidParameterValue"
    client("DeleteSecurityGroup", GroupId=house["group"])


def test_an_endpoint_of_the_vpc_that_has_the_group_keeps_it_associated(client: Client, house: dict[str, str]) -> None:
    """Without a subnet, too, when it has no interface: it could not be changed, nor the group be deleted."""
    pair = {"GroupId": house["group"], "VpcId": house["other"]}
    associate(client, house)
    service = f"com.amazonaws.{TOKYO}.ssm"
    asked: dict[str, Any] = {"VpcEndpointType": "Interface", "ServiceName": service, "PrivateDnsEnabled": False}
    at_home, there = (
        client("CreateVpcEndpoint", **asked, VpcId=vpc_id, SecurityGroupIds=[house["group"]])["VpcEndpoint"]
        for vpc_id in (house["home"], house["other"])
    )
    assert there["NetworkInterfaceIds"] == []
    assert client.refused("DisassociateSecurityGroupVpc", **pair).code == "DependencyViolation"
    local = client("CreateSecurityGroup", VpcId=house["other"], GroupName="db", Description="-")["GroupId"]
    change: dict[str, Any] = {"AddSecurityGroupIds": [local], "RemoveSecurityGroupIds": [house["group"]]}
    client("ModifyVpcEndpoint", VpcEndpointId=there["VpcEndpointId"], **change)
    assert client("DisassociateSecurityGroupVpc", **pair)["State"] == "disassociating", "at home it stays"
    client("DeleteVpcEndpoints", VpcEndpointIds=[at_home["VpcEndpointId"]])
    client("DeleteSecurityGroup", GroupId=house["group"])


def test_rules_name_groups_of_the_same_vpcs(client: Client, house: dict[str, str]) -> None:
    """And are stale when the groups no longer share one."""
    local = client("CreateSecurityGroup", VpcId=house["other"], GroupName="db", Description="-")["GroupId"]
    permission = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": house["group"]}]}]
    request = {"GroupId": local, "IpPermissions": permission}
    assert client.refused("AuthorizeSecurityGroupIngress", **request).code == "InvalidGroup.NotFound"
    associate(client, house)
    client("AuthorizeSecurityGroupIngress", **request)
    made = client("CreateNetworkInterface", SubnetId=house["subnet"], Groups=[local])["NetworkInterface"]

    def counted() -> int:
        network = client.service.state.network
        return len(list(rules_of(network, network.interfaces[made["NetworkInterfaceId"]], is_egress=False)))

    assert counted() == 1
    client("DisassociateSecurityGroupVpc", GroupId=house["group"], VpcId=house["other"])
    assert counted() == 0


def test_what_cannot_be_associated_is_refused(client: Client, house: dict[str, str]) -> None:
    def code(group_id: str, vpc_id: str) -> Any:
        return client.refused("AssociateSecurityGroupVpc", GroupId=group_id, VpcId=vpc_id).code

    groups = client("DescribeSecurityGroups", Filters=named("vpc-id", house["home"]))["SecurityGroups"]
    [default] = [group["GroupId"] for group in groups if group["GroupName"] == "default"]
    assert code(default, house["other"]) == "InvalidParameterValue"
    assert code(house["group"], house["home"]) == "InvalidParameterValue"
    default_vpc = client("CreateDefaultVpc")["Vpc"]["VpcId"]
    assert code(house["group"], default_vpc) == "InvalidParameterValue"
    assert code(house["group"], "vpc-0123456789abcdef0") == "InvalidVpcID.NotFound"


def test_an_association_goes_with_its_vpc(client: Client, house: dict[str, str]) -> None:
    associate(client, house)
    client("DeleteSubnet", SubnetId=house["subnet"])
    client("DeleteVpc", VpcId=house["other"])
    client("DeleteSecurityGroup", GroupId=house["group"])


def test_the_groups_for_a_vpc_are_its_own_and_those_associated_with_it(client: Client, house: dict[str, str]) -> None:
    def groups(vpc_id: str, **filters: str) -> set[str]:
        named_filters = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
        rows = client("GetSecurityGroupsForVpc", VpcId=vpc_id, Filters=named_filters)["SecurityGroupForVpcs"]
        return {f"{row['GroupName']} of {row['PrimaryVpcId']}" for row in rows}

    assert groups(house["other"]) == {f"default of {house['other']}"}
    associate(client, house)
    assert groups(house["other"]) == {f"default of {house['other']}", f"web of {house['home']}"}
    assert groups(house["other"], primary_vpc_id=house["home"]) == {f"web of {house['home']}"}
    assert groups(house["home"], group_name="d*") == {f"default of {house['home']}"}
    assert client.refused("GetSecurityGroupsForVpc", VpcId="vpc-00000000000000001").code == "InvalidVpcID.NotFound"
