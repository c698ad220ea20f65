"""DHCP option sets: made, given to VPCs, taken away, and told to machines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from realvpc.api.machines import machine_specs

from ..build import make_subnet, make_vpc, named, put_instance, specification, tags
from ..conftest import MAIN, OTHER, TOKYO, VIRGINIA, Client

As = Callable[..., Client]
UNKNOWN = "dopt-00000000000000001"


def options(**values: str | list[str]) -> list[dict[str, Any]]:
    return [
        {"Key": key.replace("_", "-"), "Values": [value] if isinstance(value, str) else value}
        for key, value in values.items()
    ]


def make(client: Client, **values: str | list[str]) -> str:
    made = client("CreateDhcpOptions", DhcpConfigurations=options(**values))
    options_id: str = made["DhcpOptions"]["DhcpOptionsId"]
    return options_id


def options_of(client: Client, vpc_id: str) -> str:
    [vpc] = client("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"]
    found: str = vpc["DhcpOptionsId"]
    return found


def shown(client: Client, options_id: str) -> dict[str, list[str]]:
    [found] = client("DescribeDhcpOptions", DhcpOptionsIds=[options_id])["DhcpOptions"]
    assert found["OwnerId"] == client.account
    return {each["Key"]: [value["Value"] for value in each["Values"]] for each in found["DhcpConfigurations"]}


def test_a_set_shows_what_it_was_made_with(client: Client) -> None:
    made = make(
        client,
        domain_name="corp.example.com",
        domain_name_servers=["10.20.0.10", "10.20.1.10"],
        ntp_servers=["169.254.169.123", "fd00:ec2::123"],
        netbios_name_servers="10.20.0.11",
        netbios_node_type="2",
        ipv6_address_preferred_lease_time="140",
    )
    assert shown(client, made) == {
        "domain-name": ["corp.example.com"],
        "domain-name-servers": ["10.20.0.10", "10.20.1.10"],
        "ipv6-address-preferred-lease-time": ["140"],
        "netbios-name-servers": ["10.20.0.11"],
        "netbios-node-type": ["2"],
        "ntp-servers": ["169.254.169.123", "fd00:ec2::123"],
    }


def test_servers_may_come_in_one_value(client: Client) -> None:
    made = make(client, domain_name_servers="10.20.0.10, AmazonProvidedDNS")
    assert shown(client, made) == {"domain-name-servers": ["10.20.0.10", "AmazonProvidedDNS"]}


@pytest.mark.parametrize(
    ("wrong", "because"),
    [
        ({"domain_names": "x.example"}, "Value (domain-names) for parameter name is invalid. Unknown DHCP option"),
        ({"domain_name": ""}, "not a domain name"),
        ({"domain_name": "a..b"}, "not a domain name"),
        ({"domain_name": "example.com\nnameserver 1.1.1.1"}, "not a domain name"),
        ({"domain_name": ["a.example", "b.example"]}, "Only one value"),
        ({"domain_name_servers": "amazonprovideddns"}, "not an IP address"),
        ({"domain_name_servers": "10.0.0.256"}, "not an IP address"),
        ({"domain_name_servers": ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"]}, "At most 4"),
        ({"domain_name_servers": "10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5"}, "At most 4"),
        ({"ntp_servers": "AmazonProvidedDNS"}, "not an IP address"),
        ({"ntp_servers": [f"10.0.0.{n}" for n in range(5)]}, "At most 4"),
        ({"netbios_name_servers": "fd00::1"}, "IPv4"),
        ({"netbios_node_type": "3"}, "Expecting one of"),
        ({"netbios_node_type": ["1", "2"]}, "Only one value"),
        ({"ipv6_address_preferred_lease_time": "139"}, "Expecting 140"),
        ({"ipv6_address_preferred_lease_time": "٢٠٠"}, "Expecting 140"),
    ],
)
def test_a_bad_option_is_refused(client: Client, wrong: dict[str, str | list[str]], because: str) -> None:
    error = client.refused("CreateDhcpOptions", DhcpConfigurations=options(**wrong))
    assert error.code == "InvalidParameterValue"
    assert because in error.message


def test_an_option_comes_once(client: Client) -> None:
    twice = options(domain_name="a.example") + options(domain_name="b.example")
    assert client.refused("CreateDhcpOptions", DhcpConfigurations=twice).code == "InvalidParameterValue"


@pytest.mark.parametrize("configurations", [[{"Key": "domain-name"}], [{"Values": ["x"]}]])
def test_options_need_names_and_values(client: Client, configurations: list[dict[str, Any]]) -> None:
    error = client.refused("CreateDhcpOptions", DhcpConfigurations=configurations)
    assert error.code == "MissingParameter"


def test_a_vpc_takes_another_set_and_the_default_again(client: Client) -> None:
    vpc_id = make_vpc(client)
    default = options_of(client, vpc_id)
    made = make(client, domain_name="corp.example.com")
    client("AssociateDhcpOptions", VpcId=vpc_id, DhcpOptionsId=made)
    assert options_of(client, vpc_id) == made
    [found] = client("DescribeVpcs", Filters=named("dhcp-options-id", made))["Vpcs"]
    assert found["VpcId"] == vpc_id
    client("AssociateDhcpOptions", VpcId=vpc_id, DhcpOptionsId=default)
    assert options_of(client, vpc_id) == default


def test_a_vpc_may_have_none(client: Client) -> None:
    vpc_id = make_vpc(client)
    client("AssociateDhcpOptions", VpcId=vpc_id, DhcpOptionsId="default")
    assert options_of(client, vpc_id) == "default"


def test_only_own_sets_of_the_region_are_found(client: Client, as_account: As) -> None:
    vpc_id, mine = make_vpc(client), make(client, domain_name="corp.example.com")
    for elsewhere in (as_account(OTHER, TOKYO), as_account(MAIN, VIRGINIA)):
        error = elsewhere.refused("DescribeDhcpOptions", DhcpOptionsIds=[mine])
        assert error.code == "InvalidDhcpOptionID.NotFound"
        theirs = make(elsewhere, domain_name="corp.example.com")
        error = client.refused("AssociateDhcpOptions", VpcId=vpc_id, DhcpOptionsId=theirs)
        assert error.message == f"The dhcpOption ID '{theirs}' does not exist"
    assert client.refused("AssociateDhcpOptions", VpcId=vpc_id, DhcpOptionsId="x").code == (
        "InvalidDhcpOptionsId.Malformed"
    )


def test_a_set_in_use_cannot_be_deleted(client: Client) -> None:
    vpc_id, made = make_vpc(client), make(client, domain_name="corp.example.com")
    client("AssociateDhcpOptions", VpcId=vpc_id, DhcpOptionsId=made)
    error = client.refused("DeleteDhcpOptions", DhcpOptionsId=made)
    assert error.code == "DependencyViolation"
    assert error.message == f"The dhcpOptions '{made}' has dependencies and cannot be deleted."
    client("AssociateDhcpOptions", VpcId=vpc_id, DhcpOptionsId="default")
    client("DeleteDhcpOptions", DhcpOptionsId=made)
    assert client.refused("DeleteDhcpOptions", DhcpOptionsId=made).code == "InvalidDhcpOptionID.NotFound"
    assert client.refused("DeleteDhcpOptions", DhcpOptionsId=UNKNOWN).code == "InvalidDhcpOptionID.NotFound"


def test_the_default_set_stays(client: Client) -> None:
    vpc_id = make_vpc(client)
    default = options_of(client, vpc_id)
    assert client.refused("DeleteDhcpOptions", DhcpOptionsId=default).code == "DependencyViolation"
    client("DeleteVpc", VpcId=vpc_id)
    assert client.refused("DeleteDhcpOptions", DhcpOptionsId=default).code == "OperationNotPermitted"


def test_sets_have_tags_the_default_too(client: Client) -> None:
    default = options_of(client, make_vpc(client))
    made = client(
        "CreateDhcpOptions",
        DhcpConfigurations=options(domain_name="corp.example.com"),
        TagSpecifications=specification("dhcp-options", Name="corp"),
    )["DhcpOptions"]
    client("CreateTags", Resources=[default], Tags=tags(Name="default"))
    listed = client("DescribeDhcpOptions")["DhcpOptions"]
    assert {row["DhcpOptionsId"]: row["Tags"] for row in listed} == {
        default: tags(Name="default"),
        made["DhcpOptionsId"]: tags(Name="corp"),
    }
    assert len(client("DescribeTags", Filters=named("resource-type", "dhcp-options"))["Tags"]) == 2
    [found] = client("DescribeDhcpOptions", Filters=named("tag:Name", "corp"))["DhcpOptions"]
    assert found == made


@pytest.mark.parametrize(
    ("name", "value"), [("key", "ntp-servers"), ("value", "169.254.169.*"), ("dhcp-options-id", None)]
)
def test_sets_are_found_by_what_they_say(client: Client, name: str, value: str | None) -> None:
    make_vpc(client)
    made = make(client, ntp_servers="169.254.169.123")
    make(client, domain_name="corp.example.com")
    [found] = client("DescribeDhcpOptions", Filters=named(name, value or made))["DhcpOptions"]
    assert found["DhcpOptionsId"] == made


# -- what machines are told ------------------------------------------------------------------------------------------


def resolv_conf(client: Client) -> str:
    [spec] = machine_specs(client.service.state)
    return spec.resolv_conf


def test_a_machine_asks_the_resolver_of_its_vpc(client: Client) -> None:
    put_instance(client, make_subnet(client, make_vpc(client)), "10.20.0.7")
    assert resolv_conf(client) == "search ap-northeast-1.compute.internal\nnameserver 10.20.0.2\n"


def test_a_machine_asks_the_servers_of_its_vpcs_options(client: Client) -> None:
    vpc_id = make_vpc(client)
    put_instance(client, make_subnet(client, vpc_id), "10.20.0.7")
    made = make(client, domain_name="Corp.example.com a.example", domain_name_servers=["10.9.0.5", "AmazonProvidedDNS"])
    client("AssociateDhcpOptions", VpcId=vpc_id, DhcpOptionsId=made)
    assert resolv_conf(client) == "search corp.example.com a.example\nnameserver 10.9.0.5\nnameserver 10.20.0.2\n"
    [spec] = machine_specs(client.service.state)
    assert spec.fqdn == "ip-10-20-0-7.corp.example.com"


@pytest.mark.parametrize("without", ["default", "only ntp"])
def test_a_machine_that_is_told_no_servers_has_none(client: Client, without: str) -> None:
    vpc_id = make_vpc(client)
    put_instance(client, make_subnet(client, vpc_id), "10.20.0.7")
    chosen = "default" if without == "default" else make(client, ntp_servers="169.254.169.123")
    client("AssociateDhcpOptions", VpcId=vpc_id, DhcpOptionsId=chosen)
    assert resolv_conf(client) == ""
    [spec] = machine_specs(client.service.state)
    assert spec.fqdn == "ip-10-20-0-7.ap-northeast-1.compute.internal"
