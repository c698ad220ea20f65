"""A machine's disk has the size of its volume, whatever it writes there is its own affair, and so is its console."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from realvpc.instance.disk import ROOT_DEVICE
from realvpc.net.machine import MachineSpec
from realvpc.node.messages import Fault
from tests.instance.specs import machine
from tests.node.conftest import NodeProcess, running_node

pytestmark = pytest.mark.root

SMALL, NEIGHBOUR = machine(1, volume_bytes=80 << 20), machine(2, volume_bytes=1 << 30)


@pytest.fixture(scope="module")
def node() -> Iterator[NodeProcess]:
    with running_node() as running:
        running.want(SMALL, NEIGHBOUR)
        yield running


def test_it_sees_the_size_of_its_volume(node: NodeProcess) -> None:
    sizes = [_size(node, spec) for spec in (SMALL, NEIGHBOUR)]
    assert 60 << 20 < sizes[0] <= 80 << 20
    assert 900 << 20 < sizes[1] <= 1 << 30


def test_its_root_is_known_to_the_host(node: NodeProcess) -> None:
    """By which what its first process sees is believed to be its disk."""
    [home] = node.state_dir.rglob(f"disks/{SMALL.id}")
    assert node.sh(SMALL, "stat -c %d /") == (home / ROOT_DEVICE).read_text()


@pytest.mark.parametrize("place", ["/var/tmp", "/usr/local/lib"])
def test_it_fills_its_own_disk_and_nobody_elses(node: NodeProcess, place: str) -> None:
    code, output = node.run(SMALL, "dd", "if=/dev/zero", f"of={place}/full", "bs=64k")
    assert (code, "No space left on device" in output) == (1, True)
    assert node.sh(NEIGHBOUR, f"echo fine >{place}/file && sync && cat {place}/file") == "fine"
    node.sh(SMALL, f"rm {place}/full && sync && echo fine >{place}/file")


def test_it_cannot_have_more_files_than_fit(node: NodeProcess) -> None:
    script = "mkdir /var/tmp/many; cd /var/tmp/many; /usr/bin/python3 -c 'while 1: open(str(n := 0), \"x\")' 2>&1; "
    script = script.replace('while 1: open(str(n := 0), "x")', 'for n in range(1 << 20): open(str(n), "x").close()')
    assert "No space left on device" in node.sh(SMALL, script + "rm -r /var/tmp/many")


def test_a_volume_is_as_it_was_after_the_machine_was_stopped(node: NodeProcess) -> None:
    node.sh(SMALL, "echo kept >/root/file")
    again = machine(1, volume_bytes=80 << 20, boot=2)
    node.want(again, NEIGHBOUR)
    assert node.sh(again, "cat /root/file /etc/hostname").split() == ["kept", SMALL.hostname]


def test_a_disk_that_cannot_grow_is_a_fault_until_it_can(node: NodeProcess) -> None:
    spec = machine(3, volume_bytes=80 << 20)
    node.want(spec, NEIGHBOUR)
    [home] = node.state_dir.rglob(f"disks/{spec.id}")
    (home / ".volume.larger").mkdir()
    larger = replace(spec, volume_bytes=160 << 20, boot=2)
    node.want(larger, NEIGHBOUR)
    assert _size(node, larger) < 80 << 20
    assert [each.subject for each in _faults(node)] == [f"disk of {spec.id}"]
    (home / ".volume.larger").rmdir()
    again = replace(larger, boot=3)
    node.want(again, NEIGHBOUR)
    assert _size(node, again) > 130 << 20
    assert not _faults(node)


def _size(node: NodeProcess, spec: MachineSpec) -> int:
    return int(node.sh(spec, "df --output=size -B1 / | tail -1"))


def _faults(node: NodeProcess) -> tuple[Fault, ...]:
    with node.connect() as connection:
        return connection.status().faults


def test_nobody_waits_for_a_machine_that_wants_its_console_for_itself(node: NodeProcess) -> None:
    """A lease would make whoever opens the log wait for 45 seconds."""
    script = """
import fcntl, os, signal
signal.signal(signal.SIGIO, signal.SIG_IGN)
for number in (1, 2):
    fd = os.open(f"/proc/1/fd/{number}", os.O_WRONLY | os.O_APPEND)
    os.write(fd, b"a line\\n")
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    except OSError as error:
        print(error.errno)
for attempt in (lambda: os.fchmod(fd, 0), lambda: os.fchown(fd, 1000, 1000), lambda: open("/proc/1/fd/1").read()):
    try:
        attempt()
    except OSError as error:
        print(error.errno)
"""
    assert set(node.sh(NEIGHBOUR, f"/usr/bin/python3 -c '{script}'").split()) <= {"1", "13", "22"}, "nothing works"
    with node.connect() as connection:
        assert connection.console(NEIGHBOUR.id).endswith(b"a line\na line\n")


def test_it_does_not_learn_where_on_the_host_its_disk_is(node: NodeProcess) -> None:
    found = node.sh(NEIGHBOUR, "cat /proc/mounts; ls -lR /sys/block/ /sys/devices/virtual/block 2>&1; ls -l /proc/1/fd")
    assert str(node.state_dir) not in found
    assert "backing_file" not in found
