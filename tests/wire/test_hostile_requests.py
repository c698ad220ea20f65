"""No request, however broken, makes the endpoint fail; no tampered one reaches an action."""

from __future__ import annotations

import json
import random
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from realvpc.wire.model import SERVICES, service_model

from .server import Server, any_credential, form_request, json_request, sign

ACTIONS = {service: service_model(service).operation_names for service in SERVICES}
NAME_PARTS = [
    *("Filter", "1", "0", "999999999", "-1", "x", "Name", "Value", "VpcId", "Tag", "TagSpecification", "member", "Key"),
    *("MaxResults", "MaxItems", "DryRun", "IpPermissions", "Tags", "RoleName", "Action", "Version", "X-Amz-Date"),
    *("X-Amz-Credential", "X-Amz-Algorithm"),
]
HEADER_NAMES = b"""
    authorization x-amz-date x-amz-target x-amz-content-sha256 host content-type date x-amz-security-token
""".split()
HEADER_VALUES = [
    b"AmazonSSM.GetParameter",
    b"AmazonSSM.GetInventory",
    b"20240501T000000Z",
    b"AWS4-HMAC-SHA256 Credential=test/20240501/us-east-1/ec2/aws4_request, SignedHeaders=, Signature=",
    b"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20240501/us-east-1/iam/aws4_request, SignedHeaders=\xff",
]

names = st.lists(st.sampled_from(NAME_PARTS) | st.text(max_size=4), min_size=1, max_size=6).map(".".join)
values = st.sampled_from(["", "true", "5", "-1", "9" * 30, "vpc-1", "<&>", "2024-05-01", "nan"]) | st.text(max_size=8)
forms = st.lists(st.tuples(names, values), max_size=6).map(
    lambda pairs: "&".join(f"{name}={value}" for name, value in pairs).encode("utf-8", "surrogatepass")
)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["Name", "Filters", "Key", "x"]), inner)
    ),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode())
elements = st.recursive(
    st.text(alphabet="ab <&]", max_size=6),
    lambda inner: st.tuples(
        st.sampled_from(
            ["Name", "VPC", "VPCId", "ChangeBatch", "Changes", "Change", "ResourceRecordSet", "TTL", "a:b"]
        ),
        st.lists(inner, max_size=3),
    ).map(lambda pair: f"<{pair[0]}>{''.join(pair[1])}</{pair[0]}>"),
    max_leaves=8,
)
roots = st.sampled_from(
    ["CreateHostedZoneRequest", "ChangeResourceRecordSetsRequest", "AssociateVPCWithHostedZoneRequest"]
)
xml_documents = st.tuples(roots, elements).map(lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0]}>".encode())
header_lists = st.lists(
    st.tuples(st.sampled_from(HEADER_NAMES), st.sampled_from(HEADER_VALUES) | st.binary(max_size=20)), max_size=5
)


@settings(max_examples=600, deadline=None)
@given(
    strict=st.booleans(),
    authorized=st.booleans(),
    named=st.booleans(),
    service=st.sampled_from(SERVICES),
    number=st.integers(0, 10_000),
    body=forms | documents | xml_documents | st.binary(max_size=60),
    query=forms | st.binary(max_size=20),
    headers=header_lists,
    method=st.sampled_from(["GET", "POST", "PUT"]),
    path=st.sampled_from(["/", "/", "/", "", "//", "/%", "/[", "/\xff"]),
    resource=st.sampled_from(["Z1", "Z1", "Z%2f", "%ff", "%00", "[", "é", "Z" * 99, ""]),
)
def test_no_request_breaks_the_endpoint(
    strict: bool,
    authorized: bool,
    named: bool,
    service: str,
    number: int,
    body: bytes,
    query: bytes,
    headers: list[tuple[bytes, bytes]],
    method: str,
    path: str,
    resource: str,
) -> None:
    action = ACTIONS[service][number % len(ACTIONS[service])].encode()
    if authorized:
        headers = [*any_credential(service), *headers]
    if named and service == "ssm":
        headers = [(b"x-amz-target", b"AmazonSSM." + action), *headers]
    elif named and service == "route53":
        http = service_model(service).operation_model(action.decode()).http
        method, path = http["method"], re.sub("{[A-Za-z]+}", resource, http["requestUri"])
    elif named:
        body = b"Action=" + action + b"&" + body
    server = Server(strict=strict)
    answer = server.send(body, headers, method=method, path=path, query=query)
    assert server.app.internal_errors == 0
    assert (answer.status in (200, 201)) == bool(server.calls)
    if not server.calls:
        assert 400 <= answer.status < 500
        assert all(answer.error)


def test_no_mutation_of_a_signed_request_is_believed() -> None:
    """Another character in the signature, in a signed header or in the body: no call, no defect."""
    draw = random.Random(7)
    for number in range(300):
        if number % 2:
            request = sign(json_request("GetParameter", b'{"Name": "x"}'), "ssm")
        else:
            request = sign(form_request("ec2", "DescribeVpcs", **{"VpcId.1": "vpc-1"}))
        prepared = request.prepare()
        body = prepared.body if isinstance(prepared.body, bytes) else prepared.body.encode()
        signed = ("authorization", "x-amz-date", "x-amz-target", "content-type")
        parts = [(name, str(prepared.headers[name]).encode()) for name in signed if name in prepared.headers]
        parts += [("host", b"127.0.0.1:4566"), ("body", body)]

        place = draw.randrange(len(parts))
        parts[place] = (parts[place][0], mutated(parts[place][1], draw))
        server = Server()
        answer = server.send(parts.pop()[1], [(name.encode(), value) for name, value in parts])
        assert 400 <= answer.status < 500, parts[place]
        assert not server.calls
        assert server.app.internal_errors == 0


def mutated(text: bytes, draw: random.Random) -> bytes:
    """The text with another character in one place; white space stays, since signatures do not cover how much it is."""
    at = draw.choice([i for i, character in enumerate(text) if character != ord(" ")])
    other = draw.choice([character for character in b"0Zz!" if character != text[at]])
    return text[:at] + bytes([other]) + text[at + 1 :]
