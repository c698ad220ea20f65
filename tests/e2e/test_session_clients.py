"""Session Manager by clients that other people wrote, unmodified, in a terminal."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from .target import Target

pytestmark = [pytest.mark.root, pytest.mark.e2e]

PATIENCE = 30.0
PROMPT = "sh-5.2$ "


class Typist:
    """Somebody at a terminal in which a command runs."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], directory: Path) -> None:
        self._master, slave = pty.openpty()
        self._screen = b""
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=directory, start_new_session=True
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def sees(self, text: str) -> None:
        """Wait for this, and forget what came until then."""
        deadline = time.monotonic() + PATIENCE
        while text.encode() not in self._screen:
            assert time.monotonic() < deadline, f"no {text!r} in {self._screen.decode(errors='replace')}"
            if select.select([self._master], [], [], 0.1)[0]:
                try:
                    self._screen += os.read(self._master, 65536)
                except OSError:
                    pytest.fail(f"the client has ended: {self._screen.decode(errors='replace')}")
        self._screen = self._screen.partition(text.encode())[2]

    def converse(self) -> None:
        """What every client has to be able to show."""
        self.sees(PROMPT)
        self.type("echo $((6*7)) $(whoami)\r")
        self.sees("42 ssm-user")
        self.sees(PROMPT)
        self.type("printf '\\346\\227\\245\\346\\234\\254\\n'\r")
        self.sees("日本")
        self.sees(PROMPT)
        self.type("exit\r")
        assert self.process.wait(PATIENCE) == 0


def variables(target: Target) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/root"), "TERM": "xterm-256color"} | (
        target.service.environment()
    )


def install(command: Sequence[str], directory: Path) -> None:
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"{' '.join(command[:3])} could not install the client: {done.stderr[-300:]}")


def newer_python() -> str:
    """A Python of 3.12 or later."""
    named = [shutil.which(f"python3.{minor}") for minor in range(20, 11, -1)]
    pyenv = sorted(Path("~/.pyenv/versions").expanduser().glob("3.1[2-9]*/bin/python"))
    for candidate in [*([sys.executable] if sys.version_info >= (3, 12) else []), *named, *map(str, pyenv)]:
        works = candidate and subprocess.run([candidate, "-c", "import ensurepip"], capture_output=True, check=False)
        if candidate and works and works.returncode == 0:
            return candidate
    pytest.skip("pyssm-client needs Python 3.12 or later, and there is none here")


def test_pyssm_client(target: Target, tmp_path: Path) -> None:
    install([newer_python(), "-m", "venv", str(tmp_path / "venv")], tmp_path)
    install([str(tmp_path / "venv/bin/pip"), "install", "-q", "pyssm-client==0.2.0"], tmp_path)
    command = [str(tmp_path / "venv/bin/pyssm"), "ssh", "--target", target.instance_id]
    with Typist(command, variables(target), tmp_path) as typist:
        typist.converse()


def test_ssm_session(target: Target, tmp_path: Path) -> None:
    if not (shutil.which("npm") and shutil.which("node")):
        pytest.skip("ssm-session needs npm and node, and they are not here")
    install(["npm", "install", "--silent", "--no-audit", "--no-fund", "ssm-session@1.0.6", "ws@8"], tmp_path)
    script = tmp_path / "client.js"
    script.write_text(Path(__file__).with_name("ssm_session.js").read_text())
    session = target.start()
    command = ["node", str(script), session["StreamUrl"], session["TokenValue"]]
    with Typist(command, variables(target), tmp_path) as typist:
        typist.converse()
