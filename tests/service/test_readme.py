"""What the README says to type works as typed."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.running import Running, shell

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.e2e, pytest.mark.root]


def test_the_walkthrough_by_hand_works_as_it_is_written(new_service: Callable[..., Running], tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text()
    blocks: list[str] = re.findall(r"```sh\n(.*?)```", text[text.index("## By hand") :], re.DOTALL)
    script = "\n".join(
        line for line in blocks[0].splitlines() if not line.startswith(("scripts/", "sudo .venv/bin/realvpc shell"))
    )
    service = new_service()
    service.up()
    sudo = tmp_path / "sudo"
    sudo.write_text('#!/bin/sh\nexec "$@"\n')
    sudo.chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "REALVPC_STATE": str(service.state),
        "AWS_PAGER": "",
    }
    done = shell(f"cd {shlex.quote(str(ROOT))}\n{script}", environment)
    assert done.code == 0, done.err
    assert "3 packets transmitted, 3 received, 0% packet loss" in done.out
    assert "ttl=127" in done.out
    assert "no, and why not" in done.out
