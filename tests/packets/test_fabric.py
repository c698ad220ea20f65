"""Real packets on a fabric of our own: what a user of two VPCs would see, and what no restart may disturb."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.fabric import namespace
from realvpc.fabric.edge import EDGES
from realvpc.fabric.errors import FabricError
from realvpc.fabric.fabric import Fabric
from realvpc.fabric.plan import compile_plan
from realvpc.net.network import Network
from realvpc.net.reasons import Reason
from realvpc.net.route_table import TableRoute
from realvpc.net.security_group import TCP, UDP
from realvpc.net.table import delete, put
from tests.patience import PATIENCE_SECONDS
from tests.running import eventually
from tests.worlds import with_routes

from .hosts import (
    ALL_IN,
    ALL_OUT,
    TTL,
    Rule,
    bring_up,
    host,
    inside,
    link_spec,
    number,
    peering,
    ping,
    ping_in_vain,
    read_pings,
    vpc,
)

pytestmark = pytest.mark.root

A, B, C = (number("i", index) for index in (1, 2, 3))
A_ADDRESS, B_ADDRESS, C_ADDRESS = "10.20.0.207", "10.30.0.69", "10.120.0.14"
A_PUBLIC = "198.18.0.10"


either_way = pytest.mark.parametrize("fabric", ["tcx", "clsact"], indirect=True)
"""With TCX links, and with the filters that older kernels have instead."""


def walkthrough() -> Network:
    """VPC-A peered with VPC-B and VPC-C; B and C have routes to each other through A, which do not work."""
    return Network.of(
        *vpc(1, "10.20.0.0/16", ipv6="2001:db8:1::/56", peers=[("10.30.0.0/16", 1), ("10.120.0.0/16", 2)]),
        *vpc(2, "10.30.0.0/16", peers=[("10.20.0.0/16", 1), ("10.120.0.0/16", 1)]),
        *vpc(3, "10.120.0.0/16", peers=[("10.20.0.0/16", 2), ("10.30.0.0/16", 2)]),
        *host(1, 1, A_ADDRESS, public=A_PUBLIC),
        *host(2, 2, B_ADDRESS),
        *host(3, 3, C_ADDRESS),
        peering(1, 1, 2),
        peering(2, 1, 3),
    )


def counted(fabric: Fabric, work: Callable[[], object]) -> dict[str, int]:
    """What the counters gained by ``work``; the end of a connection before it takes a moment."""
    seen = [fabric.counters(), {}]

    def are_still() -> bool:
        seen[:] = seen[1], fabric.counters()
        return seen[0] == seen[1]

    eventually(are_still, what="that nothing is under way")
    before = seen[1]
    work()
    return {name: gained for name, value in fabric.counters().items() if (gained := value - before[name])}


@either_way
def test_peering_is_not_transitive(fabric: Fabric) -> None:
    bring_up(fabric, walkthrough())
    for near, far in ((A, B_ADDRESS), (B, A_ADDRESS), (A, C_ADDRESS), (C, A_ADDRESS)):
        answered = ping(fabric, near, far)
        assert (answered.received, answered.ttls) == (answered.sent, frozenset({TTL})), "the router leaves TTL alone"
    gained = counted(fabric, lambda: ping_in_vain(fabric, B, C_ADDRESS))
    assert gained == {Reason.PCX_REQUIRES_ADDRESS_IN_VPC_CIDR.name: 3}


def test_a_peering_of_the_two_makes_it_work(fabric: Fabric) -> None:
    network = walkthrough()
    bring_up(fabric, network)
    assert ping_in_vain(fabric, B, C_ADDRESS).received == 0
    meshed = network.apply(put(peering(3, 2, 3)))
    for index, far in ((2, "10.120.0.0/16"), (3, "10.30.0.0/16")):
        rows = vpc(index, "10.0.0.0/16", peers=[(far, 3)])
        routes = [row.route for row in rows if isinstance(row, TableRoute)]
        meshed = with_routes(meshed, number("rtb", index), *routes)
    fabric.apply(compile_plan(meshed))
    assert ping(fabric, B, C_ADDRESS).received == 3
    fabric.apply(compile_plan(meshed.apply(delete(peering(3, 2, 3)))))
    assert counted(fabric, lambda: ping_in_vain(fabric, B, C_ADDRESS)) == {"BLACKHOLE_ROUTE": 3}


def test_vpcs_of_the_same_block_do_not_see_each_other(fabric: Fabric) -> None:
    same = "10.20.0.7"
    network = Network.of(
        *vpc(1, "10.20.0.0/16"),
        *vpc(2, "10.20.0.0/16"),
        *host(1, 1, same),
        *host(2, 2, same),
        *host(3, 2, "10.20.0.8"),
    )
    bring_up(fabric, network)
    assert ping(fabric, C, same).received == 3
    assert fabric.counters()["DELIVERED"] == 6
    gained = counted(fabric, lambda: ping_in_vain(fabric, A, "10.20.0.8"))
    assert gained.keys() <= {"NO_DESTINATION"}, "not even ARP answers"


@either_way
def test_the_internet_answers_and_reaches_who_has_a_public_address(fabric: Fabric) -> None:
    bring_up(fabric, walkthrough())
    for host_outside in ("198.19.0.1", "198.19.0.2"):
        assert ping(fabric, A, host_outside).received == 3
    assert ping(fabric, "internet", A_PUBLIC).received == 3
    assert counted(fabric, lambda: ping_in_vain(fabric, "internet", "198.18.0.99")) == {"IGW_UNKNOWN_PUBLIC_ADDRESS": 3}
    assert counted(fabric, lambda: ping_in_vain(fabric, B, "198.19.0.1")) == {"IGW_NO_PUBLIC_ADDRESS": 3}


def test_the_path_mtu_is_found(fabric: Fabric) -> None:
    bring_up(fabric, walkthrough())
    assert ping(fabric, A, B_ADDRESS, "-M", "do", "-s", "8973").received == 3
    too_big = ping_in_vain(fabric, A, "198.19.0.1", "-M", "do", "-s", "4000")
    assert "From 10.20.0.1 icmp_seq=1 Frag needed and DF set (mtu = 1500)" in too_big.text
    learned = subprocess.run(
        inside(fabric, A, "ip", "route", "get", "198.19.0.1"), capture_output=True, text=True, check=True
    )
    assert "mtu 1500" in learned.stdout


def test_fragments_arrive(fabric: Fabric) -> None:
    bring_up(fabric, walkthrough())
    assert ping(fabric, A, B_ADDRESS, "-s", "20000").received == 3


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_streams_pass_security_groups_and_translation(fabric: Fabric, kind: str) -> None:
    """From an instance to the internet and, over a peering, through a group that admits one port."""
    port = 5001
    rules = (Rule({"tcp": TCP, "udp": UDP}[kind], low=port, high=port), ALL_OUT)
    network = Network.of(
        *vpc(1, "10.20.0.0/16", peers=[("10.30.0.0/16", 1)]),
        *vpc(2, "10.30.0.0/16", peers=[("10.20.0.0/16", 1)], rules=rules),
        *host(1, 1, A_ADDRESS, public=A_PUBLIC),
        *host(2, 2, B_ADDRESS),
        peering(1, 1, 2),
    )
    bring_up(fabric, network)
    assert exchange(fabric, kind, B, A, B_ADDRESS, port) == "hello"
    assert exchange(fabric, kind, "internet", A, "198.19.0.1", port) == "hello"
    gained = counted(fabric, lambda: exchange(fabric, kind, B, A, B_ADDRESS, port + 1, patience=0.5))
    assert gained["SECURITY_GROUP_INGRESS"] >= 1


SERVER = """
import socket, sys
s = socket.socket(type=getattr(socket, sys.argv[1])); s.bind(("", int(sys.argv[2])))
if s.type == socket.SOCK_STREAM:
    s.listen(); print("ready", flush=True); c, _ = s.accept(); c.sendall(c.recv(99))
