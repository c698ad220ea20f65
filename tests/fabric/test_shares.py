"""Interface endpoints, where many senders meet: nobody fills one for the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from realvpc.fabric import namespace
from realvpc.fabric.bpf import layout
from realvpc.fabric.bpf.layout import number_of
from realvpc.fabric.loader import Object
from realvpc.net import mtu
from realvpc.net.addresses import Address
from realvpc.net.allowances import FLOWS_OF_INTERFACE, may_share
from realvpc.net.network import Network
from realvpc.net.packet import Flow
from realvpc.net.reasons import Reason
from realvpc.net.security_group import TCP
from realvpc.net.table import put
from realvpc.net.walk import walk

from ..packets.endpoint import INTERFACE, interface_endpoint
from .frames import frame, gso_size
from .kernel import SMALL, Kernel, devices
from .program import A_ADDRESS, C_ADDRESS, A, C, network, packet, reason, set_tally, tally

pytestmark = pytest.mark.root

ENDPOINT, THERE = number_of(f"eni-{INTERFACE + 1:017x}"), "10.20.0.80"


def with_endpoint() -> Network:
    return network().apply(put(*interface_endpoint(1, 1, THERE)))


def test_a_sender_has_no_more_of_an_endpoint_than_it_leaves_to_others(tmp_path: Path) -> None:
    def run() -> None:
        with Object(max_entries=SMALL) as loaded:
            kernel = Kernel(loaded, with_endpoint())

            def ask(at: str, source: str, port: int) -> Reason:
                asking = packet(source, THERE, source_port=port, destination_port=443, opens=True)
                return reason(kernel.run(frame(asking), at))

            def share(sender: str) -> int:
                value = loaded.maps["shares"].get(layout.SHARE_KEY.pack(ENDPOINT, number_of(sender)))
                return int(layout.TALLY.unpack(value)["flows"]) if value else 0

            assert ask(A, A_ADDRESS, 40000) is Reason.DELIVERED
            assert (share(A), share(C)) == (1, 0)
            set_tally(kernel, ENDPOINT, FLOWS_OF_INTERFACE - 2)  # of others
            assert ask(A, A_ADDRESS, 40001) is Reason.DELIVERED  # as much as is left
            before = kernel.flows()
            assert ask(A, A_ADDRESS, 40002) is Reason.CONNTRACK_ALLOWANCE_EXCEEDED
            assert kernel.flows() == before, "what is dropped leaves nothing behind"
            assert (share(A), tally(kernel, ENDPOINT)) == (2, FLOWS_OF_INTERFACE - 1)
            assert ask(A, A_ADDRESS, 40001) is Reason.DELIVERED, "what it has goes on"
            assert ask(C, C_ADDRESS, 40000) is Reason.DELIVERED

    with devices(tmp_path / "ns") as path:
        namespace.run_in(path, run)


def test_a_remembered_way_to_an_endpoint_has_its_mtu(tmp_path: Path) -> None:
    """Which is less than what the subnet has on the way there."""

    def run() -> None:
        with Object(max_entries=SMALL) as loaded:
            kernel = Kernel(loaded, with_endpoint())
            asking = packet(A_ADDRESS, THERE, destination_port=443)
            for _ in range(3):  # the first begins the flow, the second is remembered
                assert reason(kernel.run(frame(asking), A)) is Reason.DELIVERED
            for size, expected in ((mtu.INTERFACE_ENDPOINT, Reason.DELIVERED), (9001, Reason.PACKET_TOO_BIG)):
                large = replace(asking, size=size)
                assert reason(kernel.run(frame(large), A, gso_size(large))) is expected

    with devices(tmp_path / "ns") as path:
        namespace.run_in(path, run)


def test_the_law_says_the_same() -> None:
    mine, other = Address.parse(A_ADDRESS), Address.parse(C_ADDRESS)
    there = Flow("eni-1", TCP, Address.parse(THERE), mine, 443, 40000, sender=A)
    others = [replace(there, remote=other, remote_port=port, sender=C) for port in range(FLOWS_OF_INTERFACE - 3)]
    assert may_share("eni-1", A, [there, *others])
    assert not may_share("eni-1", A, [there, replace(there, remote_port=1), *others])
    by_another_address = replace(there, remote=other, remote_port=1)
    assert not may_share("eni-1", A, [there, by_another_address, *others])


def test_a_flow_begins_with_its_senders_share() -> None:
    asking = packet(A_ADDRESS, THERE, source_port=40000, destination_port=443, opens=True)
    begun = walk(with_endpoint(), asking, A).tracked
    assert [flow.sender for flow in begun if flow.interface_id not in (A, C)] == [A]
    assert walk(with_endpoint(), asking, A, begun).tracked == frozenset(), "it goes on"
