"""The endpoint as a client meets it: routing, errors in each protocol's form, limits, and nothing that breaks it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from realvpc.api.core.errors import AwsError
from realvpc.wire.app import LONG_RESPONSE, MAXIMUM_BODY, MAXIMUM_HEAD
from realvpc.wire.form import parse_form

from .server import Answer, Server, any_credential, form


def any_server() -> Server:
    return Server(strict=False)


def test_a_get_with_a_query_string_is_as_good_as_a_post() -> None:
    server = any_server()
    query = form(Action="DescribeVpcs", Version="2016-11-15", **{"VpcId.1": "vpc-1"})
    assert server.send(method="GET", query=query, headers=any_credential("ec2")).status == 200
    assert server.calls[0].params == {"VpcIds": ["vpc-1"]}


def test_a_body_may_come_in_pieces() -> None:
    server = any_server()
    assert (
        server.send(form(Action="DescribeVpcs", **{"VpcId.1": "vpc-1"}), any_credential("ec2"), chunk=3).status == 200
    )
    assert server.calls[0].params == {"VpcIds": ["vpc-1"]}


def test_an_action_that_has_to_ask_somebody_is_answered_or_refused_like_any_other() -> None:
    server = any_server()
    server.slow = {"GetConsoleOutput"}
    server.responses["GetConsoleOutput"] = {"InstanceId": "i-1", "Output": "aGk="}
    body = form(Action="GetConsoleOutput", InstanceId="i-1")
    assert b"<output>aGk=</output>" in server.send(body, any_credential("ec2")).body
    server.failure = AwsError("Unavailable", "Later.", 503)
    answer = server.send(body, any_credential("ec2"))
    assert (answer.status, answer.error) == (503, ("Unavailable", "Later."))


def test_every_answer_carries_a_request_id_of_its_own() -> None:
    server = any_server()
    answers = [server.send(form(Action="DescribeVpcs"), any_credential("ec2")) for _ in range(2)]
    ids = [answer.headers["x-amzn-requestid"] for answer in answers]
    assert len(set(ids)) == 2
    for answer, request_id, call in zip(answers, ids, server.calls, strict=True):
        assert f"<requestId>{request_id}</requestId>".encode() in answer.body
        assert answer.headers["x-amz-request-id"] == request_id == call.request_id
        assert int(answer.headers["content-length"]) == len(answer.body)


@pytest.mark.parametrize("action", ["DeleteVpc", "MakeCoffee", "describeVpcs", "<b>"])
def test_an_ec2_action_that_does_not_exist_here_is_invalid(action: str) -> None:
    server = any_server()
    answer = server.send(form(Action=action, VpcId="vpc-1"), any_credential("ec2"))
    assert answer.status == 400
    assert answer.error == ("InvalidAction", f"The action {action} is not valid for this web service.")
    assert not server.calls


def test_a_query_action_that_does_not_exist_here_is_invalid() -> None:
    answer = any_server().send(form(Action="DeleteRole"), any_credential("iam"))
    assert answer.error == ("InvalidAction", "Could not find operation DeleteRole for version 2010-05-08")
    assert b'<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>' in answer.body
    answer = any_server().send(form(Action="DescribeVpcs", Version="2016-11-15"), any_credential("sts"))
    assert answer.error == ("InvalidAction", "Could not find operation DescribeVpcs for version 2016-11-15")


@pytest.mark.parametrize(
    "target", ["AmazonSSM.DeleteParameter", "AmazonSSM.Nope", "AmazonSSM.", "AmazonSSM", "S3.Get", ""]
)
def test_a_json_action_that_does_not_exist_here_is_unknown(target: str) -> None:
    answer = any_server().send(b"{}", [(b"x-amz-target", target.encode()), *any_credential("ssm")])
    assert (answer.status, answer.error[0]) == (400, "UnknownOperationException")
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"


def test_a_request_without_an_action_says_so() -> None:
    for service in ("ec2", "sts"):
        answer = any_server().send(b"Version=1", any_credential(service))
        assert (answer.status, answer.error[0]) == (400, "MissingAction")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "BREW"])
def test_other_methods_are_refused(method: str) -> None:
    assert any_server().send(form(Action="DescribeVpcs"), any_credential("ec2"), method=method).status == 405


def test_other_paths_are_not_found() -> None:
    assert any_server().send(form(Action="DescribeVpcs"), any_credential("ec2"), path="/x").status == 404


def test_a_request_that_is_too_large_is_refused_in_the_protocol_of_its_service() -> None:
    server = any_server()
    body = form(Action="DescribeVpcs", **{"VpcId.1": "x" * MAXIMUM_BODY})
    answer = server.send(body, any_credential("ec2"), chunk=65_536)
    assert (answer.status, answer.error[0]) == (413, "RequestEntityTooLarge")
    answer = server.send(body, [(b"x-amz-target", b"AmazonSSM.GetParameter")], chunk=65_536)
    assert (answer.status, answer.error[0]) == (413, "RequestEntityTooLarge")
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"


@pytest.mark.parametrize(
    ("query", "authorization"), [(b"a&" * MAXIMUM_HEAD, b"AWS4"), (b"", b"AWS4-HMAC-SHA256 " + b"," * MAXIMUM_HEAD)]
)
def test_a_head_that_would_take_long_to_read_is_refused(query: bytes, authorization: bytes) -> None:
    answer = Server().send(headers=[(b"authorization", authorization)], method="GET", query=query)
    assert (answer.status, answer.error[0]) == (400, "RequestHeaderSectionTooLarge")


def test_an_error_does_not_repeat_a_megabyte_of_the_request() -> None:
    name = "VpcId." + "9" * 500_000
    answer = any_server().send(form(Action="DescribeVpcs", **{name: "x"}), any_credential("ec2"))
    assert answer.error[0] == "UnknownParameter"
    assert len(answer.body) < 5000


@pytest.mark.parametrize("service", ["ec2", "iam", "ssm"])
def test_an_error_of_an_action_keeps_its_code_message_and_status(service: str) -> None:
    server = Server(strict=False, failure=AwsError("Some.Code", "a < b & c\x00", 404))
    answer = call(server, service)
    assert (answer.status, answer.error[0]) == (404, "Some.Code")
    assert answer.error[1].startswith("a < b & c")


@pytest.mark.parametrize("service", ["ec2", "iam", "ssm"])
def test_a_defect_is_an_internal_error_counted_and_logged_with_the_request_id(
    service: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server(strict=False, failure=ZeroDivisionError("a detail that no client should see"))
    answer = call(server, service)
    assert (answer.status, answer.error) == (500, ("InternalError", "An internal error has occurred"))
    assert b"detail" not in answer.body
    assert server.app.internal_errors == 1
    assert answer.headers["x-amzn-requestid"] in caplog.text
    assert "ZeroDivisionError" in caplog.text


def call(server: Server, service: str) -> Answer:
    if service == "ssm":
        return server.send(b'{"Name": "x"}', [(b"x-amz-target", b"AmazonSSM.GetParameter"), *any_credential("ssm")])
    action = {"ec2": "DescribeVpcs", "iam": "ListRoles"}[service]
    return server.send(form(Action=action), any_credential(service))


def test_a_response_that_the_model_does_not_allow_is_an_internal_error() -> None:
    server = any_server()
    server.responses["DescribeVpcs"] = {"Vpcs": [{"Colour": "red"}]}
    assert call(server, "ec2").status == 500
    assert server.app.internal_errors == 1


def test_administrative_paths_go_to_the_application_given_for_them() -> None:
    seen: list[str] = []

    async def admin(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["path"])
        await send({"type": "http.response.start", "status": 204, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b""})

    server = Server(strict=False, admin=admin)
    assert server.send(path="/_realvpc/reset").status == 204
    assert server.send(path="/moto-api/reset").status == 204
    assert seen == ["/_realvpc/reset", "/moto-api/reset"]
    assert any_server().send(path="/_realvpc/reset").status == 404


def test_a_client_that_goes_away_is_not_answered() -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    server = any_server()
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": []}
    asyncio.run(server.app(scope, receive, send))
    assert not sent
    assert server.app.internal_errors == 0


def test_the_lifespan_protocol_is_spoken() -> None:
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[str] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(any_server().app({"type": "lifespan"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_parameters_keep_their_order_and_blanks() -> None:
    assert parse_form(b"b=1&a=&c", b"d=%2B+x") == [("b", "1"), ("a", ""), ("c", ""), ("d", "+ x")]


@pytest.mark.parametrize(
    "vpcs",
    [
        [{"VpcId": f"vpc-{number}"} for number in range(LONG_RESPONSE + 1)],
        [{"VpcId": "v" * (LONG_RESPONSE + 1 << 10)}],
    ],
    ids=["many structures", "much text"],
)
def test_a_long_answer_is_taken_apart_where_it_was_written(vpcs: list[dict[str, str]]) -> None:
    server = any_server()
    server.responses["DescribeVpcs"] = {"Vpcs": list(vpcs)}
    body = server.send(form(Action="DescribeVpcs"), any_credential("ec2")).body
    assert body.count(b"<vpcId>") == len(vpcs)
    assert not server.responses["DescribeVpcs"]["Vpcs"]
