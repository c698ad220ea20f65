"""What is done to a node's machines, links and files behind its back is mended, or said; packets pass again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from realvpc.fabric import kernel
from realvpc.fabric.bpf import build
from realvpc.fabric.link import fabric_name
from realvpc.fabric.plan import compile_plan
from realvpc.net.machine import Wanted
from realvpc.net.network import Network
from realvpc.node import messages as m
from realvpc.node.audit import AUDIT_SECONDS
from tests.instance.specs import machine
from tests.node.conftest import NodeProcess, running_node
from tests.packets.hosts import host, link_spec, number, vpc
from tests.patience import PATIENCE_SECONDS
from tests.running import eventually

pytestmark = pytest.mark.root

A_ADDRESS, B_ADDRESS = "10.20.0.7", "10.20.0.8"
REAL_FABRIC = Path(__file__).parent / "real_fabric.py"
NETWORK = Network.of(*vpc(1, "10.20.0.0/16"), *host(1, 1, A_ADDRESS), *host(2, 1, B_ADDRESS))
A, B = (
    machine(id=number("i", index), links=(link_spec(NETWORK, row),), pids=100)
    for index, row in enumerate(NETWORK.interfaces.values(), 1)
)
LINK = fabric_name(B.links[0].interface_id)


@pytest.fixture(scope="module")
def real() -> Iterator[NodeProcess]:
    build.main()
    with running_node(REAL_FABRIC) as running:
        running.plan = compile_plan(NETWORK)
        running.want(A, B)
        yield running


def test_nobody_but_root_looks_into_what_the_node_keeps(real: NodeProcess) -> None:
    directories = {path.name: path.stat().st_mode & 0o777 for path in real.run_dir.iterdir() if path.is_dir()}
    assert directories == dict.fromkeys(("bpf", "consoles", "crun", "exec", "ns"), 0o700) | {"machines": 0o711}


def in_namespace(node: NodeProcess, name: str, *command: str) -> None:
    subprocess.run(["nsenter", f"--net={node.run_dir / 'ns' / name}", *command], check=True)


def audit(node: NodeProcess) -> m.StatusIs:
    with node.connect() as connection:
        return connection.audit()


def assert_packets_pass(node: NodeProcess) -> None:
    for near, far in ((A, B_ADDRESS), (B, A_ADDRESS)):
        node.sh(near, f"ping -c 3 -i 0.2 -W 1 {far}")


SABOTAGES: dict[str, tuple[Callable[[NodeProcess], object], str]] = {
    "the link of a machine": (lambda node: in_namespace(node, "fabric", "ip", "link", "delete", LINK), B.id),
    "a link is down": (lambda node: in_namespace(node, "fabric", "ip", "link", "set", LINK, "down"), B.id),
    "its program": (lambda node: (node.run_dir / "bpf" / "links" / LINK).unlink(), B.id),
    "the fabric's namespace": (lambda node: kernel.unmount(node.run_dir / "ns" / "fabric"), "fabric"),
    "a machine's namespace": (lambda node: kernel.unmount(node.run_dir / "ns" / B.id), B.id),
    "the bpffs": (lambda node: kernel.unmount(node.run_dir / "bpf"), "pins"),
    "an edge": (lambda node: in_namespace(node, "services", "ip", "link", "delete", "eth0"), "services"),
}


@pytest.mark.parametrize("what", SABOTAGES)
def test_what_is_taken_away_is_back_after_an_audit_and_said(real: NodeProcess, what: str) -> None:
    sabotage, subject = SABOTAGES[what]
    assert not audit(real).faults
    pids = [real.pid(spec) for spec in (A, B)]
    before = time.time()
    sabotage(real)
    status = audit(real)
    assert not status.faults
    assert subject in {each.subject for each in status.repairs if each.at >= before}
    assert_packets_pass(real)
    assert [real.pid(spec) for spec in (A, B)] == pids, "the machines went on"


def test_audits_find_nothing_in_what_the_node_does_itself(real: NodeProcess) -> None:
    """Machines come and go, and it is looked all the time."""
    before = time.time()
    gone = threading.Event()
    faults: set[m.Fault] = set()

    def keep_looking() -> None:
        while not gone.is_set():
            faults.update(each for each in audit(real).faults if each.subject != "listeners")  # nobody serves here

    looking = threading.Thread(target=keep_looking)
    looking.start()
    try:
        for boot in range(1, 6):
            others = [machine(number, boot=boot, pids=100) for number in range(10, 14)]
            real.want(A, B, *others)
            real.want(A, B, *(replace(each, wanted=Wanted.STOPPED) for each in others))
        real.want(A, B, *(replace(each, wanted=Wanted.TERMINATED) for each in others))
    finally:
        gone.set()
        looking.join()
    assert not faults
    assert not [each for each in audit(real).repairs if each.at >= before]


def test_nobody_has_to_ask_for_an_audit(real: NodeProcess) -> None:
    before = time.time()
    in_namespace(real, "fabric", "ip", "link", "set", LINK, "down")
    with real.connect() as connection:
        eventually(
            lambda: any(each.at >= before for each in connection.status().repairs),
            within=AUDIT_SECONDS + PATIENCE_SECONDS,
            what="a repair",
        )
    assert_packets_pass(real)


def put_a_file(path: Path) -> None:
    path.unlink()
    path.touch()


def put_a_directory(path: Path) -> None:
    path.unlink()
    (path / "one").mkdir(parents=True)


@pytest.mark.parametrize("sabotage", [Path.unlink, put_a_file, put_a_directory, lambda path: path.chmod(0o666)])
def test_the_socket_is_made_anew_and_who_was_connected_stays(
    real: NodeProcess, sabotage: Callable[[Path], object]
) -> None:
    with real.connect() as connection:
        sabotage(real.socket)
        status = connection.audit()
        assert status.repairs[-1].subject == "node.sock"
        with real.connect() as another:
            assert another.pid == connection.pid


def test_a_node_that_was_away_mends_what_was_done_meanwhile(real: NodeProcess) -> None:
    pids = [real.pid(spec) for spec in (A, B)]
    real.kill()
    kernel.unmount(real.run_dir / "ns" / B.id)
    in_namespace(real, "fabric", "ip", "link", "delete", fabric_name(A.links[0].interface_id))
    shutil.rmtree(real.run_dir / "bpf" / "links")
    real.start()
    real.want(A, B)
    assert not audit(real).faults
    assert_packets_pass(real)
    assert [real.pid(spec) for spec in (A, B)] == pids


def test_a_machine_whose_init_is_killed_is_reported_down(real: NodeProcess) -> None:
    os.kill(real.pid(B), signal.SIGKILL)
    real.want(A, B, until=lambda events: m.MachineDown(B.id, 1) in events)
    again = machine(id=B.id, links=B.links, pids=100, boot=2)
    real.want(A, again)
    assert_packets_pass(real)
    real.want(A, machine(id=B.id, links=B.links, pids=100, boot=2))


def test_what_cannot_be_mended_is_a_fault_for_whoever_listens(real: NodeProcess) -> None:
    """crun is made to forget a machine; it goes on, and the fault is told with the revision that is applied."""
    states = real.run_dir / "crun"
    away = real.run_dir / "away"
    (states / A.id).rename(away)
    try:
        faults = audit(real).faults
        assert [each.subject for each in faults] == [A.id]
        events = real.want(
            A,
            machine(id=B.id, links=B.links, pids=100, boot=2),
            until=lambda events: any(isinstance(each, m.Applied) and each.faults for each in events),
        )
        assert any(isinstance(each, m.Applied) and each.faults == faults for each in events)
    finally:
        away.rename(states / A.id)
    assert not audit(real).faults
