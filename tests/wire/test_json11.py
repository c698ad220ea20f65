"""What the JSON protocol makes of requests that break the model."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from realvpc.api.core.errors import AwsError
from realvpc.wire.json11 import Json11

SSM = Json11("ssm")


def refused(action: str, body: bytes) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        SSM.read(action, body)
    assert caught.value.status == 400
    return caught.value.code, caught.value.message


@pytest.mark.parametrize(
    ("action", "body", "code", "message"),
    [
        (
            "GetParameter",
            b"{}",
            "ValidationException",
            "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null",
        ),
        ("GetParameter", b'{"Name": 1}', "SerializationException", "'1' at 'name' can not be converted to a string."),
        (
            "DescribeInstanceInformation",
            b'{"MaxResults": true}',
            "SerializationException",
            "'True' at 'maxResults' can not be converted to an integer.",
        ),
        (
            "DescribeInstanceInformation",
            b'{"MaxResults": 4}',
            "ValidationException",
            "1 validation error detected: Value '4' at 'maxResults' failed to satisfy constraint: "
            "Member must have value greater than or equal to 5",
        ),
        (
            "GetParameters",
            b'{"Names": ["a", null]}',
            "SerializationException",
            "'None' at 'names.2.member' can not be converted to a string.",
        ),
    ],
)
def test_the_parameter_that_breaks_the_model_is_named(action: str, body: bytes, code: str, message: str) -> None:
    assert refused(action, body) == (code, message)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff",
        b'{"Name": "\\ud800"}',
        b'{"Name": NaN}',
        b'{"Name": 1e999}',
        b'{"MaxResults": ' + b"9" * 5000 + b"}",
        b'{"Name":' * 5000,
        b"[" * 100_000,
    ],
)
def test_what_is_not_the_right_json_is_a_serialization_exception(body: bytes) -> None:
    assert refused("GetParameter", body)[0] in ("SerializationException", "ValidationException")


@pytest.mark.parametrize(
    ("action", "body", "message"),
    [
        (
            "DescribeMaintenanceWindows",
            b'{"MaxResults": 2147483648}',
            "'2147483648' at 'maxResults' can not be converted to an integer.",
        ),
        *(
            (
                "UpdateAssociationStatus",
                b'{"Name": "n", "InstanceId": "i-1", "AssociationStatus": {"Date": %s}}' % date,
                f"'{shown}' at 'associationStatus.date' can not be converted to a timestamp.",
            )
            for date, shown in (
                (b"1e18", "1e+18"),
                (b"1e12", "1000000000000.0"),
                (b'"soon"', "soon"),
                (b"true", "True"),
            )
        ),
        (
            "RegisterTaskWithMaintenanceWindow",
            b'{"TaskInvocationParameters": {"Lambda": {"Payload": "%%%"}}}',
            "'%%%' at 'taskInvocationParameters.lambda.payload' can not be converted to Base64.",
        ),
    ],
)
def test_a_value_that_its_type_cannot_hold_is_named(action: str, body: bytes, message: str) -> None:
    assert refused(action, body) == ("SerializationException", message)


def test_recursion_without_end_is_refused() -> None:
    body = b'{"Aggregators": ' + b'[{"Aggregators": ' * 400 + b"[]" + b"}]" * 400 + b"}"
    assert refused("GetInventory", body)[0] in ("SerializationException", "ValidationException")


def test_null_and_unknown_members_are_as_if_absent() -> None:
    assert SSM.read("GetParameter", b'{"Name": "x", "WithDecryption": null, "Colour": 1}') == {"Name": "x"}
    assert SSM.read("DescribeInstanceInformation", b"") == {}


def test_timestamps_are_seconds_and_may_have_milliseconds() -> None:
    whole, fraction = datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 1, 0, 0, 0, 250_000, tzinfo=UTC)
    response = {"InstanceInformationList": [{"LastPingDateTime": whole, "RegistrationDate": fraction, "Name": None}]}
    assert SSM.write("DescribeInstanceInformation", response, "id") == (
        b'{"InstanceInformationList":[{"LastPingDateTime":1714521600,"RegistrationDate":1714521600.25}]}'
    )


def test_cloudwatch_logs_has_a_code_of_its_own_for_what_breaks_its_model() -> None:
    with pytest.raises(AwsError) as caught:
        Json11("logs").read("DescribeLogGroups", b'{"limit": 51}')
    assert caught.value.code == "InvalidParameterException"
