"""Commands and shells in machines: who may enter, what they get, and when they end."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import select
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from realvpc.net.machine import Wanted
from realvpc.node import messages as m
from realvpc.node.answer import NodeError
from realvpc.node.client import NodeCommand, NodeShell
from tests.instance.specs import machine
from tests.node.conftest import NOBODY, NodeProcess, running_node
from tests.running import eventually

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def node() -> Iterator[NodeProcess]:
    """One for all, with one machine: nobody does anything to them."""
    with running_node() as running:
        yield running


def leave(function: Callable[[], int]) -> NoReturn:
    """End this forked process with what the function returns."""
    code = 99
    try:
        code = function()
    finally:
        os._exit(code)


def test_exit_codes_and_streams(node: NodeProcess) -> None:
    spec = machine()
    node.want(spec)
    assert node.run(spec, "sh", "-c", "echo out; echo err >&2; exit 7") == (7, "out\nerr\n")
    assert node.run(spec, "no-such-command")[0] == 127
    assert node.run(spec, "sh", "-c", "kill -9 $$")[0] == 137
    with pytest.raises(NodeError, match="no user"):
        node.run(spec, "id", user="stranger")
    with pytest.raises(NodeError, match="not running"):
        node.run(machine(9), "id")


@pytest.mark.parametrize("user", ["root", "ssm-user"])
def test_a_command_may_open_the_pipe_that_it_was_given_once_more(node: NodeProcess, user: str) -> None:
    spec = machine()
    node.want(spec)
    reading, writing = os.pipe()
    with node.connect() as connection, os.fdopen(reading, "rb") as output:
        command = ("sh", "-c", "echo out >/dev/stdout; echo err >/dev/stderr")
        try:
            code = connection.exec(spec.id, command, user=user, stdio=(reading, writing, writing))
        finally:
            os.close(writing)
        assert (code, output.read()) == (0, b"out\nerr\n")


def test_a_terminal_of_the_machine(node: NodeProcess) -> None:
    spec = machine()
    node.want(spec)

    def session() -> int:
        with node.connect() as connection:
            return connection.exec(spec.id, ("bash", "-l"), user="ssm-user", tty=True, stdio=(0, 1, 2))

    child, master = pty.fork()
    if child == 0:
        leave(session)
    output = b""
    os.write(master, b"tty; stty size; echo $((40+2)); exit 5\n")
    while select.select([master], [], [], 10)[0]:
        try:
            output += os.read(master, 4096)
        except OSError:  # EIO: the session is over
            break
    status = os.waitpid(child, 0)[1]
    os.close(master)
    assert os.waitstatus_to_exitcode(status) == 5
    assert re.search(rb"/dev/pts/\d+\r\n.*42\r\n", output, re.DOTALL), output
    assert b"ssm-user@ip-10-20-0-207" in output


def test_a_command_ends_with_the_one_who_asked_for_it(node: NodeProcess) -> None:
    spec = machine()
    node.want(spec)

    def command() -> int:
        with node.connect() as connection:
            return connection.exec(spec.id, ("sleep", "4242"), stdio=(0, 1, 2))

    child = os.fork()
    if child == 0:
        leave(command)

    def runs() -> bool:
        return "sleep 4242" in node.sh(spec, "ps -ef | grep -v grep")

    eventually(runs, what="that the command runs")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    eventually(lambda: not runs(), what="that the command ends with who began it")


def test_only_root_may_enter_machines_or_end_the_node(node: NodeProcess) -> None:
    spec = machine()
    node.want(spec)

    async def command_of_a_session() -> bytes:
        shell = await NodeShell.open(node.socket, spec.id, "id -un")
        try:
            await shell.exited()
            return os.read(shell.terminal, 100)
        finally:
            await shell.close()

    def as_the_api() -> int:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        with node.connect() as connection:
            assert connection.counters() == {"NO_ROUTE": 3}
            with pytest.raises(NodeError, match="only root"):
                connection.exec(spec.id, ("id",), stdio=(0, 1, 2))
            with pytest.raises(NodeError, match="only root"):
                connection.shutdown(Wanted.TERMINATED)
        assert asyncio.run(command_of_a_session()) == b"ssm-user\r\n"
        return 0

    child = os.fork()
    if child == 0:
        leave(as_the_api)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert node.sh(spec, "echo up") == "up"


def test_the_api_can_give_a_command_pipes_and_nothing_else_of_the_hosts(node: NodeProcess) -> None:
    """A directory would lead root in a machine out of it, and a file would become the machine's."""
    spec = machine()
    node.want(spec)

    async def command_on(stdin: int) -> None:
        reading, writing = os.pipe()
        try:
            opened = await NodeCommand.open(
                node.socket, m.OpenCommand(spec.id, "ls -la . >&2", "root"), (stdin, writing, writing)
            )
            await opened.exited()
            opened.close()
        finally:
            os.close(reading)
            os.close(writing)

    def as_the_api() -> int:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        asyncio.run(command_on(os.pipe()[0]))
        for path in ("/", "/etc/passwd"):
            for flags in (os.O_RDONLY, os.O_PATH):
                with pytest.raises(NodeError, match="pipes only"):
                    asyncio.run(command_on(os.open(path, flags)))
        return 0

    owner = Path("/etc/passwd").stat().st_uid
    child = os.fork()
    if child == 0:
        leave(as_the_api)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert Path("/etc/passwd").stat().st_uid == owner
