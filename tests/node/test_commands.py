"""Commands in machines that nobody waits for any more."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from realvpc.net.machine import Wanted
from realvpc.node import messages as m
from realvpc.node.client import NodeCommand
from tests.instance.specs import machine
from tests.node.conftest import NodeProcess
from tests.running import eventually

pytestmark = pytest.mark.root


@pytest.fixture
def begun(node: NodeProcess, tmp_path: Path) -> Path:
    """A file that is made when a slow crun begins the command after all; the node has it."""
    begun, slow = tmp_path / "begun", tmp_path / "crun"
    wait = f'case "$*" in *sleep\\ 7531*) sleep 1; touch {begun} ;; esac'
    slow.write_text(f'#!/bin/sh\n{wait}\nexec {shutil.which("crun")} "$@"\n')
    slow.chmod(0o755)
    node.kill()
    node.start(tmp_path)
    node.want(machine())
    return begun


def leave_a_command(node: NodeProcess) -> None:
    async def leave() -> None:
        reading, writing = os.pipe()
        try:
            request = m.OpenCommand(machine().id, "sleep 7531")
            command = await NodeCommand.open(node.socket, request, (reading, writing, writing))
            command.close()
        finally:
            os.close(reading)
            os.close(writing)

    asyncio.run(leave())


def test_a_command_that_is_left_before_it_has_begun_ends_and_holds_up_nobody(node: NodeProcess, begun: Path) -> None:
    leave_a_command(node)
    assert node.sh(machine(), "echo answers") == "answers"
    eventually(begun.exists, what="the command's turn")
    eventually(lambda: "7531" not in node.run(machine(), "ps", "-eo", "args")[1], what="the end of the command")


def test_no_crun_outlives_a_node_that_is_shut_down(node: NodeProcess, begun: Path) -> None:
    """It would make the node's directory again."""
    leave_a_command(node)
    node.shut_down(Wanted.TERMINATED)
    assert begun.exists(), "the node has waited for it"
