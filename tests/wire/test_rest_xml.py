"""Route 53's protocol: paths, query strings, XML, and documents that mean harm."""

from __future__ import annotations

import pytest
from botocore.awsrequest import AWSRequest

from realvpc.api.core.errors import AwsError
from realvpc.wire.xml_document import MAXIMUM_DEPTH

from .server import Server, any_credential, sign

NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/"
ZONES = "/2013-04-01/hostedzone"
RECORDS = "/2013-04-01/hostedzone/Z1/rrset/"


def document(root: str, content: str, namespace: str = f' xmlns="{NAMESPACE}"') -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}{namespace}>{content}</{root}>'.encode()


ZONE = document("CreateHostedZoneRequest", "<Name>a.example</Name><CallerReference>r</CallerReference>")


def any_server() -> Server:
    return Server(strict=False)


def refused(body: bytes, path: str = ZONES, method: str = "POST") -> tuple[int, tuple[str, str]]:
    """The error of a request that must not reach an action."""
    server = any_server()
    answer = server.send(body, any_credential("route53"), method=method, path=path)
    assert not server.calls
    assert server.app.internal_errors == 0
    assert f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>Sender</Type>'.encode() in answer.body
    return answer.status, answer.error


@pytest.mark.parametrize("namespace", [f' xmlns="{NAMESPACE}"', ""])
def test_a_body_is_read_with_its_namespace_or_without(namespace: str) -> None:
    server = any_server()
    body = document(
        "CreateHostedZoneRequest", "<Name>a.example</Name>\n  <CallerReference> r </CallerReference>", namespace
    )
    server.send(body, any_credential("route53"), path=ZONES)
    assert server.calls[0].action == "CreateHostedZone"
    assert server.calls[0].params == {"Name": "a.example", "CallerReference": " r "}


def test_the_answer_has_the_status_and_the_headers_of_the_model() -> None:
    server = any_server()
    server.responses["CreateHostedZone"] = {
        "Location": "https://route53.amazonaws.com/2013-04-01/hostedzone/Z1",
        "DelegationSet": {"NameServers": ["a", "b"]},
    }
    answer = server.send(ZONE, any_credential("route53"), path=ZONES)
    assert answer.status == 201
    assert answer.headers["location"].endswith("/hostedzone/Z1")
    content = "<NameServers><NameServer>a</NameServer><NameServer>b</NameServer></NameServers>"
    assert answer.body.decode().endswith(
        f'<CreateHostedZoneResponse xmlns="{NAMESPACE}"><DelegationSet>{content}</DelegationSet>'
        "</CreateHostedZoneResponse>"
    )


def test_the_path_and_the_query_string_carry_parameters() -> None:
    server = any_server()
    for path in ("/2013-04-01/hostedzone/Z%2F1/rrset", "/2013-04-01/hostedzone/Z%2F1/rrset/"):
        server.send(method="GET", path=path, query=b"name=a%20b&maxitems=5&x=y", headers=any_credential("route53"))
    for call in server.calls:
        assert (call.action, call.params["HostedZoneId"]) == ("ListResourceRecordSets", "Z/1")
        assert (call.params["StartRecordName"], call.params["MaxItems"]) == ("a b", "5")
    assert len(server.calls) == 2


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/"),
        ("GET", "/2013-04-01/hostedzone//rrset"),
        ("PUT", ZONES),
        ("GET", "/2012-12-12/hostedzone"),
        ("GET", "/2013-04-01/hostedzone/Z1/rrset/more"),
        ("GET", "/2013-04-01/hostedzone/%ff"),
        ("GET", "/2013-04-01/hostedzone/%00"),
    ],
)
def test_there_is_nothing_at_other_paths(method: str, path: str) -> None:
    status, error = refused(b"", path, method)
    assert (status, error[0]) == (404, "UnknownOperationException")


def test_an_operation_that_is_not_here_is_unknown() -> None:
    server = Server(strict=False, missing=("CreateTrafficPolicy",))
    answer = server.send(b"", any_credential("route53"), path="/2013-04-01/trafficpolicy")
    assert (answer.status, answer.error[0]) == (404, "UnknownOperationException")


def test_an_error_of_an_action_keeps_its_code_message_and_status() -> None:
    server = Server(strict=False, failure=AwsError("NoSuchHostedZone", "a < b", 404))
    answer = server.send(method="GET", path=f"{ZONES}/Z1", headers=any_credential("route53"))
    assert (answer.status, answer.error) == (404, ("NoSuchHostedZone", "a < b"))


def test_an_unsigned_request_is_known_by_its_path() -> None:
    answer = Server().send(method="GET", path=ZONES)
    assert (answer.status, answer.error[0]) == (403, "MissingAuthenticationToken")
    assert NAMESPACE.encode() in answer.body


