"""How the commands look, and what they advise."""

from __future__ import annotations

import click
import pytest

from realvpc.cli.reach import _hop_lines
from realvpc.cli.terminal import colour, japanese
from realvpc.columns import align, width


def test_columns_line_up_with_wide_letters_and_colours() -> None:
    assert align([["名前", "x"], ["a\033[1mb\033[0m", "y"]]) == ["名前  x", "a\033[1mb\033[0m    y"]
    assert width("ガ") == width("カ\u3099") == 2  # one letter, or a letter and its mark


def test_figures_end_in_one_column() -> None:
    assert align([["PACKETS", "REASON"], ["12", "DELIVERED"]], right={0}) == ["PACKETS  REASON", "     12  DELIVERED"]


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"LANG": "ja_JP.UTF-8"}, True),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}, False),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "", "LC_MESSAGES": "ja_JP.UTF-8"}, True),
    ],
)
def test_the_locale_chooses_the_language(environment: dict[str, str], wanted: bool) -> None:
    assert japanese(environment) is wanted


def test_no_color_is_heeded() -> None:
    assert colour({"NO_COLOR": "1"}) is False
    assert colour({"NO_COLOR": ""}) is None


def test_a_decision_takes_two_lines_where_one_is_too_long() -> None:
    hops = [{"layer": "route table", "resource": "rtb-1", "rule": "10.30.0.0/16 to pcx-1 (active)", "passed": True}]
    plain = [click.unstyle(line) for line in _hop_lines(hops, None)]
    narrow = [click.unstyle(line) for line in _hop_lines(hops, 40)]
    assert plain == ["✓ route table  rtb-1  10.30.0.0/16 to pcx-1 (active)"]
    assert narrow == ["✓ route table  rtb-1", "    10.30.0.0/16 to pcx-1 (active)"]
