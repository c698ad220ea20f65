"""Namespaces that their names hold no longer: those in which something runs are held again."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from realvpc.fabric import kernel, namespace
from realvpc.fabric.fabric import RESERVED, Fabric
from realvpc.fabric.finding import Part
from realvpc.fabric.rtnetlink import Listing

from .hosts import bring_up, inside, link_spec, number
from .sabotage import Sabotage, assert_packets_pass, audited, look, replace_namespace, unmount
from .test_fabric import A, B, walkthrough

pytestmark = pytest.mark.root


@pytest.mark.parametrize("sabotage", [unmount(B), replace_namespace(B)], ids=["unmounted", "replaced"])
def test_the_namespace_of_a_machine_that_runs_is_held_again(fabric: Fabric, sabotage: Sabotage) -> None:
    """By the process: what the machine is in stays what it is in, connections and all."""
    bring_up(fabric, walkthrough())
    with subprocess.Popen(inside(fabric, B, "sleep", "1000")) as process:
        try:
            path = fabric.namespace(B)
            before = namespace.inode(path)
            while Path(f"/proc/{process.pid}/ns/net").stat().st_ino != before:
                pass
            sabotage(fabric)
            assert audited(fabric, {B: process.pid}) == {(Part.NAMESPACE, B)}
            assert namespace.inode(path) == before
            assert_packets_pass(fabric)
        finally:
            process.kill()


def test_a_new_process_finds_the_namespace_of_a_machine_by_its_process(fabric: Fabric) -> None:
    network = walkthrough()
    bring_up(fabric, network)
    with subprocess.Popen(inside(fabric, B, "sleep", "1000")) as process:
        try:
            before = namespace.inode(fabric.namespace(B))
            while Path(f"/proc/{process.pid}/ns/net").stat().st_ino != before:
                pass
            fabric.close()
            kernel.unmount(fabric.namespace(B))
            fabric.open()
            fabric.ensure_machine(B, (link_spec(network, network.interfaces[number("eni", 2)]),), process.pid)
            bring_up(fabric, network)
            assert namespace.inode(fabric.namespace(B)) == before
            assert_packets_pass(fabric)
        finally:
            process.kill()


@pytest.mark.parametrize("name", ["fabric", "internet", "services"])
def test_a_new_process_makes_a_namespace_anew_that_nobody_can_find_any_more(fabric: Fabric, name: str) -> None:
    bring_up(fabric, walkthrough())
    with subprocess.Popen(
        inside(fabric, name, "sleep", "1000")
    ) as process:  # as the API's sockets do, it keeps it alive
        try:
            while Path(f"/proc/{process.pid}/ns/net").stat().st_ino != namespace.inode(fabric.namespace(name)):
                pass
            fabric.close()
            kernel.unmount(fabric.namespace(name))
            fabric.open()
            bring_up(fabric, walkthrough())
            audited(fabric)
            assert_packets_pass(fabric)
        finally:
            process.kill()


def _closed(name: str, fabric: Fabric, monkeypatch: pytest.MonkeyPatch) -> None:
    enter = kernel.enter_network

    def enter_network(path: Path) -> None:
        if path == fabric.namespace(name):
            raise OSError(errno.EMFILE, "cannot be entered")
        enter(path)

    monkeypatch.setattr(kernel, "enter_network", enter_network)


@pytest.mark.parametrize("name", ["fabric", "internet", "services"])
def test_whoever_cannot_look_has_not_found_everything_well(
    fabric: Fabric, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    bring_up(fabric, walkthrough())
    with monkeypatch.context() as patched:
        _closed(name, fabric, patched)
        with pytest.raises(OSError, match="cannot be entered"):
            look(fabric)
    assert not look(fabric)


def test_a_machine_that_cannot_be_looked_into_keeps_no_audit(fabric: Fabric, monkeypatch: pytest.MonkeyPatch) -> None:
    bring_up(fabric, walkthrough())
    expected = replace(fabric.expected(), visited=frozenset({A}))
    with monkeypatch.context() as patched:
        _closed(A, fabric, patched)
        assert not fabric.look(expected, {}, served=False)


_ROUND = """
ip link set lo up; ip link add va type veth peer name vb; ip link set va up; ip link set vb up
ip address add 10.9.9.1/24 dev va; ip neighbour add 10.9.9.2 lladdr 02:00:00:00:00:09 dev va
nft add table netdev t
for name in va vb; do
    nft "add chain netdev t $name { type filter hook ingress device $name priority 0; }"
    nft "add rule netdev t $name ip daddr 10.9.9.2 fwd to $name"
