"""A machine that starts its system again by itself, as its root may at any time."""

from __future__ import annotations

import pytest

from realvpc.node import messages as m
from tests.instance.specs import machine
from tests.node.conftest import NodeProcess
from tests.running import eventually

pytestmark = pytest.mark.root


@pytest.mark.parametrize("command", ["reboot", "shutdown -r now"])
def test_the_machine_stays_and_its_processes_are_new(node: NodeProcess, command: str) -> None:
    spec = machine(user_data=b"#!/bin/sh\necho ran >>/root/runs\n")
    node.want(spec)
    eventually(lambda: node.run(spec, "cat", "/root/runs") == (0, "ran\n"), what="the user data")
    before = node.pid(spec), node.sh(spec, "cat /etc/resolv.conf")
    node.sh(spec, "(trap '' HUP TERM; exec sleep 4567) >/dev/null 2>&1 </dev/null &")
    assert node.run(spec, "pgrep", "-x", "sleep", "-a")[1].count("sleep 4567") == 1
    node.run(spec, *command.split())

    def is_back() -> bool:
        with node.connect() as connection:
            output = connection.console(spec.id)
        return b"starts again" in output and "sleep 4567" not in node.run(spec, "pgrep", "-x", "sleep", "-a")[1]

    eventually(is_back, what="the new start, without what would not end")
    assert (node.pid(spec), node.sh(spec, "cat /etc/resolv.conf")) == before
    assert node.sh(spec, "cat /root/runs") == "ran", "user data is for the first boot"
    node.run(spec, "poweroff")
    node.want(spec, until=lambda events: m.MachineDown(spec.id, 1) in events)
