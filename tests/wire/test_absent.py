"""A service that is not here says so in words that its own client understands, whatever protocol that speaks."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest, HeadersDict
from botocore.credentials import Credentials
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from .protocols_of_botocore import FILE, text
from .server import OWNER, Answer, Server, any_credential

ELSEWHERE = "With `realvpc up --upstream URL` another emulator answers for it."
LOADER = botocore.session.get_session().get_component("data_loader")

# One for each protocol and way to sign, and those whose signatures have another name than their model.
CALLS = [
    ("ram", "GetResourceShares", {"resourceOwner": "SELF"}),
    ("lambda", "ListFunctions", {}),
    ("lambda", "GetFunction", {"FunctionName": "f"}),
    ("eks", "ListClusters", {}),
    ("apigateway", "GetRestApis", {}),
    ("s3", "ListBuckets", {}),
    ("s3", "GetObject", {"Bucket": "b", "Key": "k"}),
    ("cloudfront", "ListDistributions", {}),
    ("dynamodb", "ListTables", {}),
    ("kinesis", "ListStreams", {}),
    ("sqs", "ListQueues", {}),
    ("stepfunctions", "ListStateMachines", {}),
    ("sns", "ListTopics", {}),
    ("cloudformation", "ListStacks", {}),
    ("autoscaling", "DescribeAutoScalingGroups", {}),
    ("rds", "DescribeDBInstances", {}),
    ("cloudwatch", "ListMetrics", {}),
    ("ses", "ListIdentities", {}),
    ("sesv2", "ListEmailIdentities", {}),
    ("application-autoscaling", "DescribeScalableTargets", {"ServiceNamespace": "ecs"}),
]


def send(service: str, action: str, params: dict[str, Any], protocol: str | None = None) -> tuple[ServiceModel, Answer]:
    """What the server answers to botocore's own request."""
    model = ServiceModel(LOADER.load_service_model(service, "service-2"), service)
    protocol = protocol or model.resolved_protocol
    request = create_serializer(protocol).serialize_to_request(params, model.operation_model(action))
    body = request["body"]
    sent = AWSRequest(request["method"], f"http://localhost:4566{request['url_path']}", request["headers"], body)
    keys = Credentials(OWNER.access_key_id, OWNER.secret_access_key)
    auth.SigV4Auth(keys, model.signing_name, "us-east-1").add_auth(sent)
    return model, Server().send_signed(sent)


def parsed(answer: Answer, protocol: str) -> tuple[str, str]:
    response = {"body": answer.body, "status_code": answer.status, "headers": HeadersDict(answer.headers)}
    error = create_parser(protocol).parse(response, None)["Error"]
    return error["Code"], error["Message"]


@pytest.mark.parametrize(("service", "action", "params"), CALLS)
def test_a_service_that_is_not_here_is_named(service: str, action: str, params: dict[str, Any]) -> None:
    model, answer = send(service, action, params)
    expected = ("InvalidAction", f"The service {model.signing_name} is not available here. {ELSEWHERE}")
    assert (answer.status, parsed(answer, model.resolved_protocol)) == (400, expected)


@pytest.mark.parametrize("protocol", ["json", "query", "smithy-rpc-v2-cbor"])
def test_a_service_of_several_protocols_answers_in_the_one_that_was_spoken(protocol: str) -> None:
    _, answer = send("cloudwatch", "ListMetrics", {}, protocol)
    assert parsed(answer, protocol) == ("InvalidAction", f"The service monitoring is not available here. {ELSEWHERE}")


def test_a_service_that_nobody_knows_is_answered_by_the_look_of_its_requests() -> None:
    server = Server(strict=False)
    answer = server.send(b"{}", [(b"x-amz-target", b"AmazonNew.ListThings"), *any_credential("new")])
    assert parsed(answer, "json")[0] == "InvalidAction"
    answer = server.send(b"{}", [(b"x-amz-target", b"AmazonNew.ListThings")])
    assert parsed(answer, "json") == ("InvalidAction", f"The service AmazonNew is not available here. {ELSEWHERE}")
    answer = server.send(path="/things/1", headers=any_credential("new"))
    assert parsed(answer, "rest-json")[0] == "InvalidAction"
    answer = server.send(b"Action=ListThings", any_credential("new"))
    assert parsed(answer, "query")[0] == "InvalidAction"


@pytest.mark.parametrize("host", ["s3.us-east-1.amazonaws.com", "Bucket.s3.us-east-1.amazonaws.com:80"])
def test_s3_is_known_by_its_name_where_nobody_signs(host: str) -> None:
    answer = Server(strict=False).send(path="/", method="GET", headers=[(b"host", host.encode())])
    expected = ("InvalidAction", f"The service s3 is not available here. {ELSEWHERE}")
    assert parsed(answer, "rest-xml") == expected


def test_a_name_that_goes_on_and_on_is_nobodys() -> None:
    answer = Server(strict=False).send(path="/", headers=[(b"host", b"a." * 10_000 + b"s3.us-east-1.amazonaws.com")])
    assert b"The service s3" not in answer.body


def test_what_is_known_of_services_is_what_botocore_knows() -> None:
    """Else run ``python -m tests.wire.protocols_of_botocore``."""
    assert FILE.read_text() == text()
