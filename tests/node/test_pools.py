"""A machine that takes all that it can get of the kernel's common pools leaves enough to the host and to others."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from realvpc.net.machine import MachineSpec
from realvpc.node import messages as m
from tests.instance.specs import machine
from tests.node.conftest import NodeProcess, running_node
from tests.node.pools import POOLS, Pool, greedy, modest

pytestmark = pytest.mark.root

GREEDY, NEIGHBOUR = machine(1), machine(2)


@pytest.fixture(scope="module")
def node() -> Iterator[NodeProcess]:
    with running_node() as running:
        running.want(GREEDY, NEIGHBOUR)
        yield running


@contextmanager
def taken(node: NodeProcess, spec: MachineSpec, pool: Pool) -> Iterator[tuple[int, str]]:
    """How many root of a machine got, and why it got no more, as long as it has them."""
    (stdin, feed), (output, stdout) = os.pipe(), os.pipe()
    try:
        with node.connect() as connection:
            argv = ("/usr/bin/python3", "-c", greedy(pool))
            connection.start(m.Exec(instance_id=spec.id, argv=argv), (stdin, stdout, stdout))
            with os.fdopen(os.dup(output)) as lines:
                count, why = lines.readline().split()
            yield int(count), why
    finally:
        for fd in (stdin, feed, output, stdout):
            os.close(fd)


@pytest.mark.parametrize("name", POOLS)
def test_what_one_machine_takes_is_bounded_and_the_others_have_enough(node: NodeProcess, name: str) -> None:
    pool = POOLS[name]

    def on_the_host() -> str:
        command = ["unshare", "--ipc", sys.executable, "-c", modest(pool)]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()

    def in_the_neighbour() -> str:
        return node.run(NEIGHBOUR, "/usr/bin/python3", "-c", modest(pool))[1].strip()

    assert on_the_host() == "fine", "without anybody who takes it all"
    assert in_the_neighbour() == ("fine" if pool.for_machines else "ENOSYS")
    with taken(node, GREEDY, pool) as (count, why):
        assert pool.least <= count <= pool.most, why
        assert on_the_host() == "fine"
        assert in_the_neighbour() == ("fine" if pool.for_machines else "ENOSYS")
