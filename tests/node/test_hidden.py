"""What a machine's root sees of the host: neither its disks nor its hardware, and all that programs need."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.instance.specs import machine
from tests.node.conftest import NodeProcess, running_node

pytestmark = pytest.mark.root
SPEC = machine(1, pids=200)
DISKS = {path.name for path in Path("/sys/block").iterdir()} if Path("/sys/block").exists() else set()
HARDWARE = {path.name for path in Path("/sys/devices").iterdir()} - {"system", "virtual"}


@pytest.fixture(scope="module")
def node() -> Iterator[NodeProcess]:
    with running_node() as running:
        running.want(SPEC)
        yield running


def test_no_disk_of_the_host_has_a_name_there(node: NodeProcess) -> None:
    """A volume of its own is a loop device of the host's: so there is one disk at least."""
    seen = node.sh(SPEC, "find /sys -path /sys/module -prune -o -print 2>/dev/null")
    assert not DISKS & {part for path in seen.splitlines() for part in path.split("/")}
    for table in ("partitions", "diskstats", "swaps", "mdstat"):
        assert node.sh(SPEC, f"cat /proc/{table} 2>/dev/null || :") == ""
    assert node.sh(SPEC, "ls /proc/fs") == ""


def test_nothing_of_its_hardware_can_be_entered(node: NodeProcess) -> None:
    for name in sorted(HARDWARE):
        assert node.sh(SPEC, f"ls -A '/sys/devices/{name}'") == ""
    for path in ("/sys/bus", "/sys/class/dmi", "/sys/firmware", "/sys/kernel/iommu_groups", "/proc/bus", "/proc/irq"):
        assert node.sh(SPEC, f"ls -A {path} 2>/dev/null || :") == ""


def test_nor_how_it_was_started_or_what_others_do(node: NodeProcess) -> None:
    for name in ("cmdline", "kallsyms", "iomem", "ioports", "keys", "locks", "interrupts", "softirqs", "zoneinfo"):
        assert node.sh(SPEC, f"cat /proc/{name} 2>/dev/null || :") == ""
    assert node.sh(SPEC, "ls /proc/pressure 2>/dev/null || :") == ""


def test_what_programs_need_is_there(node: NodeProcess) -> None:
    assert node.sh(SPEC, "nproc") == str(os.cpu_count())
    assert node.sh(SPEC, "cat /sys/class/net/lo/address") == "00:00:00:00:00:00"
    for command in ("free", "ps aux", "df /", "uptime", "ip address", "mount", "top -bn1", "lscpu", "vmstat"):
        program = command.split()[0]
        if node.run(SPEC, "sh", "-c", f"command -v {program}")[0] == 0:
            assert node.sh(SPEC, f"{command} 2>&1"), command
