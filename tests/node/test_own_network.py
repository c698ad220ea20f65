"""Root in a machine configures its own network, well or badly: nobody else feels it, and nobody puts it right.

Decision 0040.  Everything is done for real and by root of a machine, on the real fabric.
"""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from realvpc.fabric.bpf import build
from realvpc.fabric.plan import compile_plan
from realvpc.net.machine import MachineSpec
from realvpc.net.network import Network
from realvpc.node import messages as m
from tests.instance.specs import machine
from tests.node import attempts
from tests.node.conftest import NodeProcess, running_node
from tests.packets.hosts import ALL_IN, ALL_OUT, host, link_spec, number, vpc
from tests.running import eventually

pytestmark = pytest.mark.root

A_ADDRESS, B_ADDRESS = "10.20.0.7", "10.20.0.8"
_ROUNDS = 100  # of devices that are made and deleted while a machine starts: it is some five
REAL_FABRIC = Path(__file__).parent / "real_fabric.py"


@pytest.fixture(scope="module")
def node() -> Iterator[NodeProcess]:
    build.main()
    with running_node(REAL_FABRIC) as running:
        yield running


@pytest.fixture
def pair(node: NodeProcess) -> tuple[MachineSpec, MachineSpec]:
    """Two machines in one subnet, just started: the first one is the hostile one."""
    network = Network.of(
        *vpc(1, "10.20.0.0/16", rules=(ALL_IN, ALL_OUT)), *host(1, 1, A_ADDRESS), *host(2, 1, B_ADDRESS)
    )
    node.plan = compile_plan(network)
    boot = time.monotonic_ns()  # each test has others
    first, second = (
        machine(id=number("i", index), links=(link_spec(network, network.interfaces[number("eni", index)]),), boot=boot)
        for index in (1, 2)
    )
    node.want(first, second)
    return first, second


def audit(node: NodeProcess) -> m.StatusIs:
    with node.connect() as connection:
        return connection.audit()


def found(node: NodeProcess) -> list[m.Fault]:
    """By an audit; nobody serves here."""
    return [fault for fault in audit(node).faults if fault.subject != "listeners"]


def reaches(node: NodeProcess, spec: MachineSpec, address: str) -> bool:
    return node.run(spec, "ping", "-c", "1", "-W", "2", address)[0] == 0


def test_root_may_do_there_what_root_may(node: NodeProcess, pair: tuple[MachineSpec, MachineSpec]) -> None:
    code, output = node.run(pair[0], "/usr/bin/python3", "-c", attempts.script(attempts.OWN_NETWORK))
    assert code == 0
    assert {line.rpartition(": ")[2] for line in output.strip().splitlines()} == {"done"}, output
    assert reaches(node, pair[1], A_ADDRESS)


@pytest.mark.parametrize(
    "what",
    [
        "ip link set eth0 down",
        "ip link set eth0 down; ip link set eth0 name wan",
        "ip link set lo down; ip link set lo name low",
        "ip address flush dev eth0",
        "ip route flush table main",
        "ip rule flush",
        "ip rule add priority 1 blackhole",
        "ip link set eth0 mtu 600",
        "ip link set eth0 address 02:00:00:00:00:66",
        "sysctl -qw net.ipv4.conf.all.disable_policy=1 net.ipv6.conf.all.disable_ipv6=1",
        "for i in $(seq 100); do ip link add br$i type bridge; done",
        "ip address add 10.20.0.1/32 dev lo; ip address add 169.254.169.254/32 dev lo",
        "ip neighbour replace 10.20.0.1 lladdr 02:00:00:00:00:77 dev eth0",
        "tc qdisc replace dev eth0 root tbf rate 8bit burst 10b limit 10",
    ],
)
def test_what_it_does_is_its_own_business_and_gone_with_a_reboot(
    node: NodeProcess, pair: tuple[MachineSpec, MachineSpec], what: str
) -> None:
    hostile, neighbour = pair
    node.sh(hostile, what)
    assert not found(node)
    assert reaches(node, neighbour, "10.20.0.8")
    again = replace(hostile, boot=hostile.boot + 1)
    node.want(again, neighbour)
    assert node.sh(again, "ip -brief link | cut -d' ' -f1 | cut -d@ -f1 | sort | xargs") == "eth0 lo"
    assert reaches(node, again, B_ADDRESS)
    assert reaches(node, neighbour, A_ADDRESS)


