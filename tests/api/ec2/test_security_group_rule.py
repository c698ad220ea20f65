"""The rules of security groups: authorize, revoke, modify, describe."""

from __future__ import annotations

from typing import Any

import pytest

from ..build import make_vpc, named, specification, tags
from ..conftest import MAIN, TOKYO, Client
from .test_security_group import make_group

SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}


@pytest.fixture
def group_id(client: Client) -> str:
    return make_group(client, make_vpc(client))


def ingress(client: Client, group_id: str) -> list[dict[str, Any]]:
    (group,) = client("DescribeSecurityGroups", GroupIds=[group_id])["SecurityGroups"]
    permissions: list[dict[str, Any]] = group["IpPermissions"]
    return permissions


def test_a_rule_has_an_id_an_arn_and_tags(client: Client, group_id: str) -> None:
    answer = client(
        "AuthorizeSecurityGroupIngress",
        GroupId=group_id,
        IpPermissions=[SSH | {"IpRanges": [{"CidrIp": "100.68.0.18/18", "Description": "office"}]}],
        TagSpecifications=specification("security-group-rule", Name="ssh"),
    )
    (rule,) = answer["SecurityGroupRules"]
    rule_id = rule["SecurityGroupRuleId"]
    assert rule == {
        "SecurityGroupRuleId": rule_id,
        "GroupId": group_id,
        "GroupOwnerId": MAIN,
        "IsEgress": False,
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "CidrIpv4": "100.68.0.0/18",
        "Description": "office",
        "Tags": tags(Name="ssh"),
        "SecurityGroupRuleArn": f"arn:aws:ec2:{TOKYO}:{MAIN}:security-group-rule/{rule_id}",
    }
    assert client("DescribeSecurityGroupRules", SecurityGroupRuleIds=[rule_id])["SecurityGroupRules"] == [rule]
    assert client("DescribeSecurityGroupRules", Filters=named("tag:Name", "ssh"))["SecurityGroupRules"] == [rule]
    listed = client("DescribeSecurityGroupRules", Filters=named("group-id", group_id))["SecurityGroupRules"]
    assert sorted(row["IsEgress"] for row in listed) == [False, True]


