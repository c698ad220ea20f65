"""What the form-encoded protocols make of requests that break the model, and of values that are hard to carry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from botocore import parsers, serialize
from botocore.model import ServiceModel

from realvpc.api.core.errors import AwsError
from realvpc.wire.dialect import CommonDialect, shown
from realvpc.wire.ec2query import Ec2Query
from realvpc.wire.form import parse_form, parse_tree
from realvpc.wire.form_reader import FormReaders
from realvpc.wire.model import output_shape
from realvpc.wire.query import Query, QueryLayout
from realvpc.wire.scalars import format_iso8601_seconds
from realvpc.wire.xml_writer import XmlWriters

EC2 = Ec2Query()
IAM = Query("iam")
STS = Query("sts")


def read(codec: Ec2Query | Query, action: str, **params: str) -> dict[str, Any]:
    return codec.read(action, list(params.items()))


def refused(codec: Ec2Query | Query, action: str, **params: str) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        read(codec, action, **params)
    assert caught.value.status == 400
    return caught.value.code, caught.value.message


@pytest.mark.parametrize(
    ("action", "params", "code", "message"),
    [
        ("DeleteVpc", {}, "MissingParameter", "The request must contain the parameter VpcId"),
        ("CreateTags", {"Tag.1.Key": "a"}, "MissingParameter", "The request must contain the parameter resourceIdSet"),
        ("DeleteVpc", {"VpcId": "v", "Colour": "x"}, "UnknownParameter", "The parameter Colour is not recognized"),
        (
            "DescribeVpcs",
            {"Filter.1.Colour": "x"},
            "UnknownParameter",
            "The parameter Filter.1.Colour is not recognized",
        ),
        ("DescribeVpcs", {"Filter.x.Name": "a"}, "UnknownParameter", "The parameter Filter.x is not recognized"),
        ("DescribeVpcs", {"Filter.0.Name": "a"}, "UnknownParameter", "The parameter Filter.0 is not recognized"),
        (
            "DescribeVpcs",
            {"Filter.1.Value.a": "b"},
            "UnknownParameter",
            "The parameter Filter.1.Value.a is not recognized",
        ),
        ("DescribeVpcs", {"VpcId": "vpc-1"}, "UnknownParameter", "The parameter VpcId is not recognized"),
        ("DeleteVpc", {"VpcId.1": "vpc-1"}, "UnknownParameter", "The parameter VpcId.1 is not recognized"),
        (
            "DescribeVpcs",
            {"MaxResults": "ten"},
            "InvalidParameterValue",
            "Invalid value 'ten' for MaxResults. Expecting an integer.",
        ),
        (
            "DescribeVpcs",
            {"MaxResults": "4"},
            "InvalidParameterValue",
            "Value ( 4 ) for parameter maxResults is invalid. Expecting a value greater than or equal to 5.",
        ),
        (
            "DescribeVpcs",
            {"MaxResults": "1001"},
            "InvalidParameterValue",
            "Value ( 1001 ) for parameter maxResults is invalid. Expecting a value less than or equal to 1000.",
        ),
        ("CreateVpc", {"InstanceTenancy": "x"}, "InvalidParameterValue", "Invalid value 'x' for InstanceTenancy."),
        (
            "DescribeVpcAttribute",
            {"VpcId": "v", "Attribute": "x"},
            "InvalidParameterValue",
            "Value (x) for parameter attribute is invalid. Unknown attribute.",
        ),
        (
            "DeleteVpc",
            {"VpcId": "v", "DryRun": "maybe"},
            "InvalidParameterValue",
            "Invalid value 'maybe' for DryRun. Expecting true or false.",
        ),
    ],
)
def test_ec2_names_the_parameter_that_breaks_the_model(
    action: str, params: dict[str, str], code: str, message: str
) -> None:
    assert refused(EC2, action, **params) == (code, message)


@pytest.mark.parametrize(
    ("action", "params", "expected"),
    [
        ("DescribeVpcs", {"VpcId": ""}, {"VpcIds": []}),
        ("DescribeVpcs", {"Filter": ""}, {"Filters": [{}]}),
        (
            "DescribeVpcs",
            {"Filter.1.Name": "vpc-id", "Filter.1.Value": ""},
            {"Filters": [{"Name": "vpc-id", "Values": []}]},
        ),
        (
            "CreateVpc",
            {"CidrBlock": "10.0.0.0/16", "TagSpecification": ""},
            {"CidrBlock": "10.0.0.0/16", "TagSpecifications": []},
        ),
        ("TerminateInstances", {"InstanceId": ""}, {"InstanceIds": []}),
        ("TerminateInstances", {}, {}),
    ],
)
def test_a_lists_name_without_index_and_value_is_what_the_go_sdk_sends_for_an_empty_list(
    action: str, params: dict[str, str], expected: dict[str, Any]
) -> None:
    assert read(EC2, action, **params) == expected


@pytest.mark.parametrize("text", ["", "1_0", " 1", "1.0", "٣", "99999999999", "-2147483649", "9" * 5000, "0x10"])
def test_ec2_refuses_what_is_not_a_32_bit_integer(text: str) -> None:
    expected = ("InvalidParameterValue", f"Invalid value '{shown(text)}' for MaxResults. Expecting an integer.")
    assert refused(EC2, "DescribeInstances", MaxResults=text) == expected


def test_an_instance_type_that_the_model_does_not_know_is_left_to_the_action() -> None:
    params = read(EC2, "RunInstances", MinCount="1", MaxCount="1", InstanceType="t9.mega")
    assert params == {"MinCount": 1, "MaxCount": 1, "InstanceType": "t9.mega"}


def test_a_version_of_a_launch_template_may_say_nothing_that_its_source_does_not() -> None:
    """So Ansible's target ec2_launch_template describes a version anew; an empty structure is not sent."""
    params = {"LaunchTemplateId": "lt-1", "SourceVersion": "4", "VersionDescription": "Fix something."}
    assert read(EC2, "CreateLaunchTemplateVersion", **params) == params


