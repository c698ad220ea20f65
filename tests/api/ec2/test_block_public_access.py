"""VPC Block Public Access: the mode of a Region, and what is excluded."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.api.ec2 import block_public_access_exclusion

from ..build import make_subnet, make_vpc, named
from ..conftest import MAIN, OTHER, START, TOKYO, VIRGINIA, Client

OPTIONS = "VpcBlockPublicAccessOptions"


def block(client: Client, mode: str) -> dict[str, Any]:
    return dict(client("ModifyVpcBlockPublicAccessOptions", InternetGatewayBlockMode=mode)[OPTIONS])


def exclude(client: Client, mode: str = "allow-bidirectional", **what: str) -> dict[str, Any]:
    made = client("CreateVpcBlockPublicAccessExclusion", InternetGatewayExclusionMode=mode, **what)
    return dict(made["VpcBlockPublicAccessExclusion"])


def modes(client: Client, vpc_id: str, subnet_id: str) -> tuple[str, str]:
    [vpc] = client("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"]
    [subnet] = client("DescribeSubnets", SubnetIds=[subnet_id])["Subnets"]
    shown = [row["BlockPublicAccessStates"]["InternetGatewayBlockMode"] for row in (vpc, subnet)]
    return shown[0], shown[1]


def test_a_mode_is_one_of_an_account_in_a_region(client: Client, as_account: Any) -> None:
    assert client("DescribeVpcBlockPublicAccessOptions")[OPTIONS]["State"] == "default-state"
    changed = block(client, "block-ingress")
    assert (changed["State"], changed["InternetGatewayBlockMode"]) == ("update-in-progress", "block-ingress")
    assert client("DescribeVpcBlockPublicAccessOptions")[OPTIONS] == {
        "AwsAccountId": MAIN,
        "AwsRegion": TOKYO,
        "State": "update-complete",
        "InternetGatewayBlockMode": "block-ingress",
        "LastUpdateTimestamp": START,
        "ManagedBy": "account",
        "ExclusionsAllowed": "allowed",
    }
    for other in (as_account(OTHER), as_account(region=VIRGINIA)):
        assert other("DescribeVpcBlockPublicAccessOptions")[OPTIONS]["InternetGatewayBlockMode"] == "off"


def test_vpcs_and_subnets_show_what_holds_for_them(client: Client) -> None:
    vpc_id = make_vpc(client)
    subnet_id, place = make_subnet(client, vpc_id), {"vpc_id": vpc_id}
    assert modes(client, place["vpc_id"], subnet_id) == ("off", "off")
    block(client, "block-bidirectional")
    assert modes(client, vpc_id, subnet_id) == ("block-bidirectional", "block-bidirectional")
    of_subnet = exclude(client, "allow-egress", SubnetId=subnet_id)
    assert modes(client, vpc_id, subnet_id) == ("block-bidirectional", "block-ingress")
    exclude(client, VpcId=vpc_id)
    assert modes(client, vpc_id, subnet_id) == ("off", "block-ingress")
    client("DeleteVpcBlockPublicAccessExclusion", ExclusionId=of_subnet["ExclusionId"])
    assert modes(client, vpc_id, subnet_id) == ("off", "off")


def test_an_exclusion_is_shown_changed_and_deleted(client: Client) -> None:
    vpc_id = make_vpc(client)
    made = exclude(client, VpcId=vpc_id)
    assert made["State"] == "create-in-progress"
    arn = f"arn:aws:ec2:{TOKYO}:{MAIN}:vpc/{vpc_id}"
    [shown] = client("DescribeVpcBlockPublicAccessExclusions", Filters=named("resource-arn", arn))[
        "VpcBlockPublicAccessExclusions"
    ]
    assert (shown["ExclusionId"], shown["State"], shown["ResourceArn"]) == (made["ExclusionId"], "create-complete", arn)
    named_id = {"ExclusionId": made["ExclusionId"]}
    client("ModifyVpcBlockPublicAccessExclusion", **named_id, InternetGatewayExclusionMode="allow-egress")
    [shown] = client("DescribeVpcBlockPublicAccessExclusions", ExclusionIds=[made["ExclusionId"]])[
        "VpcBlockPublicAccessExclusions"
    ]
    assert (shown["InternetGatewayExclusionMode"], shown["State"]) == ("allow-egress", "update-complete")
    client("DeleteVpcBlockPublicAccessExclusion", **named_id)
    error = client.refused("DeleteVpcBlockPublicAccessExclusion", **named_id)
    assert error.code == "InvalidVpcBlockPublicAccessExclusionId.NotFound"


def test_what_cannot_be_excluded_is_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    vpc_id = make_vpc(client)
    subnet_id = make_subnet(client, vpc_id)

    def code(**what: str) -> str:
        request = {"InternetGatewayExclusionMode": "allow-egress", **what}
        return client.refused("CreateVpcBlockPublicAccessExclusion", **request).code

    assert code() == "MissingParameter"
    assert code(VpcId=vpc_id, SubnetId=subnet_id) == "InvalidParameterCombination"
    assert code(VpcId="vpc-0123456789abcdef0") == "InvalidVpcID.NotFound"
    exclude(client, VpcId=vpc_id)
    assert code(VpcId=vpc_id) == "InvalidParameterValue"
    monkeypatch.setattr(block_public_access_exclusion, "EXCLUSIONS_MAXIMUM", 1)
    assert code(SubnetId=subnet_id) == "VpcBlockPublicAccessExclusionLimitExceeded"


def test_an_exclusion_goes_with_what_is_excluded(client: Client) -> None:
    vpc_id = make_vpc(client)
    subnet_id = make_subnet(client, vpc_id)
    exclude(client, VpcId=vpc_id)
    exclude(client, SubnetId=subnet_id)
    client("DeleteSubnet", SubnetId=subnet_id)
    client("DeleteVpc", VpcId=vpc_id)
    assert not client.service.state.network.block_public_access_exclusions
