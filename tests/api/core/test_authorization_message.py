"""Encoded authorization messages as clients meet them, over the wire, which sends no message of any length."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from realvpc.api.core.errors import MAXIMUM_MESSAGE
from realvpc.api.service import Service
from realvpc.clock import Clock

from ..build import make_vpc
from ..conftest import MAIN, TOKYO, new_service
from ..in_process import InProcess
from ..users import As, user_with_keys

KEY_ID = "AKIAANN"


@pytest.fixture
def service(clock: Clock) -> Service:
    service = new_service(clock, policies=True)
    user_with_keys(service, "admin", "AKIAOWNER", of_operator=True)
    user_with_keys(service, "ann", KEY_ID)
    return service


@pytest.fixture
def owner(service: Service) -> As:
    return As(service, "AKIAOWNER")


def give(owner: As, *statements: dict[str, Any]) -> None:
    rows = [{"Effect": "Allow", "Action": "*", "Resource": "*"} | each for each in statements]
    document = json.dumps({"Version": "2012-10-17", "Statement": rows})
    owner("PutUserPolicy", of="iam", UserName="ann", PolicyName="own", PolicyDocument=document)


@pytest.mark.parametrize(("arns", "resources"), [(1, 1), (26, 0)])
def test_an_encoded_message_comes_back_whole_over_the_wire(
    owner: As, service: Service, arns: int, resources: int
) -> None:
    vpc_id = make_vpc(owner)
    mine = f"arn:aws:ec2:{TOKYO}:{MAIN}:vpc/{vpc_id}"
    others = [f"arn:aws:ec2:{TOKYO}:{MAIN}:vpc/vpc-{number:017x}" for number in range(arns - 1)]
    give(owner, {}, {"Effect": "Deny", "Sid": "KeepThem", "Resource": [mine, *others]})
    for asked in (vpc_id, "x" * 3000):
        told = decoded_over_the_wire(service, asked)
        assert told["context"]["action"] == "ec2:DeleteVpc"
        if asked == vpc_id:
            [statement] = told["matchedStatements"]["items"]
            assert (statement["statementId"], len(statement["resources"]["items"])) == ("KeepThem", resources)
            assert told["context"]["resource"] == mine
        give(owner, {"Action": "ec2:Describe*"})


@pytest.mark.parametrize("character", ["x", "\u65e5"])
def test_names_of_any_length_leave_room_for_an_encoded_message(owner: As, service: Service, character: str) -> None:
    user_with_keys(service, "n" * 64, "AKIALONG")
    told = decoded_over_the_wire(service, character * 20_000, "AKIALONG")
    assert told["context"]["principal"]["name"] == "n" * 64
    assert told["context"]["resource"].startswith(f"arn:aws:ec2:{TOKYO}:{MAIN}:vpc/{character * 100}")


def decoded_over_the_wire(service: Service, vpc_id: str, key_id: str = KEY_ID) -> dict[str, Any]:
    wire = InProcess(service)
    with pytest.raises(ClientError) as raised:
        wire.client("ec2", key_id).delete_vpc(VpcId=vpc_id)
    message = raised.value.response["Error"]["Message"]
    assert len(message) <= MAXIMUM_MESSAGE
    sealed = message.partition("Encoded authorization failure message: ")[2]
    answer = wire.client("sts", "AKIAOWNER").decode_authorization_message(EncodedMessage=sealed)
    told: dict[str, Any] = json.loads(answer["DecodedMessage"])
    return told
