"""The commands that the demo prints are those that the ``aws`` command takes."""

from __future__ import annotations

from typing import Any

import awscli.clidriver
import pytest

from realvpc.client.command import as_typed, command_line

CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("ec2", "CreateVpc", {"CidrBlock": "10.20.0.0/16", "TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "VPC-A-vpc"}]}]}),
    ("ec2", "ModifyVpcAttribute", {"VpcId": "vpc-1", "EnableDnsHostnames": {"Value": True}}),
    ("ec2", "CreateVpcPeeringConnection", {"VpcId": "vpc-1", "PeerVpcId": "vpc-2", "PeerOwnerId": "012345678901"}),
    ("ec2", "AuthorizeSecurityGroupIngress", {"GroupId": "sg-1", "IpPermissions": [{"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "ping, all"}]}]}),
    ("ec2", "RunInstances", {"ImageId": "ami-1", "MinCount": 1, "MaxCount": 1, "InstanceType": "t2.micro", "IamInstanceProfile": {"Name": "SessionManager-Role"}, "NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": "subnet-1", "AssociatePublicIpAddress": True, "Groups": ["sg-1", "sg-2"]}]}),
    ("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": '{"Statement": [{"Effect": "Allow"}]}'}),
    ("ec2", "DescribeInstances", {"InstanceIds": ["i-1", "i-2"], "Filters": [{"Name": "vpc-id", "Values": ["vpc-1"]}], "DryRun": False}),
]  # fmt: skip


@pytest.mark.parametrize(("service", "operation", "parameters"), CALLS, ids=[call[1] for call in CALLS])
def test_the_aws_command_understands_what_it_is_told(
    service: str, operation: str, parameters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []

    def capture(self: Any, operation_name: str, api_params: dict[str, Any]) -> dict[str, Any]:
        assert operation_name == operation
        sent.append(api_params)
        return {}

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", capture)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert awscli.clidriver.create_clidriver().main(command_line(service, operation, parameters)) == 0
    implied = {"MinCount", "MaxCount"}  # the CLI adds them when it builds the request
    assert sent == [{name: value for name, value in parameters.items() if name not in implied}]


def test_a_command_can_be_pasted_into_a_shell() -> None:
    words = command_line("ec2", "CreateTags", {"Resources": ["vpc-1"], "Tags": [{"Key": "Name", "Value": "two words"}]})
    assert as_typed(words) == """aws ec2 create-tags --resources vpc-1 --tags '{"Key": "Name", "Value": "two words"}'"""
