"""A NAT gateway against a laboratory's: what does it cost a packet to have its address translated?

A machine in a private subnet, whose way to the internet leads through a NAT gateway, against a namespace behind a
router: another namespace, which forwards and masquerades with nftables.  Both reach a server behind an MTU of 1500.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from pyroute2 import IPRoute

from realvpc.fabric import namespace
from realvpc.fabric.fabric import Fabric
from realvpc.fabric.plan import compile_plan
from realvpc.net import mtu
from realvpc.net.addresses import ANY_IPV4, Address, Cidr
from realvpc.net.elastic_ip import AddressAssociation, ElasticIp
from realvpc.net.internet_gateway import InternetGateway
from realvpc.net.nat_gateway import Connectivity, NatGateway, NatGatewayState
from realvpc.net.network import Network
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.route_table import Route, RouteTable, RouteTableAssociation, TableRoute, Target, TargetKind
from realvpc.net.security_group import ALL_PROTOCOLS, SecurityGroup, SecurityGroupRule
from realvpc.net.subnet import Subnet

from . import fabric
from .contest import Figures, alternate
from .course import TOOLS, UNITS, BenchError, Course, check_tools, forget, inside, measure, serving

__all__ = ["GATEWAY", "ROUTER", "UNITS", "BenchError", "run"]

ROUTER, GATEWAY = "router with nftables", "NAT gateway"
_RULES = """\
table ip nat {
    chain postrouting {
        type nat hook postrouting priority srcnat;
        ip saddr 10.0.0.0/8 masquerade
    }
}
"""
_OUTSIDE = "198.19.0.1"  # a host of the built-in internet


def run(rounds: int, seconds: int, progress: Callable[[str], None]) -> list[dict[str, Figures]]:
    """Rounds of both contenders: figures by contender.  Needs root.  Raises BenchError."""
    check_tools({**TOOLS, "nft": "nftables", "sysctl": "procps"})
    run_dir = Path(f"/run/realvpc/bench-{os.getpid()}")
    with (
        _behind_router(run_dir / "router") as router,
        _behind_gateway(run_dir / "gateway") as gateway,
        serving(router),
        serving(gateway),
    ):
        contenders = {
            ROUTER: lambda: measure(router, seconds=seconds),
            GATEWAY: lambda: measure(gateway, seconds=seconds),
        }
        return alternate(rounds, contenders, progress)


@contextmanager
def _behind_router(run_dir: Path) -> Iterator[Course]:
    client, router, server = run_dir / "client", run_dir / "router", run_dir / "server"
    try:
        for each in (client, router, server):
            namespace.create(each)
        _cable(client, router, "inside", mtu.INTERFACE)
        _cable(server, router, "outside", mtu.INTERNET)
        for where, device, address in (
            (client, "eth0", "10.9.0.2"),
            (router, "inside", "10.9.0.1"),
            (router, "outside", "198.19.9.1"),
            (server, "eth0", "198.19.9.2"),
        ):
            namespace.run_in(where, lambda: _address(device, address))  # noqa: B023
        namespace.run_in(client, _default_route)
        _do(router, ["sysctl", "-q", "-w", "net.ipv4.ip_forward=1"])
        _do(router, ["nft", "-f", "-"], _RULES)
        yield Course(client, server, "198.19.9.2")
    finally:
        for each in (client, router, server):
            namespace.remove(each)
        forget(run_dir)


def _cable(host: Path, router: Path, name: str, size: int) -> None:
    """From ``eth0`` of the host to a device of the router."""
    fd = os.open(router, os.O_RDONLY | os.O_CLOEXEC)

    def make() -> None:
        with closing(IPRoute()) as netlink:
            peer = {"ifname": name, "net_ns_fd": fd, "mtu": size}
            netlink.link("add", ifname="eth0", kind="veth", mtu=size, peer=peer)

    try:
        namespace.run_in(host, make)
    finally:
        os.close(fd)


def _address(device: str, text: str) -> None:
    with closing(IPRoute()) as netlink:
        [index] = netlink.link_lookup(ifname=device)
        netlink.addr("add", index=index, address=text, prefixlen=24)
        netlink.link("set", index=index, state="up")


def _default_route() -> None:
    with closing(IPRoute()) as netlink:
        netlink.route("add", dst="default", gateway="10.9.0.1")


def _do(where: Path, words: list[str], given: str = "") -> None:
    done = subprocess.run(inside(where, words), input=given, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        raise BenchError(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")


@contextmanager
def _behind_gateway(run_dir: Path) -> Iterator[Course]:
    made = Fabric(run_dir)
    try:
        made.open()
        client = made.ensure_machine("client", (fabric.link(1, "10.1.0.10", "10.1.0.1"),))
        made.apply(compile_plan(_network()))
        yield Course(client, made.namespace("internet"), _OUTSIDE)
    finally:
        made.destroy()
        forget(run_dir)


def _network() -> Network:
    """VPC 10.1.0.0/16: its first subnet is private, and its second has the gateway.  Every flow is tracked."""
    rows = [row for row in fabric.vpc(1, 2) if not isinstance(row, TableRoute)]
    owner = fabric.OWNER
    [table] = [row for row in rows if isinstance(row, RouteTable)]
    in_vpc: dict[str, Any] = {"vpc_id": table.vpc_id, **owner}
    block = Cidr.parse("10.1.16.0/20")
    subnet = Subnet(id=fabric.id_of("subnet", 9), cidr=block, zone_name="a", zone_id="az1", **in_vpc)
    public = RouteTable(
        id=fabric.id_of("rtb", 9), associations=(RouteTableAssociation("rtbassoc-9", subnet.id),), **in_vpc
    )
    gateway = NatGateway(
        id=fabric.id_of("nat", 1),
        subnet_id=subnet.id,
        connectivity=Connectivity.PUBLIC,
        state=NatGatewayState.AVAILABLE,
        created_at=fabric.NOW,
        **in_vpc,
    )
    own = Address.parse("10.1.16.9")
    interface = NetworkInterface(
        id=fabric.id_of("eni", 9),
        subnet_id=subnet.id,
        mac_address="06:00:00:00:00:09",
        private_addresses=(own,),
        group_ids=(),
        attachment=Attachment(id="ela-attach-1", owner_id=gateway.id, device_index=1, attached_at=fabric.NOW),
        **in_vpc,
    )
    elastic = ElasticIp(
        id=fabric.id_of("eipalloc", 1),
        public_address=Address.parse("198.18.0.9"),
        association=AddressAssociation(id=fabric.id_of("eipassoc", 1), interface_id=interface.id, private_address=own),
        **owner,
    )
    internet = InternetGateway(id=fabric.id_of("igw", 1), **in_vpc)
    return Network.of(
        *(_tracking(row) for row in rows),
        *(subnet, public, gateway, interface, elastic, internet),
        TableRoute.of(table, Route(ANY_IPV4, Target(TargetKind.NAT_GATEWAY, gateway.id))),
        TableRoute.of(public, Route(ANY_IPV4, Target(TargetKind.INTERNET_GATEWAY, internet.id))),
    )


def _tracking(row: Any) -> Any:
    """Its group lets everything out and nothing in, so that every flow is tracked."""
    if not isinstance(row, SecurityGroup):
        return row
    rule = SecurityGroupRule(
        id=fabric.id_of("sgr", 1), is_egress=True, protocol=ALL_PROTOCOLS, from_port=-1, to_port=-1, peer=ANY_IPV4
    )
    return replace(row, rules=(rule,))
