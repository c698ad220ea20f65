"""Parameters of an account's own: put, read, listed, labelled, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.net.quotas import STANDARD_PARAMETERS

from ..build import make_subnet, make_vpc, tags
from ..conftest import MAIN, OTHER, START, TOKYO, VIRGINIA, Client, give_quota
from ..ec2.test_run_instances import run

HOST = "/app/db/host"


def put(client: Client, name: str = HOST, value: str = "10.0.0.5", **more: Any) -> dict[str, Any]:
    return client("PutParameter", of="ssm", **({"Name": name, "Value": value, "Type": "String"} | more))


def value(client: Client, name: str = HOST, **more: Any) -> str:
    found: str = client("GetParameter", of="ssm", Name=name, **more)["Parameter"]["Value"]
    return found


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["Name"] for row in rows]


def test_a_parameter_is_as_it_was_put(client: Client) -> None:
    assert put(client, Description="d", Tags=tags(a="1")) == {"Version": 1, "Tier": "Standard"}
    assert client("GetParameter", of="ssm", Name=HOST)["Parameter"] == {
        "Name": HOST,
        "Type": "String",
        "Value": "10.0.0.5",
        "Version": 1,
        "LastModifiedDate": START,
        "ARN": f"arn:aws:ssm:{TOKYO}:{MAIN}:parameter{HOST}",
        "DataType": "text",
    }
    (row,) = client("DescribeParameters", of="ssm")["Parameters"]
    assert (row["Description"], row["Tier"], row["LastModifiedUser"]) == (
        "d",
        "Standard",
        f"arn:aws:iam::{MAIN}:user/tester",
    )
    assert "Value" not in row
    for stranger in (Client(client.service, OTHER, TOKYO), Client(client.service, MAIN, VIRGINIA)):
        assert stranger.refused("GetParameter", of="ssm", Name=HOST).code == "ParameterNotFound"
        assert stranger("DescribeParameters", of="ssm")["Parameters"] == []


def test_a_parameter_is_overwritten_when_that_is_said(client: Client) -> None:
    put(client)
    error = client.refused("PutParameter", of="ssm", Name=HOST, Value="x", Type="String")
    assert (error.code, error.status) == ("ParameterAlreadyExists", 400)
    assert put(client, value="x", Overwrite=True, Type=None)["Version"] == 2
    assert value(client) == "x"
    assert value(client, f"{HOST}:1") == "10.0.0.5"
    assert client("GetParameter", of="ssm", Name=f"{HOST}:1")["Parameter"]["Selector"] == ":1"
    error = client.refused("GetParameter", of="ssm", Name=f"{HOST}:3")
    assert (error.code, error.message) == (
        "ParameterVersionNotFound",
        f"Systems Manager could not find version 3 of {HOST}. Verify the version and try again.",
    )
    error = client.refused("PutParameter", of="ssm", Name=HOST, Value="x", Overwrite=True, Tags=tags(a="1"))
    assert error.message.startswith("Invalid request: tags and overwrite can't be used together.")


def test_a_secret_is_shown_to_who_asks_for_it_decrypted_and_never_in_a_text(client: Client) -> None:
    put(client, value="open sesame", Type="SecureString")
    assert "sesame" not in value(client)
    assert value(client, WithDecryption=True) == "open sesame"
    assert "sesame" not in repr(client.service.state.inventory.parameter_versions)
    (row,) = client("DescribeParameters", of="ssm", ParameterFilters=[{"Key": "KeyId", "Values": ["alias/aws/ssm"]}])[
        "Parameters"
    ]
    assert row["KeyId"] == "alias/aws/ssm"
    error = client.refused("PutParameter", of="ssm", Name="/k", Value="v", Type="SecureString", KeyId="alias/mine")
    assert error.code == "InvalidKeyId"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("/aws/x", "AccessDeniedException"),
        ("aws-x", "ValidationException"),
        ("SSMx", "ValidationException"),
        ("/ssm/x", "ValidationException"),
        ("a/b", "ValidationException"),
        ("/a/", "ValidationException"),
        ("/a//b", "ValidationException"),
        ("/a b", "ValidationException"),
        ("/a:1", "ValidationException"),
        ("/" + "/".join("abcdefghijklmnop"), "HierarchyLevelLimitExceededException"),
        ("/" + "x" * 1011, "ValidationException"),
    ],
)
def test_a_name_that_is_none(client: Client, name: str, code: str) -> None:
    assert client.refused("PutParameter", of="ssm", Name=name, Value="v", Type="String").code == code


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"Type": None}, "A parameter type is required when you create a parameter."),
        ({"Value": ""}, "1 validation error detected: Value '' at 'value'"),
        ({"Value": "x" * 4097}, "Standard tier parameters support a maximum parameter value of 4096 characters."),
        ({"Value": "é" * 4096, "Tier": "Standard"}, "Standard tier parameters support"),
        ({"Value": "x" * 8193, "Tier": "Advanced"}, "Advanced tier parameters support"),
        ({"DataType": "Text"}, "The following data type is not supported: Text"),
        ({"DataType": "aws:ec2:image"}, "The parameter value does not match the data type aws:ec2:image."),
    ],
)
def test_a_value_that_is_none(client: Client, request_: dict[str, Any], words: str) -> None:
    error = client.refused("PutParameter", of="ssm", **({"Name": "/x", "Value": "v", "Type": "String"} | request_))
    assert error.code == "ValidationException"
    assert error.message.startswith(words)


def test_tiers(client: Client) -> None:
    assert put(client, "/a", "x" * 5000, Tier="Intelligent-Tiering")["Tier"] == "Advanced"
    assert put(client, "/b", "x", Tier="Intelligent-Tiering")["Tier"] == "Standard"
    error = client.refused("PutParameter", of="ssm", Name="/a", Value="x", Overwrite=True, Tier="Standard")
    assert error.message.startswith("This parameter uses the advanced-parameter tier.")
    assert put(client, "/a", "x", Overwrite=True)["Tier"] == "Advanced"


def test_parameters_by_path(client: Client) -> None:
    for name in ("root", "/app/one", "/app/db/host", "/app/db/port", "/apple/x"):
        put(client, name)

    def below(path: str, **more: Any) -> list[str]:
        return names(client("GetParametersByPath", of="ssm", Path=path, **more)["Parameters"])

    assert below("/app") == below("/app/") == ["/app/one"]
    assert below("/app", Recursive=True) == ["/app/db/host", "/app/db/port", "/app/one"]
    assert below("/") == ["root"]
    assert len(below("/", Recursive=True)) == 5
    assert client.refused("GetParametersByPath", of="ssm", Path="app").code == "ValidationException"
    first = client("GetParametersByPath", of="ssm", Path="/", Recursive=True, MaxResults=2)
    rest = client("GetParametersByPath", of="ssm", Path="/", Recursive=True, NextToken=first["NextToken"])
    assert len(names(first["Parameters"]) + names(rest["Parameters"])) == 5
    error = client.refused(
        "GetParametersByPath", of="ssm", Path="/", ParameterFilters=[{"Key": "Name", "Values": ["x"]}]
    )
    assert error.code == "InvalidFilterKey"


def test_filters(client: Client) -> None:
    put(client, "/app/one", Tags=tags(team="net"))
    put(client, "/app/db/host", Type="StringList")
    put(client, "other", Type="SecureString", Tier="Advanced")

    def found(key: str, *values: str, option: str | None = None) -> list[str]:
        row = {"Key": key, "Values": list(values)} | ({"Option": option} if option else {})
        return names(client("DescribeParameters", of="ssm", ParameterFilters=[row])["Parameters"])

    assert found("Name", "/app/one") == ["/app/one"]
    assert found("Name", "/app", option="BeginsWith") == ["/app/db/host", "/app/one"]
    assert found("Name", "o", option="Contains") == ["/app/db/host", "/app/one", "other"]
    assert found("Type", "StringList") == ["/app/db/host"]
    assert found("Path", "/app") == ["/app/one"]
    assert found("Path", "/app", option="Recursive") == ["/app/db/host", "/app/one"]
    assert found("Tier", "Advanced") == ["other"]
    assert found("tag:team", "net") == ["/app/one"]
    assert found("tag:team", "x") == found("tag:team", "t", option="BeginsWith") == []
    assert found("tag:team", "n", option="BeginsWith") == found("tag:team") == ["/app/one"]
    old = client("DescribeParameters", of="ssm", Filters=[{"Key": "Name", "Values": ["other"]}])
    assert names(old["Parameters"]) == ["other"]
    refused = client.refused(
        "DescribeParameters", of="ssm", ParameterFilters=[{"Key": "Type", "Option": "Contains", "Values": ["x"]}]
    )
    assert refused.code == "InvalidFilterOption"


@pytest.mark.parametrize(
    ("filters", "code", "words"),
    [
        ([{"Key": "Label", "Values": ["x"]}], "InvalidFilterKey", "[Path, Name, Type, KeyId, Tier, DataType]"),
        ([{"Key": "Name"}], "InvalidFilterValue", "null for filter key Name"),
        (
            [{"Key": "Name", "Values": [each]} for each in "ab"],
            "InvalidFilterKey",
            "is duplicated in the request: Name.",
        ),
        ([{"Key": "Tier", "Values": ["x"]}], "InvalidFilterValue", "[Standard, Advanced, Intelligent-Tiering]"),
        ([{"Key": "Type", "Values": ["x"]}], "InvalidFilterValue", "[String, StringList, SecureString]"),
        ([{"Key": "Path", "Option": "Equals", "Values": ["/a"]}], "InvalidFilterOption", "[Recursive, OneLevel]"),
        ([{"Key": "Path", "Values": ["/a", "/AWS/b"]}], "ValidationException", 'prefixed with "aws" or "ssm"'),
        ([{"Key": "Path", "Values": ["//"]}], "ValidationException", 'must begin with a forward slash "/"'),
        ([{"Key": "Path", "Values": ["/#"]}], "ValidationException", "Valid example: /get/parameters2-/by1./path0_."),
    ],
)
def test_what_filters_of_parameters_have_to_be(
    client: Client, filters: list[dict[str, Any]], code: str, words: str
) -> None:
    """The reference has which keys and options there are; the sentences are those of moto's tests."""
    error = client.refused("DescribeParameters", of="ssm", ParameterFilters=filters)
    assert (error.code, words in error.message) == (code, True)


