"""Whatever one client asks of much, the loop is kept for a short time only: what it does is counted, not timed."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import iscoroutine
from typing import Any

import pytest
from botocore.model import StructureShape

from realvpc.api.actions import ACTIONS
from realvpc.api.core.call import Call
from realvpc.api.core.errors import AwsError
from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.net.quotas import INSTANCE_VCPUS_PER_REGION, RULES_PER_SECURITY_GROUP
from realvpc.wire.app import LONG_BODY
from realvpc.wire.model import service_model

from ..counting import calls
from .build import make_subnet, make_vpc
from .conftest import MAIN, START, TOKYO, Client, caller, give_quota, new_service

CALLS = 120_000  # of functions: about ten milliseconds
INSTANCES = 2000
LAUNCH: dict[str, Any] = {
    "ImageId": "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
    "InstanceType": "t2.micro",
}


class Large:
    """A service with 2,000 instances of 50 tags each, and a group of 1,000 rules."""

    def __init__(self) -> None:
        self.service = service = new_service(Clock(source=lambda: START))
        client = Client(service, MAIN, TOKYO)
        give_quota(service, INSTANCE_VCPUS_PER_REGION, 10_000)
        give_quota(service, RULES_PER_SECURITY_GROUP, 10_000)
        vpc_id = make_vpc(client)
        self.subnet_id = make_subnet(client, vpc_id)
        launched = client("RunInstances", SubnetId=self.subnet_id, MinCount=INSTANCES, MaxCount=INSTANCES, **LAUNCH)
        self.ids = [row["InstanceId"] for row in launched["Instances"]]
        self.tags = [{"Key": f"key-{number}", "Value": f"value-{number}"} for number in range(50)]
        client("CreateTags", Resources=self.ids, Tags=self.tags)
        group = client("CreateSecurityGroup", GroupName="g", Description="d", VpcId=vpc_id)
        self.group_id = group["GroupId"]
        client("AuthorizeSecurityGroupIngress", GroupId=self.group_id, IpPermissions=rules(0, 1000))

    def requests(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What is large of a request."""
        unknown = [f"i-0{number:016x}" for number in range(6000)]
        yield "RunInstances", {**LAUNCH, "SubnetId": self.subnet_id, "MinCount": 1000, "MaxCount": 1000}
        for action in ("MonitorInstances", "RebootInstances", "StopInstances", "TerminateInstances"):
            yield action, {"InstanceIds": self.ids}
            yield action, {"InstanceIds": unknown}
        yield "DescribeInstances", {"InstanceIds": self.ids}
        yield "DescribeInstances", {"InstanceIds": unknown}
        yield "CreateTags", {"Resources": self.ids, "Tags": self.tags}
        yield "CreateTags", {"Resources": self.ids[:400], "Tags": self.tags}
        yield "CreateTags", {"Resources": unknown, "Tags": self.tags}
        yield "DeleteTags", {"Resources": self.ids}
        globs = [f"*{number}*x" for number in range(8)]
        for names in (
            ["tag-value"] * 50,
            [f"tag:key-{number}" for number in range(50)],
            ["dns-name", "network-interface.private-dns-name"],
        ):
            filters = [{"Name": name, "Values": [*globs, "value-1*"]} for name in names]
            yield "DescribeInstances", {"Filters": filters}
        exact = [f"v{number}" for number in range(199)]
        yield "DescribeInstances", {"Filters": [{"Name": "tag-value", "Values": [*exact, "value-1"]}] * 50}
        yield "DescribeTags", {"Filters": [{"Name": "value", "Values": ["*1*x"]}]}
        yield "DescribeTags", {"MaxResults": 5}
        yield "CreateKeyPair", {"KeyName": "rsa"}
        yield "AuthorizeSecurityGroupIngress", {"GroupId": self.group_id, "IpPermissions": rules(1000, 2000)}


def rules(first: int, end: int) -> list[dict[str, Any]]:
    ports = range(first + 1, end + 1)
    return [
        {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
        for port in ports
    ]


@pytest.fixture(scope="module")
def large() -> Large:
    return Large()


def test_a_request_for_much_leaves_the_loop_after_a_bounded_number_of_steps(large: Large) -> None:
    requests = [*large.requests(), *((name, {}) for name in _without_parameters("ec2"))]
    assert len(requests) > 40
    for action, params in requests:
        assert kept(large.service, "ec2", action, params) < CALLS, f"{action} {str(params)[:100]}"


def test_keys_are_made_beside_the_loop(large: Large) -> None:
    response = large.service.handle(Call("ec2", "CreateKeyPair", {"KeyName": "rsa"}, caller(), "r"))
    assert iscoroutine(response)
    response.close()


@pytest.mark.parametrize("service", [name for name in ACTIONS if name != "ec2"])
def test_so_do_those_of_other_services(large: Large, service: str) -> None:
    for action in _without_parameters(service):
        assert kept(large.service, service, action, {}) < CALLS, action


def kept(service: Service, name: str, action: str, params: dict[str, Any]) -> int:
    """How many functions are called before the loop may go on.  Only what names nothing may be refused."""
    call = Call(name, action, params, caller(), "r", is_long=len(str(params)) > 2 * LONG_BODY)  # about as long

    def handle() -> None:
        try:
            response = service.handle(call)
        except AwsError:
            if params:
                raise  # what is refused would have cost nothing
            return
        if iscoroutine(response):
            response.close()

    return calls(handle)


def _without_parameters(service: str) -> list[str]:
    """Descriptions and lists of everything."""
    model = service_model(service)
    shapes = {action: model.operation_model(action).input_shape for action in ACTIONS[service]}
    return [
        action
        for action, shape in shapes.items()
        if action.startswith(("Describe", "List"))
        and not (isinstance(shape, StructureShape) and shape.required_members)
    ]
