"""DescribeVpcEndpointServices: what endpoints can lead to, as clients choose from it."""

from __future__ import annotations

from typing import Any

import pytest

from ..build import make_vpc, named
from ..conftest import TOKYO, Client

S3, SSM = f"com.amazonaws.{TOKYO}.s3", f"com.amazonaws.{TOKYO}.ssm"


def details(client: Client, **request: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client("DescribeVpcEndpointServices", **request)["ServiceDetails"]
    return rows


def test_an_interface_service_has_all_that_clients_read(client: Client) -> None:
    answer = client("DescribeVpcEndpointServices", ServiceNames=[SSM])
    assert answer["ServiceNames"] == [SSM]
    [row] = answer["ServiceDetails"]
    assert row.pop("ServiceId").startswith("vpce-svc-0")
    private = f"ssm.{TOKYO}.amazonaws.com"
    assert row == {
        "ServiceName": SSM,
        "ServiceType": [{"ServiceType": "Interface"}],
        "ServiceRegion": TOKYO,
        "AvailabilityZones": [zone["ZoneName"] for zone in client("DescribeAvailabilityZones")["AvailabilityZones"]],
        "Owner": "amazon",
        "BaseEndpointDnsNames": [f"ssm.{TOKYO}.vpce.amazonaws.com"],
        "PrivateDnsName": private,
        "PrivateDnsNames": [{"PrivateDnsName": private}],
        "PrivateDnsNameVerificationState": "verified",
        "VpcEndpointPolicySupported": True,
        "AcceptanceRequired": False,
        "ManagesVpcEndpoints": False,
        "SupportedIpAddressTypes": ["ipv4", "ipv6"],
        "Tags": [],
    }


def test_a_service_of_two_types_is_named_once_and_detailed_twice(client: Client) -> None:
    answer = client("DescribeVpcEndpointServices", ServiceNames=[S3])
    assert answer["ServiceNames"] == [S3]
    gateway, interface = answer["ServiceDetails"]
    assert [row["ServiceType"][0]["ServiceType"] for row in (gateway, interface)] == ["Gateway", "Interface"]
    assert gateway["BaseEndpointDnsNames"] == [f"s3.{TOKYO}.amazonaws.com"]
    assert "PrivateDnsName" not in gateway
    assert {"PrivateDnsName": f"*.s3.{TOKYO}.amazonaws.com"} in interface["PrivateDnsNames"]
    assert gateway["ServiceId"] != interface["ServiceId"]


def test_an_endpoint_can_be_made_to_each_with_its_private_names(client: Client) -> None:
    vpc_id = make_vpc(client)
    client("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    made = []
    for row in details(client):
        [kind] = row["ServiceType"]
        asked = {"VpcEndpointType": kind["ServiceType"], "ServiceName": row["ServiceName"]}
        private = [] if kind["ServiceType"] == "Gateway" or row["ServiceName"] == S3 else row["PrivateDnsNames"]
        endpoint = client("CreateVpcEndpoint", VpcId=vpc_id, **asked)["VpcEndpoint"]
        names = [entry["DnsName"] for entry in endpoint["DnsEntries"]]
        assert names[1:] == [name["PrivateDnsName"] for name in private]
        assert all(name.endswith(f".{row['BaseEndpointDnsNames'][0]}") for name in names[:1])
        client("DeleteVpcEndpoints", VpcEndpointIds=[endpoint["VpcEndpointId"]])
        made.append(row["ServiceName"])
    assert len(made) > 100


def test_a_service_that_has_parts_is_named_from_the_smallest_on(client: Client) -> None:
    parts = (("ecr.api", "api.ecr", ""), ("ecr.dkr", "dkr.ecr", "*."), ("ecs-telemetry", "ecs-t", ""))
    for label, host, front in parts:
        [row] = details(client, ServiceNames=[f"com.amazonaws.{TOKYO}.{label}"])
        assert row["PrivateDnsName"] == f"{front}{host}.{TOKYO}.amazonaws.com"
        assert row["BaseEndpointDnsNames"] == [f"{host}.{TOKYO}.vpce.amazonaws.com"]


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("service-name", S3, ["Gateway", "Interface"]),
        ("service-name", "*.ssm", ["Interface"]),
        ("service-type", "Gateway", ["Gateway", "Gateway"]),
        ("owner", "aws-marketplace", []),
        ("service-region", "us-east-1", []),
        ("service-name", "*.dynamodb", ["Gateway"]),
        ("tag:Name", "*", []),
        ("tag-key", "Name", []),
    ],
)
def test_filters(client: Client, name: str, value: str, found: list[str]) -> None:
    rows = details(client, Filters=named(name, value))
    assert [kind["ServiceType"] for row in rows for kind in row["ServiceType"]] == found


@pytest.mark.parametrize(
    ("name", "value"), [("owner", "amazon"), ("service-region", TOKYO), ("supported-ip-address-types", "ipv4")]
)
def test_what_is_true_of_all_finds_all(client: Client, name: str, value: str) -> None:
    assert details(client, Filters=named(name, value)) == details(client)


def test_pages_come_by_name_and_have_every_service_once(client: Client) -> None:
    found: list[dict[str, Any]] = []
    token: dict[str, Any] = {}
    while True:
        answer = client("DescribeVpcEndpointServices", MaxResults=3, **token)
        assert len(answer["ServiceDetails"]) <= 3
        found += answer["ServiceDetails"]
        if not answer.get("NextToken"):
            break
        token = {"NextToken": answer["NextToken"]}
    assert found == details(client)
    assert [row["ServiceName"] for row in found] == sorted(row["ServiceName"] for row in found)


def test_services_of_other_regions_cannot_be_reached_from_here(client: Client) -> None:
    assert details(client, ServiceRegions=["us-east-1"]) == []
    assert details(client, ServiceRegions=["us-east-1", TOKYO]) == details(client)


def test_what_there_is_not_is_refused(client: Client) -> None:
    unknown = "com.amazonaws.us-east-1.ssm"
    error = client.refused("DescribeVpcEndpointServices", ServiceNames=[SSM, unknown])
    assert (error.code, error.message) == (
        "InvalidServiceName",
        f"The Vpc Endpoint Service '{unknown}' does not exist",
    )
    for wrong in ({"Filters": named("colour", "red")}, {"ServiceRegions": ["xx-east-1"]}, {"NextToken": "nonsense"}):
        assert client.refused("DescribeVpcEndpointServices", **wrong).code == "InvalidParameterValue"
    assert client.refused("DescribeVpcEndpointServices", DryRun=True).code == "DryRunOperation"
