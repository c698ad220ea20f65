"""Commands in machines that nobody waits for any more."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from realvpc.node import messages as m
from realvpc.node.client import NodeCommand
from tests.instance.specs import machine
from tests.node.conftest import NodeProcess
from tests.running import eventually

pytestmark = pytest.mark.root


def test_a_command_that_is_left_before_it_has_begun_ends_and_holds_up_nobody(node: NodeProcess, tmp_path: Path) -> None:
    slow = tmp_path / "crun"
    slow.write_text(f'#!/bin/sh\ncase "$*" in *sleep\\ 7531*) sleep 0.5 ;; esac\nexec {shutil.which("crun")} "$@"\n')
    slow.chmod(0o755)
    spec = machine()
    node.kill()
    node.start(tmp_path)
    node.want(spec)

    async def leave() -> None:
        reading, writing = os.pipe()
        try:
            request = m.OpenCommand(spec.id, "sleep 7531")
            command = await NodeCommand.open(node.socket, request, (reading, writing, writing))
            command.close()
        finally:
            os.close(reading)
            os.close(writing)

    asyncio.run(leave())
    assert node.sh(spec, "echo answers") == "answers"
    eventually(lambda: "7531" not in node.run(spec, "ps", "-eo", "args")[1], what="the end of the command")
