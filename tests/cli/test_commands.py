"""Every command explains itself, and complains in one sentence that says what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from realvpc import config
from realvpc.cli import COMMANDS, root
from realvpc.cli.clock import clock_command
from realvpc.cli.doctor import doctor_command
from realvpc.cli.service import _unchanged
from realvpc.config import SettingsError
from tests.running import free_port

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
    assert f"up --state {tmp_path}`" in str(result.exception)


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
    config.save(config.Settings(state_dir=tmp_path, run_dir=tmp_path / "run", operator=0, port=free_port()))
    result = CliRunner().invoke(doctor_command, ["--json", "--fabric", "none", "--state", str(tmp_path)])
    assert {each["name"] for each in json.loads(result.stdout)} == {"Python", "port"}
    assert result.exit_code == 0, result.output


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield " ".join([*path, name]), command


MAY_BE_EMPTY = {"image add --description", "image debian --include"}
NAMES_AND_PATHS = {
    name: parameter
    for words, command in commands(root)
    for parameter in command.params
    if not getattr(parameter, "is_flag", False)
    and (parameter.type is click.STRING or isinstance(parameter.type, click.Path) or parameter.type.name == "word")
    and (name := f"{words} {parameter.opts[0]}") not in MAY_BE_EMPTY
}


@pytest.mark.parametrize("name", NAMES_AND_PATHS)
def test_an_empty_name_is_none(name: str) -> None:
    """The commonest wrong input of all is a variable of a shell's that nobody has set."""
    parameter = NAMES_AND_PATHS[name]
    with pytest.raises(click.BadParameter, match="it is empty: is a variable not set"):
        parameter.type_cast_value(click.Context(root), ("",) if parameter.multiple or parameter.nargs != 1 else "")


def test_options_after_the_instance_are_no_command(tmp_path: Path) -> None:
    words = ["exec", "--state", str(tmp_path), "VPC-A-EC2", "--user", "ec2-user", "--", "id"]
    result = CliRunner().invoke(root, words)
    assert result.exit_code == 2
    assert "Options stand before INSTANCE: exec --user … VPC-A-EC2 -- …" in result.output


@pytest.mark.parametrize(
    ("words", "advice"),
    [(["--reset"], "--reset takes a QUOTA"), (["L-F678F1CE", "6", "--reset"], "a VALUE or --reset")],
)
def test_a_quota_is_reset_or_given_a_value(words: list[str], advice: str) -> None:
    result = CliRunner().invoke(root, ["quotas", *words])
    assert result.exit_code == 2
    assert advice in result.output


def test_a_running_service_tells_its_settings_as_they_are_typed(tmp_path: Path) -> None:
    running = config.decide(tmp_path, {}, 0, credentials="any")
    said = {}
    asked: dict[str, dict[str, Any]] = {
        "host": {"listen": "127.0.0.1:1"},
        "port": {"listen": "127.0.0.1:1"},
        "credentials": {"credentials": "strict"},
        "fabric": {"fabric": "none"},
        "sessions": {"sessions": {"idle_minutes": 3}},
        "quotas": {"quotas": "off"},
        "host_names": {"host_names": ["aws.example"]},
        "tls_certificate": {"tls": (tmp_path / "cert.pem", tmp_path / "key.pem")},
    }
    for name, options in asked.items():
        wanted = config.decide(tmp_path, {}, 0, **{"credentials": "any", **options})
        with pytest.raises(SettingsError) as error:
            _unchanged(running, wanted)
        said[name] = str(error.value).removeprefix("RealVPC is up with ").partition(". ")[0]
    with_tls = config.decide(tmp_path, {}, 0, tls=(tmp_path / "cert.pem", tmp_path / "key.pem"))
    assert said["credentials"] == "--credentials any"
    assert said["quotas"] == "--quotas lab"
    assert said["host_names"] == "no --host-name"
    assert said["tls_certificate"] == "plain HTTP"
    assert not any("None" in text or "_" in text for text in said.values())
    with pytest.raises(SettingsError, match=r"--tls-cert \S+/cert\.pem --tls-key \S+/key\.pem"):
        _unchanged(with_tls, config.decide(tmp_path, {}, 0))
