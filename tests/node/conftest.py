"""A real node process with real machines in it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from realvpc.fabric.plan import Plan
from realvpc.net.machine import MachineSpec, Wanted, Workload
from realvpc.node import messages as m
from realvpc.node.answer import NodeLostError
from realvpc.node.client import NodeClient
from realvpc.node.connection import NodeConnection
from tests import surroundings
from tests.patience import PATIENCE_SECONDS
from tests.running import eventually

PROGRAM = Path(__file__).parent / "plain_fabric.py"
NOBODY = 65534  # whom the node of plain_fabric.py takes for the API


class NodeProcess:
    """Starts, kills and asks a node, whose fabric is a plain one unless another `program` is given."""

    def __init__(self, base: Path, program: Path = PROGRAM) -> None:
        self.state_dir = base / "state"
        self.run_dir = base / "run" / base.name
        self.group = f"realvpc/{base.name}"
        self.plan = Plan()
        self.revision = 0
        self._program = program
        surroundings.note(self.run_dir)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return self.run_dir / "node.sock"

    def start(self, path: Path | None = None) -> None:
        """Start the node; it looks for programs in ``path`` first."""
        environment = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}"} if path else None
        command = [sys.executable, str(self._program), str(self.state_dir), str(self.run_dir)]
        self.process = subprocess.Popen(command, env=environment)
        self._greeted().close()

    def _greeted(self) -> NodeConnection:
        """A connection, however long the node takes to greet on a busy machine."""
        assert self.process

        def greeted() -> NodeConnection | None:
            try:
                return self.connect()
            except NodeLostError:
                assert self.process is not None
                assert self.process.poll() is None, "the node ended"
                return None

        return eventually(greeted, what="that the node greets")

    def end(self) -> None:
        """Shut it down with everything that it has made.  One that is only slow gets no second one beside it."""
        if self.process is None or self.process.poll() is not None:
            self.start()
        self.shut_down(Wanted.TERMINATED)

    def shut_down(self, machines: Wanted) -> None:
        """Until its process has ended: another one that is started before would meet it."""
        assert self.process
        with self._greeted() as connection:
            connection.shutdown(machines)
        self.process.wait()

    def kill(self, number: int = signal.SIGKILL) -> None:
        assert self.process
        self.process.send_signal(number)
        self.process.wait()

    def connect(self) -> NodeConnection:
        return NodeConnection(self.socket)

    def want(
        self,
        *machines: Workload,
        until: Callable[[list[m.Event]], bool] | None = None,
        ended: tuple[str, ...] = (),
        state: str = "",
    ) -> list[m.Event]:
        """Say what should be on a new connection and return the events until all machines are as wanted."""
        self.revision += 1
        desired = m.Desired(self.revision, self.plan, machines, ended, state)
        return asyncio.run(self._want(desired, until or (lambda events: _settled(desired, events))))

    async def _want(self, desired: m.Desired, until: Callable[[list[m.Event]], bool]) -> list[m.Event]:
        events: list[m.Event] = []
        client = await NodeClient.connect(self.socket)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await client.want(desired)
                async for event in client.events():
                    events.append(event)
                    if until(events):
                        break
        finally:
            await client.close()
        return events

    def run(self, spec: MachineSpec, *argv: str, user: str = "root") -> tuple[int, str]:
        """Run a command in the machine: exit code and what it printed."""
        with Path("/dev/null").open() as nothing, tempfile.TemporaryFile("w+") as output, self.connect() as connection:
            stdio = (nothing.fileno(), output.fileno(), output.fileno())
            code = connection.exec(spec.id, argv, user=user, stdio=stdio)
            output.seek(0)
            return code, output.read()

    def sh(self, spec: MachineSpec, script: str, user: str = "root") -> str:
        """Run a script in the machine, which must succeed, and return what it printed."""
        code, output = self.run(spec, "sh", "-c", script, user=user)
        assert code == 0, output
        return output.strip()

    def pid(self, spec: Workload) -> int:
        with self.connect() as connection:
            return next(
                report.pid
                for report in connection.status().machines
                if report.id == spec.id and isinstance(report, m.MachineUp)
            )

    def fabric_log(self) -> Sequence[str]:
        return (self.run_dir / "fabric.log").read_text().splitlines()


def _settled(desired: m.Desired, events: list[m.Event]) -> bool:
    """Whether the newest report of every machine is what was wanted of it, and the tables were applied."""
    newest = {getattr(event, "id", ""): event for event in events}
    applied = newest.get("")
    if not isinstance(applied, m.Applied) or applied.revision != desired.revision:
        return False
    for spec in desired.machines:
        kind = m.MachineUp if spec.wanted is Wanted.RUNNING else m.MachineDown
        event = newest.get(spec.id)
        if spec.wanted is Wanted.TERMINATED:
            if not isinstance(event, m.MachineRemoved):
                return False
        elif not isinstance(event, kind) or event.boot != spec.boot:
            return False
    return all(isinstance(newest.get(name), m.MachineRemoved) for name in desired.ended)


@contextmanager
def running_node(program: Path = PROGRAM, disks: Path | None = None) -> Iterator[NodeProcess]:
    """A node of its own, with its disks below the directory `disks`; nothing stays of it."""
    base = Path(tempfile.mkdtemp(prefix="node-"))  # short: a socket's path has at most 107 bytes
    base.chmod(0o711)
    node = NodeProcess(base, program)
    if disks:
        node.state_dir = disks / "state"
    try:
        node.start()
        yield node
    finally:
        node.end()
        shutil.rmtree(base)


@pytest.fixture
def node() -> Iterator[NodeProcess]:
    with running_node() as node:
        yield node
