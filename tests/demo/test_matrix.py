"""Predicted beside measured."""

from __future__ import annotations

from realvpc.demo.matrix import agrees, table
from realvpc.reach.report import matrix
from tests.worlds import three_vpcs


def test_the_matrix_shows_both_and_says_when_they_differ() -> None:
    predicted = matrix(three_vpcs())
    measured: list[list[bool | None]] = [[None, True, True], [True, None, False], [True, False, None]]
    assert agrees(predicted, measured)
    assert table(predicted, measured) == [
        "from \\ to  a-EC2    b-EC2    c-EC2",
        "a-EC2      -        yes/yes  yes/yes",
        "b-EC2      yes/yes  -        no/no",
        "c-EC2      yes/yes  no/no    -",
        "",
        "(predicted/measured; no: PCX_REQUIRES_ADDRESS_IN_VPC_CIDR)",
    ]
    measured[1][2] = True
    assert not agrees(predicted, measured)


def test_what_a_machine_on_the_way_decides_contradicts_no_measurement() -> None:
    predicted = matrix(three_vpcs())
    predicted["cells"][0][1] |= {"reachable": None, "reason": "AT_A_MIDDLEBOX"}
    measured: list[list[bool | None]] = [[None, False, True], [True, None, False], [True, False, None]]
    assert agrees(predicted, measured)
    assert table(predicted, measured)[1] == "a-EC2      -        ?/no   yes/yes"
    assert table(predicted)[-1] == "(predicted; no: PCX_REQUIRES_ADDRESS_IN_VPC_CIDR; ?: AT_A_MIDDLEBOX)"


def test_wide_names_line_up_and_namesakes_are_told_apart() -> None:
    predicted = matrix(three_vpcs())
    for row, name in zip(predicted["instances"], ("東京", "web", "web"), strict=True):
        row["name"] = name
    assert table(predicted)[:3] == [
        "from \\ to  東京  web i-b  web i-c",
        "東京       -     yes      yes",
        "web i-b    yes   -        no",
    ]


def test_where_the_matrix_is_too_wide_receivers_go_by_number() -> None:
    assert table(matrix(three_vpcs()), columns=20)[:4] == [
        "from \\ to  1    2    3",
        "1 a-EC2    -    yes  yes",
        "2 b-EC2    yes  -    no",
        "3 c-EC2    yes  no   -",
    ]
