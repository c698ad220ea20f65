"""What becomes of IPv6 packets, where that is not what becomes of those of IPv4."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.net.addresses import Address, Cidr
from realvpc.net.icmp import Icmpv6Type
from realvpc.net.network import Network
from realvpc.net.packet import Flow, Packet
from realvpc.net.reasons import Reason
from realvpc.net.route_table import Route, TableRoute, Target, TargetKind
from realvpc.net.security_group import ICMPV6, TCP
from realvpc.net.table import delete, put
from realvpc.net.trace import INTERNET, Trace
from realvpc.net.walk import walk
from tests.packets.hosts import ALL_IN, ALL_OUT, host, number, vpc

OPEN, PRIVATE, OTHER = (number("eni", index) for index in (1, 2, 3))
OPEN_ADDRESS, PRIVATE_ADDRESS, OTHER_ADDRESS = "2001:db8:1::7", "2001:db8:2::7", "2001:db8:3::7"
OUTSIDE = "2001:db8:ffff::1"


def network() -> Network:
    """One VPC with an internet gateway; one with an egress-only one as well, which its subnet uses; one more."""
    rules = (ALL_IN, ALL_OUT)
    return Network.of(
        *vpc(1, "10.1.0.0/16", ipv6="2001:db8:1::/56", rules=rules),
        *vpc(2, "10.2.0.0/16", ipv6="2001:db8:2::/56", rules=rules, egress_only=True),
        *vpc(3, "10.3.0.0/16", ipv6="2001:db8:3::/56", rules=rules),
        *host(1, 1, "10.1.0.7", ipv6=OPEN_ADDRESS),
        *host(2, 2, "10.2.0.7", ipv6=PRIVATE_ADDRESS),
        *host(3, 3, "10.3.0.7", ipv6=OTHER_ADDRESS),
    )


def web(source: str, destination: str, **fields: Any) -> Packet:
    ports = {"source_port": 40000, "destination_port": 80, "opens": True} | fields
    return Packet(source=Address.parse(source), destination=Address.parse(destination), protocol=TCP, **ports)


def test_an_address_is_public_by_nature() -> None:
    out = walk(network(), web(OPEN_ADDRESS, OUTSIDE), OPEN)
    assert (out.delivered_to, out.packet) == (INTERNET, out.sent), "nothing is translated"
    assert walk(network(), web(OUTSIDE, OPEN_ADDRESS), INTERNET).delivered_to == OPEN
    assert walk(network(), web(OPEN_ADDRESS, OTHER_ADDRESS), OPEN).delivered_to == OTHER, "as over the internet"


def test_without_an_internet_gateway_nobody_comes_in() -> None:
    closed = network().apply(delete(network().internet_gateways[number("igw", 1)]))
    assert walk(closed, web(OUTSIDE, OPEN_ADDRESS), INTERNET).reason is Reason.IGW_UNKNOWN_PUBLIC_ADDRESS
    assert walk(closed, web(OPEN_ADDRESS, OUTSIDE), OPEN).reason is Reason.BLACKHOLE_ROUTE


@pytest.mark.parametrize("address", ["fd00:1::7", "fd00:9::9"])
def test_unique_local_addresses_do_not_go_to_the_internet(address: str) -> None:
    row = network().interfaces[OPEN]
    private = network().apply(put(replace(row, ipv6_addresses=(*row.ipv6_addresses, Address.parse("fd00:1::7")))))
    assert walk(private, web("fd00:1::7", OUTSIDE), OPEN).reason is Reason.IGW_NO_PUBLIC_ADDRESS
    assert walk(private, web(OPEN_ADDRESS, address), OPEN).reason is Reason.IGW_PRIVATE_DESTINATION
    assert walk(private, web(address, OPEN_ADDRESS), INTERNET).reason is Reason.IGW_PRIVATE_SOURCE


class TestEgressOnly:
    def out(self) -> Trace:
        return walk(network(), web(PRIVATE_ADDRESS, OUTSIDE), PRIVATE)

    def test_what_goes_out_is_answered(self) -> None:
        out = self.out()
        assert out.delivered_to == INTERNET
        back = walk(network(), out.packet.reply(), INTERNET, out.tracked)
        assert back.delivered_to == PRIVATE

    def test_its_flow_is_tracked_where_security_groups_need_not(self) -> None:
        assert self.out().tracked == {Flow.leaving(PRIVATE, self.out().sent)}
        assert not walk(network(), web(OPEN_ADDRESS, OUTSIDE), OPEN).tracked

    @pytest.mark.parametrize("source", [OUTSIDE, "2001:db8:ffff::2"])
    def test_nothing_begins_outside(self, source: str) -> None:
        """The VPC has an internet gateway, too, and security groups that let everything in."""
        come = walk(network(), web(source, PRIVATE_ADDRESS), INTERNET, self.out().tracked)
        assert (come.reason, come.resource) == (Reason.EIGW_REJECTS_INGRESS, number("eigw", 2))
        assert walk(network(), web(OPEN_ADDRESS, PRIVATE_ADDRESS), OPEN).reason is Reason.EIGW_REJECTS_INGRESS

    def test_an_error_about_what_went_out_comes_in(self) -> None:
        out = self.out()
        error = Packet(
            source=Address.parse("2001:db8:ffff::99"),
            destination=Address.parse(PRIVATE_ADDRESS),
            protocol=ICMPV6,
            icmp_type=Icmpv6Type.TIME_EXCEEDED,
            quoted=out.sent,
        )
        assert walk(network(), error, INTERNET, out.tracked).delivered_to == PRIVATE
        assert walk(network(), error, INTERNET).reason is Reason.EIGW_REJECTS_INGRESS

    def test_where_the_way_back_is_another_it_does_not_matter(self) -> None:
        table = network().route_tables[number("rtb", 2)]
        open_way = Route(Cidr.parse("2001:db8:ffff::/48"), Target(TargetKind.INTERNET_GATEWAY, number("igw", 2)))
        opened = network().apply(put(TableRoute.of(table, open_way)))
        assert walk(opened, web(OUTSIDE, PRIVATE_ADDRESS), INTERNET).delivered_to == PRIVATE

    def test_it_goes_with_its_gateway(self) -> None:
        gone = network().apply(delete(network().egress_only_internet_gateways[number("eigw", 2)]))
        assert walk(gone, web(PRIVATE_ADDRESS, OUTSIDE), PRIVATE).reason is Reason.BLACKHOLE_ROUTE
