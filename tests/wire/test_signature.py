"""The signature that is expected is the one that botocore, and so every client, would put on the request."""

from __future__ import annotations

import string

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

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
