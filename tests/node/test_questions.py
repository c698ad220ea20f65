"""Questions wait neither for each other nor for machines, nor machines for questions."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from realvpc.instance.crun import WORKERS
from realvpc.net.machine import Wanted
from realvpc.node import messages as m
from realvpc.node.answer import NodeLostError
from realvpc.node.client import NodeClient
from realvpc.node.connection import NodeConnection
from realvpc.node.questions import AT_A_TIME
from tests.instance.specs import machine
from tests.node.conftest import NodeProcess
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.root


def block_console(node: NodeProcess, name: str) -> int:
    """Make reading the machine's console log wait, as a guest's lease on it does; ends when the result is closed."""
    log = node.run_dir / "consoles" / name / "console.log"
    log.unlink()
    os.mkfifo(log)
    return os.open(log, os.O_RDWR)


def test_who_asks_for_a_console_that_cannot_be_had_delays_nobody(node: NodeProcess) -> None:
    node.want(machine(1), machine(2))
    held = block_console(node, machine(1).id)

    async def ask() -> None:
        client = await NodeClient.connect(node.socket)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                blocked = [asyncio.create_task(client.console(machine(1).id)) for _ in range(3)]
                await asyncio.sleep(0)
                assert (await client.status()).revision == 1
                assert await client.counters() == {"NO_ROUTE": 3}
                assert await client.counters("eni-00000000000000007") == {"NO_ROUTE": 7}
                await client.console(machine(2).id)
                await client.want(m.Desired(2, node.plan, (machine(1), machine(2), machine(3))))
                async for event in client.events():
                    if isinstance(event, m.MachineUp) and event.id == machine(3).id:
                        break
                os.write(held, b"said at last\n")
                for each in blocked:
                    each.cancel()
                await asyncio.gather(*blocked, return_exceptions=True)
        finally:
            await client.close()

    try:
        asyncio.run(ask())
        assert node.sh(machine(3), "echo up") == "up"
    finally:
        os.close(held)
    node.want(machine(1, wanted=Wanted.TERMINATED))


def test_machines_that_do_not_end_keep_no_other_from_starting(node: NodeProcess, tmp_path: Path) -> None:
    """More of them than there are threads to end machines."""
    held, slow = tmp_path / "held", tmp_path / "crun"
    real = shutil.which("crun")
    slow.write_text(
        f'#!/bin/sh\ncase "$*" in *" delete "*) while [ -e {held} ]; do sleep 0.05; done ;; esac\nexec {real} "$@"\n'
    )
    slow.chmod(0o755)
    node.kill()
    node.start(tmp_path)
    doomed = [machine(number) for number in range(1, WORKERS + 2)]
    node.want(*doomed)
    held.touch()
    try:
        ending = [replace(spec, wanted=Wanted.TERMINATED) for spec in doomed]
        newcomer = machine(99)
        is_up = lambda event: isinstance(event, m.MachineUp) and event.id == newcomer.id  # noqa: E731
        events = node.want(*ending, newcomer, until=lambda events: any(map(is_up, events)))
        assert not any(isinstance(each, m.MachineRemoved) for each in events), "the others still end"
        assert node.sh(newcomer, "echo up") == "up"
    finally:
        held.unlink()
    node.want(*ending)


def test_more_questions_than_anybody_has_are_refused_and_the_others_answered(node: NodeProcess) -> None:
    slow = node.run_dir / "faults" / "slow_counters"
    slow.parent.mkdir()
    slow.touch()

    async def ask() -> None:
        client = await NodeClient.connect(node.socket)
        try:
            questions = [asyncio.create_task(client.counters()) for _ in range(AT_A_TIME + 5)]
            async with asyncio.timeout(PATIENCE_SECONDS):
                refused: set[asyncio.Task[dict[str, int]]] = set()
                while len(refused) < 5:
                    refused = {each for each in questions if each.done()}
                    await asyncio.sleep(0.01)
                assert all("too many" in str(each.exception()) for each in refused)
                with node.connect() as connection:
                    connection.status()  # another connection is another's
                slow.unlink()
                answered = await asyncio.gather(*(each for each in questions if each not in refused))
            assert answered == [{"NO_ROUTE": 3}] * AT_A_TIME
        finally:
            await client.close()

    asyncio.run(ask())


def test_a_node_that_is_alive_and_silent_is_told_from_one_that_answers(node: NodeProcess) -> None:
    with node.connect() as connection:
        assert node.process
        assert connection.pid == node.process.pid
    silent = socket.socket(socket.AF_UNIX)
    path = node.run_dir / "silent.sock"
    silent.bind(str(path))
    silent.listen()
    try:
        with pytest.raises(NodeLostError, match="timed out"):
            NodeConnection(path, timeout=0.2)
    finally:
        silent.close()
        path.unlink()


def test_a_node_greets_while_its_machines_are_being_started(node: NodeProcess) -> None:
    starting = threading.Thread(target=lambda: node.want(*(machine(number) for number in range(1, 9))))
    starting.start()
    try:
        while starting.is_alive():
            with node.connect() as connection:
                connection.status()
    finally:
        starting.join()