def test_labels_are_filtered_by_the_whole_label(client: Client) -> None:
    row = {"Key": "Label", "Option": "BeginsWith", "Values": ["x"]}
    error = client.refused("GetParametersByPath", of="ssm", Path="/", ParameterFilters=[row])
    assert error.code == "InvalidFilterOption"


def test_names_and_arns_of_several(client: Client) -> None:
    put(client)
    put(client, "short")
    arn = client("GetParameter", of="ssm", Name="short")["Parameter"]["ARN"]
    assert value(client, arn) == "10.0.0.5"
    answer = client("GetParameters", of="ssm", Names=[HOST, "/nothing", arn, f"{HOST}:9"])
    assert (names(answer["Parameters"]), answer["InvalidParameters"]) == ([HOST, "short"], ["/nothing", f"{HOST}:9"])
    for bad in (
        arn.replace(TOKYO, VIRGINIA),
        "arn:",
        "arn:aws:ssm",
        f"arn:aws:ssm:{TOKYO}:{MAIN}:parameter/",
        ":",
        ":1",
    ):
        assert client.refused("GetParameter", of="ssm", Name=bad).code == "ParameterNotFound"


def test_a_slash_before_a_name_makes_no_difference(client: Client) -> None:
    put(client, "short")
    put(client, "/long")
    for name in ("short", "/short", "long", "/long"):
        assert value(client, name) == "10.0.0.5"
    assert client.refused("PutParameter", of="ssm", Name="/short", Value="x", Type="String").code == (
        "ParameterAlreadyExists"
    )
    put(client, "/short", "x", Overwrite=True)
    assert client("GetParameter", of="ssm", Name="/short")["Parameter"]["Name"] == "short"
    client("DeleteParameters", of="ssm", Names=["/short", "long"])
    assert client("DescribeParameters", of="ssm")["Parameters"] == []


