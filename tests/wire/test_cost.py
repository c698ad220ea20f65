"""A request of the largest size that is read costs little, whatever is in it: work is counted, not timed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from realvpc.api.core.errors import AwsError
from realvpc.wire.app import MAXIMUM_BODY, MAXIMUM_HEAD
from realvpc.wire.http import Request
from realvpc.wire.scalars import parse_float, parse_timestamp
from realvpc.wire.services import Services
from realvpc.wire.signature import find_signature

from ..counting import calls

CALLS = 400_000  # of functions: some tens of milliseconds
SERVICES = Services()
ROUTE53 = (
    b'<ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeBatch><Changes>'
)
ROUTE53_END = b"</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>"
CHANGE = (
    b"<Change><Action>CREATE</Action><ResourceRecordSet><Name>a</Name><Type>A</Type><TTL>1</TTL><ResourceRecords>"
    b"<ResourceRecord><Value>1.1.1.1</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change>"
)
XML = "/2013-04-01/hostedzone/Z1/rrset/"

BODIES = {
    "names of 29 parts": ("ec2", b"&".join(b"a%d" % i + b".b" * 28 + b"=" for i in range(13_000))),
    "names of 16 parts": ("ec2", b"&".join(b"a%d" % i + b".b" * 15 + b"=" for i in range(6000))),
    "one name of dots": ("ec2", b"a" + b"." * 1_000_000),
    "rules": ("ec2", b"&".join(b"IpPermissions.%d.IpRanges.1.CidrIp=x" % i for i in range(1, 6000))),
    "parameters": ("ec2", b"&".join(b"P%d=" % i for i in range(120_000))),
    "ampersands": ("ec2", b"&" * 1_000_000),
    "escapes": ("ec2", b"VpcId.1=" + b"%41" * 340_000),
    "values": ("ec2", b"Filter.1.Name=x&" + b"&".join(b"Filter.1.Value.%d=y" % i for i in range(1, 6000))),
    "broken constraints": ("iam", b"&".join(b"Tags.member.%d.Key=!" % i for i in range(1, 6000))),
    "a long document": ("iam", b"AssumeRolePolicyDocument=" + b"a" * 1_000_000),
    "brackets": ("ssm", b"[" * MAXIMUM_BODY),
    "nested objects": ("ssm", b'{"a":' * 200_000),
    "empty lists": ("ssm", b'{"InstanceIds":[' + b"[]," * 340_000 + b"[]]}"),
    "texts": ("ssm", b'{"InstanceIds":[' + b'"i",' * 32_000 + b'"i"]}'),
    "a long integer": ("ssm", b'{"TimeoutSeconds":' + b"1" * 1_000_000 + b"}"),
    "a long fraction": ("ssm", b'{"TimeoutSeconds":0.' + b"1" * 1_000_000 + b"}"),
    "a long key above many values": (
        "ssm",
        b'{"Parameters":{"' + b"k" * 500_000 + b'":[' + b'"",' * 32_000 + b'""]}}',
    ),
    "a thousand changes": ("route53", ROUTE53 + CHANGE * 1000 + ROUTE53_END),
    "elements": ("route53", ROUTE53 + b"<a/>" * 250_000 + ROUTE53_END),
    "attributes": ("route53", b"<a " + b" ".join(b'a%x=""' % i for i in range(100_000)) + b"/>"),
    "a long namespace": ("route53", b'<a xmlns="' + b"u" * 500_000 + b'">' + b"<b/>" * 16_000 + b"</a>"),
    "lines": ("route53", ROUTE53 + b"\n" * 900_000 + ROUTE53_END),
    "references": ("route53", ROUTE53 + b"&#10;" * 200_000 + ROUTE53_END),
    "comments": ("route53", ROUTE53 + b"<!---->" * 140_000 + ROUTE53_END),
    "entities": ("route53", b'<!DOCTYPE a [<!ENTITY b "c">]><a>' + b"&b;" * 100_000 + b"</a>"),
    "a strange encoding": ("route53", '<?xml version="1.0" encoding="cp037"?><a/>'.encode("cp037")),
}
ACTIONS = {"ec2": b"Action=AuthorizeSecurityGroupIngress&", "iam": b"Action=TagRole&RoleName=r&"}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_of_a_megabyte_takes_a_bounded_number_of_steps(name: str) -> None:
    service, body = BODIES[name]
    body = (ACTIONS.get(service, b"") + body)[:MAXIMUM_BODY] if service in ACTIONS else body
    assert len(body) <= MAXIMUM_BODY
    headers = (("x-amz-target", "AmazonSSM.SendCommand"),) if service == "ssm" else ()
    request = Request("POST", XML if service == "route53" else "/", headers, (), body)

    def read() -> None:
        try:
            SERVICES.dispatch(service, request).read()
        except AwsError as refusal:
            assert len(refusal.message) < 50_000
            assert refusal.status == 400

    read()  # compiles what is compiled once
    assert calls(read) < CALLS


@pytest.mark.parametrize(
    "authorization",
    ["AWS4-HMAC-SHA256 a=" + " " * 30_000 + "x y", "AWS4-HMAC-SHA256 " + "," * 30_000, "AWS4 " + "a=b,c;" * 5000],
)
def test_a_head_of_the_largest_size_is_read_in_a_bounded_number_of_steps(authorization: str) -> None:
    request = Request("POST", "/", (("authorization", authorization),), (), b"")
    assert len(authorization) < MAXIMUM_HEAD
    assert calls(lambda: find_signature(request)) < CALLS


@pytest.mark.parametrize("text", ["1" * 30_000 + "x", "1" * 30_000, "." * 30_000, "Mon, " * 6000])
@pytest.mark.parametrize("parse", [parse_float, parse_timestamp])
def test_a_number_or_a_time_of_any_length_is_refused_by_its_length(parse: Callable[[str], Any], text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)
