"""GetConsoleOutput: what a machine wrote, asked of the node."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from realvpc.api.core.call import Call
from realvpc.api.core.errors import AwsError
from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.daemon.consoles import console_actions
from realvpc.node.answer import NodeLostError
from realvpc.wire.services import Services
from tests.api.build import make_subnet, make_vpc
from tests.api.conftest import MAIN, OTHER, START, TOKYO, Client, caller, new_service, performed
from tests.api.ec2.test_run_instances import run


@pytest.fixture
def service() -> Service:
    return new_service(Clock(source=lambda: START))


@pytest.fixture
def instance_id(service: Service) -> str:
    client = Client(service, MAIN, TOKYO)
    instance_id: str = run(client, make_subnet(client, make_vpc(client)))[0]["InstanceId"]
    return instance_id


async def _boots(instance_id: str) -> bytes:
    return f"{instance_id} boots\n".encode()


async def _lost(instance_id: str) -> bytes:
    raise NodeLostError("the node closed the connection")


def ask(service: Service, instance_id: str, *, read: Any = _boots, account: str = MAIN, **more: Any) -> dict[str, Any]:
    service.include({"ec2": console_actions(read)})
    params = {"InstanceId": instance_id, **more}
    response = performed(service, Call("ec2", "GetConsoleOutput", params, caller(account), "req-1"))
    Services().writer("ec2").write("GetConsoleOutput", response, "req-1")
    return response


def test_the_output_is_base64_and_bears_the_time(service: Service, instance_id: str) -> None:
    answer = ask(service, instance_id)
    assert answer["InstanceId"] == instance_id
    assert base64.b64decode(answer["Output"]).decode() == f"{instance_id} boots\n"
    assert answer["Timestamp"] == START


def test_without_a_fabric_there_is_no_output(service: Service, instance_id: str) -> None:
    assert ask(service, instance_id, read=None)["Output"] is None


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"instance_id": "i-00000000000000000"}, "InvalidInstanceID.NotFound"),
        ({"instance_id": "vpc-1"}, "InvalidInstanceID.Malformed"),
        ({"account": OTHER}, "InvalidInstanceID.NotFound"),
        ({"Latest": True}, "UnsupportedOperation"),
        ({"DryRun": True}, "DryRunOperation"),
        ({"read": _lost}, "Unavailable"),
    ],
    ids=["unknown", "malformed", "another account's", "latest of a t2", "dry run", "node is away"],
)
def test_what_cannot_be_shown_is_refused(
    service: Service, instance_id: str, request_: dict[str, Any], code: str
) -> None:
    with pytest.raises(AwsError) as caught:
        ask(service, **({"instance_id": instance_id} | request_))
    assert caught.value.code == code


def test_the_latest_output_is_for_nitro_types(service: Service) -> None:
    client = Client(service, MAIN, TOKYO)
    (instance,) = run(client, make_subnet(client, make_vpc(client)), InstanceType="t3.micro")
    assert ask(service, instance["InstanceId"], Latest=True)["Output"]
