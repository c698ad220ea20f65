"""The fabric against a bare pair of virtual Ethernet devices: what does a VPC cost a packet?

Two machines in two peered VPCs, with security groups that track every flow, against two namespaces with a cable between
them.  Everything lives in namespaces made here; nothing has an uplink.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct
from pyroute2 import IPRoute

from realvpc.fabric import namespace
from realvpc.fabric.fabric import Fabric
from realvpc.fabric.plan import compile_plan
from realvpc.net import mtu
from realvpc.net.addresses import Address, Cidr
from realvpc.net.instance import Instance, InstanceState
from realvpc.net.machine import LinkSpec
from realvpc.net.network import Network
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.peering import Peering, PeeringSide, PeeringStatus
from realvpc.net.resource import Resource
from realvpc.net.route_table import Route, RouteTable, RouteTableAssociation, TableRoute, Target, TargetKind
from realvpc.net.security_group import ALL_PROTOCOLS, TCP, SecurityGroup, SecurityGroupRule
from realvpc.net.subnet import Subnet
from realvpc.net.vpc import CidrAssociation, Vpc

from .contest import Figures, alternate

BARE, FABRIC = "bare veth pair", "peered VPCs"
UNITS = {"TCP transactions": "1/s", "TCP throughput": "Gbit/s"}
TOOLS = {"iperf3": "iperf3", "sockperf": "sockperf", "nsenter": "util-linux", "taskset": "util-linux"}
"""Commands that the measurement needs, and the Debian packages that have them."""

_PORT_STREAM, _PORT_TRANSACTIONS = 5201, 11111
_SENDING_CORE, _RECEIVING_CORE = "0", "1"
_LATENCY = re.compile(r"avg-latency=([\d.]+)")
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_OWNER: dict[str, Any] = {"account": "111111111111", "region": "ap-northeast-1"}


class BenchError(Exception):
    """The measurement cannot be made; the text says why."""


class Course(Struct, frozen=True):
    """From a client's namespace to a server in another one."""

    client: Path
    server: Path
    address: str


def run(rounds: int, seconds: int, progress: Callable[[str], None]) -> list[dict[str, Figures]]:
    """Rounds of both contenders: figures by contender.  Needs root.  Raises BenchError."""
    missing = sorted({package for tool, package in TOOLS.items() if shutil.which(tool) is None})
    if missing:
        raise BenchError(f"missing tools: apt-get install {' '.join(missing)}")
    run_dir = Path(f"/run/realvpc/bench-{os.getpid()}")
    with (
        _bare_pair(run_dir / "bare") as bare,
        _peered_vpcs(run_dir / "fabric") as fabric,
        _serving(bare),
        _serving(fabric),
    ):
        contenders = {
            BARE: lambda: _measure(bare, seconds=seconds),
            FABRIC: lambda: _measure(fabric, seconds=seconds),
        }
        return alternate(rounds, contenders, progress)


# -- the two courses ---------------------------------------------------------------------------------------------------


@contextmanager
def _bare_pair(run_dir: Path) -> Iterator[Course]:
    client, server = run_dir / "client", run_dir / "server"
    try:
        namespace.create(client)
        namespace.create(server)
        fd = os.open(server, os.O_RDONLY | os.O_CLOEXEC)
        try:
            namespace.run_in(client, lambda: _cable(fd))
        finally:
            os.close(fd)
        namespace.run_in(client, lambda: _address("10.9.0.1"))
        namespace.run_in(server, lambda: _address("10.9.0.2"))
        yield Course(client, server, "10.9.0.2")
    finally:
        namespace.remove(client)
        namespace.remove(server)
        _forget(run_dir)


def _cable(server_fd: int) -> None:
    with closing(IPRoute()) as netlink:
        peer = {"ifname": "eth0", "net_ns_fd": server_fd, "mtu": mtu.INTERFACE}
        netlink.link("add", ifname="eth0", kind="veth", mtu=mtu.INTERFACE, peer=peer)


def _address(text: str) -> None:
    with closing(IPRoute()) as netlink:
        [index] = netlink.link_lookup(ifname="eth0")
        netlink.addr("add", index=index, address=text, prefixlen=24)
        netlink.link("set", index=index, state="up")


@contextmanager
def _peered_vpcs(run_dir: Path) -> Iterator[Course]:
    fabric = Fabric(run_dir)
    try:
        fabric.open()
        client = fabric.ensure_machine("client", (_link(1, "10.1.0.10", "10.1.0.1"),))
        server = fabric.ensure_machine("server", (_link(2, "10.2.0.10", "10.2.0.1"),))
        fabric.apply(compile_plan(_network()))
        yield Course(client, server, "10.2.0.10")
    finally:
        fabric.destroy()
        _forget(run_dir)


def _forget(directory: Path) -> None:
    """Remove an empty directory, and the one above it with the last."""
    directory.rmdir()
    with suppress(OSError):  # the other course is still in there
        directory.parent.rmdir()


