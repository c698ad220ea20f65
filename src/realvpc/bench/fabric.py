"""The fabric against a bare pair of virtual Ethernet devices: what does a VPC cost a packet?

Two machines in two peered VPCs, with security groups that track every flow, against two namespaces with a cable between
them.  Everything lives in namespaces made here; nothing has an uplink.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from pyroute2 import IPRoute

from realvpc.fabric import namespace
from realvpc.fabric.fabric import Fabric
from realvpc.fabric.plan import compile_plan
from realvpc.net import mtu
from realvpc.net.addresses import ANY_IPV4, ANY_IPV6, Address, Cidr
from realvpc.net.flow_log import DestinationType, FlowLog, TrafficType
from realvpc.net.instance import Instance, InstanceState
from realvpc.net.machine import LinkSpec
from realvpc.net.network import Network
from realvpc.net.network_acl import AclEntry, NetworkAcl
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.peering import Peering, PeeringSide, PeeringStatus
from realvpc.net.resource import Resource
from realvpc.net.route_table import Route, RouteTable, RouteTableAssociation, TableRoute, Target, TargetKind
from realvpc.net.security_group import ALL_PROTOCOLS, TCP, SecurityGroup, SecurityGroupRule
from realvpc.net.subnet import Subnet
from realvpc.net.table import Change, put
from realvpc.net.vpc import CidrAssociation, Ipv6CidrAssociation, Vpc

from .contest import Figures, alternate
from .course import TOOLS, TOOLS_IPV6, UNITS, BenchError, Course, check_tools, forget, measure, serving

__all__ = ["BARE", "FABRIC", "UNITS", "BenchError", "run"]

BARE, FABRIC = "bare veth pair", "peered VPCs"
_IFA_F_NODAD = 0x02  # linux/if_addr.h
NOW = datetime(2026, 1, 1, tzinfo=UTC)
OWNER: dict[str, Any] = {"account": "111111111111", "region": "ap-northeast-1"}


def run(
    rounds: int,
    seconds: int,
    progress: Callable[[str], None],
    *,
    ipv6: bool = False,
    network_acls: bool = False,
    flow_logs: bool = False,
) -> list[dict[str, Figures]]:
    """Rounds of both contenders: figures by contender.  Needs root.  Raises BenchError.

    With ``network_acls`` each subnet has one of its own, with rules that have to be looked at in turn, with
    ``flow_logs`` every packet a record at both ends.
    """
    check_tools(TOOLS_IPV6 if ipv6 else TOOLS)
    run_dir = Path(f"/run/realvpc/bench-{os.getpid()}")
    with (
        _bare_pair(run_dir / "bare", ipv6=ipv6) as bare,
        _peered_vpcs(run_dir / "fabric", ipv6=ipv6, network_acls=network_acls, flow_logs=flow_logs) as fabric,
        serving(bare),
        serving(fabric),
    ):
        contenders = {
            BARE: lambda: measure(bare, seconds=seconds),
            FABRIC: lambda: measure(fabric, seconds=seconds),
        }
        return alternate(rounds, contenders, progress)


# -- the two courses ---------------------------------------------------------------------------------------------------


@contextmanager
def _bare_pair(run_dir: Path, *, ipv6: bool) -> Iterator[Course]:
    client, server = run_dir / "client", run_dir / "server"
    try:
        namespace.create(client)
        namespace.create(server)
        fd = os.open(server, os.O_RDONLY | os.O_CLOEXEC)
        try:
            namespace.run_in(client, lambda: _cable(fd))
        finally:
            os.close(fd)
        ours, theirs = ("2001:db8:9::1", "2001:db8:9::2") if ipv6 else ("10.9.0.1", "10.9.0.2")
        namespace.run_in(client, lambda: _address(ours))
        namespace.run_in(server, lambda: _address(theirs))
        yield Course(client, server, theirs)
    finally:
        namespace.remove(client)
        namespace.remove(server)
        forget(run_dir)


def _cable(server_fd: int) -> None:
    with closing(IPRoute()) as netlink:
        peer = {"ifname": "eth0", "net_ns_fd": server_fd, "mtu": mtu.INTERFACE}
        netlink.link("add", ifname="eth0", kind="veth", mtu=mtu.INTERFACE, peer=peer)


def _address(text: str) -> None:
    with closing(IPRoute()) as netlink:
        [index] = netlink.link_lookup(ifname="eth0")
        family = {"prefixlen": 64, "flags": _IFA_F_NODAD} if ":" in text else {"prefixlen": 24}
        netlink.addr("add", index=index, address=text, **family)
        netlink.link("set", index=index, state="up")


@contextmanager
def _peered_vpcs(run_dir: Path, *, ipv6: bool, network_acls: bool, flow_logs: bool) -> Iterator[Course]:
    fabric = Fabric(run_dir)
    try:
        fabric.open()
        client = fabric.ensure_machine("client", (link(1, "10.1.0.10", "10.1.0.1"),))
        server = fabric.ensure_machine("server", (link(2, "10.2.0.10", "10.2.0.1"),))
        network = _with_acls(_network()) if network_acls else _network()
        logged = [_flow_log(number) for number in (1, 2)] if flow_logs else []
        fabric.apply(compile_plan(network.apply(put(*logged))))
        yield Course(client, server, _ipv6_of(2) if ipv6 else "10.2.0.10")
    finally:
        fabric.destroy()
        forget(run_dir)


def link(number: int, address: str, gateway: str) -> LinkSpec:
    return LinkSpec(
        interface_id=id_of("eni", number),
        mac_address=f"06:00:00:00:00:{number:02x}",
        address=address,
        prefix_length=20,
        gateway=gateway,
        mtu=mtu.INTERFACE,
        ipv6_addresses=(_ipv6_of(number),),
        ipv6_prefix_length=64,
    )


def _ipv6_of(number: int) -> str:
    return f"2001:db8:{number}::10"


def _flow_log(number: int) -> FlowLog:
    """Of all traffic of a VPC."""
    return FlowLog(
        id=id_of("fl", number),
        resource_id=id_of("vpc", number),
        traffic_type=TrafficType.ALL,
        destination_type=DestinationType.CLOUD_WATCH_LOGS,
        log_format="",
        created_at=NOW,
        **OWNER,
    )


def _network() -> Network:
    """Peered VPCs 10.1.0.0/16 and 10.2.0.0/16, in IPv6 2001:db8:1::/56 and 2001:db8:2::/56; TCP is admitted from the
    other one only, so every flow is tracked."""
    side = [PeeringSide(vpc_id=id_of("vpc", number), **OWNER) for number in (1, 2)]
    peering = Peering(
        id=id_of("pcx", 1), requester=side[0], accepter=side[1], status=PeeringStatus.ACTIVE, requested_at=NOW, **OWNER
    )
    return Network.of(*vpc(1, 2), *vpc(2, 1), peering)


def _with_acls(network: Network) -> Network:
    """A network ACL for each subnet, with rules about others before those that let everything pass."""
    change = Change()
    for place, subnet in enumerate(network.subnets.values(), start=1):
        entries = [
            AclEntry(
                is_egress=is_egress, number=number, allows=allows, protocol=protocol, cidr=cidr, low=port, high=port
            )
            for is_egress in (False, True)
            for number, (allows, protocol, cidr, port) in enumerate(
                (
                    *((False, TCP, cidr, port) for port in range(1, 5) for cidr in (ANY_IPV4, ANY_IPV6)),
                    *((True, ALL_PROTOCOLS, cidr, -1) for cidr in (ANY_IPV4, ANY_IPV6)),
                ),
                start=100,
            )
        ]
        acl = NetworkAcl(id=id_of("acl", place), vpc_id=subnet.vpc_id, entries=tuple(sorted(entries)), **OWNER)
        change += put(acl, replace(subnet, network_acl_id=acl.id))
    return network.apply(change)


def vpc(number: int, other: int) -> list[Resource]:
    block, far = Cidr.parse(f"10.{number}.0.0/16"), Cidr.parse(f"10.{other}.0.0/16")
    vpc, subnet, table, group, interface, instance = (
        id_of(prefix, number) for prefix in ("vpc", "subnet", "rtb", "sg", "eni", "i")
    )
    ipv6_block, ipv6_far = (Cidr.parse(f"2001:db8:{each}::/56") for each in (number, other))
    rules = tuple(
        SecurityGroupRule(
            id=id_of("sgr", 1), is_egress=is_egress, protocol=protocol, from_port=first, to_port=last, peer=peer
        )
        for is_egress, protocol, first, last in ((True, ALL_PROTOCOLS, -1, -1), (False, TCP, 0, 65535))
        for peer in (far, ipv6_far)
    )
    over, main = Target(TargetKind.PEERING, id_of("pcx", 1)), RouteTableAssociation(id_of("rtbassoc", number))
    routes_of = RouteTable(id=table, vpc_id=vpc, associations=(main,), **OWNER)
    return [
        Vpc(
            id=vpc,
            cidr_associations=(CidrAssociation(id_of("vpc-cidr-assoc", number), block),),
            ipv6_cidr_associations=(Ipv6CidrAssociation(id_of("vpc-cidr-assoc", number + 10), ipv6_block),),
            **OWNER,
        ),
        Subnet(
            id=subnet,
            vpc_id=vpc,
            cidr=block.subnet(0, 20),
            ipv6_cidr_associations=(Ipv6CidrAssociation(id_of("subnet-cidr-assoc", number), ipv6_block.subnet(0, 64)),),
            zone_name="a",
            zone_id="az1",
            **OWNER,
        ),
        routes_of,
        *(TableRoute.of(routes_of, Route(peer, over)) for peer in (far, ipv6_far)),
        SecurityGroup(id=group, vpc_id=vpc, name="bench", description="bench", rules=rules, **OWNER),
        Instance(
            id=instance,
            reservation_id=id_of("r", number),
            image_id="ami-bench",
            instance_type="t2.micro",
            state=InstanceState.RUNNING,
            launched_at=NOW,
            **OWNER,
        ),
        NetworkInterface(
            id=interface,
            vpc_id=vpc,
            subnet_id=subnet,
            mac_address=f"06:00:00:00:00:{number:02x}",
            private_addresses=(Address.parse(f"10.{number}.0.10"),),
            ipv6_addresses=(Address.parse(_ipv6_of(number)),),
            group_ids=(group,),
            attachment=Attachment(id=id_of("eni-attach", number), owner_id=instance, device_index=0, attached_at=NOW),
            **OWNER,
        ),
    ]


def id_of(prefix: str, number: int) -> str:
    return f"{prefix}-{number:017x}"