def test_a_deleted_interface_is_plugged_in_again(node: NodeProcess, pair: tuple[MachineSpec, MachineSpec]) -> None:
    hostile, neighbour = pair
    for _ in range(2):
        node.sh(hostile, "ip link delete eth0")
        status = audit(node)
        assert hostile.id in {each.subject for each in status.repairs}
        assert not found(node)
        assert reaches(node, neighbour, A_ADDRESS)


def test_what_the_node_could_not_set_up_is_said_and_set_up_with_the_next(
    node: NodeProcess, pair: tuple[MachineSpec, MachineSpec]
) -> None:
    """No audit looks inside: whoever started with no default route would be called well for ever."""
    first, neighbour = pair
    [link] = first.links
    lame = replace(first, boot=first.boot + 1, links=(replace(link, gateway="192.0.2.1"),))
    events = node.want(lame, neighbour, until=lambda events: any(isinstance(each, m.MachineFailed) for each in events))
    [failed] = [each for each in events if isinstance(each, m.MachineFailed)]
    assert (failed.id, failed.boot) == (lame.id, lame.boot)
    assert "unreachable" in failed.reason
    again = replace(first, boot=first.boot + 2)
    node.want(again, neighbour)
    assert reaches(node, again, B_ADDRESS)


def test_a_link_that_cannot_be_plugged_in_again_is_a_fault_until_it_can(
    node: NodeProcess, pair: tuple[MachineSpec, MachineSpec]
) -> None:
    first, neighbour = pair
    node.sh(first, "ip link delete eth0; ip link set lo down; ip link set lo name eth0")
    [fault] = found(node)
    assert fault.subject == first.id
    assert "has lost its link and cannot be mended" in fault.reason
    events = node.want(first, neighbour, until=lambda events: any(isinstance(each, m.Applied) for each in events))
    assert fault in [each for said in events if isinstance(said, m.Applied) for each in said.faults]
    assert reaches(node, neighbour, B_ADDRESS)
    node.sh(first, "ip link set eth0 name lo")
    assert not found(node)
    assert reaches(node, neighbour, A_ADDRESS)


def test_no_netlink_message_leads_into_another_namespace(
    node: NodeProcess, pair: tuple[MachineSpec, MachineSpec]
) -> None:
    """The far end of eth0 is in one that has a number (IFLA_TARGET_NETNSID): no device goes or is made there."""
    script = """
        import os, socket, struct

        def attribute(kind, value):
            return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)

        def ask(kind, flags, index, *attributes):
            body = struct.pack("=BxHiII", 0, 0, index, 0, 0) + b"".join(attributes)
            netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
            netlink.send(struct.pack("=IHHII", 16 + len(body), kind, flags | 5, 1, 0) + body)
            return os.strerror(-struct.unpack("=4xH10xi", netlink.recv(65536)[:20])[1])

        eth0 = socket.if_nametoindex("eth0")
        number = lambda kind, value: attribute(kind, struct.pack("=i", value))
        new = attribute(3, b"theirs\\0"), attribute(18, attribute(1, b"bridge"))
        print(ask(16, 0x600, 0, *new, number(46, 0)))  # RTM_NEWLINK there
        print(ask(16, 0, eth0, number(46, 0), attribute(3, b"mine\\0")))  # another name for what is there
        print(ask(17, 0, 0, number(46, 0), attribute(3, b"internet\\0")))  # RTM_DELLINK there
    """
    code, output = node.run(pair[0], "/usr/bin/python3", "-c", textwrap.dedent(script))
    assert code == 0, output
    assert set(output.split("\n")[:3]) <= {"Permission denied", "Operation not permitted"}
    assert not found(node)


def test_whoever_makes_devices_all_the_time_does_not_stop_others_from_starting(
    node: NodeProcess, pair: tuple[MachineSpec, MachineSpec]
) -> None:
    """The bound is what it does meanwhile: whoever starts waits for a few of its rounds and not for all of them."""
    hostile, neighbour = pair
    loop = "while :; do ip link add br0 type bridge; ip link delete br0; echo >>/run/rounds; done"
    node.sh(hostile, f"({loop}) >/dev/null 2>&1 &")
    node.sh(hostile, "for i in $(seq 300); do echo link add b$i type bridge; done | ip -batch -")

    def rounds() -> int:
        return int(node.sh(hostile, "wc -l </run/rounds"))

    eventually(lambda: rounds() > 0, what="that it makes devices")
    before = rounds()
    node.want(hostile, neighbour, machine(30, pids=100))
    assert rounds() < before + _ROUNDS
    node.want(hostile, neighbour)
    eventually(lambda: rounds() > before, what="that it has gone on all the time")
