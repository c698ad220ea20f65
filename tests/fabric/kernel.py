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
from realvpc.net.network import Network
from realvpc.net.packet import Flow
from realvpc.net.trace import INTERNET, SERVICES

DEVICES = 20
TC_ACT_SHOT, TC_ACT_REDIRECT = 2, 7
SMALL = {"flows": 1 << 14, "interface_counters": 1 << 10}
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


class Kernel:
    """Call ``run`` inside the namespace of ``devices``."""

    def __init__(self, loaded: Object, network: Network) -> None:
        self.loaded = loaded
        self.ifindexes = {interface_id: _FIRST + place for place, interface_id in enumerate(network.interfaces)}
        last = _FIRST + DEVICES - 1
        self.nobody = last - 2
        self.edges = {INTERNET: last - 1, SERVICES: last}
        self.apply(network)
        loaded.maps["flows"].delete(list(loaded.maps["flows"]))

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

    def run(self, frame: bytes, at: str, gso_size: int = 0) -> Run:
        return self.loaded.test_run(
            FROM_EDGES.get(at, FROM_INTERFACE), frame, ifindex=self.ifindex(at), gso_size=gso_size
        )

    def flows(self) -> set[bytes]:
        return set(self.loaded.maps["flows"])
