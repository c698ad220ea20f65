"""Service Quotas: what accounts may have, and how they get more of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from realvpc.api.core.sweep import sweep
from realvpc.api.servicequotas import request
from realvpc.clock import Clock
from realvpc.net.quotas import (
    PEERINGS_PER_VPC,
    RULES_PER_SECURITY_GROUP,
    SECURITY_GROUPS_PER_INTERFACE,
    VPCS_PER_REGION,
)

from ..build import make_peering, make_vpc
from ..conftest import OTHER, Client, give_quota

VPCS = {"ServiceCode": "vpc", "QuotaCode": "L-F678F1CE"}
PEERINGS = {"ServiceCode": "vpc", "QuotaCode": "L-7E9ECCDB"}


def ask(client: Client, action: str, **params: Any) -> dict[str, Any]:
    return client(action, of="servicequotas", **params)


def value(client: Client, **quota: str) -> float:
    return float(ask(client, "GetServiceQuota", **quota)["Quota"]["Value"])


def test_a_quota_shows_what_counts_and_what_aws_gives_everybody(client: Client) -> None:
    give_quota(client.service, VPCS_PER_REGION, 7)
    quota = ask(client, "GetServiceQuota", **VPCS)["Quota"]
    assert quota == {
        "ServiceCode": "vpc",
        "ServiceName": "Amazon Virtual Private Cloud (Amazon VPC)",
        "QuotaArn": f"arn:aws:servicequotas:{client.region}:{client.account}:vpc/L-F678F1CE",
        "QuotaCode": "L-F678F1CE",
        "QuotaName": "VPCs per Region",
        "Value": 7.0,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }
    default = ask(client, "GetAWSDefaultServiceQuota", **VPCS)["Quota"]
    assert (default["Value"], default["QuotaArn"]) == (
        5.0,
        f"arn:aws:servicequotas:{client.region}::vpc/L-F678F1CE",
    )


def test_what_is_given_on_request_counts_at_once(client: Client) -> None:
    """This is how 50 becomes 125."""
    give_quota(client.service, VPCS_PER_REGION, 1)
    make_vpc(client)
    assert client.refused("CreateVpc", CidrBlock="10.30.0.0/16").code == "VpcLimitExceeded"
    asked = ask(client, "RequestServiceQuotaIncrease", **VPCS, DesiredValue=2.0)["RequestedQuota"]
    assert (asked["Status"], asked["DesiredValue"]) == ("PENDING", 2.0)
    make_vpc(client, "10.30.0.0/16")
    assert value(client, **VPCS) == 2.0
    told = ask(client, "GetRequestedServiceQuotaChange", RequestId=asked["Id"])["RequestedQuota"]
    assert told["Status"] == "APPROVED"


def test_more_than_aws_ever_gives_is_not_given(client: Client) -> None:
    before = value(client, **PEERINGS)
    asked = ask(client, "RequestServiceQuotaIncrease", **PEERINGS, DesiredValue=126.0)["RequestedQuota"]
    told = ask(client, "GetRequestedServiceQuotaChange", RequestId=asked["Id"])["RequestedQuota"]
    assert told["Status"] == "NOT_APPROVED"
    assert value(client, **PEERINGS) == before


def test_what_only_the_operator_gives_is_not_given(client: Client) -> None:
    """The host is his: AWS says no most for VPCs, and a laboratory has a thousand."""
    asked = ask(client, "RequestServiceQuotaIncrease", **VPCS, DesiredValue=1_000_000.0)["RequestedQuota"]
    told = ask(client, "GetRequestedServiceQuotaChange", RequestId=asked["Id"])["RequestedQuota"]
    assert told["Status"] == "NOT_APPROVED"


def test_a_request_that_is_no_increase_is_refused(client: Client) -> None:
    give_quota(client.service, VPCS_PER_REGION, 7)
    for wanted in (7.9, 7.0, 6.0, 0.0):
        error = client.refused("RequestServiceQuotaIncrease", of="servicequotas", **VPCS, DesiredValue=wanted)
        assert (error.code, error.message) == (
            "IllegalArgumentException",
            "You must provide a quota value greater than the current quota value",
        )
    of_resource = {**VPCS, "DesiredValue": 8.0, "ContextId": "vpc-1"}
    error = client.refused("RequestServiceQuotaIncrease", of="servicequotas", **of_resource)
    assert error.code == "IllegalArgumentException"
    fixed = {"ServiceCode": "vpc", "QuotaCode": "L-8312C5BB"}
    assert client.refused("GetServiceQuota", of="servicequotas", **fixed).code == "NoSuchResourceException"


@pytest.mark.parametrize("action", ["GetServiceQuota", "GetAWSDefaultServiceQuota"])
def test_what_there_is_not(client: Client, action: str) -> None:
    for quota in ({"ServiceCode": "vpc", "QuotaCode": "L-00000000"}, {**VPCS, "ServiceCode": "lambda"}):
        assert client.refused(action, of="servicequotas", **quota).code == "NoSuchResourceException"


def test_lists_have_every_quota_once_page_by_page(client: Client) -> None:
    services = ask(client, "ListServices")["Services"]
    assert {row["ServiceCode"] for row in services} == {"ebs", "ec2", "elasticloadbalancing", "iam", "route53", "vpc"}
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = ask(client, "ListServiceQuotas", ServiceCode="vpc", MaxResults=4, **token)
        seen += [row["QuotaCode"] for row in page["Quotas"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert len(seen) == len(set(seen)) > 8
    defaults = ask(client, "ListAWSDefaultServiceQuotas", ServiceCode="vpc")["Quotas"]
    assert sorted(row["QuotaCode"] for row in defaults) == sorted(seen)
    [one] = ask(client, "ListServiceQuotas", ServiceCode="vpc", QuotaCode="L-F678F1CE")["Quotas"]
    assert one["QuotaCode"] == "L-F678F1CE"
    assert ask(client, "ListServiceQuotas", ServiceCode="vpc", QuotaAppliedAtLevel="RESOURCE")["Quotas"] == []
    error = client.refused("ListServiceQuotas", of="servicequotas", ServiceCode="vpc", NextToken="none")
    assert error.code == "InvalidPaginationTokenException"


def test_the_history_is_of_the_account_and_the_region(client: Client, as_account: Any) -> None:
    give_quota(client.service, VPCS_PER_REGION, 5)
    for wanted in (6.0, 8.0):
        ask(client, "RequestServiceQuotaIncrease", **VPCS, DesiredValue=wanted)
    ask(client, "RequestServiceQuotaIncrease", **PEERINGS, DesiredValue=500.0)
    history = ask(client, "ListRequestedServiceQuotaChangeHistory")["RequestedQuotas"]
    assert sorted(row["DesiredValue"] for row in history) == [6.0, 8.0, 500.0]
    of_quota = ask(client, "ListRequestedServiceQuotaChangeHistoryByQuota", **VPCS)["RequestedQuotas"]
    assert sorted(row["DesiredValue"] for row in of_quota) == [6.0, 8.0]
    refused = ask(client, "ListRequestedServiceQuotaChangeHistory", Status="NOT_APPROVED", ServiceCode="vpc")
    assert [row["DesiredValue"] for row in refused["RequestedQuotas"]] == [500.0]
    assert ask(client, "ListRequestedServiceQuotaChangeHistory", ServiceCode="ec2")["RequestedQuotas"] == []
    stranger = as_account(OTHER)
    assert ask(stranger, "ListRequestedServiceQuotaChangeHistory")["RequestedQuotas"] == []
    error = stranger.refused("GetRequestedServiceQuotaChange", of="servicequotas", RequestId=history[0]["Id"])
    assert error.code == "NoSuchResourceException"


def test_requests_are_remembered_for_90_days_and_are_not_without_number(
    client: Client, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request, "_MOST", 2)
    wanted = {**PEERINGS, "DesiredValue": 500.0}
    for _ in range(2):
        asked = ask(client, "RequestServiceQuotaIncrease", **wanted)["RequestedQuota"]
    error = client.refused("RequestServiceQuotaIncrease", of="servicequotas", **wanted)
    assert error.code == "QuotaExceededException"
    clock.offset = timedelta(days=89)
    client.service.report(sweep, "sweep")
    assert len(ask(client, "ListRequestedServiceQuotaChangeHistory")["RequestedQuotas"]) == 2
    clock.offset = timedelta(days=90)
    assert ask(client, "ListRequestedServiceQuotaChangeHistory")["RequestedQuotas"] == []
    error = client.refused("GetRequestedServiceQuotaChange", of="servicequotas", RequestId=asked["Id"])
    assert error.code == "NoSuchResourceException"
    client.service.report(sweep, "sweep")
    ask(client, "RequestServiceQuotaIncrease", **wanted)


def test_a_raised_quota_of_peerings_lets_another_one_be_accepted(client: Client, as_account: Any) -> None:
    hub = make_vpc(client, "10.0.0.0/16")
    other = as_account(OTHER)
    give_quota(client.service, PEERINGS_PER_VPC, 1)
    make_peering(client, hub, other, make_vpc(other, "10.1.0.0/16"))
    second = make_peering(client, hub, other, make_vpc(other, "10.2.0.0/16"), accept=False)
    assert other.refused("AcceptVpcPeeringConnection", VpcPeeringConnectionId=second).code.endswith("LimitExceeded")
    ask(client, "RequestServiceQuotaIncrease", **PEERINGS, DesiredValue=2.0)
    other("AcceptVpcPeeringConnection", VpcPeeringConnectionId=second)


def test_rules_and_groups_of_an_interface_are_bounded_together(client: Client) -> None:
    """VPC guide, "Amazon VPC quotas": their product cannot exceed 1,000."""
    rules = {"ServiceCode": "vpc", "QuotaCode": RULES_PER_SECURITY_GROUP.code}
    groups = {"ServiceCode": "vpc", "QuotaCode": SECURITY_GROUPS_PER_INTERFACE.code}
    give_quota(client.service, RULES_PER_SECURITY_GROUP, 60)
    give_quota(client.service, SECURITY_GROUPS_PER_INTERFACE, 5)
    for quota, wanted, after in ((rules, 201.0, 60.0), (rules, 200.0, 200.0), (groups, 6.0, 5.0)):
        ask(client, "RequestServiceQuotaIncrease", **quota, DesiredValue=wanted)
        assert value(client, **quota) == after


def test_quotas_have_no_tags(client: Client, as_account: Any) -> None:
    """Inventories ask for those of each."""
    arn = ask(client, "GetServiceQuota", **VPCS)["Quota"]["QuotaArn"]
    assert ask(client, "ListTagsForResource", ResourceARN=arn) == {"Tags": []}
    for caller, unknown in ((as_account(OTHER), arn), (client, f"{arn}0"), (client, "arn:aws:ec2:::x")):
        error = caller.refused("ListTagsForResource", of="servicequotas", ResourceARN=unknown)
        assert error.code == "NoSuchResourceException"
