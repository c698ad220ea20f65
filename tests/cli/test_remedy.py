"""What a text suggests, works as it stands for the person who reads it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from realvpc import config
from realvpc.cli import root
from realvpc.cli.remedy import Typed, rewrite

SOURCES = Path(config.__file__).parent
FOUND = "/usr/bin/realvpc"


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """PATH finds the command in /usr/bin and root has no service, whatever this machine has."""
    monkeypatch.setattr("shutil.which", lambda name, path: FOUND if path == "/usr/bin" else None)
    monkeypatch.setattr(config, "SYSTEM_STATE_DIR", tmp_path / "of-root")


def seen(
    text: str,
    *words: str,
    command: str = FOUND,
    state: str | None = None,
    environment: Mapping[str, str] | None = None,
    uid: int = 1000,
) -> str:
    variables = {"PATH": "/usr/bin", "HOME": "/home/somebody", **(environment or {})}
    return rewrite(text, Typed(command, words, Path(state) if state else None, variables, uid), root)


def test_the_service_that_was_typed_is_suggested() -> None:
    assert seen("`realvpc hosts` lists them", state="/tmp/a b") == "`realvpc hosts --state '/tmp/a b'` lists them"
    assert seen("`realvpc disks list`", state="two") == "`realvpc disks list --state two`"
    assert seen("`realvpc quotas`") == "`realvpc quotas`"
    assert seen("`realvpc completion bash`", state="/s") == "`realvpc completion bash`"  # takes none
    assert seen("`realvpc image add --help`", state="/s") == "`realvpc image add --help`"


def test_a_service_that_the_environment_names_stays_meant_under_sudo() -> None:
    mine = {"REALVPC_STATE": "/s"}
    assert seen("`realvpc hosts`", environment=mine) == "`realvpc hosts`"
    assert seen("`sudo realvpc …`", "cp", "a", "b", environment=mine) == "`sudo realvpc cp --state /s a b`"


def test_who_has_no_service_yet_may_begin_with_roots(tmp_path: Path) -> None:
    at_home = {"XDG_STATE_HOME": str(tmp_path)}
    assert seen("`sudo realvpc …`", "up", environment=at_home) == "`sudo realvpc up`"
    (tmp_path / "realvpc").mkdir()
    config.save(config.decide(tmp_path / "realvpc", {}, 1000, fabric="none"))
    assert seen("`sudo realvpc …`", "up", environment=at_home) == f"`sudo realvpc up --state {tmp_path}/realvpc`"


def test_what_was_typed_is_suggested_with_what_has_to_change() -> None:
    typed = ("up", "--state", "/s", "--listen=127.0.0.1:80", "--fabric", "none", "--foreground")
    assert seen("`realvpc … --listen 127.0.0.1:81`", *typed, state="/s") == (
        "`realvpc up --state /s --fabric none --foreground --listen 127.0.0.1:81`"
    )
    assert seen("`realvpc … --fabric none`", "up", "--fabric", "ebpf") == "`realvpc up --fabric none`"


def test_who_typed_sudo_has_to_type_it_again() -> None:
    through_sudo = {"SUDO_UID": "1000"}
    assert seen("`realvpc up`", uid=0, environment=through_sudo) == "`sudo realvpc up`"
    assert seen("`realvpc up`", uid=0) == "`realvpc up`"


def test_a_service_of_roots_is_for_root_to_start() -> None:
    assert seen("`realvpc up`", state="/proc") == ("`sudo realvpc up --state /proc`")
    assert seen("`realvpc hosts`", state="/proc") == "`realvpc hosts --state /proc`"


def test_a_command_that_is_not_found_by_its_name_is_suggested_as_it_was_typed() -> None:
    elsewhere = "/opt/a b/realvpc"
    assert seen("`realvpc up`", command=elsewhere) == "`'/opt/a b/realvpc' up`"
    assert seen("`realvpc quotas`", command=".venv/bin/realvpc") == "`.venv/bin/realvpc quotas`"
    assert seen("`sudo realvpc up`", command=elsewhere) == "`sudo '/opt/a b/realvpc' up`"
    there = f"{Path.cwd()}/.venv/bin/realvpc"
    assert seen("`sudo realvpc up`", command=".venv/bin/realvpc") == f"`sudo {there} up`"


@pytest.mark.parametrize("words", [["status"], ["disks", "list"], ["why", "a", "b"], ["down"]], ids=" ".join)
def test_every_command_passes_its_complaints_through_it(words: list[str], tmp_path: Path) -> None:
    result = CliRunner().invoke(root, [*words, "--state", str(tmp_path)])
    assert f"up --state {tmp_path}`" in str(result.exception)


def test_what_the_status_suggests_names_the_service(tmp_path: Path) -> None:
    config.save(config.decide(tmp_path, {}, os.geteuid(), fabric="none"))
    output = CliRunner().invoke(root, ["status", "--state", str(tmp_path)]).output
    assert output.count(f"up --state {tmp_path}`") == 2  # a process that does not run, and nobody who answers


def test_every_suggestion_of_the_sources_is_in_backticks() -> None:
    """So that it is found; docstrings and examples of ``--help`` stand for themselves."""
    bare = re.compile(r"(?:Try|Start it with|Use) (?:sudo|realvpc)\b")
    assert not [path for path in SOURCES.rglob("*.py") if bare.search(path.read_text())]


def test_what_a_stranger_wrote_in_backticks_is_left_alone() -> None:
    for text in ("`realvpc `", "`realvpc  ` and", "`sudo realvpc \t`", "``", "`realvpc"):
        assert seen(text) == text
