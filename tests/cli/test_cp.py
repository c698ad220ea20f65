"""How `realvpc cp` reads what is typed; what it does is tested with real instances."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from realvpc.cli.cp import Place, cp_command, parse_place
from realvpc.cli.terminal import harmless
from realvpc.cli.transfer import mode_of


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("VPC-A-EC2:/etc/hosts", Place("VPC-A-EC2", "/etc/hosts")),
        ("i-0123456789abcdef0:notes", Place("i-0123456789abcdef0", "notes")),
        ("VPC-A-EC2:", Place("VPC-A-EC2", "")),
        ("a:b:c", Place("a", "b:c")),
        ("./a:b", Place(None, "./a:b")),
        ("/srv/a:b", Place(None, "/srv/a:b")),
        (":b", Place(None, ":b")),
        ("plain", Place(None, "plain")),
        ("-", Place(None, "-")),
    ],
)
def test_an_instance_stands_before_a_colon(text: str, place: Place) -> None:
    assert parse_place(text) == place


@pytest.mark.parametrize("words", [["a", "b"], ["a:x", "b:y"], ["-", "-"]])
def test_exactly_one_side_is_in_an_instance(words: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(cp_command, ["--state", str(tmp_path), *words])
    assert result.exit_code == 2
    assert "One of SRC and DST is INSTANCE:PATH" in result.output


def test_what_a_stranger_wrote_commands_no_terminal() -> None:
    assert harmless("日本語\tü\n") == "日本語\tü\n"
    assert harmless("\033]0;title\a\x9b31m\r\u202e") == "\\x1b]0;title\\x07\\x9b31m\\x0d\\x202e"


@pytest.mark.parametrize(
    ("said", "mode"),
    [("640", 0o640), ("4777", 0o755), ("0", 0o600), ("", 0o644), ("9", 0o644), ("\u0667", 0o644), ("7" * 50, 0o644)],
)
def test_an_instance_may_say_anything_of_a_mode(said: str, mode: int) -> None:
    assert mode_of(said) == mode
