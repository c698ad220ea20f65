"""Which service a host is of."""

from __future__ import annotations

import pytest

from realvpc.net.aws_hosts import service_at


@pytest.mark.parametrize(
    ("host", "service"),
    [
        ("s3.us-east-1.amazonaws.com", "s3"),
        ("bucket.s3.us-east-1.amazonaws.com", "s3"),
        ("mine.bucket.vpce-0a1b2c3d4e5f60718-abcdefgh.s3.us-east-1.vpce.amazonaws.com", "s3"),
        ("vpce-0a1b2c3d4e5f60718-abcdefgh.dynamodb.us-east-1.vpce.amazonaws.com", "dynamodb"),
        ("vpce-0a1b2c3d4e5f60718-abcdefgh.ssm.us-east-1.vpce.amazonaws.com", None),
        ("s3.us-east-1.vpce.amazonaws.com.example.com", None),
        ("a." * 200, None),
    ],
)
def test_the_service_at_a_host(host: str, service: str | None) -> None:
    assert service_at(host) == service
