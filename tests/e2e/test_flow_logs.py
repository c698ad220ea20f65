"""Flow logs end to end: real packets become lines that the aws command and boto3 read in CloudWatch Logs."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.running import Running

from .site import Site

pytestmark = [pytest.mark.root, pytest.mark.e2e]

GROUP = "/vpc/e2e"
PATIENCE_SECONDS = 180.0  # a minute until the window is over, and whatever else this machine does
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
WRITE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": "*",
        }
    ],
}


@pytest.fixture(scope="module")
def site(service: Running) -> Site:
    return Site(service, "main", "flow-logs", "10.75.0.0/16", "10.75.0.0/24")


def make_flow_log(service: Running, site: Site) -> str:
    iam = service.client("iam", "--account", "main")
    arn: str = iam.create_role(RoleName="e2e-flow-logs", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName="e2e-flow-logs", PolicyName="write", PolicyDocument=json.dumps(WRITE))
    made = service.aws(
        "ec2", "create-flow-logs", "--resource-type", "VPC", "--resource-ids", site.vpc_id, "--traffic-type", "ALL",
        "--log-group-name", GROUP, "--deliver-logs-permission-arn", arn, "--max-aggregation-interval", "60",
    )  # fmt: skip
    [flow_log_id] = made["FlowLogIds"]
    found: str = flow_log_id
    return found


def wait_for_lines(service: Running, words: str) -> list[dict[str, Any]]:
    """The events that have the words, once there are any."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        groups = service.aws("logs", "describe-log-groups", "--log-group-name-prefix", GROUP)["logGroups"]
        if groups:
            events: list[dict[str, Any]] = service.aws(
                "logs", "filter-log-events", "--log-group-name", GROUP, "--filter-pattern", words
            )["events"]
            if events:
                return events
        assert time.monotonic() < deadline, groups
        time.sleep(2)


def test_pings_and_what_is_refused_become_lines(service: Running, site: Site) -> None:
    other = site.ec2.run_instances(**site.launch)["Instances"][0]
    site.ec2.get_waiter("instance_running").wait(InstanceIds=[other["InstanceId"]])
    own, far = (
        site.ec2.describe_instances(InstanceIds=[each])["Reservations"][0]["Instances"][0]["NetworkInterfaces"][0]
        for each in (site.instance_id, other["InstanceId"])
    )
    flow_log_id = make_flow_log(service, site)
    assert site.ping(far["PrivateIpAddress"]) == 0
    knock = f"exec 3<>/dev/tcp/{far['PrivateIpAddress']}/81"
    service("exec", site.instance_id, "--", "timeout", "1", "bash", "-c", knock, code=None)
    [rejected, *_] = wait_for_lines(service, "REJECT")
    columns = rejected["message"].split()
    assert columns[2:4] == [far["NetworkInterfaceId"], own["PrivateIpAddress"]]
    assert columns[4] == far["PrivateIpAddress"]
    assert columns[6:8] == ["81", "6"]
    assert rejected["logStreamName"] == f"{far['NetworkInterfaceId']}-all"
    pings = [row["message"].split() for row in wait_for_lines(service, f'"{own["NetworkInterfaceId"]}" ACCEPT OK')]
    sums = {(row[3], row[4]): int(row[8]) for row in pings if row[7] == "1"}
    assert sums == {
        (own["PrivateIpAddress"], far["PrivateIpAddress"]): 3,
        (far["PrivateIpAddress"], own["PrivateIpAddress"]): 3,
    }
    logs = service.client("logs", "--account", "main")
    read = logs.get_log_events(logGroupName=GROUP, logStreamName=f"{own['NetworkInterfaceId']}-all", startFromHead=True)
    assert all(row["message"].startswith("2 ") for row in read["events"])
    [shown] = site.ec2.describe_flow_logs(FlowLogIds=[flow_log_id])["FlowLogs"]
    assert (shown["DeliverLogsStatus"], shown["LogGroupName"]) == ("SUCCESS", GROUP)
    site.ec2.delete_flow_logs(FlowLogIds=[flow_log_id])
    site.ec2.terminate_instances(InstanceIds=[site.instance_id, other["InstanceId"]])
