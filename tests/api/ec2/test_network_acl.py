"""Network ACLs: made, given rules, put before subnets, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.net.quotas import NETWORK_ACLS_PER_VPC, RULES_PER_NETWORK_ACL

from ..build import make_subnet, make_vpc, named, specification, tags, where
from ..conftest import OTHER, Client, give_quota

RULE: dict[str, Any] = {
    "RuleNumber": 100,
    "Protocol": "tcp",
    "RuleAction": "allow",
    "Egress": False,
    "CidrBlock": "10.0.0.0/8",
    "PortRange": {"From": 443, "To": 443},
}


def make_acl(client: Client, vpc_id: str, **more: Any) -> str:
    acl_id: str = client("CreateNetworkAcl", VpcId=vpc_id, **more)["NetworkAcl"]["NetworkAclId"]
    return acl_id


def shown(client: Client, acl_id: str) -> dict[str, Any]:
    [acl] = client("DescribeNetworkAcls", NetworkAclIds=[acl_id])["NetworkAcls"]
    return dict(acl)


def default_acl(client: Client, vpc_id: str) -> str:
    [acl] = client("DescribeNetworkAcls", Filters=where(vpc_id=vpc_id, default="true"))["NetworkAcls"]
    return str(acl["NetworkAclId"])


def numbers(client: Client, acl_id: str, *, egress: bool = False) -> list[int]:
    return [entry["RuleNumber"] for entry in shown(client, acl_id)["Entries"] if entry["Egress"] is egress]


def association(client: Client, subnet_id: str) -> dict[str, str]:
    [acl] = client("DescribeNetworkAcls", Filters=named("association.subnet-id", subnet_id))["NetworkAcls"]
    [found] = [row for row in acl["Associations"] if row["SubnetId"] == subnet_id]
    return dict(found)


def test_a_new_acl_denies_everything_and_is_for_no_subnet(client: Client) -> None:
    vpc_id = make_vpc(client)
    make_subnet(client, vpc_id)
    made = client("CreateNetworkAcl", VpcId=vpc_id, TagSpecifications=specification("network-acl", Name="db"))
    acl = made["NetworkAcl"]
    assert (acl["VpcId"], acl["IsDefault"], acl["Associations"]) == (vpc_id, False, [])
    assert acl["Entries"] == [
        {"CidrBlock": "0.0.0.0/0", "Egress": egress, "Protocol": "-1", "RuleAction": "deny", "RuleNumber": 32767}
        for egress in (True, False)
    ]
    assert acl["Tags"] == tags(Name="db")
    assert shown(client, acl["NetworkAclId"]) == acl


def test_rules_are_shown_in_the_order_in_which_they_are_asked(client: Client) -> None:
    acl_id = make_acl(client, make_vpc(client))
    for number in (300, 100, 200):
        client("CreateNetworkAclEntry", NetworkAclId=acl_id, **RULE | {"RuleNumber": number})
    client("CreateNetworkAclEntry", NetworkAclId=acl_id, **RULE | {"Egress": True})
    assert numbers(client, acl_id) == [100, 200, 300, 32767]
    assert numbers(client, acl_id, egress=True) == [100, 32767]
    entry = next(row for row in shown(client, acl_id)["Entries"] if not row["Egress"])
    assert entry == RULE | {"Protocol": "6"}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"Protocol": "-1"}, {"Protocol": "-1"}),
        ({"Protocol": "all-but-none", "CidrBlock": "10.0.0.0/8"}, None),
        ({"Protocol": "47"}, {"Protocol": "47"}),
        (
            {"Protocol": "icmp", "IcmpTypeCode": {"Type": 3, "Code": -1}},
            {"Protocol": "1", "IcmpTypeCode": {"Type": 3, "Code": -1}},
        ),
        ({"Protocol": "58", "IcmpTypeCode": {"Type": 128, "Code": 0}}, {"Protocol": "58"}),
        ({"Protocol": "udp", "PortRange": {"From": 53, "To": 53}, "CidrBlock": "10.1.2.3/16"}, {"Protocol": "17"}),
    ],
)
def test_what_a_rule_is_about(client: Client, given: dict[str, Any], kept: dict[str, Any] | None) -> None:
    acl_id = make_acl(client, make_vpc(client))
    rule = {name: value for name, value in RULE.items() if name != "PortRange"} | given
    if kept is None:
        error = client.refused("CreateNetworkAclEntry", NetworkAclId=acl_id, **rule)
        assert error.code == "InvalidParameterValue"
        return
    client("CreateNetworkAclEntry", NetworkAclId=acl_id, **rule)
    entry = next(row for row in shown(client, acl_id)["Entries"] if row["RuleNumber"] == 100)
    assert entry["Protocol"] == kept["Protocol"]
    assert entry.get("IcmpTypeCode") == kept.get("IcmpTypeCode")
    assert entry["CidrBlock"] in ("10.0.0.0/8", "10.1.0.0/16")


def test_a_rule_of_ipv6_is_kept_and_shown(client: Client) -> None:
    acl_id = make_acl(client, make_vpc(client))
    rule = {name: value for name, value in RULE.items() if name != "CidrBlock"} | {"Ipv6CidrBlock": "::/0"}
    client("CreateNetworkAclEntry", NetworkAclId=acl_id, **rule)
    assert [row.get("Ipv6CidrBlock") for row in shown(client, acl_id)["Entries"] if row["RuleNumber"] == 100] == [
        "::/0"
    ]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"RuleNumber": 0}, "InvalidParameterValue"),
        ({"RuleNumber": 32767}, "InvalidParameterValue"),
        ({"Protocol": "300"}, "InvalidParameterValue"),
        ({"PortRange": {"From": 443}}, "MissingParameter"),
        ({"PortRange": None}, "MissingParameter"),
        ({"PortRange": {"From": 444, "To": 443}}, "InvalidParameterValue"),
        ({"PortRange": {"From": 0, "To": 65536}}, "InvalidParameterValue"),
        ({"Protocol": "icmp"}, "MissingParameter"),
        ({"Protocol": "icmp", "IcmpTypeCode": {"Type": 256, "Code": 0}}, "InvalidParameterValue"),
        ({"CidrBlock": "10.0.0.0"}, "InvalidParameterValue"),
        ({"CidrBlock": "::/0"}, "InvalidParameterValue"),
        ({"CidrBlock": None}, "MissingParameter"),
        ({"Ipv6CidrBlock": "::/0"}, "InvalidParameterCombination"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(client: Client, given: dict[str, Any], code: str) -> None:
    acl_id = make_acl(client, make_vpc(client))
    rule = {name: value for name, value in (RULE | given).items() if value is not None}
    for action in ("CreateNetworkAclEntry", "ReplaceNetworkAclEntry"):
        assert client.refused(action, NetworkAclId=acl_id, **rule).code == code


def test_a_number_is_one_rule_in_each_direction(client: Client) -> None:
    acl_id = make_acl(client, make_vpc(client))
    client("CreateNetworkAclEntry", NetworkAclId=acl_id, **RULE)
    error = client.refused("CreateNetworkAclEntry", NetworkAclId=acl_id, **RULE)
    assert (error.code, error.message) == (
        "NetworkAclEntryAlreadyExists",
        "The network acl entry identified by 100 already exists.",
    )
    client("ReplaceNetworkAclEntry", NetworkAclId=acl_id, **RULE | {"RuleAction": "deny"})
    entry = next(row for row in shown(client, acl_id)["Entries"] if row["RuleNumber"] == 100)
    assert entry["RuleAction"] == "deny"
    for action, rule in (("ReplaceNetworkAclEntry", RULE), ("DeleteNetworkAclEntry", {"RuleNumber": 100})):
        error = client.refused(action, NetworkAclId=acl_id, **rule | {"Egress": True})
        assert (error.code, error.message) == (
            "InvalidNetworkAclEntry.NotFound",
            "The network acl entry identified by 100 does not exist",
        )
    client("DeleteNetworkAclEntry", NetworkAclId=acl_id, RuleNumber=100, Egress=False)
    assert numbers(client, acl_id) == [32767]


def test_a_subnet_goes_from_acl_to_acl_and_back(client: Client) -> None:
    vpc_id = make_vpc(client)
    subnet_id, acl_id, default = make_subnet(client, vpc_id), make_acl(client, vpc_id), default_acl(client, vpc_id)
    first = association(client, subnet_id)
    assert first["NetworkAclId"] == default
    moved = client("ReplaceNetworkAclAssociation", AssociationId=first["NetworkAclAssociationId"], NetworkAclId=acl_id)[
        "NewAssociationId"
    ]
    assert association(client, subnet_id) == {
        "NetworkAclAssociationId": moved,
        "NetworkAclId": acl_id,
        "SubnetId": subnet_id,
    }
    assert shown(client, default)["Associations"] == []
    again = client("ReplaceNetworkAclAssociation", AssociationId=moved, NetworkAclId=acl_id)
    assert again["NewAssociationId"] == moved
    error = client.refused(
        "ReplaceNetworkAclAssociation", AssociationId=first["NetworkAclAssociationId"], NetworkAclId=acl_id
    )
    assert error.code == "InvalidAssociationID.NotFound"
    error = client.refused("DeleteNetworkAcl", NetworkAclId=acl_id)
    assert (error.code, error.message) == (
        "DependencyViolation",
        f"The network ACL '{acl_id}' has dependencies and cannot be deleted.",
    )
    client("ReplaceNetworkAclAssociation", AssociationId=moved, NetworkAclId=default)
    assert association(client, subnet_id)["NetworkAclId"] == default
    client("DeleteNetworkAcl", NetworkAclId=acl_id)
    assert client.refused("DescribeNetworkAcls", NetworkAclIds=[acl_id]).code == "InvalidNetworkAclID.NotFound"


def test_an_acl_is_for_subnets_of_its_own_vpc(client: Client) -> None:
    subnet_id = make_subnet(client, make_vpc(client))
    elsewhere = make_acl(client, make_vpc(client, "10.30.0.0/16"))
    error = client.refused(
        "ReplaceNetworkAclAssociation",
        AssociationId=association(client, subnet_id)["NetworkAclAssociationId"],
        NetworkAclId=elsewhere,
    )
    assert error.code == "InvalidParameterValue"


def test_the_default_acl_can_be_changed_and_not_deleted(client: Client) -> None:
    vpc_id = make_vpc(client)
    subnet_id, acl_id = make_subnet(client, vpc_id), default_acl(client, vpc_id)
    client("CreateTags", Resources=[acl_id], Tags=tags(Name="default"))
    client("DeleteNetworkAclEntry", NetworkAclId=acl_id, RuleNumber=100, Egress=False)
    acl = shown(client, acl_id)
    assert (acl["IsDefault"], acl["Tags"]) == (True, tags(Name="default"))
    assert [row["SubnetId"] for row in acl["Associations"]] == [subnet_id]
    assert numbers(client, acl_id) == [32767]
    assert numbers(client, acl_id, egress=True) == [100, 32767]
    assert len(client("DescribeNetworkAcls", Filters=where(vpc_id=vpc_id))["NetworkAcls"]) == 1
    error = client.refused("DeleteNetworkAcl", NetworkAclId=acl_id)
    assert (error.code, error.message) == ("InvalidParameterValue", f"cannot delete default network ACL {acl_id}")


def test_the_default_acl_has_one_id_and_no_other_spelling(client: Client) -> None:
    vpc_id = make_vpc(client)
    for other in (f"acl-{vpc_id}", f"acl--{vpc_id.removeprefix('vpc-')}", vpc_id):
        error = client.refused("DescribeNetworkAcls", NetworkAclIds=[other])
        assert error.code == "InvalidNetworkAclID.NotFound"
        error = client.refused("CreateNetworkAclEntry", NetworkAclId=other, **RULE)
        assert error.code == "InvalidNetworkAclID.NotFound"


def test_a_vpc_goes_with_its_default_acl_and_not_before_others(client: Client) -> None:
    vpc_id = make_vpc(client)
    default, acl_id = default_acl(client, vpc_id), make_acl(client, vpc_id)
    client("DeleteNetworkAclEntry", NetworkAclId=default, RuleNumber=100, Egress=False)
    assert client.refused("DeleteVpc", VpcId=vpc_id).code == "DependencyViolation"
    client("DeleteNetworkAcl", NetworkAclId=acl_id)
    client("DeleteVpc", VpcId=vpc_id)
    assert not client.service.state.network.network_acls


def test_another_account_sees_none_of_it(client: Client, as_account: Any) -> None:
    vpc_id = make_vpc(client)
    subnet_id, acl_id = make_subnet(client, vpc_id), make_acl(client, vpc_id)
    stranger = as_account(OTHER)
    for each in (acl_id, default_acl(client, vpc_id)):
        assert stranger.refused("DescribeNetworkAcls", NetworkAclIds=[each]).code == "InvalidNetworkAclID.NotFound"
        error = stranger.refused("CreateNetworkAclEntry", NetworkAclId=each, **RULE)
        assert error.code == "InvalidNetworkAclID.NotFound"
    own = make_acl(stranger, make_vpc(stranger))
    error = stranger.refused(
        "ReplaceNetworkAclAssociation",
        AssociationId=association(client, subnet_id)["NetworkAclAssociationId"],
        NetworkAclId=own,
    )
    assert error.code == "InvalidAssociationID.NotFound"


def test_quotas_of_acls_and_of_their_rules(client: Client) -> None:
    vpc_id = make_vpc(client)
    give_quota(client.service, NETWORK_ACLS_PER_VPC, 2)
    acl_id = make_acl(client, vpc_id)
    assert client.refused("CreateNetworkAcl", VpcId=vpc_id).code == "NetworkAclLimitExceeded"
    give_quota(client.service, RULES_PER_NETWORK_ACL, 4)
    for number in (1, 2, 3):
        client("CreateNetworkAclEntry", NetworkAclId=acl_id, **RULE | {"RuleNumber": number})
    error = client.refused("CreateNetworkAclEntry", NetworkAclId=acl_id, **RULE | {"RuleNumber": 4})
    assert error.code == "NetworkAclEntryLimitExceeded"
    client("CreateNetworkAclEntry", NetworkAclId=acl_id, **RULE | {"RuleNumber": 4, "Egress": True})


def test_acls_are_found_by_what_their_rules_say(client: Client) -> None:
    vpc_id = make_vpc(client)
    acl_id = make_acl(client, vpc_id)
    client("CreateNetworkAclEntry", NetworkAclId=acl_id, **RULE)
    ping = {"Protocol": "1", "RuleNumber": 7, "IcmpTypeCode": {"Type": 8, "Code": -1}}
    client("CreateNetworkAclEntry", NetworkAclId=acl_id, **RULE | ping)
    for name, value in (
        ("entry.port-range.from", "443"),
        ("entry.icmp.type", "8"),
        ("entry.icmp.code", "-1"),
        ("entry.rule-number", "7"),
        ("entry.protocol", "6"),
        ("entry.protocol", "tcp"),
        ("entry.cidr", "10.0.0.0/8"),
    ):
        found = client("DescribeNetworkAcls", Filters=named(name, value))["NetworkAcls"]
        assert [row["NetworkAclId"] for row in found] == [acl_id], name
