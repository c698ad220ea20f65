"""ClassicLink, which no VPC has."""

from __future__ import annotations

from ..build import make_vpc, named, tags
from ..conftest import Client

_GONE = "0123456789abcdef0"


def test_no_vpc_has_classic_link(client: Client) -> None:
    vpc_id, other = make_vpc(client), make_vpc(client, "10.30.0.0/16")
    client("CreateTags", Resources=[vpc_id], Tags=tags(Name="a"))
    shown = client("DescribeVpcClassicLink", Filters=named("tag:Name", "a"))["Vpcs"]
    assert shown == [{"VpcId": vpc_id, "ClassicLinkEnabled": False, "Tags": tags(Name="a")}]
    for value, expected in (("false", {vpc_id, other}), ("true", set())):
        found = client("DescribeVpcClassicLink", Filters=named("is-classic-link-enabled", value))["Vpcs"]
        assert {row["VpcId"] for row in found} == expected
    support = client("DescribeVpcClassicLinkDnsSupport", VpcIds=[other])["Vpcs"]
    assert support == [{"VpcId": other, "ClassicLinkDnsSupported": False}]
    assert client.refused("DescribeVpcClassicLink", VpcIds=[f"vpc-{_GONE}"]).code == "InvalidVpcID.NotFound"