@pytest.mark.parametrize("attribute", ["default-vpc", "max-elastic-ips", "vpc-max-security-groups-per-interface"])
def test_every_attribute_of_an_account_can_be_asked_for_by_its_name(attribute: str) -> None:
    """The model lists two of the six that its documentation has."""
    params = read(EC2, "DescribeAccountAttributes", **{"AttributeName.1": attribute})
    assert params == {"AttributeNames": [attribute]}


@pytest.mark.parametrize("text", ["allow", "Allow", "ALLOW"])
def test_ec2_takes_the_action_of_a_rule_in_any_case(text: str) -> None:
    rule = {"NetworkAclId": "a", "RuleNumber": "1", "Egress": "true", "Protocol": "-1"}
    assert read(EC2, "CreateNetworkAclEntry", **rule, RuleAction=text)["RuleAction"] == "allow"
    assert refused(EC2, "CreateNetworkAclEntry", **rule, RuleAction=f"{text}ed")[1].startswith(
        f"Invalid value '{text}ed'"
    )


def test_list_indices_order_the_elements_and_may_have_gaps_of_any_size() -> None:
    params = read(EC2, "DescribeVpcs", **{"VpcId.999999999": "c", "VpcId.10": "b", "VpcId.2": "a"})
    assert params == {"VpcIds": ["a", "b", "c"]}


@pytest.mark.parametrize(
    "body",
    [
        b"VpcId=a&VpcId=b",
        b"Filter.1=a&Filter.1.Name=b",
        b"Filter.1.Name=b&Filter.1=a",
        b"Filter" + b".1" * 40 + b"=x",
        b"a" + b"." * 500_000,
        b"VpcId=%FF",
        b"VpcId=\xff",
        b"&".join(b"P%d=" % i for i in range(70_000)),
    ],
)
def test_a_form_that_cannot_be_meant_is_malformed(body: bytes) -> None:
    with pytest.raises(AwsError) as caught:
        parse_tree(parse_form(body))
    assert (caught.value.code, caught.value.status) == ("MalformedQueryString", 400)


