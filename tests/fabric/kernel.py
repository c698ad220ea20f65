"""The loaded program with the tables of a network, and devices that stand for the interfaces' links."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pyroute2 import IPRoute

from realvpc.fabric import namespace
from realvpc.fabric.apply import apply_changes, difference, read_tables
from realvpc.fabric.bpf import layout
from realvpc.fabric.bpf.constants import Edge
from realvpc.fabric.bpf.layout import number_of
from realvpc.fabric.identities import Identities
from realvpc.fabric.loader import FROM_EDGES, FROM_INTERFACE, Object, Run
from realvpc.fabric.plan import compile_plan
from realvpc.fabric.tables import compile_links, compile_tables
from realvpc.net import aws_hosts
from realvpc.net.flow_log import Action
from realvpc.net.flow_record import FlowRecord
from realvpc.net.nat_flow import NatFlow
from realvpc.net.network import Network
from realvpc.net.packet import Flow
from realvpc.net.trace import AWS, ENDPOINTS, INTERNET, SERVICES, Trace

DEVICES = 34
TC_ACT_SHOT, TC_ACT_REDIRECT = 2, 7
SMALL = {"flows": 1 << 14, "nat_flows": 1 << 14, "interface_counters": 1 << 10}
_FIRST = 2  # lo is 1


@contextmanager
def devices(path: Path) -> Iterator[Path]:
    """A network namespace with DEVICES devices: the program asks where a packet came in."""
    namespace.create(path)

    def add() -> None:
        with closing(IPRoute()) as netlink:
            for number in range(DEVICES // 2):
                netlink.link("add", ifname=f"a{number}", kind="veth", peer={"ifname": f"b{number}"})

    try:
        namespace.run_in(path, add)
        yield path
    finally:
        namespace.remove(path)


def flow_key(flow: Flow) -> bytes:
    return layout.FLOW_KEY.pack(
        number_of(flow.interface_id),
        flow.local.packed,
        flow.remote.packed,
        flow.local_port,
        flow.remote_port,
        flow.protocol,
        flow.icmp_type,
        flow.icmp_code,
    )


def nat_keys(flow: NatFlow) -> set[bytes]:
    """Of both its entries."""
    return {
        layout.NAT_KEY.pack(
            number_of(flow.gateway), near.packed, flow.remote.packed, port, flow.remote_port, flow.protocol, is_inwards
        )
        for near, port, is_inwards in (
            (flow.inside, flow.inside_port, False),
            (flow.outside, flow.outside_port, True),
        )
    }


def record_key(record: FlowRecord) -> bytes:
    return layout.FLOW_RECORD_KEY.pack(
        number_of(record.interface_id),
        record.source.packed,
        record.destination.packed,
        record.source_port,
        record.destination_port,
        record.protocol,
        record.is_egress,
        record.action is Action.REJECT,
        record.by_block_public_access,
    )


class Kernel:
    """Call ``run`` inside the namespace of ``devices``."""

    def __init__(self, loaded: Object, network: Network) -> None:
        self.loaded = loaded
        self.ifindexes = {interface_id: _FIRST + place for place, interface_id in enumerate(network.interfaces)}
        last = _FIRST + DEVICES - 1
        self.nobody = last - 4
        self.edges = {INTERNET: last - 3, SERVICES: last - 2, ENDPOINTS: last - 1, AWS: last}
        self.apply(network)
        for name in ("flows", "nat_flows", "tallies", "shares", "even_records", "record_tallies"):
            loaded.maps[name].delete(list(loaded.maps[name]))

    def apply(self, network: Network) -> None:
        plan = compile_plan(network)
        tables = compile_tables(plan) | compile_links(self.ifindexes)
        tables["identities"], _ = Identities().change((entry.id for entry in plan.interfaces), ())
        tables["edges"] = {
            layout.INDEX_KEY.pack(number): layout.EDGE.pack(ifindex, bytes(6))
            for number, ifindex in ((Edge[name.upper()], ifindex) for name, ifindex in self.edges.items())
        }
        apply_changes(self.loaded.maps, difference(read_tables(self.loaded.maps), tables))

    def ifindex(self, at: str) -> int:
        """Of the device of an interface, of an edge, or for anybody else of one that has no interface."""
        return (self.edges | self.ifindexes).get(at, self.nobody)

    def reached(self, trace: Trace) -> int:
        """That of the device where a delivered packet arrives: S3 and DynamoDB are a part of the internet."""
        assert trace.delivered_to is not None
        is_of_aws = trace.delivered_to == INTERNET and trace.packet.destination in aws_hosts.BLOCK
        return self.ifindex(AWS if is_of_aws else trace.delivered_to)

    def run(self, frame: bytes, at: str, gso_size: int = 0) -> Run:
        return self.loaded.test_run(
            FROM_EDGES.get(at, FROM_INTERFACE), frame, ifindex=self.ifindex(at), gso_size=gso_size
        )

    def records(self) -> dict[bytes, tuple[int, int, int]]:
        """Packets, bytes and TCP flags of what is gathered for flow logs."""
        records = {key: layout.FLOW_RECORD.unpack(row) for key, row in self.loaded.maps["even_records"].items().items()}
        return {key: (row["packets"], row["bytes"], row["tcp_flags"]) for key, row in records.items()}

    def flows(self) -> set[bytes]:
        return set(self.loaded.maps["flows"])

    def nat_flows(self) -> set[bytes]:
        return set(self.loaded.maps["nat_flows"])
