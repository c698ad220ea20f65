"""Root in a machine tries to get out: to the host, to another machine, to somebody else's address.

Everything is done for real and by root; what is refused to it works for root of the host.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from realvpc.fabric import namespace
from realvpc.fabric.bpf import build
from realvpc.fabric.link import fabric_name
from realvpc.fabric.plan import compile_plan
from realvpc.net.machine import MachineSpec
from realvpc.net.network import Network
from tests.instance.specs import machine
from tests.node import attempts
from tests.node.conftest import NodeProcess, running_node
from tests.packets.hosts import host, link_spec, number, vpc

pytestmark = pytest.mark.root

A_ADDRESS, B_ADDRESS, NOBODYS = "10.20.0.7", "10.20.0.8", "10.20.0.99"
REAL_FABRIC = Path(__file__).parent / "real_fabric.py"


@pytest.fixture(scope="module")
def node() -> Iterator[NodeProcess]:
    """Two machines in one subnet, on the real fabric."""
    build.main()
    with running_node(REAL_FABRIC) as running:
        network = Network.of(*vpc(1, "10.20.0.0/16"), *host(1, 1, A_ADDRESS), *host(2, 1, B_ADDRESS))
        running.plan = compile_plan(network)
        machines = []
        for index, row in enumerate(sorted(network.interfaces.values(), key=lambda each: each.id), 1):
            machines.append(machine(id=number("i", index), links=(link_spec(network, row),), pids=100))
        running.want(*machines)
        yield running


@pytest.fixture
def prisoner() -> MachineSpec:
    return machine(id=number("i", 1))


@pytest.fixture
def neighbour() -> MachineSpec:
    return machine(id=number("i", 2))


def python(node: NodeProcess, spec: MachineSpec, script: str) -> str:
    code, output = node.run(spec, "/usr/bin/python3", "-c", textwrap.dedent(script))
    assert code == 0, output
    return output.strip()


def on_the_host(script: str) -> str:
    """In namespaces of its own, so that nothing of it stays."""
    apart = ["unshare", "--mount", "--net", "--ipc", "--uts", "--pid", "--fork", "--mount-proc"]
    return subprocess.run([*apart, sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout


def outcomes(lines: str) -> dict[str, str]:
    return dict(line.rsplit(": ", 1) for line in lines.splitlines())


@pytest.mark.parametrize(
    "tried",
    [attempts.MOUNTS, attempts.FILES, attempts.NAMESPACES, attempts.KERNEL],
    ids=["mounts", "files", "namespaces", "kernel"],
)
def test_the_kernel_refuses_what_it_allows_root_of_the_host(
    node: NodeProcess, prisoner: MachineSpec, tried: dict[str, str]
) -> None:
    inside = outcomes(python(node, prisoner, attempts.script(tried)))
    outside = outcomes(on_the_host(attempts.script(tried)))
    assert inside.keys() == outside.keys() == tried.keys()
    assert {name for name, outcome in inside.items() if outcome not in ("EPERM", "EACCES", "EROFS", "ENOENT")} == set()
    assert {name for name, outcome in outside.items() if outcome not in ("done", "ENOENT")} == set(), "not an attempt"


def test_its_root_is_nobody_on_the_host_and_nobody_of_the_other_machine(
    node: NodeProcess, prisoner: MachineSpec, neighbour: MachineSpec
) -> None:
    ranges = []
    for spec in (prisoner, neighbour):
        inside, first, count = map(int, Path(f"/proc/{node.pid(spec)}/uid_map").read_text().split())
        assert (inside, count) == (0, 65536)
        assert first >= 0x7000_0000
        assert Path(f"/proc/{node.pid(spec)}").stat().st_uid in (first, 0)  # 0 while it may not be looked at
        ranges.append(range(first, first + count))
    assert not set(ranges[0]) & set(ranges[1])


def test_there_are_no_devices_but_the_harmless_ones(node: NodeProcess, prisoner: MachineSpec) -> None:
    files = "$(find /dev -path /dev/pts -prune -o ! -type l -print)"
    found = node.sh(prisoner, f"for file in {files}; do [ -b $file -o -c $file ] && echo $file; done; :").split()
    assert set(found) <= {f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty", "ptmx")}
    assert "/dev/null" in found
    assert node.run(prisoner, "sh", "-c", "chmod 600 /dev/null; chown 1001 /dev/null")[0] != 0


def test_a_change_root_of_its_own_leads_no_further_than_to_its_own(node: NodeProcess, prisoner: MachineSpec) -> None:
    """chroot(2) can be left by whoever may call it; outside is the machine."""
    script = """
        import os, tempfile
        top = os.open("/", os.O_RDONLY)
        os.chroot(tempfile.mkdtemp())
        assert not os.path.exists("/etc")
        os.fchdir(top)
        for _ in range(64):
            os.chdir("..")
        os.chroot(".")
        print(open("/etc/hostname").read(), os.path.exists("/proc/1/root/etc/init"))
    """
    assert python(node, prisoner, script).split() == [prisoner.hostname, "True"]


def test_the_services_sockets_and_files_are_out_of_sight(node: NodeProcess, prisoner: MachineSpec) -> None:
    for path in (node.socket, node.run_dir, node.state_dir, Path(__file__)):
        assert path.exists()
        for root in ("", "/proc/1/root", "/proc/self/root", "/proc/1/cwd"):
            assert node.run(prisoner, "test", "-e", f"{root}{path}")[0] == 1
    for line in node.sh(prisoner, "cat /proc/1/cgroup").splitlines():
        assert line.split(":", 2)[2] == "/"


def test_it_cannot_reach_what_listens_on_the_host(node: NodeProcess, prisoner: MachineSpec) -> None:
    with socket.create_server(("0.0.0.0", 0)) as server, socket.socket(socket.AF_UNIX) as abstract:
        port = server.getsockname()[1]
        name = f"realvpc-{port}"
        abstract.bind(f"\0{name}")
        abstract.listen()
        script = """
            import socket, sys
            kind, *addresses = sys.argv[1:]
            for address in addresses:
                family = socket.AF_UNIX if kind == "unix" else socket.AF_INET
                where = chr(0) + address if kind == "unix" else (address, int(kind))
                with socket.socket(family) as client:
                    client.settimeout(0.3)
                    try:
                        client.connect(where)
                        print("reached", address)
                    except OSError as error:
                        print("refused", address)
        """
        own = [info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
        for arguments in ([str(port), "127.0.0.1", *sorted(map(str, {*own} - {"127.0.0.1"}))], ["unix", name]):
            command = ["/usr/bin/python3", "-c", textwrap.dedent(script), *arguments]
            here = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            there = node.run(prisoner, *command)[1]
            assert here.split() == [word for address in arguments[1:] for word in ("reached", address)]
            assert there.split() == [word for address in arguments[1:] for word in ("refused", address)]


def test_a_foreign_source_address_is_dropped_and_counted(node: NodeProcess, prisoner: MachineSpec) -> None:
    script = f"""
        import socket, struct, sys
        raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        echo = struct.pack("!BBHHH", 8, 0, ~(0x800 + 7 + 1) & 0xFFFF, 7, 1)
        for number in range(5):
            header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28, 0, 0, 64, 1, 0,
                socket.inet_aton("SOURCE"), socket.inet_aton("{B_ADDRESS}"))
            raw.sendto(header + echo, ("{B_ADDRESS}", 0))
    """
    gained = {}
    for source in (A_ADDRESS, NOBODYS):
        before = counters(node)
        python(node, prisoner, script.replace("SOURCE", source))
        after = counters(node)
        gained[source] = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert gained[A_ADDRESS] == {"DELIVERED": 10}, "with its own address they are answered"
    assert gained[NOBODYS] == {"SOURCE_CHECK": 5}


def counters(node: NodeProcess) -> dict[str, int]:
    with node.connect() as connection:
        return connection.counters()


def test_it_cannot_see_or_change_the_fabrics_links(node: NodeProcess, prisoner: MachineSpec) -> None:
    """rtnetlink has a number for the namespace of the far end of eth0 (IFLA_TARGET_NETNSID)."""
    far = fabric_name(number("eni", 1))
    script = textwrap.dedent(f"""
        import os, socket, struct
        name = b"{far}" + bytes(1)
        attributes = struct.pack("=HHi", 8, 46, 0) + struct.pack("=HH", 4 + len(name), 3) + name
        for what in (18, 17)[: 2 if os.environ.get("CHANGE") else 1]:  # RTM_GETLINK, RTM_DELLINK
            body = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + attributes
            netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
            netlink.send(struct.pack("=IHHII", 16 + len(body), what, 5, 1, 0) + body)
            answer = netlink.recv(65536)
            kind, code = struct.unpack("=4xH10xi", answer[:20])
            print(os.strerror(-code) if kind == 2 else "found")
    """)
    _, seen = node.run(prisoner, "env", "CHANGE=1", "/usr/bin/python3", "-c", script)
    assert seen.splitlines() == ["Permission denied", "Permission denied"]
    inside = ["nsenter", f"--net={node.run_dir / 'ns' / prisoner.id}", sys.executable, "-c", script]
    assert subprocess.run(inside, capture_output=True, text=True, check=True).stdout == "found\n", "by root of the host"
    assert node.sh(prisoner, f"ping -c 1 -W 2 {B_ADDRESS} >/dev/null && echo alive") == "alive"


def test_it_cannot_see_signal_or_trace_processes_of_others(
    node: NodeProcess, prisoner: MachineSpec, neighbour: MachineSpec
) -> None:
    assert node.process
    others = [os.getpid(), node.process.pid, node.pid(neighbour)]
    script = f"""
        import ctypes, os
        libc = ctypes.CDLL(None, use_errno=True)
        for pid in (int(name) for name in {others!r}):
            try:
                os.kill(pid, 0)
                print("signalled", pid)
            except ProcessLookupError:
                pass
            if libc.ptrace(0x4206, pid, 0, 0) == 0:  # PTRACE_SEIZE
                print("traced", pid)
            if os.path.exists(f"/proc/{{pid}}"):
                print("seen", pid)
        child = os.fork()
        if child == 0:
            import time
            time.sleep(60)
        print("own child:", libc.ptrace(0x4206, child, 0, 0))
        os.kill(child, 9)
    """
    free = [pid for pid in others if not Path(f"/proc/{node.pid(prisoner)}/root/proc/{pid}").exists()]
    assert free == others, "a process of the machine has this number by chance"
    assert python(node, prisoner, script) == "own child: 0"


def test_killing_everything_kills_only_its_own(
    node: NodeProcess, prisoner: MachineSpec, neighbour: MachineSpec
) -> None:
    for spec in (prisoner, neighbour):
        node.sh(spec, "sleep 4321 >/dev/null 2>&1 &")
    pids = [node.pid(prisoner), node.pid(neighbour)]
    node.run(prisoner, "python3", "-c", "import os; os.kill(-1, 9)")
    assert node.run(prisoner, "pgrep", "-f", "sleep 4321")[0] == 1
    assert node.sh(neighbour, "pgrep -f 'sleep 4321'")
    assert [node.pid(prisoner), node.pid(neighbour)] == pids


def test_a_descriptor_that_was_handed_in_leads_nowhere(
    node: NodeProcess, prisoner: MachineSpec, tmp_path: Path
) -> None:
    """A directory that a careless caller leaves open would; crun closes what is not a standard file."""
    with closing(socket.socket()) as witness:
        os.set_inheritable(witness.fileno(), True)
        listing = node.sh(prisoner, "ls -l /proc/self/fd /proc/1/fd")
    assert str(node.run_dir) not in listing
    assert "socket:" not in listing


CAPTURE = """
import socket, subprocess, sys
captured = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
captured.bind(("eth0", 0x0800))
with subprocess.Popen(["ping", "-c", "1", sys.argv[1]], stdout=subprocess.DEVNULL) as ping:
    packet = captured.recv(1 << 16)
    ping.kill()
print(" > ".join(socket.inet_ntoa(packet[at : at + 4]) for at in (12, 16)))
"""


def test_its_network_namespace_is_its_users_and_not_the_hosts(node: NodeProcess, prisoner: MachineSpec) -> None:
    """That is why raw sockets and captures work with no rights on the host."""
    path = node.run_dir / "ns" / prisoner.id
    owner = namespace.run_in(path, lambda: Path("/proc/thread-self/ns/net").readlink())
    assert node.sh(prisoner, "readlink /proc/self/ns/net") == str(owner)
    assert node.sh(prisoner, "readlink /proc/self/ns/user") != str(Path("/proc/self/ns/user").readlink())
    assert node.run(prisoner, "python3", "-c", CAPTURE, B_ADDRESS) == (0, f"{B_ADDRESS} > {A_ADDRESS}\n")
