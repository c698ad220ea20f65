"""What the script says of lists of actions."""

from __future__ import annotations

from pathlib import Path

import pytest

from .missing_actions import main, missing


def test_what_is_here_is_not_missing() -> None:
    lines = [
        "- ec2:DescribeVpcs (117): VpcIds ; filters: x",
        '"Action": ["ec2:CreateFleet", "sqs:*"]',
        "ssm:StartSession",
    ]
    assert missing(lines) == ["ec2:CreateFleet", "sqs:*"]


def test_a_wildcard_stands_for_what_the_service_knows() -> None:
    found = missing(['"ec2:*Vpcs", "iam:ListUser*", "sts:Get*"'])
    assert found == [f"sts:{name}" for name in SOME_OF_STS]


def test_what_looks_like_an_action_and_is_none() -> None:
    assert missing(["arn:aws:iam::aws:policy/ReadOnlyAccess http://x:Y a:B:C"]) == []


def test_it_says_how_it_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["--help"])
    assert exit_.value.code == 0
    assert "FILE" in capsys.readouterr().out


@pytest.mark.parametrize("given", ["nothing.txt", ".", "--unknown"])
def test_what_cannot_be_read_is_named(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main([given])
    assert exit_.value.code == 2
    assert given in capsys.readouterr().err


def test_lists_are_read_in_turn_whatever_they_are_encoded_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lists = [tmp_path / "first", tmp_path / "second"]
    lists[0].write_bytes(b"\xff ec2:CreateFleet\n")
    lists[1].write_text("sqs:SendMessage ec2:DescribeVpcs")
    assert main([str(each) for each in lists]) == 1
    assert capsys.readouterr().out.split() == ["ec2:CreateFleet", "sqs:SendMessage"]


SOME_OF_STS = (
    "GetDelegatedAccessToken",
    "GetScopedCredentials",
    "GetWebIdentityToken",
)
