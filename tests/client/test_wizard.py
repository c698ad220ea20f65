"""The "VPC and more" recipe: sizes and names."""

from __future__ import annotations

import pytest

from realvpc.client.wizard import WizardError, plan_subnets
from realvpc.net.addresses import Cidr


def planned(cidr: str, zones: list[str], public: int, private: int) -> list[str]:
    plans = plan_subnets(Cidr.parse(cidr), zones, public=public, private=private)
    return [f"{plan.name('P')} {plan.cidr}" for plan in plans]


def test_the_walkthrough() -> None:
    assert planned("10.20.0.0/16", ["ap-northeast-1a"], 1, 0) == ["P-subnet-public1-ap-northeast-1a 10.20.0.0/20"]


def test_public_from_the_start_and_private_from_the_middle() -> None:
    assert planned("10.0.0.0/16", ["a", "b"], 2, 2) == [
        "P-subnet-public1-a 10.0.0.0/20",
        "P-subnet-public2-b 10.0.16.0/20",
        "P-subnet-private1-a 10.0.128.0/20",
        "P-subnet-private2-b 10.0.144.0/20",
    ]


def test_a_subnet_is_never_smaller_than_28() -> None:
    assert planned("10.0.0.0/24", ["a"], 1, 1) == [
        "P-subnet-public1-a 10.0.0.0/28",
        "P-subnet-private1-a 10.0.0.128/28",
    ]
    assert planned("10.0.0.0/26", ["a"], 2, 2)[-1] == "P-subnet-private2-a 10.0.0.48/28"


@pytest.mark.parametrize(
    ("cidr", "public", "private"), [("10.0.0.0/27", 2, 1), ("10.0.0.0/15", 1, 0), ("10.0.0.0/28", 2, 0)]
)
def test_what_does_not_fit_is_refused(cidr: str, public: int, private: int) -> None:
    with pytest.raises(WizardError):
        planned(cidr, ["a"], public, private)