def test_characters_that_no_answer_could_repeat_are_refused() -> None:
    for body in (b"VpcId=%00", b"%01=x", b"VpcId=%EF%BF%BE"):
        with pytest.raises(AwsError, match="InvalidCharacter"):
            parse_form(body)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-05-01T09:30:00Z", datetime(2024, 5, 1, 9, 30, tzinfo=UTC)),
        ("2024-05-01T09:30:00.250Z", datetime(2024, 5, 1, 9, 30, 0, 250_000, tzinfo=UTC)),
        ("2024-05-01T18:30:00+09:00", datetime(2024, 5, 1, 9, 30, tzinfo=UTC)),
        ("2024-05-01T09:30:00", datetime(2024, 5, 1, 9, 30, tzinfo=UTC)),
        ("1714555800", datetime(2024, 5, 1, 9, 30, tzinfo=UTC)),
        ("Wed, 01 May 2024 09:30:00 GMT", datetime(2024, 5, 1, 9, 30, tzinfo=UTC)),
    ],
)
def test_timestamps_are_read_in_every_form_that_aws_documents(text: str, moment: datetime) -> None:
    params = read(EC2, "DescribeSpotPriceHistory", StartTime=text)
    assert params["StartTime"] == moment
    assert params["StartTime"].utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "0001-01-01T00:00:00+23:59", "1e300", "1e18", "1e12", "2024-13-01T00:00:00Z"]
)
def test_what_is_no_timestamp_is_refused(text: str) -> None:
    assert refused(EC2, "DescribeSpotPriceHistory", StartTime=text)[0] == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("codec", "action", "params", "code", "message"),
    [
        (
            IAM,
            "GetRole",
            {},
            "ValidationError",
            "1 validation error detected: Value null at 'roleName' failed to satisfy constraint: "
            "Member must not be null",
        ),
        (
            IAM,
            "GetRole",
            {"RoleName": ""},
            "ValidationError",
            "1 validation error detected: Value '' at 'roleName' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        ),
        (
            IAM,
            "ListRoles",
            {"MaxItems": "0"},
            "ValidationError",
            "1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: "
            "Member must have value greater than or equal to 1",
        ),
        (
            IAM,
            "ListPolicies",
            {"Scope": "Mine"},
            "ValidationError",
            "1 validation error detected: Value 'Mine' at 'scope' failed to satisfy constraint: "
            "Member must satisfy enum value set: [All, AWS, Local]",
        ),
        (
            IAM,
            "TagRole",
            {"RoleName": "r", "Tags.member.1.Key": "k"},
            "ValidationError",
            "1 validation error detected: Value null at 'tags.1.member.value' failed to satisfy constraint: "
            "Member must not be null",
        ),
        (
            IAM,
            "ListRoles",
            {"MaxItems": "ten"},
            "MalformedInput",
            "'ten' at 'maxItems' can not be converted to an integer.",
        ),
        (
            IAM,
            "TagRole",
            {"RoleName": "r", "Tags.1.Key": "k"},
            "MalformedInput",
            "Unexpected structure or value found at 'tags'.",
        ),
        (IAM, "GetRole", {"RoleName.x": "r"}, "MalformedInput", "Unexpected structure or value found at 'roleName.x'."),
    ],
)
def test_query_services_validate_in_the_common_framework_s_words(
    codec: Query, action: str, params: dict[str, str], code: str, message: str
) -> None:
    assert refused(codec, action, **params) == (code, message)


def test_query_services_ignore_parameters_that_they_do_not_have() -> None:
    assert read(STS, "GetCallerIdentity", Colour="red") == {}
    assert read(IAM, "GetRole", RoleName="r", Colour="red") == {"RoleName": "r"}


def test_an_action_without_parameters_takes_none() -> None:
    assert refused(EC2, "DeleteSpotDatafeedSubscription", Colour="x")[0] == "UnknownParameter"


@pytest.mark.parametrize(
    "text",
    ["a & b < c > d", "]]>", "&amp;", "line\r\nfeed\rreturn\ttab", "\"quotes'", "日本語 🙂 é", " spaces  kept ", ""],
)
def test_any_text_survives_the_xml(text: str) -> None:
    response = {"Vpcs": [{"VpcId": "vpc-1", "Tags": [{"Key": "Name", "Value": text}]}]}
    document = EC2.write("DescribeVpcs", response, "id")
    parsed = parsers.create_parser("ec2").parse(
        {"body": document, "status_code": 200, "headers": {}}, output_shape("ec2", "DescribeVpcs")
    )
    assert parsed["Vpcs"] == response["Vpcs"]


def test_what_xml_cannot_carry_is_replaced_rather_than_breaking_the_document() -> None:
    document = EC2.write("DescribeVpcs", {"Vpcs": [{"VpcId": "\x00\x0b\ud800\uffff"}]}, "id")
    assert "<vpcId>\ufffd\ufffd\ufffd\ufffd</vpcId>".encode() in document


def test_a_response_leaves_out_none_and_refuses_members_that_the_model_does_not_have() -> None:
    assert b"<vpcSet><item></item></vpcSet>" in EC2.write("DescribeVpcs", {"Vpcs": [{"VpcId": None}]}, "id")
    with pytest.raises(KeyError, match="Colour"):
        EC2.write("DescribeVpcs", {"Vpcs": [{"Colour": "red"}]}, "id")


