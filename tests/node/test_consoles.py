"""A machine's console takes no more of the host than it may, and is shown whatever ends in between."""

from __future__ import annotations

import subprocess

import pytest

from realvpc.net.machine import MachineSpec, Wanted
from tests.instance.specs import machine
from tests.node.conftest import NodeProcess
from tests.running import eventually

pytestmark = pytest.mark.root

SPEC = machine()


def console(node: NodeProcess, spec: MachineSpec) -> bytes:
    with node.connect() as connection:
        return connection.console(spec.id)


def await_console(node: NodeProcess, spec: MachineSpec, text: bytes) -> None:
    eventually(lambda: text in console(node, spec), what=f"{text!r} on the console")


GREEDY = {
    "it writes": "while True: os.write(fd, bytes(1 << 16))",
    "it allocates": "libc.fallocate(fd, 1, ctypes.c_long(0), ctypes.c_long(1 << 30))",
    "it makes it long": "os.ftruncate(fd, 1 << 40); os.write(fd, b'x')",
    "it allocates piece by piece": """
for piece in range(1 << 12):
    assert libc.fallocate(fd, 1, ctypes.c_long(piece << 20), ctypes.c_long(1 << 20)) == 0""",
    "it notes things beside": "os.setxattr(fd, 'user.x', bytes(1 << 15))",
}


@pytest.mark.parametrize("how", GREEDY)
def test_its_console_takes_no_room_of_the_hosts_whatever_it_does_and_goes_on(node: NodeProcess, how: str) -> None:
    script = f"""
import ctypes, os
libc = ctypes.CDLL(None)
fd = os.open("/proc/1/fd/1", os.O_WRONLY | os.O_APPEND)
try:
    exec({GREEDY[how]!r})
except (OSError, AssertionError):
    pass
"""
    node.want(SPEC)
    node.run(SPEC, "/usr/bin/python3", "-c", script)
    log = node.run_dir / "consoles" / SPEC.id / "console.log"
    assert log.stat().st_blocks * 512 <= 2 << 20
    assert log.parent.is_mount()
    assert not (node.state_dir / "disks" / SPEC.id / "console.log").exists()
    word = how.replace(" ", "-")
    node.sh(SPEC, f"until echo {word} >>/proc/1/fd/1; do sleep 0.1; done 2>/dev/null")
    await_console(node, SPEC, word.encode())
    assert node.sh(SPEC, "cat /proc/1/comm") in ("sh", "init")


def test_its_console_is_shown_whoever_ends_in_between(node: NodeProcess) -> None:
    again = machine(boot=2)
    node.want(SPEC)
    node.sh(SPEC, "echo the first boot >>/proc/1/fd/1")
    node.kill()
    node.start()
    node.want(SPEC)
    node.sh(SPEC, "echo the second node >>/proc/1/fd/1")
    node.want(machine(wanted=Wanted.STOPPED))
    assert console(node, SPEC).endswith(b"the first boot\nthe second node\n")
    assert not (node.run_dir / "consoles" / SPEC.id).exists(), "nothing stays mounted"
    node.want(again)
    node.sh(again, "echo the second boot >>/proc/1/fd/1")
    await_console(node, again, b"the first boot\nthe second node\nthe second boot\n")
    node.want(machine(boot=2, wanted=Wanted.TERMINATED))
    assert not (node.run_dir / "consoles" / SPEC.id).exists()


def test_a_console_that_a_killed_node_left_is_put_away(node: NodeProcess) -> None:
    node.kill()
    place = node.run_dir / "consoles" / SPEC.id
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tests", str(place)], check=True)
    node.start()
    assert not place.exists()
