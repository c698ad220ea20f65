"""Every command explains itself, and complains in one sentence that says what to do."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from realvpc import config
from realvpc.cli import COMMANDS, root
from realvpc.cli.clock import clock_command
from realvpc.cli.doctor import doctor_command
from realvpc.config import SettingsError

GROUPS = {
    "vpc": ["vpc", "create"],
    "image": ["image", "add"],
    "disks": ["disks", "list"],
    "demo": ["demo", "peering"],
    "bench": ["bench", "fabric"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    result = CliRunner().invoke(root, [command, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage:" in result.output


@pytest.mark.parametrize(
    "words", [*([name] for name in COMMANDS if name not in GROUPS), *GROUPS.values()], ids=" ".join
)
def test_help_teaches_by_examples(words: list[str]) -> None:
    output = CliRunner().invoke(root, [*words, "--help"]).output
    shown = re.findall(r"^ +(?:.*\| |.*\$\(|sudo )*realvpc (\S+)", output, re.MULTILINE)
    assert words[0] in shown


def test_help_names_every_command() -> None:
    output = CliRunner().invoke(root, ["--help"]).output
    assert all(f"\n  {command} " in output for command in COMMANDS)


@pytest.mark.parametrize(
    "words",
    [
        ["status"],
        ["env"],
        ["accounts"],
        ["down"],
        ["counters"],
        ["clock"],
        ["exec", "i-0", "--", "ls"],
        ["shell", "i-0"],
        ["cp", "i-0:/etc/hosts", "-"],
        ["hosts"],
        ["logs", "i-0"],
        ["wait", "i-0"],
        ["logs", "--service", "api"],
    ],
    ids=" ".join,
)
def test_without_a_service_a_command_says_how_to_start_one(words: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(root, [words[0], "--state", str(tmp_path), *words[1:]])
    assert isinstance(result.exception, SettingsError)
    assert "realvpc up" in str(result.exception)


@pytest.mark.parametrize(
    "words",
    [
        ["exec", "--state", "DIR", "i-0", "--", "ls"],
        ["shell", "--state", "DIR", "i-0"],
        ["cp", "--state", "DIR", "i-0:/etc/hosts", "-"],
        ["matrix", "--state", "DIR", "--measured"],
        ["demo", "peering", "--state", "DIR"],
        ["bench", "launch", "--state", "DIR"],
    ],
    ids=lambda words: words[0],
)
def test_where_no_packets_move_nothing_is_begun_that_needs_them(words: list[str], tmp_path: Path) -> None:
    config.save(config.decide(tmp_path, {}, 0, fabric="none"))
    result = CliRunner().invoke(root, [word.replace("DIR", str(tmp_path)) for word in words])
    assert isinstance(result.exception, SettingsError)
    assert "--fabric none" in str(result.exception)
    assert not result.stdout


@pytest.mark.parametrize(
    ("words", "advice"), [(["--protocol", "tcp"], "needs a --port"), (["--port", "22"], "--protocol tcp")]
)
@pytest.mark.parametrize("command", [["why", "a", "b"], ["matrix"]], ids=lambda words: words[0])
def test_a_port_and_its_protocol_come_together(command: list[str], words: list[str], advice: str) -> None:
    result = CliRunner().invoke(root, [*command, *words])
    assert result.exit_code == 2
    assert advice in result.output


def test_no_summary_of_a_command_is_cut_off() -> None:
    for words in ([], ["vpc"], ["image"], ["demo"], ["bench"]):
        output = CliRunner().invoke(root, [*words, "--help"], terminal_width=80).output
        assert "..." not in output.partition("Commands:")[2]


@pytest.mark.parametrize("text", ["7", "7 days", "d", "", "-1d", "1d-2h"])
def test_the_clock_refuses_what_is_no_duration(text: str) -> None:
    result = CliRunner().invoke(clock_command, ["--advance", text])
    assert result.exit_code == 2
    assert "no duration like 7d" in result.output


def test_the_clock_understands_days_and_parts_of_them() -> None:
    from realvpc.cli.clock import _duration, _written

    assert _duration("7d") == timedelta(days=7)
    assert _duration("1d12h30m") == timedelta(days=1, hours=12, minutes=30)
    assert _written(timedelta(days=7)) == "7d"
    assert _written(timedelta(days=1, hours=12, seconds=5)) == "1d 12h 5s"


def test_the_clock_refuses_what_no_calendar_holds() -> None:
    result = CliRunner().invoke(clock_command, ["--advance", "1000000000000d"])
    assert result.exit_code == 2
    assert "longer than a calendar" in result.output


def test_the_doctor_names_a_remedy_for_all_that_fails(tmp_path: Path) -> None:
    result = CliRunner().invoke(doctor_command, ["--json", "--state", str(tmp_path)])
    findings = json.loads(result.stdout)
    assert {"kernel", "capabilities", "bpffs", "cgroups", "port", "crun", "Python"} <= {
        each["name"] for each in findings
    }
    assert all(each["remedy"] for each in findings if each["good"] is False)
    assert result.exit_code == (1 if any(each["good"] is False for each in findings) else 0)


def test_without_packets_the_doctor_asks_for_less(tmp_path: Path) -> None:
    result = CliRunner().invoke(doctor_command, ["--json", "--fabric", "none", "--state", str(tmp_path)])
    assert {each["name"] for each in json.loads(result.stdout)} == {"Python", "port"}
    assert result.exit_code == 0, result.output
