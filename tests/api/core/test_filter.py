"""Filters: where their values are found, and what one request may ask for."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.api.core import filter as filters
from realvpc.api.core.filter import path
from realvpc.net.addresses import Cidr
from realvpc.net.vpc import CidrAssociation, Vpc

from ..build import make_vpc, named, specification
from ..conftest import Client

_VPC = Vpc(
    id="vpc-1",
    account="1",
    region="r",
    cidr_associations=(
        CidrAssociation("a-1", Cidr.parse("10.0.0.0/16")),
        CidrAssociation("a-2", Cidr.parse("10.1.0.0/16")),
    ),
)


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("State", ["available"]),
        ("Set[].Block", ["a", "b"]),
        ("Set[].Inner.Code", ["x", None]),
        ("Nowhere", [None]),
        ("Nowhere[].Block", []),
        ("Inner.Nowhere", [None]),
    ],
)
def test_a_path_leads_into_what_is_shown(place: str, found: list[Any]) -> None:
    shown = {
        "State": "available",
        "Set": [{"Block": "a", "Inner": {"Code": "x"}}, {"Block": "b", "Inner": {}}],
        "Inner": {},
    }
    assert path(place)(shown) == found


def test_a_path_with_a_dot_in_front_leads_along_attributes() -> None:
    assert path(".id")(_VPC) == ["vpc-1"]
    assert path(".cidr_associations[].id")(_VPC) == ["a-1", "a-2"]


def test_a_request_has_at_most_50_filters_of_200_values_of_255_characters(client: Client) -> None:
    make_vpc(client)
    client("DescribeVpcs", Filters=named("cidr", *(f"10.0.0.{n}/16" for n in range(200))) * 50)
    for too_many in (named("cidr", "*") * 51, named("cidr", *["*"] * 201)):
        assert client.refused("DescribeVpcs", Filters=too_many).code == "FilterLimitExceeded"
    error = client.refused("DescribeVpcs", Filters=named("cidr", *["*"] * 201))
    assert error.message == "The maximum number of filter values specified on a single call is 200"
    client("DescribeVpcs", Filters=named("tag:Name", "*" * 255))
    assert client.refused("DescribeVpcs", Filters=named("tag:Name", "*" * 256)).code == "InvalidParameterValue"


def test_wildcards_of_one_request_cost_no_more_than_a_bound(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        tags = specification("vpc", z=f"{number}" + "a" * 254)
        make_vpc(client, f"10.{number}.0.0/16", TagSpecifications=tags)
    monkeypatch.setattr(filters, "MAXIMUM_STEPS", 1020)  # four texts of 255 characters
    assert client("DescribeVpcs", Filters=named("tag:z", "*a*a*a*a*a*a*b"))["Vpcs"] == []
    error = client.refused("DescribeVpcs", Filters=named("tag:z", "*a*a*b", "*b"))
    assert error.code == "FilterLimitExceeded"


def test_a_text_that_many_resources_show_is_compared_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(8):
        make_vpc(client, f"10.{number}.0.0/16", TagSpecifications=specification("vpc", z="a" * 255))
    monkeypatch.setattr(filters, "MAXIMUM_STEPS", 255)
    assert client("DescribeVpcs", Filters=named("tag:z", "*a*a*b"))["Vpcs"] == []


@pytest.mark.parametrize("nameless", [{}, {"Values": ["x"]}])
def test_a_filter_has_a_name(client: Client, nameless: dict[str, Any]) -> None:
    error = client.refused("DescribeVpcs", Filters=[nameless])
    assert (error.code, error.message) == ("InvalidParameterValue", "The filter 'null' is invalid")
