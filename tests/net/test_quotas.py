"""Quotas are data: each has one meaning, and a value in each mode."""

from __future__ import annotations

import re

import pytest

from realvpc.net.quotas import QUOTAS, UNLIMITED, VPCS_PER_REGION, Quota, QuotaMode, applied_id


@pytest.mark.parametrize("quota", QUOTAS.values(), ids=QUOTAS)
def test_each_is_well_formed_and_no_laboratory_has_less_than_aws(quota: Quota) -> None:
    assert re.fullmatch(r"(L-[0-9A-F]{8})?", quota.code)
    assert 0 < quota.value(QuotaMode.AWS) <= quota.value(QuotaMode.LAB) < quota.value(QuotaMode.OFF) == UNLIMITED
    assert quota.ceiling is None or quota.lab <= quota.ceiling


def test_codes_and_names_are_unique() -> None:
    codes = [quota.code for quota in QUOTAS.values() if quota.code]
    assert len(codes) == len(set(codes))
    assert len({quota.name for quota in QUOTAS.values()}) == len(QUOTAS)


def test_a_regional_quota_counts_in_each_region() -> None:
    assert applied_id("111111111111", "us-east-1", VPCS_PER_REGION) == "111111111111/us-east-1/vpc/L-F678F1CE"
    zones = QUOTAS["route53/L-4EA4796A"]
    assert applied_id("1", "us-east-1", zones) == applied_id("1", "eu-west-1", zones)
