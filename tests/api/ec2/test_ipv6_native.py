"""IPv6-only subnets, and what is in them."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.net.addresses import Address, Cidr
from realvpc.net.images import AL2023

from ..build import ipv6_of, make_dual_stack, make_internet_gateway, make_subnet, make_vpc, named
from ..conftest import TOKYO, Client
from .test_network_interface import make, one
from .test_run_instances import described, run

ONE: dict[str, Any] = {"ImageId": AL2023.id_in(TOKYO), "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
NO_IPV4 = ("InvalidParameterValue", "Subnet does not contain any IPv4 CIDR block ranges")


def make_ipv6_only(client: Client, vpc_id: str, place: int = 2, **more: Any) -> str:
    """With the /64 of the VPC's block at that place."""
    block = str(ipv6_of(client, vpc_id).subnet(place, 64))
    made = client("CreateSubnet", VpcId=vpc_id, Ipv6Native=True, Ipv6CidrBlock=block, **more)
    subnet_id: str = made["Subnet"]["SubnetId"]
    return subnet_id


@pytest.fixture
def vpc_id(client: Client) -> str:
    return make_vpc(client, AmazonProvidedIpv6CidrBlock=True)


@pytest.fixture
def subnet_id(client: Client, vpc_id: str) -> str:
    return make_ipv6_only(client, vpc_id)


def shown(client: Client, subnet_id: str) -> dict[str, Any]:
    [subnet] = client("DescribeSubnets", SubnetIds=[subnet_id])["Subnets"]
    found: dict[str, Any] = subnet
    return found


def launch(client: Client, subnet_id: str, count: int = 1, **more: Any) -> list[dict[str, Any]]:
    return run(client, subnet_id, count, **{"InstanceType": "t3.micro"} | more)


# -- subnets -----------------------------------------------------------------------------------------------------------


def test_an_ipv6_only_subnet_has_what_aws_shows_of_one(client: Client, vpc_id: str, subnet_id: str) -> None:
    subnet = shown(client, subnet_id)
    assert (subnet["CidrBlock"], subnet["Ipv6Native"], subnet["AvailableIpAddressCount"]) == (None, True, 0)
    assert (subnet["AssignIpv6AddressOnCreation"], subnet["MapPublicIpOnLaunch"]) == (True, False)
    assert subnet["PrivateDnsNameOptionsOnLaunch"] == {
        "HostnameType": "resource-name",
        "EnableResourceNameDnsARecord": False,
        "EnableResourceNameDnsAAAARecord": True,
    }
    [association] = subnet["Ipv6CidrBlockAssociationSet"]
    assert association["Ipv6CidrBlock"] == str(ipv6_of(client, vpc_id).subnet(2, 64))
    other = make_subnet(client, vpc_id)
    for value, expected in (("true", subnet_id), ("false", other)):
        [found] = client("DescribeSubnets", Filters=named("ipv6-native", value))["Subnets"]
        assert found["SubnetId"] == expected
    [found] = client("DescribeSubnets", Filters=named("cidr-block", "10.20.0.0/20"))["Subnets"]
    assert found["SubnetId"] == other


def test_blocks_of_ipv6_only_subnets_overlap_no_others(client: Client, vpc_id: str, subnet_id: str) -> None:
    block = ipv6_of(client, vpc_id)
    for text, code in ((str(block.subnet(2, 64)), "InvalidSubnet.Conflict"), ("2001:db8::/64", "InvalidSubnet.Range")):
        error = client.refused("CreateSubnet", VpcId=vpc_id, Ipv6Native=True, Ipv6CidrBlock=text)
        assert error.code == code
    make_subnet(client, vpc_id, Ipv6CidrBlock=str(block.subnet(3, 64)))
    without = make_vpc(client, "10.30.0.0/16")
    request: dict[str, Any] = {"VpcId": without, "Ipv6Native": True, "Ipv6CidrBlock": str(block.subnet(4, 64))}
    assert client.refused("CreateSubnet", **request).code == "InvalidSubnet.Range"


