"""Flow logs: made, described, deleted, refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realvpc.api.core.sweep import sweep
from realvpc.api.service import Service
from realvpc.net.flow_log_format import DEFAULT_FORMAT, FIELDS
from realvpc.net.quotas import FLOW_LOGS_PER_RESOURCE

from ..build import make_subnet, make_vpc, named, specification, tags
from ..conftest import MAIN, OTHER, TOKYO, Client, give_quota

BY_FLOW_LOGS = {
    "Effect": "Allow",
    "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
    "Action": "sts:AssumeRole",
}
MAY_WRITE = {
    "Effect": "Allow",
    "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:Describe*"],
    "Resource": "*",
}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def make_role(
    client: Client, *, trusts: dict[str, Any] | None = None, may: dict[str, Any] | None = None, name: str = "flow-logs"
) -> str:
    """The ARN of a role that flow logs may be delivered by."""
    made = client("CreateRole", of="iam", RoleName=name, AssumeRolePolicyDocument=document(trusts or BY_FLOW_LOGS))
    put = {"RoleName": name, "PolicyName": "write", "PolicyDocument": document(may or MAY_WRITE)}
    client("PutRolePolicy", of="iam", **put)
    arn: str = made["Role"]["Arn"]
    return arn


def wanted(*resource_ids: str, role: str, **more: Any) -> dict[str, Any]:
    request = {
        "ResourceType": "VPC",
        "ResourceIds": list(resource_ids),
        "TrafficType": "ALL",
        "LogGroupName": "flows",
        "DeliverLogsPermissionArn": role,
        **more,
    }
    return {name: value for name, value in request.items() if value is not None}


def make_flow_log(client: Client, *resource_ids: str, **more: Any) -> str:
    [made] = client("CreateFlowLogs", **wanted(*resource_ids, **more))["FlowLogIds"]
    flow_log_id: str = made
    return flow_log_id


def the_flow_log(client: Client, flow_log_id: str) -> dict[str, Any]:
    [row] = client("DescribeFlowLogs", FlowLogIds=[flow_log_id])["FlowLogs"]
    found: dict[str, Any] = row
    return found


def test_a_flow_log_is_shown_as_aws_shows_one(client: Client) -> None:
    vpc_id, role = make_vpc(client), make_role(client)
    request = wanted(vpc_id, role=role, ClientToken="once", TagSpecifications=specification("vpc-flow-log", Name="a"))
    made = client("CreateFlowLogs", **request)
    assert (made["ClientToken"], made["Unsuccessful"]) == ("once", [])
    row = the_flow_log(client, made["FlowLogIds"][0])
    assert row.pop("CreationTime")
    assert row == {
        "FlowLogId": made["FlowLogIds"][0],
        "FlowLogStatus": "ACTIVE",
        "ResourceId": vpc_id,
        "TrafficType": "ALL",
        "LogDestinationType": "cloud-watch-logs",
        "LogFormat": DEFAULT_FORMAT,
        "MaxAggregationInterval": 600,
        "DeliverLogsStatus": "SUCCESS",
        "DeliverLogsPermissionArn": role,
        "LogGroupName": "flows",
        "Tags": tags(Name="a"),
    }
    assert client("CreateFlowLogs", **request)["FlowLogIds"] == made["FlowLogIds"], "the token says that it is the same"


def test_a_role_may_be_allowed_by_a_policy_with_a_null_among_its_resources(client: Client) -> None:
    """IAM takes it and passes it over."""
    role = make_role(client, may=MAY_WRITE | {"Resource": [None, "*"]})
    row = the_flow_log(client, make_flow_log(client, make_vpc(client), role=role))
    assert row["DeliverLogsStatus"] == "SUCCESS"


def test_it_may_be_of_a_vpc_a_subnet_or_an_interface_and_is_found_by_that(client: Client) -> None:
    role, vpc_id = make_role(client), make_vpc(client)
    subnet_id = make_subnet(client, vpc_id)
    interface_id = client("CreateNetworkInterface", SubnetId=subnet_id)["NetworkInterface"]["NetworkInterfaceId"]
    places = {"VPC": vpc_id, "Subnet": subnet_id, "NetworkInterface": interface_id}
    for kind, place in places.items():
        flow_log_id = make_flow_log(client, place, role=role, ResourceType=kind, MaxAggregationInterval=60)
        [row] = client("DescribeFlowLogs", Filter=named("resource-id", place))["FlowLogs"]
        assert (row["FlowLogId"], row["MaxAggregationInterval"]) == (flow_log_id, 60)
    assert len(client("DescribeFlowLogs")["FlowLogs"]) == len(places)


def test_what_cannot_be_made_is_told_beside_what_was(client: Client) -> None:
    role, vpc_id, other = make_role(client), make_vpc(client), make_vpc(client, "10.30.0.0/16")
    make_flow_log(client, vpc_id, role=role)
    unknown = "vpc-00000000000000001"
    made = client("CreateFlowLogs", **wanted(vpc_id, unknown, other, role=role))
    assert len(made["FlowLogIds"]) == 1
    assert [(row["ResourceId"], row["Error"]["Code"]) for row in made["Unsuccessful"]] == [
        (vpc_id, "FlowLogAlreadyExists"),
        (unknown, "InvalidVpcID.NotFound"),
    ]


def test_where_none_can_be_made_that_is_the_error(client: Client) -> None:
    role, vpc_id = make_role(client), make_vpc(client)
    make_flow_log(client, vpc_id, role=role)
    error = client.refused("CreateFlowLogs", **wanted(vpc_id, role=role))
    assert (error.code, error.message) == (
        "FlowLogAlreadyExists",
        "Error. There is an existing Flow Log with the same configuration and log destination.",
    )
    make_flow_log(client, vpc_id, role=role, TrafficType="REJECT")
    make_flow_log(client, vpc_id, role=role, LogGroupName="others")


def test_a_vpc_of_another_account_is_not_there(client: Client, as_account: Any) -> None:
    role, theirs = make_role(client), make_vpc(as_account(OTHER))
    assert client.refused("CreateFlowLogs", **wanted(theirs, role=role)).code == "InvalidVpcID.NotFound"


def test_a_resource_has_so_many_and_no_more(client: Client, service: Service) -> None:
    role, vpc_id = make_role(client), make_vpc(client)
    give_quota(service, FLOW_LOGS_PER_RESOURCE, 1)
    make_flow_log(client, vpc_id, role=role)
    more = wanted(vpc_id, role=role, LogGroupName="others")
    assert client.refused("CreateFlowLogs", **more).code == "FlowLogsLimitExceeded"


CWL = "arn:aws:logs"


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        ({"DeliverLogsPermissionArn": None}, "InvalidParameter", "DeliverLogsPermissionArn can't be empty if"),
        ({"DeliverLogsPermissionArn": f"arn:aws:iam::{MAIN}:role/no"}, "InvalidParameter", "Unable to assume given"),
        ({"LogGroupName": None}, "InvalidParameter", "LogDestination can't be empty if LogGroupName is not provided."),
        ({"LogDestination": f"{CWL}:{TOKYO}:{MAIN}:log-group:a"}, "InvalidParameter", "Please only provide"),
        ({"LogGroupName": "a b"}, "InvalidParameter", "LogGroupName: a b is not a valid name"),
        ({"LogDestinationType": "s3"}, "InvalidParameter", "LogDestination type must be cloud-watch-logs if"),
        ({"LogDestinationType": "tape"}, "InvalidParameterValue", "logDestinationType"),
        ({"MaxAggregationInterval": 61}, "InvalidParameter", "Invalid Flow Log Max Aggregation Interval"),
        ({"LogFormat": "${version} ${colour}"}, "InvalidParameter", "${colour}"),
        ({"LogFormat": "version"}, "InvalidParameter", "version"),
        ({"LogFormat": "${version} ${version}"}, "InvalidParameter", "${version}"),
        ({"LogFormat": "${version} " * 500}, "InvalidParameter", "${version}"),
        ({"TrafficType": None}, "MissingParameter", "trafficType"),
        ({"TrafficType": "SOME"}, "InvalidParameterValue", "trafficType"),
        ({"ResourceType": "TransitGateway"}, "UnsupportedOperation", "TransitGateway"),
        ({"DestinationOptions": {"FileFormat": "parquet"}}, "InvalidParameter", "is not applicable for cloud-watch-"),
        ({"ResourceIds": [f"vpc-{n:017x}" for n in range(1001)]}, "InvalidParameter", "1000"),
    ],
)
def test_what_is_refused(client: Client, more: dict[str, Any], code: str, message: str) -> None:
    role, vpc_id = make_role(client), make_vpc(client)
    error = client.refused("CreateFlowLogs", **wanted(vpc_id, role=role, **more))
    assert error.code == code
    assert message in error.message


@pytest.mark.parametrize("region", ["us-west-2", TOKYO])
def test_a_destination_is_the_callers_own_log_group(client: Client, region: str) -> None:
    role, vpc_id = make_role(client), make_vpc(client)
    arn = f"arn:aws:logs:{region}:{MAIN}:log-group:/vpc/flows"
    request = wanted(vpc_id, role=role, LogGroupName=None, LogDestination=arn)
    if region != TOKYO:
        assert client.refused("CreateFlowLogs", **request).code == "InvalidParameter"
        return
    row = the_flow_log(client, client("CreateFlowLogs", **request)["FlowLogIds"][0])
    assert (row["LogGroupName"], row["LogDestination"]) == ("/vpc/flows", arn)


def test_a_role_has_to_trust_flow_logs(client: Client) -> None:
    vpc_id = make_vpc(client)
    role = make_role(client, trusts={**BY_FLOW_LOGS, "Principal": {"Service": "ec2.amazonaws.com"}})
    error = client.refused("CreateFlowLogs", **wanted(vpc_id, role=role))
    assert (error.code, error.message) == ("InvalidParameter", f"Unable to assume given IAM role: '{role}'")


def test_a_role_may_trust_them_for_its_own_account_alone(client: Client) -> None:
    """The condition that AWS recommends against the confused deputy."""
    vpc_id = make_vpc(client)
    for account, name in ((MAIN, "own"), (OTHER, "others")):
        conditions = {
            "StringEquals": {"aws:SourceAccount": account},
            "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:{TOKYO}:{account}:vpc-flow-log/*"},
        }
        role = make_role(client, trusts={**BY_FLOW_LOGS, "Condition": conditions}, name=name)
        if account == MAIN:
            assert the_flow_log(client, make_flow_log(client, vpc_id, role=role))["DeliverLogsStatus"] == "SUCCESS"
        else:
            error = client.refused("CreateFlowLogs", **wanted(vpc_id, role=role, LogGroupName="b"))
            assert error.code == "InvalidParameter"


def test_a_role_that_may_not_write_delivers_nothing_and_it_is_said(client: Client) -> None:
    vpc_id = make_vpc(client)
    role = make_role(client, may={"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"})
    flow_log_id = make_flow_log(client, vpc_id, role=role)

    def shown() -> tuple[str, str | None]:
        row = the_flow_log(client, flow_log_id)
        return row["DeliverLogsStatus"], row.get("DeliverLogsErrorMessage")

    assert shown() == ("FAILED", "Access error")
    policy = {"RoleName": "flow-logs", "PolicyName": "write"}
    of_group = {**MAY_WRITE, "Resource": f"arn:aws:logs:{TOKYO}:{MAIN}:log-group:flows:*"}
    client("PutRolePolicy", of="iam", **policy, PolicyDocument=document(of_group))
    assert shown() == ("SUCCESS", None)
    client("PutRolePolicy", of="iam", **policy, PolicyDocument=document({**of_group, "Effect": "Deny"}))
    assert shown() == ("FAILED", "Access error")
    client("AttachRolePolicy", of="iam", RoleName="flow-logs", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    assert shown() == ("FAILED", "Access error"), "what is denied is denied"
    client("DeleteRolePolicy", of="iam", **policy)
    assert shown() == ("SUCCESS", None)
    assert client("DescribeFlowLogs", Filter=named("deliver-log-status", "FAILED"))["FlowLogs"] == []


def test_a_log_group_that_is_missing_has_to_be_one_that_the_role_may_make(client: Client) -> None:
    vpc_id = make_vpc(client)
    role = make_role(client, may={**MAY_WRITE, "Action": ["logs:CreateLogStream", "logs:PutLogEvents"]})
    flow_log_id = make_flow_log(client, vpc_id, role=role)
    assert the_flow_log(client, flow_log_id)["DeliverLogsErrorMessage"] == "Access error"
    client("CreateLogGroup", of="logs", logGroupName="flows")
    assert the_flow_log(client, flow_log_id)["DeliverLogsStatus"] == "SUCCESS"


@pytest.mark.parametrize(
    ("kind", "arn"),
    [
        ("s3", "arn:aws:s3:::bucket/prefix/"),
        ("kinesis-data-firehose", f"arn:aws:firehose:{TOKYO}:{MAIN}:deliverystream/flows"),
    ],
)
def test_what_there_is_none_of_here_takes_no_lines_and_it_is_said(client: Client, kind: str, arn: str) -> None:
    vpc_id = make_vpc(client)
    request = wanted(vpc_id, role="", DeliverLogsPermissionArn=None, LogGroupName=None)
    row = the_flow_log(
        client, client("CreateFlowLogs", **request, LogDestinationType=kind, LogDestination=arn)["FlowLogIds"][0]
    )
    assert (row["DeliverLogsStatus"], row["LogDestination"]) == ("FAILED", arn)
    assert row["DeliverLogsErrorMessage"].startswith("Unknown error: there is no Amazon")
    assert ("DestinationOptions" in row) == (kind == "s3")


def test_a_role_is_nothing_that_s3_needs(client: Client) -> None:
    vpc_id, role = make_vpc(client), make_role(client)
    s3 = {"LogDestinationType": "s3", "LogDestination": "arn:aws:s3:::bucket", "LogGroupName": None}
    error = client.refused("CreateFlowLogs", **wanted(vpc_id, role=role, **s3))
    assert (error.code, error.message) == (
        "InvalidParameter",
        "DeliverLogsPermissionArn is not applicable for s3 delivery",
    )


def test_every_field_may_be_asked_for(client: Client) -> None:
    vpc_id, role = make_vpc(client), make_role(client)
    text = " ".join(f"${{{name}}}" for name in FIELDS)
    assert the_flow_log(client, make_flow_log(client, vpc_id, role=role, LogFormat=text))["LogFormat"] == text


def test_deleted_it_is_gone_and_one_that_is_not_there_deletes_none(client: Client) -> None:
    role, vpc_id = make_role(client), make_vpc(client)
    first, second = (make_flow_log(client, vpc_id, role=role, LogGroupName=name) for name in "ab")
    unknown = "fl-00000000000000001"
    error = client.refused("DeleteFlowLogs", FlowLogIds=[first, unknown])
    assert error.code == "InvalidFlowLogId.NotFound"
    assert error.message.endswith(f"[TotalCount: 1] {unknown}")
    error = client.refused("DeleteFlowLogs", FlowLogIds=[unknown, "fl-00000000000000002"])
    assert error.message.endswith(f"[TotalCount: 2] {unknown} fl-00000000000000002")
    assert client("DeleteFlowLogs", FlowLogIds=[first, first])["Unsuccessful"] == []
    assert [row["FlowLogId"] for row in client("DescribeFlowLogs")["FlowLogs"]] == [second]


def test_ids_that_are_unknown_are_passed_over_when_described(client: Client) -> None:
    """As Terraform finds out that one is gone."""
    role, vpc_id = make_role(client), make_vpc(client)
    flow_log_id, unknown = make_flow_log(client, vpc_id, role=role), "fl-00000000000000001"
    assert client("DescribeFlowLogs", FlowLogIds=[unknown])["FlowLogs"] == []
    assert [row["FlowLogId"] for row in client("DescribeFlowLogs", FlowLogIds=[unknown, flow_log_id])["FlowLogs"]] == [
        flow_log_id
    ]


def test_one_of_a_vpc_that_is_gone_goes_with_the_next_sweep(client: Client, service: Service) -> None:
    role, vpc_id, kept = make_role(client), make_vpc(client), make_vpc(client, "10.30.0.0/16")
    client("CreateFlowLogs", **wanted(vpc_id, kept, role=role))
    client("DeleteVpc", VpcId=vpc_id)
    service.report(sweep, "sweep")
    assert [row["ResourceId"] for row in client("DescribeFlowLogs")["FlowLogs"]] == [kept]
