"""Names and addresses, as a table that fits and as lines of /etc/hosts; and what a half-typed name may become."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.cli.hosts import _host_name, fitting, hosts_file
from realvpc.cli.instances import completions


def instance(
    number: int, name: str | None, *, vpc: str = "vpc-1", state: str = "running", ipv6: str | None = None
) -> dict[str, Any]:
    address = None if state == "terminated" else f"10.0.0.{number}"
    dns = f"ip-10-0-0-{number}.ec2.internal" if address else None
    return {
        "id": f"i-{number:017x}",
        "name": name,
        "account": "111111111111",
        "region": "us-east-1",
        "state": state,
        "vpc": vpc,
        "address": address,
        "ipv6_address": ipv6,
        "private_dns_name": dns,
    }


def test_lines_of_etc_hosts_name_an_address_every_way() -> None:
    assert hosts_file(
        [
            instance(5, "web server"),
            instance(6, None, ipv6="2001:db8::6"),
            instance(7, "db", state="terminated"),
            instance(8, "six", ipv6="2001:db8::8") | {"address": None, "private_dns_name": "i-8.ec2.internal"},
            instance(5, "東京", vpc="vpc-2"),
        ]
    ) == [
        "# vpc-1, account 111111111111, us-east-1",
        "10.0.0.5 ip-10-0-0-5.ec2.internal web-server i-00000000000000005",
        "10.0.0.6 ip-10-0-0-6.ec2.internal i-00000000000000006",
        "2001:db8::6 i-00000000000000006",
        "2001:db8::8 i-8.ec2.internal six i-00000000000000008",
        "# vpc-2, account 111111111111, us-east-1",
        "10.0.0.5 ip-10-0-0-5.ec2.internal i-00000000000000005",
    ]


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("VPC-A-EC2", "VPC-A-EC2"),
        ("web 1 (old)", "web-1-old"),
        ("db.example.com", "db.example.com"),
        ("a..b-.c", "a.b.c"),
        ("x\n10.0.0.1 evil", "x-10.0.0.1-evil"),
        ("日本", ""),
    ],
)
def test_a_name_tag_becomes_what_a_resolver_takes(tag: str, name: str) -> None:
    assert _host_name(tag) == name


def test_a_narrow_terminal_goes_without_the_widest_columns_first() -> None:
    row = ["web", "i-0123456789abcdef0", "10.0.0.5", None, "2001:db8::5", "ip-10-0-0-5.ec2.internal", "vpc-1", "1",
           "us-east-1", "up"]  # fmt: skip
    everything = fitting([row], None)
    assert everything - fitting([row], 105) == {"private_dns_name"}
    assert everything - fitting([row], 88) == {"private_dns_name", "ipv6_address"}
    assert everything - fitting([row], 78) == {"private_dns_name", "ipv6_address", "region"}
    assert fitting([row], 10) == {"name", "id", "address", "public_address", "state"}


def test_a_name_is_offered_where_it_is_a_word_and_its_instance_s_alone() -> None:
    instances = [
        instance(1, "web"),
        instance(2, "worker"),
        instance(3, "worker"),
        instance(4, "two words"),
        instance(5, "$(reboot)"),
        instance(6, "was", state="stopped"),
        instance(7, "gone", state="terminated"),
    ]
    ids = [each["id"] for each in instances]
    assert completions(instances, "w", running=True) == ["web"]
    assert completions(instances, "w", running=False) == ["was", "web"]
    assert completions(instances, "", running=True) == [*ids[1:5], "web"]
    assert completions(instances, "i-", running=True) == ids[:5]
    assert completions(instances, "i-", running=False) == ids[:6]
    assert completions(instances, "gone", running=False) == []