else:
    print("ready", flush=True); data, who = s.recvfrom(99); s.sendto(data, who)
"""
CLIENT = """
import socket, sys
s = socket.socket(type=getattr(socket, sys.argv[1])); s.settimeout(float(sys.argv[4]))
s.connect((sys.argv[2], int(sys.argv[3]))); s.send(b"hello"); print(s.recv(99).decode())
"""


def exchange(
    fabric: Fabric, kind: str, server: str, client: str, address: str, port: int, *, patience: float = PATIENCE_SECONDS
) -> str:
    """Send one message and return what came back, or "" for silence."""
    name = {"tcp": "SOCK_STREAM", "udp": "SOCK_DGRAM"}[kind]
    listen = inside(fabric, server, sys.executable, "-c", SERVER, name, str(port))
    with subprocess.Popen(listen, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as listening:
        assert listening.stdout is not None
        assert listening.stdout.readline() == "ready\n"
        call = inside(fabric, client, sys.executable, "-c", CLIENT, name, address, str(port), str(patience))
        answer = subprocess.run(call, capture_output=True, text=True, check=False)
        listening.terminate()
    return answer.stdout.strip()


def test_a_tracked_flow_outlives_its_rule(fabric: Fabric) -> None:
    network = walkthrough()
    bring_up(fabric, network)
    group = network.security_groups[number("sg", 2)]
    closed = network.apply(put(replace(group, rules=tuple(rule for rule in group.rules if rule.is_egress))))
    with ping_in_background(fabric, A, B_ADDRESS, count=100) as running:
        assert running.stdout is not None
        while "icmp_seq" not in (line := running.stdout.readline()):
            assert line, "the flow has begun"
        fabric.apply(compile_plan(closed))
        output, _ = running.communicate()
    assert read_pings(line + output).numbers == first(100), "ICMP is always tracked"
    assert counted(fabric, lambda: ping_in_vain(fabric, A, B_ADDRESS)) == {"SECURITY_GROUP_INGRESS": 3}


def ping_in_background(fabric: Fabric, name: str, to: str, *, count: int | None = None) -> subprocess.Popen[str]:
    """Until ``count`` are answered, whichever they are (``-w``), or until it is interrupted."""
    limits = () if count is None else ("-c", str(count), "-w", "60")
    command = inside(fabric, name, "ping", "-n", "-i", "0.01", *limits, to)
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def first(count: int) -> frozenset[int]:
    """The numbers of pings of which none was lost."""
    return frozenset(range(1, count + 1))


@either_way
def test_a_new_process_adopts_the_fabric_and_no_packet_is_lost(fabric: Fabric, tmp_path: Path) -> None:
    network = walkthrough()
    bring_up(fabric, network)
    plan = compile_plan(network)
    with ping_in_background(fabric, A, B_ADDRESS, count=150) as running:
        fabric.close()
        for _ in range(3):
            adopting = Fabric(tmp_path / "fabric")
            adopting.open()
            assert adopting.machines() == {A, B, C}
            for row in network.interfaces.values():
                assert row.attachment is not None
                adopting.ensure_machine(row.attachment.owner_id, (link_spec(network, row),))
            adopting.apply(plan)
            adopting.close()
        output, _ = running.communicate()
    fabric.open()
    fabric.apply(plan)
    assert read_pings(output).numbers == first(150)
    assert ping(fabric, A, C_ADDRESS).received == 3


@either_way
def test_an_upgrade_that_changes_the_maps_loses_no_packet(fabric: Fabric, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new program takes over when its own maps are full, not before."""
    bring_up(fabric, walkthrough())
    plan, run_dir = compile_plan(walkthrough()), fabric.namespace("fabric").parent.parent
    monkeypatch.setattr("realvpc.fabric.data_plane.layout_version", lambda: "another")
    with ping_in_background(fabric, A, B_ADDRESS) as running:
        fabric.close()
        upgraded = Fabric(run_dir)
        upgraded.open()
        assert upgraded.counters()["DELIVERED"] == 0
        upgraded.apply(plan)
        eventually(lambda: upgraded.counters()["DELIVERED"] > 0, what="a packet by the new program")
        running.send_signal(signal.SIGINT)
        output, _ = running.communicate()
        assert ping(upgraded, A, B_ADDRESS).received == 3
        assert [path.name for path in (run_dir / "bpf").glob("maps-*")] == ["maps-another"]
        upgraded.close()
    answered = read_pings(output).numbers
    assert answered == first(len(answered)), "the last ones may be under way"


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("steps", range(1, 5))
def test_a_link_that_was_half_made_is_made_anew(fabric: Fabric, monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    """However far the last process came with it."""
    network = walkthrough()
    run_in, left = namespace.run_in, iter(range(steps))

    def killed(path: Path, work: Callable[[], Any]) -> Any:
        if next(left, None) is None:
            raise KilledError
        return run_in(path, work)

    with monkeypatch.context() as patch:
        patch.setattr("realvpc.fabric.namespace.run_in", killed)
        with contextlib.suppress(KilledError):
            bring_up(fabric, network)
    fabric.close()
    adopting = Fabric(fabric.namespace("fabric").parent.parent)
    adopting.open()
    bring_up(adopting, network)
    assert ping(adopting, A, B_ADDRESS).received == 3
    adopting.close()


def test_a_machine_may_come_after_its_plan(fabric: Fabric) -> None:
    network = walkthrough()
    fabric.apply(compile_plan(network))
    bring_up(fabric, network)
    fabric.remove_machine(B)
    assert fabric.machines() == {A, C}
    assert counted(fabric, lambda: ping_in_vain(fabric, A, B_ADDRESS)) == {"INSTANCE_NOT_RUNNING": 3}
    row = network.interfaces[number("eni", 2)]
    fabric.ensure_machine(B, (link_spec(network, row),))
    assert ping(fabric, A, B_ADDRESS).received == 3


def test_ensuring_a_machine_again_changes_nothing(fabric: Fabric) -> None:
    network = walkthrough()
    bring_up(fabric, network)
    before = addresses_inside(fabric, A)
    bring_up(fabric, network)
    assert addresses_inside(fabric, A) == before
    assert "eth0" in before
    assert "inet 10.20.0.207/24" in before
    assert "mtu 9001" in before
    assert "06:00:00:00:00:01" in before


def addresses_inside(fabric: Fabric, name: str) -> str:
    command = inside(fabric, name, "ip", "address", "show", "eth0")
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_new_interface_appears_and_a_detached_one_goes(fabric: Fabric) -> None:
    network = Network.of(
        *vpc(1, "10.20.0.0/16", rules=(ALL_IN, ALL_OUT)), *host(1, 1, "10.20.0.7"), *host(2, 1, "10.20.0.8")
    )
    first, second = (link_spec(network, network.interfaces[number("eni", index)]) for index in (1, 2))
    fabric.ensure_machine(A, (first, replace(second, device_index=1)))
    names = namespace.run_in(fabric.namespace(A), lambda: {path for path in interface_names() if path != "lo"})
    assert names == {"eth0", "eth1"}
    fabric.ensure_machine(A, (first,))
    assert namespace.run_in(fabric.namespace(A), interface_names) == {"lo", "eth0"}


def test_a_link_that_its_machine_deleted_is_made_again(fabric: Fabric) -> None:
    network = walkthrough()
    bring_up(fabric, network)
    subprocess.run(inside(fabric, B, "ip", "link", "delete", "eth0"), check=True)
    bring_up(fabric, network)
    assert ping(fabric, A, B_ADDRESS).received == 3


def interface_names() -> set[str]:
    return {name for _, name in socket.if_nameindex()}


def test_the_fabric_has_no_way_out(fabric: Fabric) -> None:
    assert namespace.run_in(fabric.namespace("fabric"), interface_names) == {"lo", *(edge.name for edge in EDGES)}
    for edge in EDGES:
        assert namespace.run_in(fabric.namespace(edge.name), interface_names) == {"lo", "eth0"}


def test_reserved_names_are_refused(fabric: Fabric) -> None:
    for name in ("fabric", "internet", "services", "../elsewhere", "..", ""):
        with pytest.raises(FabricError):
            fabric.ensure_machine(name, ())
        with pytest.raises(FabricError):
            fabric.remove_machine(name)


def test_work_in_a_namespace_stays_there(fabric: Fabric) -> None:
    here = Path("/proc/thread-self/ns/net").readlink()
    there = namespace.run_in(fabric.namespace("internet"), lambda: Path("/proc/thread-self/ns/net").readlink())
    assert there != here
    assert Path("/proc/thread-self/ns/net").readlink() == here
    with pytest.raises(ZeroDivisionError):
        namespace.run_in(fabric.namespace("internet"), lambda: 1 // 0)


def test_a_closed_fabric_refuses_work(tmp_path: Path) -> None:
    with pytest.raises(FabricError, match="not open"):
        Fabric(tmp_path).counters()


def test_what_is_dropped_is_counted_at_the_interface_concerned(fabric: Fabric) -> None:
    """A sender's own fault at the sender, a receiver's refusal at the receiver; what is delivered at neither."""
    bring_up(fabric, walkthrough())
    assert ping(fabric, A, B_ADDRESS).received == 3
    assert ping_in_vain(fabric, B, C_ADDRESS).received == 0
    of_a, of_b = (fabric.drops(number("eni", index)) for index in (1, 2))
    assert not any(of_a.values())
    assert {name: count for name, count in of_b.items() if count} == {"PCX_REQUIRES_ADDRESS_IN_VPC_CIDR": 3}
    assert fabric.counters()["PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"] == 3
