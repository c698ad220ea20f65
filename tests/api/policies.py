"""Users whose policies are evaluated, and what they are given."""

from __future__ import annotations

import json
from typing import Any

from realvpc.api.core.errors import AwsError
from realvpc.api.service import Service
from realvpc.clock import Clock

from .conftest import MAIN, OTHER, Client, new_service
from .users import As, user_with_keys

KEY_ID = "AKIAANN"


def service_with_policies(clock: Clock, *, default_vpc: bool = False) -> Service:
    """Two accounts have an owner each; ann of the first one may nothing by herself."""
    service = new_service(clock, policies=True, default_vpc=default_vpc)
    for account, key in ((MAIN, "AKIAOWNER"), (OTHER, "AKIATHEIRS")):
        user_with_keys(service, f"admin{account[0]}", key, account=account, of_operator=True)
    user_with_keys(service, "ann", KEY_ID)
    return service


def policy(*statements: dict[str, Any]) -> str:
    """What a statement does not say is that it allows, every action, on everything."""
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    rows = [
        {name: value for name, value in everything.items() if f"Not{name}" not in each} | each for each in statements
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": rows})


def give(owner: As, *statements: dict[str, Any], name: str = "ann") -> None:
    owner("PutUserPolicy", of="iam", UserName=name, PolicyName="own", PolicyDocument=policy(*statements))


def decoded(client: Client, error: AwsError) -> dict[str, Any]:
    """What the encoded message of a refusal says."""
    message = error.message.partition("Encoded authorization failure message: ")[2]
    answer = client("DecodeAuthorizationMessage", of="sts", EncodedMessage=message)
    told: dict[str, Any] = json.loads(answer["DecodedMessage"])
    return told


def told_conditions(client: Client, error: AwsError) -> dict[str, list[str]]:
    """The condition keys in the encoded message of a refusal, with their values."""
    rows = decoded(client, error)["context"]["conditions"]["items"]
    return {row["key"]: [each["value"] for each in row["values"]["items"]] for row in rows}


def code_of(client: As, action: str, **params: Any) -> str:
    """Of the answer to what changes nothing in any case."""
    try:
        client(action, DryRun=True, **params)
    except AwsError as error:
        return error.code
    return ""
