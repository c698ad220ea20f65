"""A machine that takes all it can get takes no more than its instance type has, and the others do not notice."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from realvpc.instance import cgroups
from realvpc.instance.cgroups import Layout
from realvpc.net.machine import MachineSpec
from tests.instance.specs import machine
from tests.node.conftest import NodeProcess, running_node
from tests.running import eventually

pytestmark = pytest.mark.root

GREEDY = machine(1, vcpus=0.5, memory_bytes=96 << 20, pids=60)
NEIGHBOUR = machine(2)


@pytest.fixture(scope="module")
def node() -> Iterator[NodeProcess]:
    with running_node() as running:
        limits = cgroups.probe(running.group)
        if not limits.enforced:
            pytest.skip(str(limits))
        running.want(GREEDY, NEIGHBOUR)
        yield running


def setting(node: NodeProcess, spec: MachineSpec, v1: str, v2: str) -> str:
    """A file of the machine's control group, by its name in either layout."""
    group = Path(node.group) / spec.id
    if cgroups.probe(node.group).layout is Layout.V2:
        return (cgroups.ROOT / group / v2).read_text().strip()
    return (cgroups.ROOT / v1.split(".")[0] / group / v1).read_text().strip()


def test_the_limits_of_the_instance_type_are_set(node: NodeProcess) -> None:
    assert setting(node, GREEDY, "memory.limit_in_bytes", "memory.max") == str(96 << 20)
    assert setting(node, GREEDY, "pids.max", "pids.max") == "60"
    assert setting(node, GREEDY, "cpu.cfs_quota_us", "cpu.max").split()[0] == "50000"
    assert setting(node, NEIGHBOUR, "cpu.cfs_quota_us", "cpu.max").split()[0] == "100000"


def test_it_has_no_swap(node: NodeProcess) -> None:
    if cgroups.probe(node.group).covers_swap:
        assert setting(node, GREEDY, "memory.memsw.limit_in_bytes", "memory.swap.max") in (str(96 << 20), "0")


def test_a_fork_bomb_stays_inside(node: NodeProcess) -> None:
    node.run(GREEDY, "bash", "-c", "bomb() { bomb | bomb & }; bomb 2>/dev/null")

    def processes() -> int:
        count = int(setting(node, GREEDY, "pids.current", "pids.current"))
        assert count <= 60
        return count

    eventually(lambda: processes() >= 50, what="that it has fifty processes")
    assert node.sh(NEIGHBOUR, "echo fine") == "fine"
    subprocess.run(["true"], check=True)
    node.want(machine(1, vcpus=0.5, memory_bytes=96 << 20, pids=60, boot=2), NEIGHBOUR)
    assert node.sh(GREEDY, "echo up again") == "up again"


def test_a_memory_bomb_kills_nobody_else(node: NodeProcess) -> None:
    pids = [node.pid(GREEDY), node.pid(NEIGHBOUR)]
    code, _ = node.run(GREEDY, "/usr/bin/python3", "-c", "taken = bytearray(b'x') * (512 << 20)")
    assert code == 137, "the kernel ends it"
    code, _ = node.run(NEIGHBOUR, "/usr/bin/python3", "-c", "taken = bytearray(b'x') * (64 << 20)")
    assert code == 0
    assert [node.pid(GREEDY), node.pid(NEIGHBOUR)] == pids
    assert node.sh(GREEDY, "echo fine") == "fine"


@pytest.mark.parametrize(("place", "part"), [("/dev/shm", 2), ("/run", 5)])
def test_what_it_writes_to_memory_leaves_enough_to_run_on(node: NodeProcess, place: str, part: int) -> None:
    node.run(GREEDY, "sh", "-c", f"dd if=/dev/zero of={place}/full bs=64k")
    taken = f"stat -c %s {place}/full; df -B1 --output=used {place} | tail -1; rm {place}/full"
    written, used = map(int, node.sh(GREEDY, taken).split())
    assert 0 <= used - (96 << 20) // part < 4096, "a part of it, in whole pages"
    assert used - written < 1 << 16, "but for what others have there, as sshd its pid"


def test_it_does_not_get_what_the_file_system_reserves_for_root(tmp_path: Path) -> None:
    """A machine may fill the host's disk, but not to the last block: the host goes on."""
    image, disk = tmp_path / "image", tmp_path / "disk"
    disk.mkdir()
    with image.open("wb") as file:
        file.truncate(96 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-m", "25", str(image)], check=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(disk)], check=True)
    try:
        with running_node(disks=disk) as node:
            node.want(GREEDY)
            assert "No space left on device" in node.run(GREEDY, "dd", "if=/dev/zero", "of=/tmp/full", "bs=64k")[1]
            written = int(node.sh(GREEDY, "sync && wc -c </tmp/full"))
            assert written > 1 << 20
            space = os.statvfs(disk)
            assert space.f_bavail * space.f_frsize > 1 << 20, "something is left for others"
            assert space.f_bfree * space.f_frsize > 16 << 20, "and for root a quarter"
            node.sh(GREEDY, "md5sum /tmp/full && touch /tmp/other && rm /tmp/full && sync")
            with node.connect() as connection:
                assert "disk" in {fault.subject for fault in connection.status().faults}
    finally:
        subprocess.run(["umount", str(disk)], check=True)
