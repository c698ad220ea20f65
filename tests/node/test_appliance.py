"""A machine that is no instance's: the node runs it by the same steps."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from realvpc.net.machine import ApplianceSpec, Wanted
from realvpc.node import messages as m
from tests.instance.specs import link, machine
from tests.node.conftest import NodeProcess
from tests.running import eventually

pytestmark = pytest.mark.root


def appliance(wanted: Wanted = Wanted.RUNNING) -> ApplianceSpec:
    return ApplianceSpec(
        id="nat-0123456789abcd001",
        hostname="nat-gateway",
        links=(link(3),),
        vcpus=1,
        memory_bytes=64 << 20,
        wanted=wanted,
        program=("/bin/sleep", "1000"),
    )


def test_an_appliance_comes_up_beside_instances_is_adopted_and_goes(node: NodeProcess) -> None:
    node.want(machine(), appliance())
    pid = node.pid(appliance())
    assert Path(f"/proc/{pid}/cmdline").read_text() == "/bin/sleep\x001000\x00"
    inside = node.run_dir / "ns" / appliance().id
    assert Path(f"/proc/{pid}/ns/net").stat().st_ino == inside.stat().st_ino
    node.kill()
    node.start()
    assert m.MachineUp(appliance().id, 1, pid) in node.want(machine(), appliance())
    node.want(machine(), appliance(Wanted.TERMINATED))
    assert not inside.exists()
    assert node.sh(machine(), "hostname") == "ip-10-20-0-207"


def test_an_appliance_that_ends_is_reported_down(node: NodeProcess) -> None:
    node.want(appliance())
    os.kill(node.pid(appliance()), signal.SIGKILL)
    node.want(appliance(), until=lambda events: m.MachineDown(appliance().id, 1) in events)


@pytest.mark.parametrize("restarted", [False, True])
def test_of_what_is_not_to_be_any_more_an_instances_disk_is_kept_and_an_appliances_is_not(
    node: NodeProcess, *, restarted: bool
) -> None:
    node.want(machine(), appliance())
    if restarted:
        node.shut_down(Wanted.STOPPED)
        node.start()
    node.want()
    disks = node.state_dir / "disks"
    eventually(lambda: not list(disks.iterdir()), what="that no disk is left")
    with node.connect() as connection:
        assert [disk.name for disk in connection.status().kept] == [machine().id]