@pytest.mark.parametrize(
    ("attribute", "value", "other"),
    [
        ("AssignIpv6AddressOnCreation", False, True),
        ("MapPublicIpOnLaunch", True, False),
        ("EnableResourceNameDnsARecordOnLaunch", True, False),
        ("PrivateDnsHostnameTypeOnLaunch", "ip-name", "resource-name"),
    ],
)
def test_what_needs_ipv4_cannot_be_set(
    client: Client, subnet_id: str, attribute: str, value: object, other: object
) -> None:
    def setting(wanted: object) -> dict[str, Any]:
        return {"SubnetId": subnet_id, attribute: {"Value": wanted} if isinstance(wanted, bool) else wanted}

    assert client.refused("ModifySubnetAttribute", **setting(value)).code == "InvalidParameterValue"
    before = shown(client, subnet_id)
    client("ModifySubnetAttribute", **setting(other))
    assert shown(client, subnet_id) == before


def test_the_only_block_stays(client: Client, subnet_id: str) -> None:
    association_id = shown(client, subnet_id)["Ipv6CidrBlockAssociationSet"][0]["AssociationId"]
    assert client.refused("DisassociateSubnetCidrBlock", AssociationId=association_id).code == "InvalidCidrBlock.InUse"
    for attribute in ("EnableDns64", "EnableResourceNameDnsAAAARecordOnLaunch"):
        off: dict[str, Any] = {attribute: {"Value": False}}
        client("ModifySubnetAttribute", SubnetId=subnet_id, **off)
    assert client.refused("DisassociateSubnetCidrBlock", AssociationId=association_id).code == "InvalidCidrBlock.InUse"
    client("DeleteSubnet", SubnetId=subnet_id)


def test_a_default_subnet_may_be_ipv6_only(client: Client) -> None:
    vpc_id = client("CreateDefaultVpc")["Vpc"]["VpcId"]
    zone = {"AvailabilityZone": f"{TOKYO}a"}
    [subnet] = client("DescribeSubnets", Filters=named("availability-zone", f"{TOKYO}a"))["Subnets"]
    client("DeleteSubnet", SubnetId=subnet["SubnetId"])
    assert client.refused("CreateDefaultSubnet", Ipv6Native=True, **zone).code == "InvalidSubnet.Conflict"
    client("AssociateVpcCidrBlock", VpcId=vpc_id, AmazonProvidedIpv6CidrBlock=True)
    made = client("CreateDefaultSubnet", Ipv6Native=True, **zone)["Subnet"]
    assert (made["DefaultForAz"], made["Ipv6Native"], made["MapPublicIpOnLaunch"]) == (True, True, False)
    assert made["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"] == str(ipv6_of(client, vpc_id).subnet(0, 64))


# -- interfaces --------------------------------------------------------------------------------------------------------


