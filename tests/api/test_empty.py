"""What there is none of: lists that are empty because it is true, as boto3 reads them, and what is said to whoever asks
for more than there is."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from realvpc.api.actions import EMPTY, REAL
from realvpc.api.ec2.account_setting import ACTIONS as EC2_SETTINGS
from realvpc.api.ec2.empty import ACTIONS as EC2_EMPTY
from realvpc.wire.model import service_model

from .conftest import Client
from .in_process import InProcess
from .members import performed

ROWS = [(service, action) for service, rows in EMPTY.items() for action in rows]
PAGE = Path(__file__).parents[2] / "docs" / "empty-lists.md"
START, END = "<!-- actions: generated from src/realvpc/api/actions.py -->\n", "<!-- end of actions -->\n"
SECTIONS = (
    ("EC2: empty lists", EC2_EMPTY),
    ("EC2: what accounts can set", EC2_SETTINGS),
    ("IAM", EMPTY["iam"]),
    ("CloudWatch Logs", EMPTY["logs"]),
    ("Route 53", EMPTY["route53"]),
    ("Systems Manager", EMPTY["ssm"]),
)
_OF_NO_SERVICE = {"InvalidAction", "UnknownOperationException", "InternalError", "InternalFailure"}


@pytest.fixture
def boto3(client: Client) -> InProcess:
    return InProcess(client.service)


def _required(service: str, action: str) -> dict[str, Any]:
    """Values for the members that a request must have: whatever they name, there is none."""
    shape = service_model(service).operation_model(action).input_shape
    members = {name: shape.members[name] for name in shape.required_members} if shape else {}
    return {name: _value(member, name) for name, member in members.items()}


def _value(shape: Any, name: str) -> Any:
    match shape.type_name:
        case "integer" | "long":
            return shape.metadata.get("min", 5)
        case "list":
            return [_value(shape.member, name)]
        case "structure":
            return {member: _value(shape.members[member], member) for member in shape.required_members}
        case "timestamp":
            return "2026-11-28T00:00:00Z"
        case "boolean":
            return True
    if shape.enum:
        return shape.enum[0]
    if name.endswith("Arn"):
        return "arn:aws:iam::111111111111:thing/none-of-these"
    text = "0" * 36 if "Execution" in name else "none-of-these"
    return text[: shape.metadata.get("max", 64)]


@pytest.mark.parametrize(("room", "action"), ROWS)
def test_boto3_reads_an_empty_list_or_that_there_is_no_such_thing(boto3: InProcess, room: str, action: str) -> None:
    output = service_model(room).operation_model(action).output_shape
    assert output is not None
    try:
        answer = boto3.client(room)._make_api_call(action, _required(room, action))
    except ClientError as refusal:
        assert refusal.response["Error"]["Code"] not in _OF_NO_SERVICE
        assert refusal.response["Error"]["Message"]
        assert boto3.app.internal_errors == 0
        return
    del answer["ResponseMetadata"]
    assert _problems(answer, output) == []
    lists = {name for name, member in output.members.items() if member.type_name == "list"}
    assert {name: answer[name] for name in lists} == {name: [] for name in lists}


def _problems(answer: dict[str, Any], shape: Any) -> list[str]:
    """What does not fit the model, in which some lists are never empty, and places where nobody began are required: AWS
    itself does not keep to that."""
    lines = ParamValidator().validate(answer, shape).generate_report().splitlines()
    return [line for line in lines if "Invalid length" not in line and "Marker" not in line]


def test_what_is_performed_is_in_no_table_of_what_there_is_none_of() -> None:
    """An action that is built leaves the table: else nobody knows which of the two answers."""
    tables = [f"{service}:{action}" for service, rows in EMPTY.items() for action in rows]
    real = [f"{service}:{action}" for service, rows in REAL.items() for action in rows]
    assert len(tables) == len(set(tables))
    assert sorted(set(tables) & set(real)) == []
    assert len(performed()) == len(set(performed()))


NOT_EMPTY = {
    "ec2": {
        "DescribeInstanceImageMetadata",
        "DescribeMetricCategories",  # AWS's own, of something else
        "GetAwsNetworkPerformanceData",
        "GetVpnConnectionDeviceTypes",
    },
    "iam": {"ListOrganizationsFeatures"},
    "logs": {"DescribeConfigurationTemplates", "GetLogGroupFields"},  # AWS's own; of what events say
    "route53": {"GetCheckerIpRanges", "ListGeoLocations"},
    "ssm": {"DescribeInstanceProperties", "GetInventorySchema", "ListNodes"},
}
"""Lists that are not here, since what they would show is."""


@pytest.mark.parametrize("room", sorted(NOT_EMPTY))
def test_whatever_can_be_listed_without_naming_anything_is_listed(room: str) -> None:
    """What an inventory asks.  A list that a newer botocore brings is empty, is built, or is told among the others."""
    model, known = service_model(room), {action for action in performed() if action.startswith(f"{room}:")}
    asked = {name for name in model.operation_names if name.startswith(("Describe", "Get", "List"))}
    missing = {name for name in asked if f"{room}:{name}" not in known and _lists_at_once(model.operation_model(name))}
    assert missing == NOT_EMPTY[room]


def _lists_at_once(operation: Any) -> bool:
    needs = operation.input_shape.required_members if operation.input_shape else []
    members = operation.output_shape.members.values() if operation.output_shape else ()
    return not set(needs) - {"MaxResults"} and any(member.type_name == "list" for member in members)


def test_the_page_of_what_is_empty_names_all_of_it() -> None:
    """``REALVPC_WRITE_DOCS=1`` writes the lists anew."""
    before, _, rest = PAGE.read_text().partition(START)
    lists, _, after = rest.partition(END)
    if os.environ.get("REALVPC_WRITE_DOCS"):
        PAGE.write_text(before + START + _lists() + END + after)
    else:
        assert lists == _lists(), "REALVPC_WRITE_DOCS=1 writes the lists"


def _lists() -> str:
    sections = []
    for title, rows in SECTIONS:
        names = ", ".join(f"`{action}`" for action in sorted(rows))
        sections.append(f"\n## {title}\n\n" + textwrap.fill(names, 150, break_on_hyphens=False) + "\n")
    return "".join(sections) + "\n"
