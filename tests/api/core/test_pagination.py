"""Long listings come in pages that hold everything once."""

from __future__ import annotations

from typing import Any

import pytest

from ..build import make_internet_gateway, make_route_table, make_subnet, make_vpc, where
from ..conftest import Client


def pages(client: Client, action: str, member: str, **request: Any) -> list[list[dict[str, Any]]]:
    """Every page, by following the tokens."""
    found, token = [], None
    while True:
        answer = client(action, NextToken=token, **request)
        found.append(answer[member])
        token = answer.get("NextToken")
        if token is None:
            return found


@pytest.fixture
def vpc_id(client: Client) -> str:
    vpc_id = make_vpc(client)
    for number in range(11):
        make_subnet(client, vpc_id, f"10.20.{number}.0/24")
        make_route_table(client, vpc_id)
        make_internet_gateway(client)
    return vpc_id


@pytest.mark.parametrize(
    ("action", "member", "key", "sizes"),
    [
        ("DescribeSubnets", "Subnets", "SubnetId", [5, 5, 1]),
        ("DescribeRouteTables", "RouteTables", "RouteTableId", [5, 5, 2]),
        ("DescribeInternetGateways", "InternetGateways", "InternetGatewayId", [5, 5, 1]),
    ],
)
def test_pages_hold_everything_once(
    client: Client, vpc_id: str, action: str, member: str, key: str, sizes: list[int]
) -> None:
    found = pages(client, action, member, MaxResults=5)
    assert [len(page) for page in found] == sizes
    ids = [row[key] for page in found for row in page]
    assert ids == [row[key] for row in client(action)[member]]
    assert len(set(ids)) == len(ids)


def test_the_last_page_is_full_and_has_no_token(client: Client, vpc_id: str) -> None:
    assert [len(page) for page in pages(client, "DescribeSubnets", "Subnets", MaxResults=11)] == [11]


def test_pages_are_of_what_passes_the_filters(client: Client, vpc_id: str) -> None:
    make_subnet(client, make_vpc(client), "10.20.0.0/24")
    found = pages(client, "DescribeSubnets", "Subnets", MaxResults=6, Filters=where(vpc_id=vpc_id))
    assert [len(page) for page in found] == [6, 5]


def test_a_listing_survives_changes_between_its_pages(client: Client, vpc_id: str) -> None:
    first = client("DescribeSubnets", MaxResults=5)
    seen = [row["SubnetId"] for row in first["Subnets"]]
    client("DeleteSubnet", SubnetId=seen[-1])
    rest = client("DescribeSubnets", NextToken=first["NextToken"])["Subnets"]
    assert len(rest) == 6
    assert not set(seen) & {row["SubnetId"] for row in rest}


@pytest.mark.parametrize("token", ["nonsense", "Zm9v", "é"])
def test_a_token_that_was_never_given_out_is_refused(client: Client, vpc_id: str, token: str) -> None:
    assert client.refused("DescribeSubnets", NextToken=token).code == "InvalidParameterValue"


def test_ids_and_pages_exclude_each_other(client: Client, vpc_id: str) -> None:
    error = client.refused("DescribeVpcs", VpcIds=[vpc_id], MaxResults=5)
    assert error.code == "InvalidParameterCombination"