done
ping -c 1 -W 0.2 10.9.9.2 || true
"""
"""A packet that goes round a pair of the machine's own, and keeps the socket that it came from."""


def test_nothing_goes_round_in_a_machine_that_is_gone(fabric: Fabric) -> None:
    network = walkthrough()
    bring_up(fabric, network)
    path = fabric.namespace(B)
    subprocess.run(inside(fabric, B, "sh", "-euc", _ROUND), check=True, capture_output=True)
    with path.open() as held:  # as the packet does
        kept = Path(f"/proc/self/fd/{held.fileno()}")
        first = _received(kept)["va"]
        while _received(kept)["va"] == first:
            pass
        fabric.remove_machine(B)
        assert set(_received(kept)) == {"lo"}


def _received(path: Path) -> dict[str, int]:
    """Packets, by device."""
    lines = namespace.run_in(path, Path("/proc/thread-self/net/dev").read_text).splitlines()[2:]
    return {name.strip(): int(counts.split()[1]) for name, _, counts in (line.partition(":") for line in lines)}


_PIMREG = """
import socket, struct
ADD_VIF, REGISTER = 202, 4
router, other = (socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP) for _ in range(2))
router.setsockopt(socket.IPPROTO_IP, 200, 1)  # MRT_INIT
other.setsockopt(socket.IPPROTO_IP, ADD_VIF, struct.pack("=HBBI8x", 0, REGISTER, 1, 0))  # stays when both are gone
"""


@pytest.mark.parametrize("group", ["default", "2147483647"], ids=["in none", "in that of what is deleted"])
def test_a_device_that_nobody_can_delete_keeps_no_other(fabric: Fabric, group: str) -> None:
    bring_up(fabric, walkthrough())
    path = fabric.namespace(B)
    subprocess.run(inside(fabric, B, sys.executable, "-c", _PIMREG), check=True)
    more = f"ip link add va type veth; ip link set pimreg up group {group}; ip link set lo group {group}"
    subprocess.run(inside(fabric, B, "sh", "-euc", more), check=True)
    with path.open() as held:
        kept = Path(f"/proc/self/fd/{held.fileno()}")
        assert {"va", "pimreg"} < set(_received(kept))
        fabric.remove_machine(B)
        assert set(_received(kept)) == {"lo", "pimreg"}
        assert not namespace.run_in(kept, _up)


def _up() -> list[str]:
    with Listing() as listing:
        return [device.name for device in listing.devices() if device.is_up]


def test_a_namespace_that_cannot_be_let_go_of_keeps_no_other(fabric: Fabric, monkeypatch: pytest.MonkeyPatch) -> None:
    bring_up(fabric, walkthrough())
    namespaces = fabric.namespace(B).parent
    stubborn = next(path for path in namespaces.iterdir() if path.name not in RESERVED)  # not the last one

    def delete_devices(path: Path) -> None:
        if path == stubborn:
            raise OSError(errno.EOPNOTSUPP, "no")

    with monkeypatch.context() as patched:
        patched.setattr("realvpc.fabric.fabric.delete_devices", delete_devices)
        with pytest.raises(OSError, match="no"):
            fabric.destroy()
    assert list(namespaces.iterdir()) == [stubborn]
    assert kernel.is_mount(namespaces.with_name("bpf"))
    fabric.destroy()
    assert not namespaces.exists()