def _link(number: int, address: str, gateway: str) -> LinkSpec:
    return LinkSpec(
        interface_id=_id("eni", number),
        mac_address=f"06:00:00:00:00:{number:02x}",
        address=address,
        prefix_length=20,
        gateway=gateway,
        mtu=mtu.INTERFACE,
    )


def _network() -> Network:
    """Peered VPCs 10.1.0.0/16 and 10.2.0.0/16; TCP is admitted from the other one only, so every flow is tracked."""
    side = [PeeringSide(vpc_id=_id("vpc", number), **_OWNER) for number in (1, 2)]
    peering = Peering(
        id=_id("pcx", 1), requester=side[0], accepter=side[1], status=PeeringStatus.ACTIVE, requested_at=_NOW, **_OWNER
    )
    return Network.of(*_vpc(1, 2), *_vpc(2, 1), peering)


def _vpc(number: int, other: int) -> list[Resource]:
    block, far = Cidr.parse(f"10.{number}.0.0/16"), Cidr.parse(f"10.{other}.0.0/16")
    vpc, subnet, table, group, interface, instance = (
        _id(prefix, number) for prefix in ("vpc", "subnet", "rtb", "sg", "eni", "i")
    )
    rules = (
        SecurityGroupRule(id=_id("sgr", 1), is_egress=True, protocol=ALL_PROTOCOLS, from_port=-1, to_port=-1, peer=far),
        SecurityGroupRule(id=_id("sgr", 2), is_egress=False, protocol=TCP, from_port=0, to_port=65535, peer=far),
    )
    route = Route(far, Target(TargetKind.PEERING, _id("pcx", 1)))
    main = RouteTableAssociation(_id("rtbassoc", number))
    return [
        Vpc(id=vpc, cidr_associations=(CidrAssociation(_id("vpc-cidr-assoc", number), block),), **_OWNER),
        Subnet(id=subnet, vpc_id=vpc, cidr=block.subnet(0, 20), zone_name="a", zone_id="az1", **_OWNER),
        table_row := RouteTable(id=table, vpc_id=vpc, associations=(main,), **_OWNER),
        TableRoute.of(table_row, route),
        SecurityGroup(id=group, vpc_id=vpc, name="bench", description="bench", rules=rules, **_OWNER),
        Instance(
            id=instance,
            reservation_id=_id("r", number),
            image_id="ami-bench",
            instance_type="t2.micro",
            state=InstanceState.RUNNING,
            launched_at=_NOW,
            **_OWNER,
        ),
        NetworkInterface(
            id=interface,
            vpc_id=vpc,
            subnet_id=subnet,
            mac_address=f"06:00:00:00:00:{number:02x}",
            private_addresses=(Address.parse(f"10.{number}.0.10"),),
            group_ids=(group,),
            attachment=Attachment(id=_id("eni-attach", number), owner_id=instance, device_index=0, attached_at=_NOW),
            **_OWNER,
        ),
    ]


def _id(prefix: str, number: int) -> str:
    return f"{prefix}-{number:017x}"


# -- the measurement ---------------------------------------------------------------------------------------------------


def _measure(course: Course, *, seconds: int) -> Figures:
    """Request and answer of one byte on one core, then a stream across two cores."""
    port = str(_PORT_TRANSACTIONS)
    output = _run(course, ["sockperf", "pp", "--tcp", "-i", course.address, "-p", port, "-t", str(seconds)])
    latency = _LATENCY.search(output)
    if latency is None:
        raise BenchError(f"sockperf told no latency:\n{output}")
    output = _run(course, ["iperf3", "-J", "-c", course.address, "-p", str(_PORT_STREAM), "-t", str(seconds)])
    stream = json.loads(output)["end"]["sum_received"]["bits_per_second"]
    # sockperf tells half of a round trip, in microseconds.
    return {"TCP transactions": 1e6 / (2 * float(latency[1])), "TCP throughput": stream / 1e9}


@contextmanager
def _serving(course: Course) -> Iterator[None]:
    """Both servers, for as long as the course is used."""
    transactions = ["taskset", "-c", _SENDING_CORE, "sockperf", "sr", "--tcp", "-p", str(_PORT_TRANSACTIONS)]
    stream = ["taskset", "-c", _RECEIVING_CORE, "iperf3", "-s", "-p", str(_PORT_STREAM)]
    servers = [
        subprocess.Popen(_inside(course.server, words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for words in (transactions, stream)
    ]
    try:
        time.sleep(0.5)  # until they listen: neither tool says when
        for server in servers:
            if server.poll() is not None:
                raise BenchError(f"{server.args!r} ended at once with exit code {server.returncode}")
        yield
    finally:
        for server in servers:
            server.kill()
            server.wait()


def _run(course: Course, words: list[str]) -> str:
    words = _inside(course.client, ["taskset", "-c", _SENDING_CORE, *words])
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise BenchError(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def _inside(where: Path, words: list[str]) -> list[str]:
    return ["nsenter", f"--net={where}", *words]
