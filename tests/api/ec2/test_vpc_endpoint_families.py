"""The families of interface endpoints: addresses, names, and what subnets they can have (PrivateLink guide, "IP address
types")."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.net.addresses import Address, Cidr

from ..build import ipv6_of, make_vpc
from ..conftest import TOKYO, Client
from .test_vpc_endpoint_change import SSM, Changed

FAMILIES = ("ipv4", "dualstack", "ipv6")


class Families(Changed):
    """With a subnet of each kind, all in zones of their own."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        client("AssociateVpcCidrBlock", VpcId=self.vpc_id, AmazonProvidedIpv6CidrBlock=True)
        self.block: Cidr = ipv6_of(client, self.vpc_id)
        self.of = {
            "ipv4": self.subnet("a", CidrBlock="10.20.10.0/24"),
            "dualstack": self.subnet("c", CidrBlock="10.20.11.0/24", Ipv6CidrBlock=str(self.block.subnet(1, 64))),
            "ipv6": self.subnet("d", Ipv6Native=True, Ipv6CidrBlock=str(self.block.subnet(2, 64))),
        }

    def subnet(self, letter: str, **more: Any) -> str:
        made = self.client("CreateSubnet", VpcId=self.vpc_id, AvailabilityZone=f"{TOKYO}{letter}", **more)
        subnet_id: str = made["Subnet"]["SubnetId"]
        return subnet_id

    def interface_of(self, endpoint_id: str) -> dict[str, Any]:
        [interface_id] = self.shown(endpoint_id)["NetworkInterfaceIds"]
        [row] = [each for each in self.interfaces() if each["NetworkInterfaceId"] == interface_id]
        return row


@pytest.fixture
def house(client: Client) -> Families:
    return Families(client)


@pytest.mark.parametrize("families", FAMILIES)
def test_its_interfaces_have_addresses_of_its_families_and_its_names_lead_there(house: Families, families: str) -> None:
    house.client("DeleteVpcEndpoints", VpcEndpointIds=[house.id])
    made = house.make(SubnetIds=[house.of[families]], IpAddressType=families)
    assert (made["IpAddressType"], made["DnsOptions"]["DnsRecordIpType"]) == (families, families)
    row = house.interface_of(made["VpcEndpointId"])
    ipv4, ipv6 = row.get("PrivateIpAddress"), row["Ipv6Address"]
    assert ((ipv4 is not None), (ipv6 is not None)) == (families != "ipv6", families != "ipv4")
    assert row["DenyAllIgwTraffic"] is (None if families == "ipv4" else True)
    assert house.addresses_of(SSM) == ({ipv4} if ipv4 else {"NODATA"})
    assert ipv6 is None or Address.parse(ipv6) in house.block


@pytest.mark.parametrize(
    ("families", "kind"),
    [("ipv4", "ipv6"), ("dualstack", "ipv4"), ("dualstack", "ipv6"), ("ipv6", "ipv4"), ("ipv6", "dualstack")],
)
def test_a_subnet_that_does_not_fit_is_refused(house: Families, families: str, kind: str) -> None:
    words = house.refused("InvalidParameter", SubnetIds=[house.of[kind]], IpAddressType=families, service="sts")
    assert house.of[kind] in words


@pytest.mark.parametrize(
    ("families", "records"),
    [("ipv4", ("ipv6", "dualstack", "service-defined")), ("ipv6", ("ipv4", "dualstack", "service-defined"))],
)
def test_names_can_have_no_records_of_what_there_are_no_addresses_of(
    house: Families, families: str, records: tuple[str, ...]
) -> None:
    for record in records:
        assert house.refused(
            "InvalidParameter", service="sts", IpAddressType=families, DnsOptions={"DnsRecordIpType": record}
        )


@pytest.mark.parametrize("record", ["dualstack", "ipv4", "ipv6", "service-defined"])
def test_one_of_both_families_may_have_records_of_either(house: Families, record: str) -> None:
    options = {"DnsRecordIpType": record}
    made = house.make("sts", SubnetIds=[house.of["dualstack"]], IpAddressType="dualstack", DnsOptions=options)
    assert made["DnsOptions"]["DnsRecordIpType"] == record


def test_an_ipv6_address_can_be_chosen_for_a_subnet(house: Families) -> None:
    chosen = str(house.block.subnet(1, 64).at(0x77))
    subnet_id = house.of["dualstack"]
    made = house.make("sts", IpAddressType="dualstack", SubnetConfigurations=[{"SubnetId": subnet_id, "Ipv6": chosen}])
    assert house.interface_of(made["VpcEndpointId"])["Ipv6Address"] == chosen
    for families, wrong in (("ipv4", {"Ipv6": chosen}), ("ipv6", {"Ipv4": "10.20.11.9"})):
        configurations = [{"SubnetId": subnet_id, **wrong}]
        assert house.refused(
            "InvalidParameter", service="logs", IpAddressType=families, SubnetConfigurations=configurations
        )


def test_it_gets_ipv6_addresses_later_keeps_its_names_and_gives_them_up_again(house: Families) -> None:
    endpoint_id = house.make("sts", SubnetIds=[house.of["dualstack"]])["VpcEndpointId"]
    before = house.interface_of(endpoint_id)
    row = house.change(endpoint_id, IpAddressType="dualstack")
    assert (row["IpAddressType"], row["DnsOptions"]["DnsRecordIpType"]) == ("dualstack", "ipv4")
    after = house.interface_of(endpoint_id)
    assert after["PrivateIpAddress"] == before["PrivateIpAddress"]
    assert Address.parse(after["Ipv6Address"]) in house.block.subnet(1, 64)
    assert house.change(endpoint_id, DnsOptions={"DnsRecordIpType": "ipv6"})["DnsOptions"]["DnsRecordIpType"] == "ipv6"
    assert house.addresses_of(f"sts.{TOKYO}.amazonaws.com") == {"NODATA"}
    row = house.change(endpoint_id, IpAddressType="ipv4")
    assert (row["IpAddressType"], row["DnsOptions"]["DnsRecordIpType"]) == ("ipv4", "ipv4")
    assert house.interface_of(endpoint_id) == before
    assert house.refused_change(endpoint_id, IpAddressType="ipv6")[0] == "InvalidParameter"


def test_a_subnet_that_is_given_up_need_not_fit(house: Families) -> None:
    add, remove = house.of["dualstack"], house.subnets[0]
    row = house.change(IpAddressType="dualstack", AddSubnetIds=[add], RemoveSubnetIds=[remove])
    assert row["SubnetIds"] == [add]
    assert house.refused_change(AddSubnetIds=[house.of["ipv4"]])[0] == "InvalidParameter"


def test_a_gateway_endpoint_has_ipv4(house: Families) -> None:
    for families in ("dualstack", "ipv6"):
        assert house.refused_change(house.new_gateway(), IpAddressType=families)[0] == "InvalidParameter"


def test_who_has_no_ipv6_block_has_no_such_endpoint(client: Client) -> None:
    vpc_id = make_vpc(client, "10.40.0.0/16")
    made = client("CreateSubnet", VpcId=vpc_id, CidrBlock="10.40.0.0/24")["Subnet"]["SubnetId"]
    asked = {"VpcEndpointType": "Interface", "ServiceName": f"com.amazonaws.{TOKYO}.sts", "IpAddressType": "dualstack"}
    assert client.refused("CreateVpcEndpoint", VpcId=vpc_id, SubnetIds=[made], **asked).code == "InvalidParameter"
