"""A machine that a full disk kept from starting starts when it is asked to, once there is room."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from realvpc.instance.disk import DEVICE
from realvpc.net.machine import MachineSpec, Wanted
from realvpc.node import messages as m
from tests.instance.specs import machine
from tests.node.conftest import NodeProcess, running_node

pytestmark = pytest.mark.root


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    image, disk = place / "image", place / "disk"
    disk.mkdir()
    with image.open("wb") as file:
        file.truncate(96 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(image)], check=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(disk)], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path) -> Path:
    """To the last block."""
    path = disk / "others"
    for size in (1 << 20, 1 << 12):
        with suppress(OSError), path.open("ab", buffering=0) as file:
            while file.write(b"x" * size) == size:
                pass
    return path


def spec(boot: int, wanted: Wanted = Wanted.RUNNING) -> MachineSpec:
    return machine(1, pids=100, boot=boot, wanted=wanted)


def assert_given_up(node: NodeProcess, boot: int) -> None:
    events = node.want(spec(boot), until=lambda events: any(isinstance(each, m.MachineFailed) for each in events))
    (failed,) = (each for each in events if isinstance(each, m.MachineFailed))
    assert "the host's disk is full" in failed.reason
    node.want(spec(boot, Wanted.STOPPED))


@pytest.mark.parametrize("has_disk", [False, True])
def test_a_machine_that_was_given_up_starts_with_the_next_boot(tmp_path: Path, *, has_disk: bool) -> None:
    with small_disk(tmp_path) as disk, running_node(disks=disk) as node:
        if has_disk:
            node.want(spec(1))
            node.sh(spec(1), "echo precious >/root/file; sync")
            node.want(spec(1, Wanted.STOPPED))
        others = fill(disk)
        assert_given_up(node, 2)
        assert_given_up(node, 3)
        others.unlink()
        node.want(spec(4))
        if has_disk:
            assert node.sh(spec(4), "cat /root/file") == "precious"


def test_that_the_disk_is_full_is_said_although_a_file_of_one_machine_is_lost(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk, running_node(disks=disk) as node:
        node.want(spec(1))
        [noted] = disk.rglob(DEVICE)

        def is_said(events: list[m.Event]) -> bool:
            applied = [each for each in events if isinstance(each, m.Applied)]
            if applied and noted.exists():
                noted.unlink()
                fill(disk)
            return any(fault.subject == "disk" for each in applied for fault in each.faults)

        node.want(spec(1), until=is_said)