def test_history_and_labels(client: Client) -> None:
    for number in range(3):
        put(client, value=str(number), Overwrite=number > 0)
    label = client("LabelParameterVersion", of="ssm", Name=HOST, ParameterVersion=1, Labels=["prod", "1x", "aws-y"])
    assert label == {"InvalidLabels": ["1x", "aws-y"], "ParameterVersion": 1}
    assert value(client, f"{HOST}:prod") == "0"
    client("LabelParameterVersion", of="ssm", Name=HOST, Labels=["prod"])
    assert value(client, f"{HOST}:prod") == "2"
    history = client("GetParameterHistory", of="ssm", Name=HOST, MaxResults=2)
    assert [row["Value"] for row in history["Parameters"]] == ["0", "1"]
    (last,) = client("GetParameterHistory", of="ssm", Name=HOST, NextToken=history["NextToken"])["Parameters"]
    assert last["Labels"] == ["prod"]
    error = client.refused("LabelParameterVersion", of="ssm", Name=HOST, Labels=[f"l{n}" for n in range(10)])
    assert error.code == "ParameterVersionLabelLimitExceeded"
    answer = client("UnlabelParameterVersion", of="ssm", Name=HOST, ParameterVersion=3, Labels=["prod", "x"])
    assert answer == {"RemovedLabels": ["prod"], "InvalidLabels": ["x"]}
    assert client.refused("GetParameter", of="ssm", Name=f"{HOST}:prod").code == "ParameterVersionNotFound"
    error = client.refused("LabelParameterVersion", of="ssm", Name=HOST, ParameterVersion=9, Labels=["a"])
    assert error.code == "ParameterVersionNotFound"


