"""Shells complete what there is, and never complain."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from realvpc.cli import root
from tests.running import REALVPC


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(shell: str) -> None:
    result = CliRunner().invoke(root, ["completion", shell])
    assert result.exit_code == 0, result.output
    assert f"_REALVPC_COMPLETE={shell}_complete" in result.stdout


def test_bash_takes_the_script_and_leaves_no_space_behind_an_instance() -> None:
    script = CliRunner().invoke(root, ["completion", "bash"]).stdout
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    assert "compopt -o nospace" in script


def complete(state: Path, *words: str) -> list[str]:
    """What bash would be offered for the last word."""
    done = subprocess.run(
        [REALVPC],
        env={
            "PATH": os.environ["PATH"],
            "REALVPC_STATE": str(state),
            "COMP_WORDS": " ".join(["realvpc", *words]),
            "COMP_CWORD": str(len(words)),
            "_REALVPC_COMPLETE": "bash_complete",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_commands_options_and_regions_need_no_service(tmp_path: Path) -> None:
    assert complete(tmp_path, "sta") == ["plain,status"]
    assert complete(tmp_path, "logs", "--fol") == ["plain,--follow"]
    assert complete(tmp_path, "env", "--region", "ap-northeast-1") == ["plain,ap-northeast-1"]
    assert complete(tmp_path, "why", "int") == ["plain,internet"]


@pytest.mark.parametrize(
    "words", [["exec", "V"], ["shell", "V"], ["logs", "V"], ["why", "V"], ["env", "--account", "m"]]
)
def test_without_a_service_there_is_silence(words: list[str], tmp_path: Path) -> None:
    assert complete(tmp_path, *words) == []


def test_a_copy_begins_with_a_file_where_no_instance_is_meant(tmp_path: Path) -> None:
    assert complete(tmp_path, "cp", "./src") == ["file,./src"]