def test_an_interface_has_an_address_of_ipv6_and_none_of_ipv4(client: Client, vpc_id: str, subnet_id: str) -> None:
    client("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    interface = one(client, make(client, subnet_id)["NetworkInterfaceId"])
    [address] = interface["Ipv6Addresses"]
    assert Address.parse(address["Ipv6Address"]) in ipv6_of(client, vpc_id).subnet(2, 64)
    assert interface["PrivateIpAddresses"] == []
    assert [interface.get(name) for name in ("PrivateIpAddress", "PrivateDnsName", "Association")] == [None] * 3
    assert shown(client, subnet_id)["AvailableIpAddressCount"] == 0


@pytest.mark.parametrize(
    "wanted",
    [
        {"PrivateIpAddress": "10.20.0.7"},
        {"PrivateIpAddresses": [{"PrivateIpAddress": "10.20.0.7", "Primary": True}]},
        {"SecondaryPrivateIpAddressCount": 1},
        {"Ipv4Prefixes": [{"Ipv4Prefix": "10.20.0.16/28"}]},
        {"Ipv4PrefixCount": 1},
    ],
    ids=str,
)
def test_private_addresses_are_refused(client: Client, subnet_id: str, wanted: dict[str, Any]) -> None:
    error = client.refused("CreateNetworkInterface", SubnetId=subnet_id, **wanted)
    assert (error.code, error.message) == NO_IPV4
    interface: dict[str, Any] = {"DeviceIndex": 0, "SubnetId": subnet_id, **wanted}
    error = client.refused("RunInstances", NetworkInterfaces=[interface], **ONE)
    assert (error.code, error.message) == NO_IPV4


def test_no_private_address_comes_later(client: Client, subnet_id: str) -> None:
    interface_id = make(client, subnet_id)["NetworkInterfaceId"]
    for wanted in (
        {"PrivateIpAddresses": ["10.20.0.7"]},
        {"SecondaryPrivateIpAddressCount": 1},
        {"Ipv4Prefixes": ["10.20.0.16/28"]},
        {"Ipv4PrefixCount": 1},
    ):
        error = client.refused("AssignPrivateIpAddresses", NetworkInterfaceId=interface_id, **wanted)
        assert (error.code, error.message) == NO_IPV4


def test_no_public_address_can_stand_for_one(client: Client, vpc_id: str, subnet_id: str) -> None:
    make_internet_gateway(client, vpc_id)
    interface_id = make(client, subnet_id)["NetworkInterfaceId"]
    allocation = client("AllocateAddress")["AllocationId"]
    error = client.refused("AssociateAddress", AllocationId=allocation, NetworkInterfaceId=interface_id)
    assert error.code == "InvalidParameterValue"
    associating: dict[str, Any] = {"NetworkInterfaceId": interface_id, "AssociatePublicIpAddress": True}
    assert client.refused("ModifyNetworkInterfaceAttribute", **associating).code == "InvalidParameterValue"
    interface = {"DeviceIndex": 0, "SubnetId": subnet_id, "AssociatePublicIpAddress": True}
    error = client.refused("RunInstances", NetworkInterfaces=[interface], **ONE)
    assert (error.code, error.message) == NO_IPV4


def test_services_that_need_ipv4_are_refused(client: Client, vpc_id: str, subnet_id: str) -> None:
    make_internet_gateway(client, vpc_id)
    public = {"AllocationId": client("AllocateAddress")["AllocationId"]}
    for asked in (public, {"ConnectivityType": "private"}):
        assert client.refused("CreateNatGateway", SubnetId=subnet_id, **asked).code == "InvalidParameterValue"
    service: dict[str, Any] = {
        "ServiceName": f"com.amazonaws.{TOKYO}.ssm",
        "VpcEndpointType": "Interface",
        "VpcId": vpc_id,
    }
    service |= {"PrivateDnsEnabled": False}
    assert client.refused("CreateVpcEndpoint", SubnetIds=[subnet_id], **service).code == "InvalidParameter"


def test_an_instance_connect_endpoint_there_connects_to_ipv6(client: Client, subnet_id: str) -> None:
    for family in ("ipv4", "dualstack"):
        error = client.refused("CreateInstanceConnectEndpoint", SubnetId=subnet_id, IpAddressType=family)
        assert error.code == "InvalidParameterValue"
    made = client("CreateInstanceConnectEndpoint", SubnetId=subnet_id)["InstanceConnectEndpoint"]
    assert made["IpAddressType"] == "ipv6"
    [interface_id] = made["NetworkInterfaceIds"]
    interface = one(client, interface_id)
    assert (len(interface["Ipv6Addresses"]), interface["PrivateIpAddresses"]) == (1, [])


# -- instances ---------------------------------------------------------------------------------------------------------


def test_an_instance_is_called_after_its_id_and_has_an_ipv6_address_alone(client: Client, subnet_id: str) -> None:
    first, second = launch(client, subnet_id, 2)
    for instance in (first, second):
        assert instance["PrivateDnsName"] == f"{instance['InstanceId']}.{TOKYO}.compute.internal"
        assert [instance.get(name) for name in ("PrivateIpAddress", "PublicIpAddress")] == [None, None]
        [interface] = instance["NetworkInterfaces"]
        assert instance["Ipv6Address"] == interface["Ipv6Addresses"][0]["Ipv6Address"]
        assert (interface["PrivateIpAddresses"], interface.get("PrivateIpAddress")) == ([], None)
        assert instance["PrivateDnsNameOptions"]["HostnameType"] == "resource-name"
    assert first["Ipv6Address"] != second["Ipv6Address"]
    [reservation] = client("DescribeInstances", Filters=named("network-interface.ipv6-native", "true"))["Reservations"]
    assert len(reservation["Instances"]) == 2
    assert client("DescribeInstances", Filters=named("private-ip-address", "*"))["Reservations"] == []
    data = client("GetLaunchTemplateData", InstanceId=first["InstanceId"])["LaunchTemplateData"]
    assert "PrivateIpAddress" not in data["NetworkInterfaces"][0]


def test_it_may_ask_for_an_address_and_for_more(client: Client, vpc_id: str, subnet_id: str) -> None:
    address = str(ipv6_of(client, vpc_id).subnet(2, 64).at(0xABCD))
    [instance] = launch(client, subnet_id, Ipv6Addresses=[{"Ipv6Address": address}])
    assert instance["Ipv6Address"] == address
    [instance] = launch(client, subnet_id, Ipv6AddressCount=2)
    assert len(instance["NetworkInterfaces"][0]["Ipv6Addresses"]) == 2


def test_only_instances_of_the_nitro_system_do_without_ipv4(client: Client, vpc_id: str, subnet_id: str) -> None:
    assert (
        client.refused("RunInstances", SubnetId=subnet_id, **ONE | {"InstanceType": "t2.micro"}).code
        == "UnsupportedOperation"
    )
    interface_id = make(client, subnet_id)["NetworkInterfaceId"]
    [old] = run(client, make_subnet(client, vpc_id))
    attaching: dict[str, Any] = {"InstanceId": old["InstanceId"], "NetworkInterfaceId": interface_id, "DeviceIndex": 1}
    assert client.refused("AttachNetworkInterface", **attaching).code == "UnsupportedOperation"
    [instance] = launch(client, subnet_id)
    client("StopInstances", InstanceIds=[instance["InstanceId"]])
    changing: dict[str, Any] = {"InstanceId": instance["InstanceId"], "InstanceType": {"Value": "t2.micro"}}
    assert client.refused("ModifyInstanceAttribute", **changing).code == "UnsupportedOperation"
    client("StartInstances", InstanceIds=[instance["InstanceId"]])
    assert described(client, instance["InstanceId"])[0]["Ipv6Address"] == instance["Ipv6Address"]


def test_its_hostname_is_its_id(client: Client, subnet_id: str) -> None:
    by_address: dict[str, Any] = {"PrivateDnsNameOptions": {"HostnameType": "ip-name"}}
    error = client.refused("RunInstances", SubnetId=subnet_id, **ONE, **by_address)
    assert error.code == "InvalidParameterValue"
    [instance] = launch(client, subnet_id)
    client("StopInstances", InstanceIds=[instance["InstanceId"]])
    by_address = {"InstanceId": instance["InstanceId"], "PrivateDnsHostnameType": "ip-name"}
    assert client.refused("ModifyPrivateDnsNameOptions", **by_address).code == "InvalidParameterValue"


def test_interfaces_of_both_kinds_go_together(client: Client, vpc_id: str, subnet_id: str) -> None:
    interface_id = make(client, subnet_id)["NetworkInterfaceId"]
    [instance] = launch(client, make_subnet(client, vpc_id))
    attaching: dict[str, Any] = {
        "InstanceId": instance["InstanceId"],
        "NetworkInterfaceId": interface_id,
        "DeviceIndex": 1,
    }
    client("AttachNetworkInterface", **attaching)
    [instance] = described(client, instance["InstanceId"])
    assert [len(each["PrivateIpAddresses"]) for each in instance["NetworkInterfaces"]] == [1, 0]


def test_aaaa_records_are_for_instances_that_have_an_ipv6_address(client: Client) -> None:
    _, subnet_id = make_dual_stack(client)
    with_one, without = run(client, subnet_id, Ipv6AddressCount=1), run(client, subnet_id)
    wanted: dict[str, Any] = {"EnableResourceNameDnsAAAARecord": True}
    client("ModifyPrivateDnsNameOptions", InstanceId=with_one[0]["InstanceId"], **wanted)
    [instance] = described(client, with_one[0]["InstanceId"])
    assert instance["PrivateDnsNameOptions"]["EnableResourceNameDnsAAAARecord"]
    error = client.refused("ModifyPrivateDnsNameOptions", InstanceId=without[0]["InstanceId"], **wanted)
    assert error.code == "InvalidParameterValue"


def test_a_reservation_of_the_only_block(client: Client, vpc_id: str, subnet_id: str) -> None:
    block = ipv6_of(client, vpc_id).subnet(2, 64)
    client("CreateSubnetCidrReservation", SubnetId=subnet_id, Cidr=str(block.subnet(0, 65)), ReservationType="explicit")
    address = Address.parse(make(client, subnet_id)["Ipv6Address"])
    assert address in Cidr(block.at(1 << 63), 65)
