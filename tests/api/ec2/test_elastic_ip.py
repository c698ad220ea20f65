"""Elastic IP addresses: kept by an account, shown, and given back."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.api.core.effort import Effort, TooLongError
from realvpc.api.ec2.address_picker import AddressPicker
from realvpc.net.quotas import ELASTIC_IPS_PER_REGION
from realvpc.net.table import put

from ..build import SamePlace, make_subnet, make_zone, named, specification, tags, zone_id_of
from ..conftest import MAIN, OTHER, TOKYO, VIRGINIA, Client, caller, give_quota
from .elastic import address_of, allocate, associate, launch, make_vpc_with_gateway, public_ip, shown


@pytest.fixture
def vpc_id(client: Client) -> str:
    return make_vpc_with_gateway(client)


@pytest.fixture
def subnet_id(client: Client, vpc_id: str) -> str:
    return make_subnet(client, vpc_id)


# -- allocate, release -----------------------------------------------------------------------------------------------


def test_an_address_is_the_accounts_until_it_is_released(client: Client) -> None:
    made = allocate(client, Domain="vpc", TagSpecifications=specification("elastic-ip", Name="web"))
    assert made.keys() == {"AllocationId", "PublicIp", "PublicIpv4Pool", "NetworkBorderGroup", "Domain"}
    assert (made["Domain"], made["PublicIpv4Pool"], made["NetworkBorderGroup"]) == ("vpc", "amazon", TOKYO)
    assert made["PublicIp"].startswith("198.18.")
    assert shown(client, made) == made | {"Tags": tags(Name="web")}
    client("ReleaseAddress", AllocationId=made["AllocationId"], NetworkBorderGroup=TOKYO)
    assert client("DescribeAddresses")["Addresses"] == []
    error = client.refused("ReleaseAddress", AllocationId=made["AllocationId"])
    assert (error.code, error.message) == (
        "InvalidAllocationID.NotFound",
        f"The allocation ID '{made['AllocationId']}' does not exist",
    )


def test_a_search_for_an_address_is_counted(client: Client) -> None:
    ctx = client.service.context(caller(), effort=Effort(100))
    ctx.random = SamePlace(1)
    picker = AddressPicker(ctx)
    for _ in range(13):  # 91 places
        picker.public()
    with pytest.raises(TooLongError):
        picker.public()


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"Domain": "standard"}, "InvalidParameterValue"),
        ({"NetworkBorderGroup": "us-east-1"}, "InvalidParameterValue"),
        ({"PublicIpv4Pool": "ipv4pool-ec2-012345"}, "InvalidParameterValue"),
        ({"Address": "198.18.0.7"}, "UnsupportedOperation"),
        ({"IpamPoolId": "ipam-pool-0123456789abcdef0"}, "UnsupportedOperation"),
        ({"CustomerOwnedIpv4Pool": "coip-pool-1"}, "UnsupportedOperation"),
        ({"TagSpecifications": specification("vpc", Name="web")}, "InvalidParameterValue"),
    ],
)
def test_an_address_that_cannot_be_had(client: Client, request_: dict[str, Any], code: str) -> None:
    assert client.refused("AllocateAddress", **request_).code == code


def test_five_of_them_in_a_region(client: Client, as_account: Any) -> None:
    give_quota(client.service, ELASTIC_IPS_PER_REGION, ELASTIC_IPS_PER_REGION.default)
    for _ in range(5):
        allocate(client)
    error = client.refused("AllocateAddress")
    assert (error.code, error.message) == (
        "AddressLimitExceeded",
        "The maximum number of addresses has been reached.",
    )
    allocate(as_account(MAIN, VIRGINIA))
    allocate(as_account(OTHER))


def test_what_is_allocated_is_given_to_nobody_else(
    client: Client, subnet_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client.service._random, "randrange", lambda size: 7)
    addresses = [allocate(client)["PublicIp"] for _ in range(3)]
    addresses.append(public_ip(client, launch(client, subnet_id, public=True)))
    assert len(set(addresses)) == 4


def test_an_associated_address_is_not_released(client: Client, subnet_id: str) -> None:
    address = allocate(client)
    associate(client, address, InstanceId=launch(client, subnet_id)["InstanceId"])
    error = client.refused("ReleaseAddress", AllocationId=address["AllocationId"])
    assert (error.code, error.message) == ("InvalidIPAddress.InUse", f"Address {address['PublicIp']} is in use.")


def test_in_a_default_vpc_to_release_is_to_disassociate(client: Client, vpc_id: str, subnet_id: str) -> None:
    default = replace(client.service.state.network.vpcs[vpc_id], is_default=True)
    client.service.report(lambda ctx: put(default), "test")
    instance, address = launch(client, subnet_id, public=True), allocate(client)
    associate(client, address, InstanceId=instance["InstanceId"])
    client("ReleaseAddress", **address_of(address))
    assert client("DescribeAddresses")["Addresses"] == []
    assert public_ip(client, instance) is not None, "of the pool, as when it is disassociated"


def test_to_release_takes_the_id(client: Client, as_account: Any) -> None:
    address = allocate(client)
    public = address["PublicIp"]
    error = client.refused("ReleaseAddress", PublicIp=public)
    assert (error.code, error.message) == (
        "InvalidParameterValue",
        "You must specify an allocation id when releasing a VPC elastic IP address",
    )
    twice = client.refused("ReleaseAddress", **address_of(address), PublicIp=public)
    assert twice.code == "InvalidParameterCombination"
    assert client.refused("ReleaseAddress").code == "MissingParameter"
    wrong_group = client.refused("ReleaseAddress", **address_of(address), NetworkBorderGroup=VIRGINIA)
    assert (wrong_group.code, wrong_group.message) == ("InvalidAddress.NotFound", f"Address '{public}' not found.")
    other = as_account(OTHER)
    error = other.refused("ReleaseAddress", PublicIp=public)
    assert (error.code, error.message) == ("AuthFailure", f"The address '{public}' does not belong to you.")
    assert other.refused("ReleaseAddress", **address_of(address)).code == "InvalidAllocationID.NotFound"


# -- describe --------------------------------------------------------------------------------------------------------


def test_addresses_are_found_by_what_they_show(client: Client, subnet_id: str, as_account: Any) -> None:
    alone, used = allocate(client), allocate(client)
    allocate(as_account(OTHER))
    instance = launch(client, subnet_id)
    association_id = associate(client, used, InstanceId=instance["InstanceId"])
    row = shown(client, used)
    assert row == used | {
        "AssociationId": association_id,
        "InstanceId": instance["InstanceId"],
        "NetworkInterfaceId": instance["NetworkInterfaces"][0]["NetworkInterfaceId"],
        "NetworkInterfaceOwnerId": MAIN,
        "PrivateIpAddress": instance["PrivateIpAddress"],
        "Tags": [],
    }
    for name, member in (
        ("allocation-id", "AllocationId"),
        ("association-id", "AssociationId"),
        ("instance-id", "InstanceId"),
        ("network-interface-id", "NetworkInterfaceId"),
        ("network-interface-owner-id", "NetworkInterfaceOwnerId"),
        ("private-ip-address", "PrivateIpAddress"),
        ("public-ip", "PublicIp"),
    ):
        assert client("DescribeAddresses", Filters=named(name, row[member]))["Addresses"] == [row], name
    assert len(client("DescribeAddresses", Filters=named("domain", "vpc"))["Addresses"]) == 2
    both = [alone["PublicIp"], used["PublicIp"]]
    assert len(client("DescribeAddresses", PublicIps=both)["Addresses"]) == 2
    one = client("DescribeAddresses", PublicIps=both, Filters=named("association-id", association_id))
    assert one["Addresses"] == [row]


def test_addresses_that_are_not_there(client: Client, as_account: Any) -> None:
    others = allocate(as_account(OTHER))
    error = client.refused("DescribeAddresses", PublicIps=[others["PublicIp"]])
    assert (error.code, error.message) == ("InvalidAddress.NotFound", f"Address '{others['PublicIp']}' not found.")
    assert client.refused("DescribeAddresses", PublicIps=["198.18.0.256"]).code == "InvalidAddress.Malformed"
    assert client.refused("DescribeAddresses", AllocationIds=["nonsense"]).code == "InvalidAllocationID.NotFound"
    assert client("DescribeAddresses", Filters=named("public-ip", others["PublicIp"]))["Addresses"] == []


def test_more_than_a_page_of_them(client: Client) -> None:
    """The action knows no pages."""
    give_quota(client.service, ELASTIC_IPS_PER_REGION, 2000)
    for _ in range(1001):
        allocate(client)
    assert len(client("DescribeAddresses")["Addresses"]) == 1001


# -- the reverse name ------------------------------------------------------------------------------------------------


def test_a_reverse_name_is_what_the_internet_leads_to_the_address(client: Client) -> None:
    address = allocate(client)
    ask = {**address_of(address), "DomainName": "Mail.Example.com"}
    assert client.refused("ModifyAddressAttribute", **ask).code == "InvalidParameterValue"
    assert client("DescribeAddressesAttribute", AllocationIds=[address["AllocationId"]])["Addresses"] == []
    record = {"Name": "mail.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": address["PublicIp"]}]}
    client(
        "ChangeResourceRecordSets",
        of="route53",
        HostedZoneId=zone_id_of(make_zone(client, "example.com")),
        ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]},
    )
    expected = {**address_of(address), "PublicIp": address["PublicIp"], "PtrRecord": "mail.example.com."}
    assert client("ModifyAddressAttribute", **ask)["Address"] == expected
    found = client("DescribeAddressesAttribute", Attribute="domain-name", AllocationIds=[address["AllocationId"]])
    assert found["Addresses"] == [expected]
    error = client.refused("ReleaseAddress", **address_of(address))
    assert (error.code, error.message) == (
        "InvalidAddress.PtrSet",
        f"The address with allocation id [{address['AllocationId']}] cannot be released "
        "because it has a PTR record set.",
    )
    assert client.refused("ModifyAddressAttribute", **address_of(address), DomainName="a..b").code == (
        "InvalidParameterValue"
    )
    client("ResetAddressAttribute", **address_of(address), Attribute="domain-name")
    assert client("DescribeAddressesAttribute")["Addresses"] == []
    client("ReleaseAddress", **address_of(address))
