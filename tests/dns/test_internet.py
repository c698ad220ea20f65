"""The names of the built-in internet."""

from __future__ import annotations

import pytest

from realvpc.net.services import ENDPOINT

from .world import answer, ask, world


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("one.example.com", "A", "198.19.0.1"),
        ("one.example.com", "AAAA", "NODATA"),
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
