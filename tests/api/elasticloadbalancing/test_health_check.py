"""Which codes of answers are well."""

from __future__ import annotations

import pytest

from realvpc.net.balancing_arn import row_at
from realvpc.net.target_group import TargetGroup

from ..conftest import Client
from .build import Ground


@pytest.fixture
def ground(client: Client) -> Ground:
    return Ground(client)


@pytest.mark.parametrize(
    ("codes", "well", "unwell"),
    [
        ("200", [200], [199, 201]),
        ("200,404", [200, 404], [302]),
        ("200-299,500-599", [204, 500, 599], [300, 499]),
        ("503-503", [503], [502, 504]),
    ],
)
def test_codes_are_from_200_to_599(ground: Ground, codes: str, well: list[int], unwell: list[int]) -> None:
    arn = ground.group(HealthCheckProtocol="HTTP", Matcher={"HttpCode": codes})
    group = row_at(ground.client.service.state.network, TargetGroup, arn)
    assert group is not None
    check = group.check
    assert [check.is_well(each) for each in well] == [True] * len(well)
    assert [check.is_well(each) for each in unwell] == [False] * len(unwell)


@pytest.mark.parametrize("codes", ["", "199", "600", "299-200", "200-", "200,", "200-299-404", "200, 404", "20", "²00"])
def test_what_no_answer_could_have_is_no_code(ground: Ground, codes: str) -> None:
    wanted = {"Name": "web", "Protocol": "TCP", "Port": 80, "VpcId": ground.vpc_id, "HealthCheckProtocol": "HTTP"}
    refused = ground.refused("CreateTargetGroup", **wanted, Matcher={"HttpCode": codes})
    assert refused[0] == "ValidationError"
