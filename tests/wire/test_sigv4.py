"""Signatures made by botocore's own signer are believed; anything that was changed afterwards is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSRequest

from realvpc.api.core.call import Credential

from .server import EXPIRED, KEY, OWNER, SESSION, Server, any_credential, form, form_request, json_request, sign

STRANGER = Credential("AKIASTRANGER", "x", "333333333333", "arn", "id")
WRONG_SECRET = Credential(KEY, "guess", "111111111111", "arn", "id")
MISMATCH = "The request signature we calculated does not match the signature you provided."

REFUSED = {  # service -> (missing, unknown key, wrong signature), each status and code
    "ec2": ((400, "MissingParameter"), (401, "AuthFailure"), (401, "AuthFailure")),
    "sts": ((403, "MissingAuthenticationToken"), (403, "InvalidClientTokenId"), (403, "SignatureDoesNotMatch")),
    "iam": ((403, "MissingAuthenticationToken"), (403, "InvalidClientTokenId"), (403, "SignatureDoesNotMatch")),
    "ssm": (
        (400, "MissingAuthenticationTokenException"),
        (400, "UnrecognizedClientException"),
        (400, "InvalidSignatureException"),
    ),
}


def request_to(service: str) -> AWSRequest:
    match service:
        case "ssm":
            return json_request("GetParameter", b'{"Name": "/a b"}')
        case "iam":
            return form_request("iam", "GetRole", RoleName="SessionManager-Role")
        case "sts":
            return form_request("sts", "GetCallerIdentity")
    return form_request("ec2", "DescribeVpcs", **{"Filter.1.Name": "tag:Name", "Filter.1.Value.1": "A & B/ü+*"})


def refusal(service: str, request: AWSRequest, **kwargs: Any) -> tuple[int, str]:
    server = Server(**kwargs)
    answer = server.send_signed(request)
    assert not server.calls
    assert server.app.internal_errors == 0
    return answer.status, answer.error[0]


@pytest.mark.parametrize("service", REFUSED)
def test_a_signed_request_reaches_the_action_as_its_signer(service: str) -> None:
    server = Server()
    answer = server.send_signed(sign(request_to(service), service))
    assert answer.status == 200, answer.body
    caller = server.calls[0].caller
    assert (caller.account, caller.region, caller.arn) == (OWNER.account, "ap-northeast-1", OWNER.arn)
    assert (caller.user_id, caller.access_key_id) == (OWNER.user_id, KEY)
    assert server.calls[0].service == service


@pytest.mark.parametrize("service", ["ec2", "sts", "iam"])
def test_a_presigned_url_reaches_the_action_with_its_parameters(service: str) -> None:
    server = Server()
    answer = server.send_signed(sign(request_to(service), service, presign=60))
    assert answer.status == 200, answer.body
    assert server.calls[0].caller.account == OWNER.account
    if service == "ec2":
        assert server.calls[0].params == {"Filters": [{"Name": "tag:Name", "Values": ["A & B/ü+*"]}]}


@pytest.mark.parametrize("presign", [None, 60])
def test_temporary_credentials_need_their_token(presign: int | None) -> None:
    server = Server()
    assert server.send_signed(sign(request_to("ec2"), credential=SESSION, presign=presign)).status == 200
    assert server.calls[0].caller.account == SESSION.account
    for token in (None, "other"):
        forged = Credential(SESSION.access_key_id, SESSION.secret_access_key, "", "", "", token)
        assert refusal("ec2", sign(request_to("ec2"), credential=forged, presign=presign)) == (401, "AuthFailure")
    with_needless_token = Credential(KEY, OWNER.secret_access_key, "", "", "", "token")
    assert refusal("ec2", sign(request_to("ec2"), credential=with_needless_token)) == (401, "AuthFailure")


@pytest.mark.parametrize(
    ("service", "error"),
    [
        ("ec2", (400, "RequestExpired")),
        ("sts", (403, "ExpiredToken")),
        ("iam", (403, "ExpiredToken")),
        ("ssm", (400, "ExpiredTokenException")),
    ],
)
def test_temporary_credentials_expire_and_only_their_holder_is_told_so(service: str, error: tuple[int, str]) -> None:
    assert refusal(service, sign(request_to(service), service, credential=EXPIRED)) == error
    guess = Credential(EXPIRED.access_key_id, "guess", "", "", "", EXPIRED.session_token)
    assert refusal(service, sign(request_to(service), service, credential=guess)) == REFUSED[service][2]


@pytest.mark.parametrize("service", REFUSED)
def test_each_service_refuses_in_its_own_words(service: str) -> None:
    missing, unknown, mismatch = REFUSED[service]
    assert refusal(service, request_to(service)) == missing
    assert refusal(service, sign(request_to(service), service, credential=STRANGER)) == unknown
    assert refusal(service, sign(request_to(service), service, credential=WRONG_SECRET)) == mismatch
    assert refusal(service, sign(request_to(service), service, region="mars-north-1")) == mismatch


@pytest.mark.parametrize("service", REFUSED)
def test_a_changed_body_is_noticed(service: str) -> None:
    request = sign(request_to(service), service)
    if service == "ssm":
        request.data = b'{"Name": "/other"}'
    else:
        request.data = {**request.data, "DryRun": "true"}
    assert refusal(service, request) == REFUSED[service][2]


@pytest.mark.parametrize("service", REFUSED)
def test_an_announced_hash_does_not_stand_in_for_a_changed_body(service: str) -> None:
    for announced in ("UNSIGNED-PAYLOAD", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"):
        request = request_to(service)
        request.headers["X-Amz-Content-SHA256"] = announced
        assert refusal(service, sign(request, service)) == REFUSED[service][2]


@pytest.mark.parametrize("header", ["Content-Type", "X-Amz-Date", "X-Amz-Target"])
def test_a_changed_or_unsigned_header_that_matters_is_noticed(header: str) -> None:
    request = sign(json_request("GetParameter", b'{"Name": "x"}'), "ssm")
    changed = {
        "Content-Type": "text/plain",
        "X-Amz-Date": (datetime.now(UTC) + timedelta(seconds=61)).strftime("%Y%m%dT%H%M%SZ"),
        "X-Amz-Target": "AmazonSSM.GetParameters",
    }[header]
    request.headers.replace_header(header, changed)
    assert refusal("ssm", request) == (400, "InvalidSignatureException")

    request = json_request("GetParameter", b'{"Name": "x"}')
    target = request.headers["X-Amz-Target"]
    del request.headers["X-Amz-Target"]
    sign(request, "ssm")
    request.headers["X-Amz-Target"] = target
    assert refusal("ssm", request) == (400, "InvalidSignatureException")


def test_a_header_that_was_not_signed_may_change_on_the_way() -> None:
    request = sign(request_to("ec2"))
    request.headers["User-Agent"] = "a proxy"
    request.headers["X-Forwarded-For"] = "192.0.2.1"
    assert Server().send_signed(request).status == 200


@pytest.mark.parametrize("part", ["date", "region", "service", "terminator", "key"])
@pytest.mark.parametrize("presign", [None, 60])
def test_a_changed_scope_is_noticed(part: str, presign: int | None) -> None:
    request = sign(request_to("sts"), "sts", presign=presign)
    old, new = {
        "date": (datetime.now(UTC).strftime("%Y%m%d/ap"), "20200101/ap"),
        "region": ("ap-northeast-1", "us-east-1"),
        "service": ("/sts/", "/iam/"),
        "terminator": ("aws4_request", "aws5_request"),
        "key": (KEY, SESSION.access_key_id),
    }[part]
    if presign is None:
        request.headers.replace_header("Authorization", request.headers["Authorization"].replace(old, new))
    else:
        request.url = request.url.replace(old.replace("/", "%2F"), new.replace("/", "%2F"))
    status, code = refusal("sts", request)
    assert (status, code) in {
        (403, "SignatureDoesNotMatch"),
        (400, "IncompleteSignature"),
        (403, "InvalidClientTokenId"),
    }


def test_a_scope_for_another_service_is_named() -> None:
    request = sign(json_request("GetParameter", b'{"Name": "x"}'), "ec2")
    code, message = Server().send_signed(request).error
    assert (code, message) == ("InvalidSignatureException", "Credential should be scoped to correct service: 'ssm'. ")


def test_a_presigned_parameter_cannot_be_changed_or_added() -> None:
    for old, new in (
        ("DescribeVpcs", "DeleteVpc"),
        ("X-Amz-Expires=60", "X-Amz-Expires=600"),
        ("Action=", "A=1&Action="),
    ):
        request = sign(request_to("ec2"), presign=60)
        assert old in request.url
        request.url = request.url.replace(old, new)
        assert refusal("ec2", request) == (401, "AuthFailure")


def at(**offset: float) -> Any:
    return lambda: datetime.now(UTC) + timedelta(**offset)


@pytest.mark.parametrize(
    ("service", "minutes", "code"),
    [("ec2", 15, "RequestExpired"), ("sts", 15, "SignatureDoesNotMatch"), ("ssm", 5, "InvalidSignatureException")],
)
def test_a_clock_that_is_too_far_off_is_refused(service: str, minutes: int, code: str) -> None:
    for direction in (1, -1):
        near = Server(now=at(minutes=direction * (minutes - 0.5)))
        assert near.send_signed(sign(request_to(service), service)).status == 200
        far = Server(now=at(minutes=direction * (minutes + 0.5)))
        answer = far.send_signed(sign(request_to(service), service))
        assert answer.error[0] == code
        if service != "ec2":
            assert answer.error[1].startswith("Signature expired" if direction > 0 else "Signature not yet current")
            assert f"{minutes} min." in answer.error[1]


def test_a_presigned_url_lives_as_long_as_it_says() -> None:
    assert Server(now=at(minutes=50)).send_signed(sign(request_to("ec2"), presign=3600)).status == 200
    assert refusal("ec2", sign(request_to("ec2"), presign=3600), now=at(minutes=61)) == (400, "RequestExpired")
    assert refusal("ec2", sign(request_to("ec2"), presign=60), now=at(seconds=70)) == (400, "RequestExpired")
    assert refusal("ec2", sign(request_to("ec2"), presign=8 * 86400)) == (400, "IncompleteSignature")
    expired = Server(now=at(seconds=70)).send_signed(sign(request_to("sts"), "sts", presign=60))
    assert expired.error[1].endswith(" - 60 sec.)")


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "AWS4-HMAC-SHA256",
        "Bearer abc",
        "AWS AKIA:abc=",
        "AWS4-HMAC-SHA256 Credential=, SignedHeaders=host, Signature=0",
        "AWS4-HMAC-SHA256 Credential=a/b/ec2/aws4_request, SignedHeaders=host;x-amz-date, Signature=0",
        f"AWS4-HMAC-SHA256 Credential={KEY}/20240501/us-east-1/ec2/aws4_request, SignedHeaders=host",
        f"AWS4-ECDSA-P256-SHA256 Credential={KEY}/20240501/ec2/aws4_request, SignedHeaders=host, Signature=0",
    ],
)
def test_a_malformed_authorization_is_a_client_error(authorization: str) -> None:
    request = request_to("ec2")
    request.headers["Authorization"] = authorization
    request.headers["X-Amz-Date"] = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    assert refusal("ec2", request)[0] == 400


def test_secrets_do_not_show_in_a_representation() -> None:
    assert OWNER.secret_access_key not in repr(OWNER)
    assert str(SESSION.session_token) not in repr(SESSION)


@pytest.mark.parametrize(
    ("key", "account"),
    [("123412341234", "123412341234"), ("test", "123456789012"), (KEY, OWNER.account), ("12341234123", "123456789012")],
)
def test_any_credentials_take_the_account_from_the_key_and_the_region_from_the_scope(key: str, account: str) -> None:
    server = Server(strict=False)
    assert server.send(form(Action="DescribeVpcs"), any_credential("ec2", key)).status == 200
    assert (server.calls[0].caller.account, server.calls[0].caller.region) == (account, "ap-northeast-1")


def test_any_credentials_know_the_holder_of_temporary_ones() -> None:
    server = Server(strict=False)
    assert server.send_signed(sign(request_to("sts"), "sts", credential=SESSION)).status == 200
    assert server.calls[0].caller.arn == SESSION.arn


def test_any_credentials_need_none_at_all() -> None:
    server = Server(strict=False)
    assert server.send(form(Action="GetCallerIdentity", Version="2011-06-15")).status == 200
    call = server.calls[0]
    assert (call.service, call.caller.account, call.caller.region) == ("sts", "123456789012", "us-east-1")


def test_any_credentials_do_not_invent_regions() -> None:
    answer = Server(strict=False).send(form(Action="DescribeVpcs"), any_credential("ec2", region="mars-north-1"))
    assert answer.error[0] == "AuthFailure"


@pytest.mark.parametrize("service", ["ec2", "iam"])
@pytest.mark.parametrize(
    ("region", "words"),
    [
        ("cn-north-1", "The Region 'cn-north-1' is of the partition aws-cn;"),
        ("us-gov-west-1", "The Region 'us-gov-west-1' is of the partition aws-us-gov;"),
        ("mars-1", "not 'mars-1'"),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_a_region_that_is_not_here_is_told_from_one_of_another_partition(
    service: str, region: str, words: str, strict: bool
) -> None:
    action = {"ec2": "DescribeVpcs", "iam": "ListRoles"}[service]
    answer = Server(strict=strict).send_signed(sign(form_request(service, action), service, region))
    assert answer.error[0] in ("AuthFailure", "SignatureDoesNotMatch")
    assert words in answer.error[1]