@pytest.mark.parametrize("region", ["us-east-1", "ap-northeast-1"])
def test_a_signature_holds_whatever_the_region_of_the_client(region: str) -> None:
    """With AWS_ENDPOINT_URL the SDKs sign for their own Region, without for us-east-1."""
    server = Server()
    request = AWSRequest("POST", f"http://127.0.0.1:4566{ZONES}", {}, ZONE)
    assert server.send_signed(sign(request, "route53", region)).status == 201
    request = AWSRequest("GET", "http://127.0.0.1:4566/2013-04-01/hostedzone/Z%2F1/rrset?name=a%20b&maxitems=5")
    assert server.send_signed(sign(request, "route53", region)).status == 200
    request = sign(AWSRequest("GET", f"http://127.0.0.1:4566{ZONES}/Z1"), "route53", region)
    request.url = request.url.replace("Z1", "Z2")
    assert server.send_signed(request).error[0] == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (document("ChangeBatch", ""), "MalformedInput", "ChangeBatch is not valid, expected CreateHostedZoneRequest"),
        (
            document("CreateHostedZoneRequest", "", ' xmlns="urn:other"'),
            "MalformedInput",
            "{urn:other}CreateHostedZoneRequest is not valid, expected CreateHostedZoneRequest",
        ),
        (b"", "InvalidInput", "Value null at 'name' failed"),
        (document("CreateHostedZoneRequest", "<Name>a</Name>"), "InvalidInput", "Value null at 'callerReference'"),
        (document("CreateHostedZoneRequest", "<Name>a</Name><Name>b</Name>"), "MalformedInput", "'name'"),
        (document("CreateHostedZoneRequest", "<Name><b/></Name>"), "MalformedInput", "'name.b'"),
        (document("CreateHostedZoneRequest", "text"), "MalformedInput", ""),
        (b"{}", "MalformedInput", "not valid XML"),
        (b"<a><b></a>", "MalformedInput", "not valid XML"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "MalformedInput", "not valid XML"),
        (b"<a>\x00</a>", "MalformedInput", "not valid XML"),
        (b"<a" + b" b='c'" * 10_000 + b"/>", "MalformedInput", "not valid XML"),
        (b"<a>" * 100_000, "MalformedInput", "nested too deeply"),
        (b"<a>" * (MAXIMUM_DEPTH + 1) + b"</a>" * (MAXIMUM_DEPTH + 1), "MalformedInput", "nested too deeply"),
        (b"<!DOCTYPE a><a/>", "MalformedInput", "document type"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "MalformedInput", "document type"),
        (
            b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><CreateHostedZoneRequest><Name>&x;</Name>'
            b"</CreateHostedZoneRequest>",
            "MalformedInput",
            "document type",
        ),
        (b"<CreateHostedZoneRequest><Name>&x;</Name></CreateHostedZoneRequest>", "MalformedInput", "undefined entity"),
    ],
    ids=lambda value: value[:60].decode("latin-1") if isinstance(value, bytes) else None,
)
def test_a_body_that_breaks_the_rules_is_refused(body: bytes, code: str, message: str) -> None:
    status, error = refused(body)
    assert (status, error[0]) == (400, code)
    assert message in error[1]


def test_a_billion_laughs_are_not_laughed() -> None:
    levels = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    bomb = (
        f'<!DOCTYPE a [<!ENTITY l0 "lol">{levels}]><CreateHostedZoneRequest><Name>&l9;</Name></CreateHostedZoneRequest>'
    )
    assert refused(bomb.encode())[1][0] == "MalformedInput"


def test_the_limits_of_the_model_hold_at_every_depth() -> None:
    record_set = "<ResourceRecordSet><Name>a</Name><Type>A</Type><TTL>{}</TTL></ResourceRecordSet>"
    change = f"<Change><Action>{{}}</Action>{record_set}</Change>"
    for action, ttl, where in (("MAKE", "60", "1.member.action"), ("CREATE", "-1", "1.member.resourceRecordSet.tTL")):
        content = f"<ChangeBatch><Changes>{change.format(action, ttl)}</Changes></ChangeBatch>"
        _, error = refused(document("ChangeResourceRecordSetsRequest", content), RECORDS)
        assert error[0] == "InvalidInput"
        assert f"'changeBatch.changes.{where}'" in error[1]
    _, error = refused(
        document("ChangeResourceRecordSetsRequest", "<ChangeBatch><Changes><a/></Changes></ChangeBatch>"), RECORDS
    )
    assert error[0] == "MalformedInput"
    _, error = refused(document("ChangeResourceRecordSetsRequest", "<ChangeBatch><Changes/></ChangeBatch>"), RECORDS)
    assert "length greater than or equal to 1" in error[1]
