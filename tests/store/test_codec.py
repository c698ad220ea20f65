"""What is written down is what is read back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from realvpc.iam.first_start import first_accounts
from realvpc.net.addresses import Address, Cidr
from realvpc.net.elastic_ip import AddressAssociation, ElasticIp
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.peering import Peering, PeeringSide, PeeringStatus
from realvpc.net.security_group import GroupReference, SecurityGroup, SecurityGroupRule
from realvpc.store.codec import from_row, to_row

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
HOME: dict[str, Any] = {"account": "111111111111", "region": "ap-northeast-1"}


def rule(rule_id: str, peer: Cidr | GroupReference) -> SecurityGroupRule:
    return SecurityGroupRule(id=rule_id, is_egress=False, protocol=6, from_port=22, to_port=22, peer=peer)


@pytest.mark.parametrize(
    "resource",
    [
        SecurityGroup(
            id="sg-1",
            **HOME,
            vpc_id="vpc-1",
            name="both kinds of peers",
            description="",
            rules=(
                rule("sgr-1", Cidr.parse("10.0.0.0/8")),
                rule("sgr-2", GroupReference("sg-2", "222222222222", "pcx-1")),
                rule("sgr-3", Cidr.parse("2001:db8::/32")),
            ),
        ),
        NetworkInterface(
            id="eni-1",
            **HOME,
            vpc_id="vpc-1",
            subnet_id="subnet-1",
            mac_address="02:00:00:00:00:01",
            private_addresses=(Address.parse("10.0.0.4"),),
            group_ids=("sg-1",),
            public_address=Address.parse("198.18.0.9"),
            attachment=Attachment(id="eni-attach-1", owner_id="i-1", device_index=0, attached_at=NOW),
        ),
        ElasticIp(
            id="eipalloc-1",
            **HOME,
            public_address=Address.parse("198.18.0.9"),
            domain_name="mail.example.com.",
            association=AddressAssociation(
                id="eipassoc-1", interface_id="eni-1", private_address=Address.parse("10.0.0.4")
            ),
        ),
        Peering(
            id="pcx-1",
            **HOME,
            requester=PeeringSide(**HOME, vpc_id="vpc-1", tags={"Name": "a"}),
            accepter=PeeringSide(**HOME, vpc_id="vpc-2"),
            status=PeeringStatus.ACTIVE,
            requested_at=NOW,
        ),
    ],
    ids=lambda resource: type(resource).__name__,
)
def test_a_resource_comes_back_as_it_was(resource: Any) -> None:
    assert from_row(type(resource), to_row(resource)) == resource


def test_rows_keep_the_name_that_the_owner_of_an_interface_had_first() -> None:
    attachment = Attachment(id="eni-attach-1", owner_id="i-1", device_index=0, attached_at=NOW)
    row = b'{"id":"eni-attach-1","instance_id":"i-1","device_index":0,"attached_at":"%s"}' % NOW.isoformat().encode()
    assert msgspec.json.decode(row, type=Attachment) == attachment
    assert b'"instance_id":"i-1"' in msgspec.json.encode(attachment)


def test_an_interface_of_an_appliance_is_of_no_instance() -> None:
    of_appliance = Attachment(id="eni-attach-1", owner_id="nat-0123456789abcdef0", device_index=0, attached_at=NOW)
    assert of_appliance.instance_id is None


def test_accounts_and_keys_come_back_as_they_were() -> None:
    from random import Random

    for row in first_accounts(NOW, Random(1)).puts:
        assert from_row(type(row), to_row(row)) == row