def test_a_hundred_versions_are_kept_and_a_labelled_one_does_not_go(client: Client) -> None:
    for number in range(101):
        put(client, value=str(number), Overwrite=number > 0)
    assert len(client.service.state.inventory.parameter_versions) == 100
    assert client.refused("GetParameter", of="ssm", Name=f"{HOST}:1").code == "ParameterVersionNotFound"
    client("LabelParameterVersion", of="ssm", Name=HOST, ParameterVersion=2, Labels=["keep"])
    error = client.refused("PutParameter", of="ssm", Name=HOST, Value="x", Overwrite=True)
    assert error.code == "ParameterMaxVersionLimitExceeded"


def test_a_parameter_goes_with_its_versions(client: Client) -> None:
    put(client)
    put(client, value="x", Overwrite=True)
    client("DeleteParameter", of="ssm", Name=HOST)
    assert client.refused("DeleteParameter", of="ssm", Name=HOST).code == "ParameterNotFound"
    assert len(client.service.state.inventory.parameter_versions) == 0
    put(client)
    answer = client("DeleteParameters", of="ssm", Names=[HOST, "/nothing"])
    assert answer == {"DeletedParameters": [HOST], "InvalidParameters": ["/nothing"]}


def test_tags_of_a_parameter(client: Client) -> None:
    put(client, Tags=tags(a="1"))
    which = {"ResourceType": "Parameter", "ResourceId": HOST}
    client("AddTagsToResource", of="ssm", **which, Tags=tags(b="2"))
    client("RemoveTagsFromResource", of="ssm", **which, TagKeys=["a"])
    assert client("ListTagsForResource", of="ssm", **which)["TagList"] == tags(b="2")
    error = client.refused("ListTagsForResource", of="ssm", ResourceType="Parameter", ResourceId="/nothing")
    assert error.code == "InvalidResourceId"


def test_there_are_as_many_as_the_quota_says(client: Client) -> None:
    give_quota(client.service, STANDARD_PARAMETERS, 1)
    put(client)
    error = client.refused("PutParameter", of="ssm", Name="/y", Value="x", Type="String")
    assert error.code == "ParameterLimitExceeded"
    put(client, Overwrite=True)


def test_an_instance_is_launched_from_the_image_that_a_parameter_names(client: Client) -> None:
    public = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    put(client, "/golden", value(client, public), DataType="aws:ec2:image")
    put(client, "/golden", "ami-0123456789abcdef0", Overwrite=True)
    subnet_id = make_subnet(client, make_vpc(client))
    (instance,) = run(client, subnet_id, ImageId="resolve:ssm:/golden:1")
    assert instance["ImageId"] == value(client, public)
    for name, code in (("/golden", "InvalidAMIID.NotFound"), ("/golden:3", "InvalidParameterValue")):
        error = client.refused(
            "RunInstances", MinCount=1, MaxCount=1, SubnetId=subnet_id, ImageId=f"resolve:ssm:{name}"
        )
        assert error.code == code
