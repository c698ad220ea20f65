"""The names of the built-in internet."""

from __future__ import annotations

import pytest

from realvpc.net.aws_hosts import HOSTS
from realvpc.net.services import ENDPOINT

from .world import answer, ask, world


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("one.example.com", "A", "198.19.0.1"),
        ("one.example.com", "AAAA", "2001:db8:ffff::1"),
        ("1" + ".0" * 19 + ".f.f.f.f.8.b.d.0.1.0.0.2.ip6.arpa", "PTR", "one.example.com."),
        ("checkip.amazonaws.com", "AAAA", "NODATA"),
        ("1.0.19.198.in-addr.arpa", "PTR", "one.example.com."),
        ("aws.test", "A", str(ENDPOINT)),
        ("10.0.19.198.in-addr.arpa", "PTR", "aws.test."),
        ("localhost", "A", "127.0.0.1"),
        ("ec2.ap-northeast-1.amazonaws.com", "A", str(ENDPOINT)),
        ("ssm.us-east-1.amazonaws.com", "A", str(ENDPOINT)),
        ("ssmmessages.eu-central-1.amazonaws.com", "A", str(ENDPOINT)),
        ("sts.ap-northeast-1.amazonaws.com", "A", str(ENDPOINT)),
        ("sts.amazonaws.com", "A", str(ENDPOINT)),
        ("iam.amazonaws.com", "A", str(ENDPOINT)),
        ("route53.amazonaws.com", "A", str(ENDPOINT)),
        ("ec2-instance-connect.us-east-1.amazonaws.com", "A", str(ENDPOINT)),
        ("eice-0a1b2c3d4e5f60718.realvpc0.ec2-instance-connect-endpoint.us-east-1.amazonaws.com", "A", str(ENDPOINT)),
        ("realvpc0.ec2-instance-connect-endpoint.us-east-1.amazonaws.com", "A", "NODATA"),
        ("www.realvpc0.ec2-instance-connect-endpoint.us-east-1.amazonaws.com", "A", "NXDOMAIN"),
        ("s3.ap-northeast-1.amazonaws.com", "A", "198.19.131.1"),
        ("my.bucket.s3.ap-northeast-1.amazonaws.com", "A", "198.19.131.1"),
        ("bucket.s3.amazonaws.com", "A", str(HOSTS["s3.us-east-1.amazonaws.com"])),
        ("s3.ap-northeast-1.amazonaws.com", "AAAA", "NODATA"),
        ("dynamodb.ap-northeast-1.amazonaws.com", "A", "198.19.131.65"),
        ("table.dynamodb.ap-northeast-1.amazonaws.com", "A", "NXDOMAIN"),
        ("iam.ap-northeast-1.amazonaws.com", "A", "NXDOMAIN"),
        ("ec2.mars-1.amazonaws.com", "A", "NXDOMAIN"),
        ("amazonaws.com", "A", "NODATA"),
        ("example.com", "A", "NODATA"),
        ("three.example.com", "A", "NXDOMAIN"),
        ("example.org", "A", "NXDOMAIN"),
        ("", "A", "NODATA"),
        ("", "SOA", "a.root-servers.net. hostmaster.amazon.com. 2012103100 3600 3600 3600 60"),
    ],
)
def test_the_internet_has_these_names_and_no_others(name: str, kind: str, expected: str) -> None:
    assert answer(world(), "vpc-a", name, kind) == expected


def test_what_does_not_exist_is_remembered_for_a_minute() -> None:
    found = ask(world(), "vpc-a", "example.org")
    assert found.authority is not None
    assert (found.authority.name, found.authority.ttl) == (".", 60)
