"""A row that nobody changes is turned into text once."""

from __future__ import annotations

from realvpc.api.core.rendered import Rendered
from realvpc.wire.ec2query import Ec2Query
from realvpc.wire.json11 import Json11


def test_the_text_of_a_row_stays_with_the_row() -> None:
    row = Rendered(VpcId="vpc-1", Tags=[{"Key": "a", "Value": "<b>"}])
    first = Ec2Query().write("DescribeVpcs", {"Vpcs": [row]}, "r")
    codec = Ec2Query()
    assert codec.write("DescribeVpcs", {"Vpcs": [row]}, "r") == first
    row["VpcId"] = "changed, against the promise"
    assert (
        codec.write("DescribeVpcs", {"Vpcs": [row, Rendered(VpcId="vpc-2")]}, "r").count(b"<vpcId>vpc-1</vpcId>") == 1
    )


def test_a_row_in_another_place_is_written_as_that_place_has_it() -> None:
    row = Rendered(Key="k", Value="v")
    codec = Ec2Query()
    tags = codec.write("DescribeTags", {"Tags": [row]}, "r")
    inner = codec.write("DescribeVpcs", {"Vpcs": [{"Tags": [row]}]}, "r")
    assert b"<item><key>k</key><value>v</value></item>" in tags
    assert b"<tagSet><item><key>k</key><value>v</value></item></tagSet>" in inner


def test_json_takes_such_a_row_like_any_other() -> None:
    row = Rendered(Name="n", Value="v")
    assert Json11("ssm").write("GetParameter", {"Parameter": row}, "r") == b'{"Parameter":{"Name":"n","Value":"v"}}'
