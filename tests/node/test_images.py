"""Machines of foreign images, and what is done at the first boot."""

from __future__ import annotations

import gzip
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from realvpc.instance.image_store import ImageStore
from realvpc.net.machine import MachineSpec, Wanted
from realvpc.node import messages as m
from tests.instance.specs import machine
from tests.instance.systems import busybox_system
from tests.running import eventually

from .conftest import NodeProcess, running_node

pytestmark = pytest.mark.root
CONTENT = "image-0123456789abcdef0"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO7Z mine"


@pytest.fixture
def foreign(node: NodeProcess, tmp_path: Path) -> str:
    """A busybox image on the node's host."""
    ImageStore(node.state_dir / "images").add(CONTENT, busybox_system(tmp_path / "system"), lambda line: None)
    return CONTENT


def console(node: NodeProcess, spec: MachineSpec, until: str) -> str:
    """The machine's console, once this is on it."""

    def text() -> str:
        with node.connect() as connection:
            return connection.console(spec.id).decode()

    eventually(lambda: re.search(until, text()), what=f"{until!r} on the console")
    return text()


def test_a_machine_of_busybox_boots_runs_its_user_data_takes_commands_and_shuts_down(
    node: NodeProcess, foreign: str
) -> None:
    spec = machine(image=foreign, user_data=b"#!/bin/sh\nid -u; cat /etc/os-release\n", authorized_key=KEY)
    node.want(spec)
    assert 'NAME="tiny"' in console(node, spec, "tiny")
    assert node.sh(spec, "ls /usr") == "local", "no program of the host's is in it"
    assert node.sh(spec, "whoami; pwd", user="ec2-user") == "ec2-user\n/home/ec2-user"
    assert node.sh(spec, "cat ~/.ssh/authorized_keys", user="ec2-user") == KEY
    assert node.sh(spec, "stat -c '%a %u' .ssh .ssh/authorized_keys", user="ec2-user") == "700 1000\n600 1000"
    assert node.run(spec, "no-such-command")[0] == 127
    node.sh(spec, "echo kept >/etc/kept")
    node.want(machine(image=foreign, wanted=Wanted.STOPPED))
    node.want(machine(image=foreign, boot=2))
    assert node.sh(spec, "cat /etc/kept") == "kept"
    node.run(spec, "poweroff")
    eventually(
        lambda: any(isinstance(report, m.MachineDown) for report in _reports(node)),
        what="that the machine is down",
    )


def _reports(node: NodeProcess) -> Sequence[object]:
    with node.connect() as connection:
        return connection.status().machines


def test_a_disk_stays_on_its_image_when_the_node_starts_again(node: NodeProcess, foreign: str) -> None:
    node.want(machine(image=foreign))
    node.kill()
    node.start()
    node.want(machine(image=foreign, boot=2))
    assert node.sh(machine(), "cat /etc/os-release") == 'NAME="tiny"'
    assert (node.state_dir / "images" / foreign).is_dir()


def test_an_image_that_is_not_here_is_named(node: NodeProcess) -> None:
    events = node.want(
        machine(image=CONTENT), until=lambda events: any(isinstance(event, m.MachineFailed) for event in events)
    )
    (failed,) = (event for event in events if isinstance(event, m.MachineFailed))
    assert f"{CONTENT} is not on this host" in failed.reason


USER_DATA: dict[str, tuple[bytes, str]] = {
    "script": (b"#!/bin/sh\necho hello $((40 + 2))\n", "hello 42"),
    "gzip": (gzip.compress(b"#!/bin/sh\necho hello $((40 + 2))\n"), "hello 42"),
    "cloud-config": (
        b"#cloud-config\npackages: [x]\n",
        "'#cloud-config' is for cloud-init, which this image does not have",
    ),
    "multipart": (
        b"Content-Type: multipart/mixed\n\nx",
        "is for cloud-init, which this image does not have",
    ),
    "bytes": (b"\x00\xff\xfe words", "user data is no script"),
    "unknown interpreter": (b"#!/bin/nothing\n", "not found"),
}
"""With what is said of it."""


@pytest.fixture(scope="module")
def told() -> Iterator[dict[str, tuple[str, str]]]:
    """What machines with these user data said: in the log at the first boot, and on the console after the second."""
    with running_node() as node:
        specs = {name: machine(number, user_data=data) for number, (name, (data, _)) in enumerate(USER_DATA.items(), 1)}
        node.want(*specs.values())
        logs = {}
        for name, spec in specs.items():
            console(node, spec, re.escape(USER_DATA[name][1]))
            logs[name] = node.sh(spec, "cat /var/log/cloud-init-output.log")
        node.want(*(replace(spec, boot=2) for spec in specs.values()))
        time.sleep(0.3)
        with node.connect() as connection:
            yield {name: (logs[name], connection.console(spec.id).decode()) for name, spec in specs.items()}


@pytest.mark.parametrize("kind", USER_DATA)
def test_what_becomes_of_user_data_is_said_on_the_console_and_in_the_log(
    told: dict[str, tuple[str, str]], kind: str
) -> None:
    _, said = USER_DATA[kind]
    log, shown = told[kind]
    assert said in log
    assert shown.count(said) == 1, "once, at the first boot"