def test_an_ec2_action_without_a_result_says_true() -> None:
    assert (
        EC2.write("DeleteVpc", {}, "r-1")
        .decode()
        .endswith(
            '<DeleteVpcResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
            "<requestId>r-1</requestId><return>true</return></DeleteVpcResponse>"
        )
    )


def test_timestamps_are_written_in_utc() -> None:
    launched = datetime(2024, 5, 1, 18, 30, 0, 250_000, tzinfo=timezone(timedelta(hours=9)))
    document = EC2.write("RunInstances", {"Instances": [{"LaunchTime": launched}]}, "id")
    assert b"<launchTime>2024-05-01T09:30:00.250Z</launchTime>" in document
    document = IAM.write("GetRole", {"Role": {"CreateDate": launched}}, "id")
    assert b"<CreateDate>2024-05-01T09:30:00Z</CreateDate>" in document


KITCHEN_SINK = ServiceModel(
    {
        "metadata": {"protocol": "query", "apiVersion": "2020-01-01", "xmlNamespace": "http://x/"},
        "operations": {"Do": {"name": "Do", "http": {}, "input": {"shape": "Thing"}, "output": {"shape": "Thing"}}},
        "shapes": {
            "Thing": {
                "type": "structure",
                "members": {
                    "Flat": {"shape": "FlatList"},
                    "FlatNamed": {"shape": "FlatNamedList"},
                    "Map": {"shape": "Map"},
                    "FlatMap": {"shape": "FlatMap", "locationName": "Pairs"},
                    "Child": {"shape": "Thing"},
                    "Children": {"shape": "Things"},
                    "Blob": {"shape": "Blob"},
                    "Double": {"shape": "Double"},
                    "Epoch": {"shape": "Epoch"},
                    "Rfc": {"shape": "Rfc"},
                },
            },
            "FlatList": {"type": "list", "flattened": True, "member": {"shape": "String"}},
            "FlatNamedList": {"type": "list", "flattened": True, "member": {"shape": "String", "locationName": "One"}},
            "Things": {"type": "list", "member": {"shape": "Thing", "locationName": "thing"}},
            "Map": {"type": "map", "key": {"shape": "String"}, "value": {"shape": "Thing"}},
            "FlatMap": {
                "type": "map",
                "flattened": True,
                "key": {"shape": "String", "locationName": "K"},
                "value": {"shape": "String", "locationName": "V"},
            },
            "String": {"type": "string"},
            "Blob": {"type": "blob"},
            "Double": {"type": "double"},
            "Epoch": {"type": "timestamp", "timestampFormat": "unixTimestamp"},
            "Rfc": {"type": "timestamp", "timestampFormat": "rfc822"},
        },
    },
    "sink",
)


def test_flattened_lists_maps_and_recursive_shapes_go_both_ways() -> None:
    """The four services have none of these in some direction; the protocol has."""
    operation = KITCHEN_SINK.operation_model("Do")
    moment = datetime(2024, 5, 1, 9, 30, tzinfo=UTC)
    leaf: dict[str, Any] = {"Blob": b"\x00\xff", "Double": 0.5, "Epoch": moment, "Rfc": moment}
    value = {
        "Flat": ["a", "b"],
        "FlatNamed": ["c", "d"],
        "Map": {"x": leaf, "y": {"Child": leaf}},
        "FlatMap": {"k": "v", "l": "w"},
        "Children": [{"Children": [leaf]}, {"Flat": ["e", "f"]}],
    }
    request = serialize.create_serializer("query").serialize_to_request(value, operation)["body"]
    pairs = [(name, str(text)) for name, text in request.items() if name not in ("Action", "Version")]
    dialect = CommonDialect(constraint_code="ValidationError", form_code="MalformedInput")
    assert FormReaders(QueryLayout(), dialect).read(operation.input_shape, parse_tree(pairs)) == value

    written = XmlWriters("member", format_iso8601_seconds).structure(operation.output_shape)(value)
    document = f"<DoResponse>{written}</DoResponse>".encode()
    parsed = parsers.create_parser("query").parse(
        {"body": document, "status_code": 200, "headers": {}}, operation.output_shape
    )
    assert {name: child for name, child in parsed.items() if name != "ResponseMetadata"} == value
