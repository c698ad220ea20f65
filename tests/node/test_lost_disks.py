"""A machine whose disk is lost does not come up with an empty one, and that is said until it is terminated."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from realvpc.net.machine import Wanted
from realvpc.node import messages as m
from tests.instance.specs import machine
from tests.node.conftest import NodeProcess, running_node
from tests.running import eventually

pytestmark = pytest.mark.root

A, MINE = machine(1), "a" * 32


@pytest.fixture
def node() -> Iterator[NodeProcess]:
    """With a machine that has run, and whose disk somebody has taken away while the node was down."""
    with running_node() as running:
        running.want(A, state=MINE)
        running.shut_down(Wanted.STOPPED)
        away = running.state_dir.with_name(f"{running.state_dir.name}-away")
        (running.state_dir / "disks" / A.id).rename(away)
        running.start()
        yield running
        shutil.rmtree(away, ignore_errors=True)


def failed(events: list[m.Event]) -> list[m.MachineFailed]:
    return [event for event in events if isinstance(event, m.MachineFailed)]


def faults(node: NodeProcess) -> dict[str, str]:
    with node.connect() as connection:
        found = connection.status().faults
    assert len(set(found)) == len(found), "each is told once"
    return {fault.subject: fault.reason for fault in found}


LOST = "its disk is lost: put it back, or terminate the instance"


@pytest.mark.parametrize("boot", [1, 2])
def test_it_does_not_come_up_until_its_disk_is_back_or_it_is_terminated(node: NodeProcess, boot: int) -> None:
    wanted = machine(1, boot=boot)
    (event, *_) = failed(node.want(wanted, state=MINE, until=lambda events: bool(failed(events))))
    assert (event.boot, event.reason, faults(node)[A.id]) == (boot, LOST, LOST)
    assert not (node.state_dir / "disks" / A.id).exists()
    node.want(machine(1, wanted=Wanted.TERMINATED), state=MINE)
    assert A.id not in faults(node)
    node.want(machine(1, boot=boot + 1), state=MINE)  # of the same name: nothing of it could be missed


def test_it_is_forgotten_with_an_instance_that_the_state_does_not_know(node: NodeProcess) -> None:
    node.want(A, state=MINE, until=lambda events: any(isinstance(event, m.Applied) for event in events))
    eventually(lambda: A.id in faults(node), what="that the disk is missed")  # and while it is tried again
    node.want(state=MINE)
    node.want(machine(2), state=MINE)
    assert not faults(node)


def test_a_disk_that_is_put_back_is_the_machines_again(node: NodeProcess) -> None:
    node.want(A, state=MINE, until=lambda events: bool(failed(events)))
    node.state_dir.with_name(f"{node.state_dir.name}-away").rename(node.state_dir / "disks" / A.id)
    node.want(machine(1, boot=2), state=MINE)
    assert not faults(node)


@pytest.mark.parametrize(
    ("part", "instead"),
    [("image", None), ("volume", None), ("volume", os.mkfifo), ("volume", lambda path: path.symlink_to("/etc/passwd"))],
    ids=["image", "volume", "volume is a pipe", "volume is a link"],
)
def test_a_disk_that_has_lost_a_part_is_lost(part: str, instead: Callable[[Path], object] | None) -> None:
    """The owner is told no path of the host's, and the machine is not given a disk without a size."""
    with running_node() as node:
        node.want(A, state=MINE)
        node.shut_down(Wanted.STOPPED)
        home = node.state_dir / "disks" / A.id
        if not (home / "volume").exists():
            pytest.skip("this host has no volumes")
        away = (home / part).rename(node.state_dir / part)
        if instead:
            instead(home / part)
        node.start()
        (event, *_) = failed(node.want(A, state=MINE, until=lambda events: bool(failed(events))))
        assert (event.reason, faults(node)[A.id]) == (LOST, LOST)
        away.rename(home / part)
        node.want(machine(1, boot=2), state=MINE)
        assert not faults(node)
