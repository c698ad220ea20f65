"""Calls that come through an interface endpoint: it leads to one service, and its policy has to allow them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.api.core.call import Call, Caller, Through
from realvpc.api.core.errors import AwsError

from ..conftest import MAIN, Client, caller, performed
from ..ec2.test_vpc_endpoint import House


@pytest.fixture
def house(client: Client) -> House:
    return House(client)


def through(
    house: House, endpoint_id: str, by: Caller | None = None, action: str = "DescribeVpcs", **params: Any
) -> Any:
    """What a call is answered that comes through the endpoint."""
    source = Through(endpoint_id, "10.20.0.7")
    return performed(house.client.service, Call("ec2", action, params, by or caller(), "req-1", through=source))


def test_an_endpoint_leads_to_its_service_while_it_is_there_and_as_its_policy_allows(house: House) -> None:
    policy = json.dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "ec2:Run*", "Resource": "*"}})
    named = {name: house.make(name)["VpcEndpointId"] for name in ("ec2", "ssm")}
    assert through(house, named["ec2"])["Vpcs"]
    house.client("DeleteVpcEndpoints", VpcEndpointIds=[named["ec2"]])
    closed = house.make("ec2", PolicyDocument=policy)["VpcEndpointId"]
    for endpoint_id, code in (
        (named["ssm"], "InvalidAction"),
        (named["ec2"], "UnauthorizedOperation"),
        (closed, "UnauthorizedOperation"),
    ):
        with pytest.raises(AwsError) as refused:
            through(house, endpoint_id)
        assert refused.value.code == code


def test_to_a_policy_the_principal_of_a_session_is_its_role(house: House) -> None:
    trust = json.dumps({"Statement": {"Effect": "Allow", "Principal": {"AWS": MAIN}, "Action": "sts:AssumeRole"}})
    made = house.client("CreateRole", of="iam", RoleName="web", Path="/team/", AssumeRolePolicyDocument=trust)["Role"]
    condition = {"StringEquals": {"aws:PrincipalArn": made["Arn"]}}
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition}
    endpoint_id = house.make("ec2", PolicyDocument=json.dumps({"Statement": allowed}))["VpcEndpointId"]
    session = replace(caller(), arn=f"arn:aws:sts::{MAIN}:assumed-role/web/i-1", user_id=f"{made['RoleId']}:i-1")
    assert through(house, endpoint_id, session)["Vpcs"]
    with pytest.raises(AwsError, match="no VPC endpoint policy allows"):
        through(house, endpoint_id)


def test_what_a_call_does_besides_the_policy_has_to_allow_too(house: House) -> None:
    client = house.client
    (public, *_) = client("DescribeImages", Owners=["amazon"])["Images"]
    copied = client("CopyImage", SourceImageId=public["ImageId"], SourceRegion=client.region, Name="copy")["ImageId"]
    deregister = {"Effect": "Allow", "Principal": "*", "Action": "ec2:DeregisterImage", "Resource": "*"}
    endpoint_id = house.make("ec2", PolicyDocument=json.dumps({"Statement": deregister}))["VpcEndpointId"]
    answer = through(house, endpoint_id, action="DeregisterImage", ImageId=copied, DeleteAssociatedSnapshots=True)
    assert [each["ReturnCode"] for each in answer["DeleteSnapshotResults"]] == ["missing-permissions"]
    assert client("DescribeSnapshots", OwnerIds=["self"])["Snapshots"]
