"""NAT64 in the program: the bytes of packets of every length, and what is not carried over."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from realvpc.fabric import namespace
from realvpc.fabric.loader import Object
from realvpc.net.addresses import Address
from realvpc.net.nat_flow import NatFlow
from realvpc.net.packet import Flow, Packet
from realvpc.net.reasons import Reason
from realvpc.net.security_group import ICMPV6, TCP, UDP
from realvpc.net.trace import INTERNET
from realvpc.net.walk import walk

from ..net.test_nat64 import NETWORK, A, asking
from .frames import ETHERNET, IP_HEADER, frame, headers_length, read
from .kernel import SMALL, Kernel, devices
from .test_differential import check

pytestmark = pytest.mark.root


@pytest.mark.parametrize("protocol", [TCP, UDP, ICMPV6])
def test_packets_of_every_length_are_translated_there_and_back(tmp_path: Path, protocol: int) -> None:
    """With the checksums that their receivers reckon: a carry that is lost shows at few lengths only."""

    def run() -> None:
        with Object(max_entries=SMALL) as loaded:
            kernel = Kernel(loaded, NETWORK)
            flows: frozenset[Flow] = frozenset()
            nat_flows: frozenset[NatFlow] = frozenset()
            least = headers_length(asking(protocol))
            for size in (*range(least, least + 300), *range(1400, 1521)):
                packet = asking(protocol, size=size)
                out = walk(NETWORK, packet, A, flows, nat_flows)
                check(kernel, packet, A, out, may_fragment=False)
                flows |= out.tracked
                nat_flows |= {out.nat_flow} if out.nat_flow else set()
                answer = out.packet.reply()
                come = walk(NETWORK, answer, INTERNET, flows, nat_flows)
                assert come.delivered_to == A
                check(kernel, answer, INTERNET, come, may_fragment=False)

    with devices(tmp_path / "ns") as path:
        namespace.run_in(path, run)


def remembered(kernel: Kernel) -> list[dict[bytes, bytes | None]]:
    maps = [kernel.loaded.maps[name] for name in ("flows", "nat_flows", "tallies")]
    return [{key: each.get(key) for key in each} for each in maps]


def test_what_has_no_checksum_does_not_become_ipv6(tmp_path: Path) -> None:
    """IPv4 does without one of UDP, and IPv6 does not."""

    def run() -> None:
        with Object(max_entries=SMALL) as loaded:
            kernel = Kernel(loaded, NETWORK)
            out = walk(NETWORK, asking(UDP), A)
            check(kernel, asking(UDP), A, out, may_fragment=False)
            data = bytearray(frame(out.packet.reply()))
            place = len(ETHERNET) + IP_HEADER + 6
            data[place : place + 2] = bytes(2)
            known = remembered(kernel)
            assert Reason.by_number(kernel.run(bytes(data), INTERNET).reason) is Reason.MALFORMED_PACKET
            assert remembered(kernel) == known, "what is dropped leaves nothing behind"

    with devices(tmp_path / "ns") as path:
        namespace.run_in(path, run)


@pytest.mark.parametrize(("mtu", "told"), [(1400, 1420), (0, 1280), (600, 1280)])
def test_a_narrow_path_is_told_as_ipv6_knows_it(tmp_path: Path, mtu: int, told: int) -> None:
    def run() -> None:
        with Object(max_entries=SMALL) as loaded:
            kernel = Kernel(loaded, NETWORK)
            out = walk(NETWORK, asking(UDP), A)
            check(kernel, asking(UDP), A, out, may_fragment=False)
            error = Packet(
                source=Address.parse("198.19.0.9"),
                destination=out.packet.source,
                protocol=1,
                icmp_type=3,
                icmp_code=4,
                quoted=replace(out.packet, opens=False),
            )
            data = bytearray(frame(error))
            word = len(ETHERNET) + IP_HEADER + 6
            data[word : word + 2] = mtu.to_bytes(2, "big")
            checksum = len(ETHERNET) + IP_HEADER + 2
            old = int.from_bytes(data[checksum : checksum + 2], "big")
            before = 1  # what stands there in a frame of ours
            total = (~old & 0xFFFF) + (~before & 0xFFFF) + mtu
            total = (total & 0xFFFF) + (total >> 16)
            total = (total & 0xFFFF) + (total >> 16)
            data[checksum : checksum + 2] = (~total & 0xFFFF).to_bytes(2, "big")
            run = kernel.run(bytes(data), INTERNET)
            assert Reason.by_number(run.reason) is Reason.DELIVERED
            arrived = read(run.data)
            assert (arrived.icmp_type, arrived.icmp_code) == (2, 0)
            assert int.from_bytes(run.data[len(ETHERNET) + 40 + 4 :][:4], "big") == told

    with devices(tmp_path / "ns") as path:
        namespace.run_in(path, run)
