"""A disk is deleted when somebody has asked for it.  Any other is kept, said to be, and given back."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator

import pytest

from realvpc.instance.kept import KeptDisk
from realvpc.net.machine import MachineSpec, Wanted
from realvpc.node import messages as m
from realvpc.node.answer import NodeError
from tests.instance.specs import machine
from tests.node.conftest import NodeProcess, running_node
from tests.patience import PATIENCE_SECONDS
from tests.running import eventually

pytestmark = pytest.mark.root

A, B = machine(1), machine(2)
MINE, ANOTHER = "a" * 32, "b" * 32


@pytest.fixture
def node() -> Iterator[NodeProcess]:
    with running_node() as running:
        yield running


def kept(node: NodeProcess, count: int) -> tuple[KeptDisk, ...]:
    def found() -> tuple[KeptDisk, ...]:
        with node.connect() as connection:
            return connection.status().kept

    eventually(lambda: len(found()) == count, what=f"that {count} disks are kept")
    return found()


def await_empty_trash(node: NodeProcess) -> None:
    trash = node.state_dir / "trash"
    eventually(lambda: not list(trash.iterdir()), what="that the trash is empty")


def write(node: NodeProcess, spec: MachineSpec) -> None:
    node.sh(spec, "echo precious >/root/file && sync")


def read(node: NodeProcess, spec: MachineSpec) -> str:
    return node.sh(spec, "cat /root/file")


@pytest.mark.parametrize("restarted", [False, True])
def test_the_disks_of_a_lost_state_are_kept_and_come_back_with_it(node: NodeProcess, *, restarted: bool) -> None:
    node.want(A, B, state=MINE)
    write(node, A)
    if restarted:
        node.shut_down(Wanted.STOPPED)
        node.start()
    node.want(state=ANOTHER)
    first, second = kept(node, 2)
    assert (first.name, second.name) == (A.id, B.id)
    assert (first.owner, first.reason) == (MINE, f"another state is served, {ANOTHER}")
    assert first.size
    assert time.time() - first.at < 2 * PATIENCE_SECONDS
    assert not node.state_dir.joinpath("disks", A.id).exists()
    node.want(A, state=MINE)
    assert read(node, A) == "precious"
    assert [disk.name for disk in kept(node, 1)] == [B.id]


def test_what_an_older_state_does_not_know_is_stopped_and_kept(node: NodeProcess) -> None:
    node.want(A, B, state=MINE)
    write(node, B)
    node.want(A, state=MINE)
    (disk,) = kept(node, 1)
    assert (disk.name, disk.owner, disk.reason) == (B.id, MINE, "the state does not know its instance")
    with node.connect() as connection:
        assert [report.id for report in connection.status().machines] == [A.id]
    node.want(A, B, state=MINE)
    assert read(node, B) == "precious"


def test_a_stopped_instance_that_is_known_again_has_its_disk_back(node: NodeProcess) -> None:
    stopped = machine(1, wanted=Wanted.STOPPED)
    node.want(A, state=MINE)
    write(node, A)
    node.want(stopped, state=MINE)
    node.want(state=ANOTHER)
    kept(node, 1)
    node.want(stopped, state=MINE)
    assert kept(node, 0) == ()
    assert (node.state_dir / "disks" / A.id).exists()
    with node.connect() as connection, pytest.raises(NodeError, match="which the state knows"):
        connection.delete_disks(A.id)
    again = machine(1, boot=2)
    node.want(again, state=MINE)
    assert read(node, again) == "precious"


def test_no_disk_of_an_instance_that_is_known_is_deleted_nor_any_before_that_is_said(node: NodeProcess) -> None:
    node.want(A, state=MINE)
    node.want(state=ANOTHER)
    kept(node, 1)
    node.kill()
    node.start()
    with node.connect() as connection, pytest.raises(NodeError, match="not known yet"):
        connection.delete_disks(A.id)
    node.want(A, state=MINE)
    older = node.state_dir / "kept" / f"{A.id}-2"
    older.mkdir()
    with node.connect() as connection, pytest.raises(NodeError, match="which the state knows"):
        connection.delete_disks(older.name)
    assert older.exists()


def test_only_what_has_ended_is_deleted(node: NodeProcess) -> None:
    node.want(A, B, state=MINE)
    node.want(machine(1, wanted=Wanted.TERMINATED), ended=(B.id,), state=MINE)
    assert kept(node, 0) == ()
    await_empty_trash(node)
    assert not list((node.state_dir / "disks").iterdir())


def test_one_that_was_kept_can_still_end(node: NodeProcess) -> None:
    node.want(A, state=MINE)
    node.want(state=MINE)
    kept(node, 1)
    node.want(ended=(A.id,), state=MINE)
    assert kept(node, 0) == ()


def test_an_end_is_said_again_and_again_whoever_was_killed_in_between(node: NodeProcess) -> None:
    node.want(A, B, state=MINE)
    for _ in range(2):
        node.want(machine(1, wanted=Wanted.TERMINATED), ended=(B.id,), state=MINE)
        node.kill()
        node.start()
    assert kept(node, 0) == ()
    node.want(state=MINE)
    assert kept(node, 0) == ()


def test_the_node_goes_on_without_the_directory_of_what_was_kept(node: NodeProcess) -> None:
    node.want(A, B, state=MINE)
    node.want(A, state=MINE)
    kept(node, 1)
    shutil.rmtree(node.state_dir / "kept")
    with node.connect() as connection:
        node.want(state=MINE)
        assert connection.status().faults == ()
    assert [disk.name for disk in kept(node, 1)] == [A.id]
    node.want(ended=(A.id,), state=MINE)
    assert kept(node, 0) == ()


def test_disks_that_cannot_be_listed_are_a_fault_until_they_can(node: NodeProcess) -> None:
    node.want(A, state=MINE)
    disks, away = node.state_dir / "disks", node.state_dir / "away"
    disks.rename(away)
    node.want(A, state=MINE, until=lambda events: any("disks" in subjects(event) for event in events))
    away.rename(disks)
    node.want(A, state=MINE, until=lambda events: not subjects(events[-1]))
    node.want(ended=(A.id,), state=MINE)


def subjects(event: m.Event) -> set[str]:
    return {fault.subject for fault in event.faults} if isinstance(event, m.Applied) else {""}


def test_root_deletes_those_it_names_all_or_none_and_nothing_else(node: NodeProcess) -> None:
    node.want(A, B, state=MINE)
    node.want(state=MINE)
    kept(node, 2)
    with node.connect() as connection:
        for name in ("..", "../disks", "/etc", ".", "", "i-0"):
            with pytest.raises(NodeError, match="is kept aside"):
                connection.delete_disks(B.id, name)
        connection.delete_disks(A.id)
    assert [disk.name for disk in kept(node, 1)] == [B.id]
    await_empty_trash(node)


def test_what_cannot_be_deleted_is_a_fault_and_stands_in_nobodys_way(node: NodeProcess) -> None:
    """Not even in a restart's."""
    doomed = node.state_dir / "trash" / "doomed"
    point = doomed / "below"
    point.mkdir(parents=True)
    node.kill()
    assert os.system(f"mount -t tmpfs none {point}") == 0
    try:
        node.start()
        node.want(A, state=MINE)

        def reason() -> str | None:
            with node.connect() as connection:
                return {fault.subject: fault.reason for fault in connection.status().faults}.get("doomed")

        told = eventually(reason, what="that what cannot be deleted is told")
        assert str(doomed) in told
    finally:
        os.system(f"umount {doomed}/.1 2>/dev/null || umount {point}")


@pytest.mark.parametrize("volumes", [True, False])
def test_whatever_a_guest_writes_it_can_be_terminated_and_the_node_restarted(
    node: NodeProcess, *, volumes: bool
) -> None:
    if not volumes:
        node.kill()
        node.run_dir.joinpath("faults").mkdir()
        (node.run_dir / "faults" / "volumes").touch()
        node.start()
    node.want(A, B, state=MINE)
    script = """
import os
os.chdir("/var/tmp")
for _ in range(1100):
    os.mkdir("d" * 200)
    os.chdir("d" * 200)
os.mkfifo("pipe")
os.symlink("/", "link")
"""
    node.sh(A, f"/usr/bin/python3 -c '{script}'", user="ec2-user")
    node.want(machine(1, wanted=Wanted.TERMINATED), B, state=MINE)
    node.kill()
    node.start()
    node.want(B, state=MINE)
    await_empty_trash(node)
    with node.connect() as connection:
        assert connection.status().faults == ()
