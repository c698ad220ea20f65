"""The scripts at the top are plain sh, say what went wrong, and leave nothing."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = [*(ROOT / "scripts").iterdir(), ROOT / ".ci/run"]


def sh(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run lines of a script that has sourced the library, as `thing`."""
    return subprocess.run(
        ["sh", "-euc", f". scripts/lib.sh\n{script}", "thing"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_each_script_is_one_that_sh_can_read(script: Path) -> None:
    subprocess.run(["sh", "-n", str(script)], check=True)
    if script.suffix != ".sh":
        assert script.read_text().startswith("#!/bin/sh\n")
        assert os.access(script, os.X_OK)


def test_a_step_that_fails_shows_what_was_said_and_what_may_help(tmp_path: Path) -> None:
    done = sh("HELP='try this'\nstep wheels sh -c 'echo no route; exit 3'\necho not reached", TMPDIR=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "no route\nthing: failed: wheels\ntry this\n"
    assert not list(tmp_path.iterdir())


def test_a_step_that_works_is_one_line(tmp_path: Path) -> None:
    done = sh("step wheels sh -c 'echo much'", TMPDIR=str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "")
    assert re.fullmatch(r"    ok wheels \(\d+ s\)\n", done.stderr)
    assert not list(tmp_path.iterdir())


def test_an_interrupted_step_leaves_nothing_either(tmp_path: Path) -> None:
    done = sh("step wheels sh -c 'kill -TERM $PPID; sleep 0.1'", TMPDIR=str(tmp_path))
    assert done.returncode == 143
    assert not list(tmp_path.iterdir())


def test_what_is_built_is_readable_whatever_the_umask_is(tmp_path: Path) -> None:
    done = sh(f"touch {tmp_path}/built", TMPDIR=str(tmp_path))
    assert done.returncode == 0
    assert (tmp_path / "built").stat().st_mode & 0o777 == 0o644


def test_settings_of_a_persons_own_python_do_not_reach_pip() -> None:
    environment = {"PYTHONPATH": "/nowhere", "PIP_USER": "1", "PIP_TARGET": "/nowhere", "PIP_INDEX_URL": "here"}
    done = sh('echo "${PYTHONPATH-} ${PIP_USER} ${PIP_TARGET-} ${PIP_INDEX_URL}"', **environment)
    assert done.stdout == " 0  here\n"


_LIBRARY = """
VENV=$PWD/venv BOLD='' PLAIN=''
say() { :; }
build() { :; }
as_root() { env -u REALVPC_STATE "$@"; }  # sudo forgets variables, too
"""
_REALVPC = '#!/bin/sh\necho "$1: ${REALVPC_STATE-none}" >&2\n'


@pytest.mark.parametrize("state", [None, "/tmp/it's mine", "somewhere/near"])
def test_what_the_demo_says_of_going_on_leads_to_the_service_that_it_has_started(
    tmp_path: Path, state: str | None
) -> None:
    for directory in ("scripts", "venv/bin"):
        (tmp_path / directory).mkdir(parents=True)
    (tmp_path / "scripts/lib.sh").write_text(_LIBRARY)
    (tmp_path / "scripts/demo").write_text((ROOT / "scripts/demo").read_text())
    realvpc = tmp_path / "venv/bin/realvpc"
    realvpc.write_text(_REALVPC)
    realvpc.chmod(0o755)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "REALVPC_STATE"}
    named = environment if state is None else environment | {"REALVPC_STATE": state}

    def run(*command: str, given: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=given, cwd=elsewhere, capture_output=True, text=True, check=True)

    shown = run("sh", str(tmp_path / "scripts/demo"), given=named)
    place = "none" if state is None else str(elsewhere / state)
    assert shown.stderr == f"up: {place}\ndemo: {place}\n"
    lines = [line for line in shown.stdout.splitlines() if re.match(r"  (export|realvpc matrix)", line)]
    assert run("sh", "-euc", "\n".join(lines), given=environment).stderr == f"matrix: {place}\n"
