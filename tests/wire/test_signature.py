"""The signature that is expected is the one that botocore, and so every client, would put on the request."""

from __future__ import annotations

import string

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from realvpc.wire.form import parse_form
from realvpc.wire.http import Request
from realvpc.wire.signature import Scope, expected_signature

STAMP, SECRET = "20261128T093000Z", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

names = st.sampled_from(["host", "x-amz-date", "x-amz-target", "content-type", "x-custom", "accept"])
values = st.text(alphabet=string.ascii_letters + string.digits + " \t,;:=/*%é~", max_size=20)
segments = st.text(alphabet=string.ascii_letters + "0123456789%~-_.!$&'()*+,;=:@ ", max_size=8)
paths = st.lists(segments, max_size=4).map(lambda parts: "/" + "/".join(parts))
texts = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=8)


class Signer(SigV4Auth):  # type: ignore[misc]
    """Told which headers to sign."""

    def __init__(self, scope: Scope, signed_headers: tuple[str, ...]) -> None:
        super().__init__(Credentials("AKIA", SECRET), scope.service, scope.region)
        self._signed = frozenset(signed_headers)

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        headers = HTTPHeaders()
        for name, value in request.headers.items():
            if name in self._signed:
                headers[name] = value
        return headers


@settings(max_examples=300)
@given(
    method=st.sampled_from(["GET", "POST"]),
    path=paths,
    headers=st.lists(st.tuples(names, values), max_size=6),
    signed=st.sets(names),
    query=st.lists(st.tuples(texts, texts), max_size=4),
    body=st.binary(max_size=40),
    region=st.sampled_from(["ap-northeast-1", "us-east-1"]),
    service=st.sampled_from(["ec2", "iam"]),
)
def test_any_request_gets_the_signature_that_botocore_computes(
    method: str,
    path: str,
    headers: list[tuple[str, str]],
    signed: set[str],
    query: list[tuple[str, str]],
    body: bytes,
    region: str,
    service: str,
) -> None:
    scope = Scope("AKIA", STAMP[:8], region, service, "aws4_request")
    present = tuple(sorted(signed & {name for name, _ in headers}))  # others make the request invalid before
    request = Request(method, path, tuple(headers), tuple(query), body)

    theirs = AWSRequest(method=method, url=f"http://{service}{path}", data=body, params=query)
    for name, value in headers:
        theirs.headers[name] = value
    theirs.context["timestamp"] = STAMP
    signer = Signer(scope, present)
    expected = signer.signature(signer.string_to_sign(theirs, signer.canonical_request(theirs)), theirs)

    assert expected_signature(request, present, STAMP, scope, SECRET) == expected


@pytest.mark.parametrize(
    ("spelled", "signed"),
    [
        ("Name=*", "Name=%2A"),
        ("Name=a;b", "Name=a%3Bb"),
        ("Name=a:/@b", "Name=a%3A%2F%40b"),
        ("Name=a+b", "Name=a%20b"),  # a form's space: "must be encoded as %20 (and not as +)"
        ("Name=a%2Bb", "Name=a%2Bb"),
        ("Name=%2f%c3%a9", "Name=%2F%C3%A9"),  # "letters in the hexadecimal value must be uppercase"
        ("Name=%41%2D%2e%5f%7E", "Name=A-._~"),  # "every byte except the unreserved characters"
        ("N%61me=a", "Name=a"),
        ("B=2&A=1&A=0", "A=0&A=1&B=2"),
        ("Name", "Name="),
        ("A=1&&B=2", "A=1&B=2"),
    ],
)
def test_a_query_is_signed_as_the_guide_spells_it_however_the_url_does(spelled: str, signed: str) -> None:
    """IAM User Guide, "Create a signed AWS API request", of `UriEncode`.  `signed` is what the client puts into its
    canonical request; botocore's signer takes that part of a URL as it stands."""
    scope = Scope("AKIA", STAMP[:8], "us-east-1", "ec2", "aws4_request")
    request = Request("GET", "/", (("host", "ec2"),), tuple(parse_form(spelled.encode())), b"")
    theirs = AWSRequest(method="GET", url=f"http://ec2/?{signed}", headers={"host": "ec2"})
    theirs.context["timestamp"] = STAMP
    signer = Signer(scope, ("host",))
    expected = signer.signature(signer.string_to_sign(theirs, signer.canonical_request(theirs)), theirs)
    assert expected_signature(request, ("host",), STAMP, scope, SECRET) == expected
