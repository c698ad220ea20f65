"""Elastic IP addresses mapped to private addresses, and taken from them."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.net.addresses import Address

from ..build import make_internet_gateway, make_subnet, make_vpc, named
from ..conftest import MAIN, OTHER, TOKYO, Client, new_service
from .elastic import (
    address_of,
    allocate,
    associate,
    interface_of,
    launch,
    make_interface,
    make_vpc_with_gateway,
    public_ip,
    shown,
)
from .test_run_instances import described, run


@pytest.fixture
def vpc_id(client: Client) -> str:
    return make_vpc_with_gateway(client)


@pytest.fixture
def subnet_id(client: Client, vpc_id: str) -> str:
    return make_subnet(client, vpc_id)


def test_an_instance_shows_its_elastic_ip_in_the_place_of_the_one_from_the_pool(client: Client, subnet_id: str) -> None:
    instance = launch(client, subnet_id, public=True)
    from_pool = instance["PublicIpAddress"]
    assert instance["NetworkInterfaces"][0]["Association"]["IpOwnerId"] == "amazon"
    address = allocate(client)
    association_id = associate(client, address, InstanceId=instance["InstanceId"])
    [after] = described(client, instance["InstanceId"])
    dns_name = f"ec2-{address['PublicIp'].replace('.', '-')}.{TOKYO}.compute.amazonaws.com"
    association = {"IpOwnerId": MAIN, "PublicIp": address["PublicIp"], "PublicDnsName": dns_name}
    assert (after["PublicIpAddress"], after["PublicDnsName"]) == (address["PublicIp"], dns_name)
    assert after["NetworkInterfaces"][0]["Association"] == association
    interface = interface_of(client, instance)
    ids = {"AllocationId": address["AllocationId"], "AssociationId": association_id}
    assert interface["Association"] == interface["PrivateIpAddresses"][0]["Association"] == association | ids
    for name in ("association.allocation-id", "association.association-id", "association.public-ip"):
        value = (association | ids)[{"allocation-id": "AllocationId", "association-id": "AssociationId",
                                     "public-ip": "PublicIp"}[name.removeprefix("association.")]]  # fmt: skip
        found = client("DescribeNetworkInterfaces", Filters=named(name, value))["NetworkInterfaces"]
        assert [row["NetworkInterfaceId"] for row in found] == [interface["NetworkInterfaceId"]]
    found = client("DescribeInstances", Filters=named("ip-address", address["PublicIp"]))["Reservations"]
    assert len(found) == 1
    assert not client.service.state.network.public_address_in_use(Address.parse(from_pool))


def test_it_stays_while_the_instance_stops_and_starts(client: Client, subnet_id: str) -> None:
    instance, address = launch(client, subnet_id, public=True), allocate(client)
    association_id = associate(client, address, InstanceId=instance["InstanceId"])
    for action in ("StopInstances", "StartInstances"):
        client(action, InstanceIds=[instance["InstanceId"]])
        assert public_ip(client, instance) == address["PublicIp"]
        assert shown(client, address)["AssociationId"] == association_id


def test_a_stopped_instance_takes_one_and_starts_with_it(client: Client, subnet_id: str) -> None:
    instance, address = launch(client, subnet_id, public=True), allocate(client)
    client("StopInstances", InstanceIds=[instance["InstanceId"]])
    associate(client, address, InstanceId=instance["InstanceId"])
    client("StartInstances", InstanceIds=[instance["InstanceId"]])
    assert public_ip(client, instance) == address["PublicIp"]
    [row] = client.service.state.network.interfaces.values()
    assert row.public_address is None


def test_disassociated_an_instance_that_runs_has_an_address_of_the_pool_again(client: Client, subnet_id: str) -> None:
    """EC2 guide, "Public IPv4 addresses"; where the launch asked for one."""
    asked, not_asked = launch(client, subnet_id, public=True), launch(client, subnet_id)
    for instance in (asked, not_asked):
        address = allocate(client)
        client("DisassociateAddress", AssociationId=associate(client, address, InstanceId=instance["InstanceId"]))
        assert "AssociationId" not in shown(client, address)
    new = public_ip(client, asked)
    assert new is not None
    assert new != asked["PublicIpAddress"]
    assert public_ip(client, not_asked) is None


def test_disassociated_a_stopped_instance_has_none_until_it_starts(client: Client, subnet_id: str) -> None:
    instance, address = launch(client, subnet_id, public=True), allocate(client)
    association_id = associate(client, address, InstanceId=instance["InstanceId"])
    client("StopInstances", InstanceIds=[instance["InstanceId"]])
    client("DisassociateAddress", AssociationId=association_id)
    assert public_ip(client, instance) is None
    client("StartInstances", InstanceIds=[instance["InstanceId"]])
    assert public_ip(client, instance) is not None


def test_secondary_addresses_have_one_each(client: Client, subnet_id: str) -> None:
    interface_id = make_interface(client, subnet_id, "10.20.0.8", "10.20.0.9", "10.20.0.10")
    first, second = allocate(client), allocate(client)
    associate(client, first, NetworkInterfaceId=interface_id)
    associate(client, second, NetworkInterfaceId=interface_id, PrivateIpAddress="10.20.0.10")
    [row] = client("DescribeNetworkInterfaces", NetworkInterfaceIds=[interface_id])["NetworkInterfaces"]
    found = [each["Association"] and each["Association"]["PublicIp"] for each in row["PrivateIpAddresses"]]
    assert found == [first["PublicIp"], None, second["PublicIp"]]
    assert row["Association"]["PublicIp"] == first["PublicIp"]
    assert shown(client, second)["PrivateIpAddress"] == "10.20.0.10"
    assert shown(client, second).get("InstanceId") is None


def test_an_instance_with_one_for_a_secondary_address_gets_no_other_when_it_loses_its_own(
    client: Client, subnet_id: str
) -> None:
    interface = {
        "DeviceIndex": 0,
        "SubnetId": subnet_id,
        "AssociatePublicIpAddress": True,
        "SecondaryPrivateIpAddressCount": 1,
    }
    [instance] = run(client, "", SubnetId=None, NetworkInterfaces=[interface])
    [network_interface] = instance["NetworkInterfaces"]
    to = {
        "NetworkInterfaceId": network_interface["NetworkInterfaceId"],
        "PrivateIpAddress": network_interface["PrivateIpAddresses"][1]["PrivateIpAddress"],
    }
    associate(client, allocate(client), **to)
    assert public_ip(client, instance) == instance["PublicIpAddress"], "it is released for the primary one only"
    client("StopInstances", InstanceIds=[instance["InstanceId"]])
    client("StartInstances", InstanceIds=[instance["InstanceId"]])
    assert public_ip(client, instance) is None


def test_an_address_moves_and_what_was_there_makes_room(client: Client, subnet_id: str) -> None:
    one, two = launch(client, subnet_id, public=True), launch(client, subnet_id)
    moving, staying = allocate(client), allocate(client)
    first = associate(client, moving, InstanceId=one["InstanceId"])
    assert associate(client, moving, InstanceId=one["InstanceId"], AllowReassociation=False) == first, "idempotent"
    taken = associate(client, staying, InstanceId=two["InstanceId"])
    for address, association_id in ((moving, first), (staying, taken)):
        free = allocate(client) if address is staying else moving
        error = client.refused(
            "AssociateAddress", **address_of(free), InstanceId=two["InstanceId"], AllowReassociation=False
        )
        assert (error.code, error.message) == (
            "Resource.AlreadyAssociated",
            f"resource {address['AllocationId']} is already associated with associate-id {association_id}",
        )
    assert associate(client, moving, InstanceId=two["InstanceId"]) != first
    assert public_ip(client, two) == moving["PublicIp"]
    assert public_ip(client, one) not in (None, moving["PublicIp"]), "an address of the pool"
    assert "AssociationId" not in shown(client, staying)
    assert client.refused("DisassociateAddress", AssociationId=first).code == "InvalidAssociationID.NotFound"


def test_a_terminated_instance_leaves_its_address_to_the_account(client: Client, subnet_id: str) -> None:
    instance, address = launch(client, subnet_id), allocate(client)
    associate(client, address, InstanceId=instance["InstanceId"])
    client("TerminateInstances", InstanceIds=[instance["InstanceId"]])
    assert "AssociationId" not in shown(client, address)
    error = client.refused("AssociateAddress", **address_of(address), InstanceId=instance["InstanceId"])
    assert (error.code, error.message) == (
        "InvalidInstanceID",
        f"The terminated instance '{instance['InstanceId']}' is not in a valid state for this operation.",
    )
    client("ReleaseAddress", **address_of(address))


def test_an_interface_that_is_left_keeps_it_and_one_that_is_deleted_does_not(client: Client, subnet_id: str) -> None:
    interface_id = make_interface(client, subnet_id, "10.20.0.8")
    address = allocate(client)
    associate(client, address, NetworkInterfaceId=interface_id)
    [instance] = run(
        client, "", SubnetId=None, NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": interface_id}]
    )
    assert instance["PublicIpAddress"] == address["PublicIp"]
    client("TerminateInstances", InstanceIds=[instance["InstanceId"]])
    assert shown(client, address)["NetworkInterfaceId"] == interface_id
    client("DeleteNetworkInterface", NetworkInterfaceId=interface_id)
    assert "AssociationId" not in shown(client, address)


def test_a_vpc_without_internet_gateway_takes_none_and_keeps_the_gateway_while_it_has_one(
    client: Client, vpc_id: str, subnet_id: str
) -> None:
    elsewhere = make_vpc(client, "10.30.0.0/16")
    interface_id = make_interface(client, make_subnet(client, elsewhere, "10.30.0.0/24"), "10.30.0.8")
    address = allocate(client)
    error = client.refused("AssociateAddress", **address_of(address), NetworkInterfaceId=interface_id)
    assert (error.code, error.message) == (
        "Gateway.NotAttached",
        f"Network {elsewhere} is not attached to any internet gateway",
    )
    associate(client, address, NetworkInterfaceId=make_interface(client, subnet_id, "10.20.0.8"))
    [gateway] = client("DescribeInternetGateways")["InternetGateways"]
    detach = {"InternetGatewayId": gateway["InternetGatewayId"], "VpcId": vpc_id}
    assert client.refused("DetachInternetGateway", **detach).code == "DependencyViolation"
    client("DisassociateAddress", AssociationId=shown(client, address)["AssociationId"])
    client("DetachInternetGateway", **detach)


def test_whom_an_address_may_be_given_to(client: Client, subnet_id: str, as_account: Any) -> None:
    address, instance = allocate(client), launch(client, subnet_id)
    interface_id = make_interface(client, subnet_id, "10.20.0.8")
    instance_id = instance["InstanceId"]

    def code(**request: Any) -> str:
        return client.refused("AssociateAddress", **request).code

    assert code(InstanceId=instance_id) == "MissingParameter"
    assert code(**address_of(address)) == "InvalidParameterCombination"
    assert code(**address_of(address), InstanceId=instance_id, NetworkInterfaceId=interface_id) == (
        "InvalidParameterCombination"
    )
    assert code(**address_of(address), PublicIp=address["PublicIp"], InstanceId=instance_id) == (
        "InvalidParameterCombination"
    )
    assert code(PublicIp=address["PublicIp"], NetworkInterfaceId=interface_id) == "InvalidParameterCombination"
    assert code(PublicIp="198.18.255.254", InstanceId=instance_id) == "AuthFailure"
    assert code(**address_of(address), InstanceId="i-0123456789abcdef0") == "InvalidInstanceID.NotFound"
    assert code(**address_of(address), NetworkInterfaceId="eni-0123456789abcdef0") == (
        "InvalidNetworkInterfaceID.NotFound"
    )
    assert code(**address_of(address), NetworkInterfaceId=interface_id, PrivateIpAddress="10.20.0.77") == (
        "InvalidParameterValue"
    )
    others = as_account(OTHER).refused("AssociateAddress", **address_of(address), NetworkInterfaceId=interface_id)
    assert others.code == "InvalidAllocationID.NotFound"
    client("AssociateAddress", PublicIp=address["PublicIp"], InstanceId=instance_id)
    assert shown(client, address)["InstanceId"] == instance_id


def test_an_instance_of_several_interfaces_is_asked_which(client: Client, subnet_id: str) -> None:
    entries = [{"DeviceIndex": index, "SubnetId": subnet_id} for index in range(2)]
    [instance] = run(client, "", SubnetId=None, NetworkInterfaces=entries)
    error = client.refused("AssociateAddress", **address_of(allocate(client)), InstanceId=instance["InstanceId"])
    assert (error.code, error.message) == (
        "InvalidInstanceID",
        f"There are multiple interfaces attached to instance '{instance['InstanceId']}'. "
        "Please specify an interface ID for the operation instead.",
    )


def test_an_instance_that_is_pending_waits(clock: Any) -> None:
    client = Client(new_service(clock, has_fabric=True), MAIN, TOKYO)
    vpc_id = make_vpc(client)
    make_internet_gateway(client, vpc_id)
    [instance] = run(client, make_subnet(client, vpc_id))
    error = client.refused("AssociateAddress", **address_of(allocate(client)), InstanceId=instance["InstanceId"])
    assert (error.code, error.message) == (
        "InvalidInstanceID",
        f"The pending instance '{instance['InstanceId']}' is not in a valid state for this operation.",
    )


def test_to_disassociate_takes_the_id_of_the_association(client: Client, subnet_id: str, as_account: Any) -> None:
    address = allocate(client)
    association_id = associate(client, address, NetworkInterfaceId=make_interface(client, subnet_id, "10.20.0.8"))
    error = client.refused("DisassociateAddress", PublicIp=address["PublicIp"])
    assert (error.code, error.message) == (
        "InvalidParameterValue",
        "You must specify an association id when unmapping an address from a VPC instance",
    )
    assert client.refused("DisassociateAddress").code == "MissingParameter"
    for who, asked in ((client, "eipassoc-0123456789abcdef0"), (as_account(OTHER), association_id)):
        error = who.refused("DisassociateAddress", AssociationId=asked)
        assert (error.code, error.message) == (
            "InvalidAssociationID.NotFound",
            f"The association ID '{asked}' does not exist",
        )


def test_a_public_address_is_not_asked_of_the_pool_where_there_is_an_elastic_one(
    client: Client, subnet_id: str
) -> None:
    instance, address = launch(client, subnet_id), allocate(client)
    associate(client, address, InstanceId=instance["InstanceId"])
    interface_id = instance["NetworkInterfaces"][0]["NetworkInterfaceId"]
    client("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=interface_id, AssociatePublicIpAddress=True)
    assert public_ip(client, instance) == address["PublicIp"]
    assert client.service.state.network.interfaces[interface_id].public_address is None