def test_rules_of_one_protocol_and_port_share_a_permission(client: Client, group_id: str) -> None:
    client("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[SSH])
    more = SSH | {"IpRanges": [{"CidrIp": "192.168.0.0/16"}], "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}]}
    client("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[more])
    client(
        "AuthorizeSecurityGroupIngress", GroupId=group_id, IpProtocol="ICMP", FromPort=8, ToPort=-1, CidrIp="0.0.0.0/0"
    )
    ssh, ping = ingress(client, group_id)
    assert ssh["IpRanges"] == [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "192.168.0.0/16"}]
    assert ssh["Ipv6Ranges"] == [{"CidrIpv6": "2001:db8::/32"}]
    assert (ping["IpProtocol"], ping["FromPort"], ping["ToPort"]) == ("icmp", 8, -1)


@pytest.mark.parametrize(
    ("permission", "code", "words"),
    [
        ({"IpProtocol": None}, "InvalidParameterValue", "Invalid value 'null' for protocol. VPC security group rules"),
        ({"IpProtocol": "nonsense"}, "InvalidParameterValue", "Invalid value 'nonsense' for IP protocol"),
        ({"IpProtocol": "300"}, "InvalidParameterValue", "Unknown protocol"),
        ({"FromPort": None}, "InvalidParameterValue", "Must specify both from and to ports with TCP/UDP."),
        ({"ToPort": 65536}, "InvalidPermission.Malformed", "TCP/UDP port (65536) out of range"),
        ({"FromPort": 80, "ToPort": 22}, "InvalidParameterValue", "Invalid TCP port range (80,22)"),
        (
            {"IpProtocol": "icmp", "FromPort": None},
            "InvalidParameterValue",
            "Must specify both from and to ports with ICMP.",
        ),
        ({"IpProtocol": "icmp", "FromPort": -1, "ToPort": 3}, "InvalidPermission.Malformed", "ICMP code"),
        ({"IpRanges": [{"CidrIp": "10.0.0.0/33"}]}, "InvalidParameterValue", "CIDR block 10.0.0.0/33 is malformed"),
        ({"IpRanges": [{"CidrIp": "10.0.0.0"}]}, "InvalidParameterValue", "CIDR block 10.0.0.0 is malformed"),
        ({"IpRanges": [{"CidrIp": "::/0"}]}, "InvalidParameterValue", "CIDR block ::/0 is malformed"),
        (
            {"IpRanges": [{"CidrIp": "1.0.0.0/8", "Description": "ü"}]},
            "InvalidParameterValue",
            "Invalid rule description",
        ),
        ({"IpRanges": [{"CidrIp": "1.0.0.0/8"}] * 2}, "InvalidParameterValue", "must not appear multiple times"),
        ({"IpRanges": []}, "MissingParameter", "Missing source specification"),
        ({"PrefixListIds": [{"PrefixListId": "pl-1"}]}, "InvalidPrefixListId.Malformed", "pl-1"),
        ({"UserIdGroupPairs": [{"GroupId": "sg-1"}]}, "InvalidGroupId.Malformed", "sg-1"),
        ({"UserIdGroupPairs": [{"GroupId": "sg-00000000000000001"}]}, "InvalidGroup.NotFound", "does not exist"),
    ],
)
def test_a_rule_that_cannot_be_made(
    client: Client, group_id: str, permission: dict[str, Any], code: str, words: str
) -> None:
    error = client.refused("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[SSH | permission])
    assert (error.code, error.status) == (code, 400)
    assert words in error.message


@pytest.mark.parametrize(
    ("permission", "words"),
    [
        (SSH, "peer: 10.0.0.0/8, TCP, from port: 22, to port: 22, ALLOW"),
        ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}, "peer: 0.0.0.0/0, ALL, ALLOW"),
        (
            {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
            "peer: 0.0.0.0/0, ICMP, type: 8, code: ALL, ALLOW",
        ),
    ],
)
def test_the_same_rule_twice_is_a_duplicate(
    client: Client, group_id: str, permission: dict[str, Any], words: str
) -> None:
    client("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[permission])
    error = client.refused("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[permission])
    assert (error.code, error.message) == (
        "InvalidPermission.Duplicate",
        f'the specified rule "{words}" already exists',
    )


def test_sixty_rules_per_direction_and_family(client: Client, group_id: str) -> None:
    ranges = [{"CidrIp": f"10.0.{index}.0/24"} for index in range(60)]
    client("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[SSH | {"IpRanges": ranges}])
    error = client.refused("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[SSH])
    assert error.code == "RulesPerSecurityGroupLimitExceeded"
    six = SSH | {"IpRanges": [], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    client("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[six])


def test_revoking_by_permission_by_id_and_by_the_old_parameters(client: Client, group_id: str) -> None:
    two = SSH | {"IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "10.1.0.0/16"}, {"CidrIp": "10.2.0.0/16"}]}
    made = client("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[two])["SecurityGroupRules"]
    answer = client("RevokeSecurityGroupIngress", GroupId=group_id, IpPermissions=[SSH])
    assert [row["CidrIpv4"] for row in answer["RevokedSecurityGroupRules"]] == ["10.0.0.0/8"]
    client("RevokeSecurityGroupIngress", GroupId=group_id, SecurityGroupRuleIds=[made[1]["SecurityGroupRuleId"]])
    client(
        "RevokeSecurityGroupIngress", GroupId=group_id, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="10.2.0.0/16"
    )
    assert ingress(client, group_id) == []


def test_revoking_what_is_not_there_revokes_nothing(client: Client, group_id: str) -> None:
    made = client("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[SSH])["SecurityGroupRules"]
    missing = SSH | {"IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "10.9.0.0/16"}]}
    error = client.refused("RevokeSecurityGroupIngress", GroupId=group_id, IpPermissions=[missing])
    assert error.code == "InvalidPermission.NotFound"
    assert error.message == "The specified rule does not exist in this security group."
    absent = [made[0]["SecurityGroupRuleId"], "sgr-00000000000000001"]
    error = client.refused("RevokeSecurityGroupIngress", GroupId=group_id, SecurityGroupRuleIds=absent)
    assert error.code == "InvalidSecurityGroupRuleId.NotFound"
    error = client.refused("RevokeSecurityGroupEgress", GroupId=group_id, SecurityGroupRuleIds=absent[:1])
    assert error.code == "InvalidSecurityGroupRuleId.NotFound"


def test_terraform_takes_the_default_egress_rule_away(client: Client, group_id: str) -> None:
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    client("RevokeSecurityGroupEgress", GroupId=group_id, IpPermissions=everything)
    (group,) = client("DescribeSecurityGroups", GroupIds=[group_id])["SecurityGroups"]
    assert group["IpPermissionsEgress"] == []


def test_a_modified_rule_keeps_its_id_and_its_tags(client: Client, group_id: str) -> None:
    answer = client(
        "AuthorizeSecurityGroupIngress",
        GroupId=group_id,
        IpPermissions=[SSH],
        TagSpecifications=specification("security-group-rule", Name="ssh"),
    )
    rule_id = answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    wanted = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIpv4": "10.9.0.0/16", "Description": "web"}
    update = [{"SecurityGroupRuleId": rule_id, "SecurityGroupRule": wanted}]
    client("ModifySecurityGroupRules", GroupId=group_id, SecurityGroupRules=update)
    (rule,) = client("DescribeSecurityGroupRules", SecurityGroupRuleIds=[rule_id])["SecurityGroupRules"]
    assert {name: rule[name] for name in wanted} == wanted
    assert rule["Tags"] == tags(Name="ssh")
    assert len(ingress(client, group_id)) == 1


def test_a_rule_cannot_become_one_that_is_there_or_of_another_kind(client: Client, group_id: str) -> None:
    two = SSH | {"IpRanges": [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "10.1.0.0/16"}]}
    made = client("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[two])["SecurityGroupRules"]
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    rule_id = made[0]["SecurityGroupRuleId"]
    for wanted, code in (
        (ssh | {"CidrIpv4": "10.1.0.0/16"}, "InvalidPermission.Duplicate"),
        (ssh | {"CidrIpv6": "::/0"}, "InvalidParameterValue"),
    ):
        update = [{"SecurityGroupRuleId": rule_id, "SecurityGroupRule": wanted}]
        assert client.refused("ModifySecurityGroupRules", GroupId=group_id, SecurityGroupRules=update).code == code


TCP_22 = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}


@pytest.mark.parametrize(
    ("wanted", "code", "message"),
    [
        (
            TCP_22 | {"CidrIpv4": "10.1.0.0/16", "CidrIpv6": "::/0"},
            "InvalidParameterCombination",
            "Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified",
        ),
        (
            TCP_22,
            "MissingParameter",
            "The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId",
        ),
        (
            {"IpProtocol": "tcp", "FromPort": 22, "CidrIpv4": "10.1.0.0/16"},
            "InvalidParameterValue",
            "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.",
        ),
        (
            {"IpProtocol": "-1", "FromPort": 22, "ToPort": 22, "CidrIpv4": "10.1.0.0/16"},
            "InvalidParameterValue",
            "You may not specify all protocols and specific ports. Please specify each protocol and port range "
            "combination individually, or all protocols and no port range.",
        ),
        (
            {"CidrIpv4": "10.1.0.0/16"},
            "InvalidParameterValue",
            "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.",
        ),
    ],
)
def test_a_rule_cannot_become_one_that_cannot_be(
    client: Client, group_id: str, wanted: dict[str, Any], code: str, message: str
) -> None:
    (made,) = client("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[SSH])["SecurityGroupRules"]
    update = [{"SecurityGroupRuleId": made["SecurityGroupRuleId"], "SecurityGroupRule": wanted}]
    error = client.refused("ModifySecurityGroupRules", GroupId=group_id, SecurityGroupRules=update)
    assert (error.code, error.message) == (code, message)


def test_a_rule_for_all_protocols_may_say_that_it_is_for_all_ports(client: Client, group_id: str) -> None:
    (made,) = client("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[SSH])["SecurityGroupRules"]
    wanted = {"IpProtocol": "-1", "FromPort": -1, "ToPort": -1, "CidrIpv4": "10.1.0.0/16"}
    update = [{"SecurityGroupRuleId": made["SecurityGroupRuleId"], "SecurityGroupRule": wanted}]
    client("ModifySecurityGroupRules", GroupId=group_id, SecurityGroupRules=update)
    assert ingress(client, group_id)[0]["IpProtocol"] == "-1"


@pytest.mark.parametrize("text", ["", "foobar"])
def test_rules_of_what_is_no_group_are_not_looked_for(client: Client, text: str) -> None:
    error = client.refused("DescribeSecurityGroupRules", Filters=named("group-id", text))
    assert (error.code, error.message) == (
        "InvalidGroupId.Malformed",
        f"The security group ID '{text}' is malformed",
    )
    unknown = named("group-id", "sg-00000000000000001")
    assert client("DescribeSecurityGroupRules", Filters=unknown)["SecurityGroupRules"] == []


def test_descriptions_change_by_permission_and_by_id(client: Client, group_id: str) -> None:
    made = client("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[SSH])["SecurityGroupRules"]
    rule_id = made[0]["SecurityGroupRuleId"]
    described = SSH | {"IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "one"}]}
    client("UpdateSecurityGroupRuleDescriptionsIngress", GroupId=group_id, IpPermissions=[described])
    assert ingress(client, group_id)[0]["IpRanges"][0]["Description"] == "one"
    by_id = [{"SecurityGroupRuleId": rule_id, "Description": "two"}]
    client("UpdateSecurityGroupRuleDescriptionsIngress", GroupId=group_id, SecurityGroupRuleDescriptions=by_id)
    assert ingress(client, group_id)[0]["IpRanges"][0]["Description"] == "two"
    error = client.refused("UpdateSecurityGroupRuleDescriptionsEgress", GroupId=group_id, IpPermissions=[described])
    assert error.code == "InvalidPermission.NotFound"
