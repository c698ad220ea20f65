"""What becomes of packets to and from an interface endpoint."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from realvpc.net import allowances
from realvpc.net.addresses import Address
from realvpc.net.network import Network
from realvpc.net.packet import Packet
from realvpc.net.reasons import Reason
from realvpc.net.security_group import ICMP, ICMPV6, TCP, UDP
from realvpc.net.services import endpoint_identity_of, ipv6_endpoint_identity_of
from realvpc.net.table import delete, put
from realvpc.net.trace import ENDPOINTS, INTERNET, Trace
from realvpc.net.walk import walk

from ..packets.endpoint import INTERFACE, interface_endpoint
from ..packets.hosts import ALL_OUT, Rule, host, number, peering, vpc

NEAR, FAR, ENDPOINT = "10.20.0.7", "10.30.0.7", "10.20.0.80"
HTTPS_IN = Rule(TCP, low=443, high=443)
THERE = endpoint_identity_of(number("eni", INTERFACE + 1))


def network(rules: tuple[Rule, ...] = (HTTPS_IN, ALL_OUT)) -> Network:
    """An instance beside an endpoint, and one in a peered VPC."""
    return Network.of(
        *vpc(1, "10.20.0.0/16", peers=[("10.30.0.0/16", 1)], rules=rules),
        *vpc(2, "10.30.0.0/16", peers=[("10.20.0.0/16", 1)]),
        *host(1, 1, NEAR),
        *host(2, 2, FAR),
        peering(1, 1, 2),
        *interface_endpoint(1, 1, ENDPOINT),
    )


IPV6, IPV6_NEAR, IPV6_FAR = "2001:db8:1::80", "2001:db8:1::7", "2001:db8:2::7"


def dual_stack(rules: tuple[Rule, ...] = (HTTPS_IN, ALL_OUT)) -> Network:
    """The same of both families; the endpoint's VPC has an internet gateway."""
    return Network.of(
        *vpc(1, "10.20.0.0/16", ipv6="2001:db8:1::/56", peers=[("2001:db8:2::/56", 1)], rules=rules),
        *vpc(2, "10.30.0.0/16", ipv6="2001:db8:2::/56", peers=[("2001:db8:1::/56", 1)]),
        *host(1, 1, NEAR, ipv6=IPV6_NEAR),
        *host(2, 2, FAR, ipv6=IPV6_FAR),
        peering(1, 1, 2),
        *interface_endpoint(1, 1, ENDPOINT, ipv6=IPV6),
    )


def ask_over_ipv6(source: str = IPV6_NEAR, **more: int) -> Packet:
    ends = {"source": Address.parse(source), "destination": Address.parse(IPV6)}
    return replace(ask(), **ends, **more)


@pytest.mark.parametrize(("sender", "source"), [(1, IPV6_NEAR), (2, IPV6_FAR)])
def test_over_ipv6_it_is_as_over_ipv4(sender: int, source: str) -> None:
    made = dual_stack()
    there = sent(made, ask_over_ipv6(source), sender)
    assert (there.delivered_to, str(there.packet.source)) == (ENDPOINTS, source)
    assert there.packet.destination == ipv6_endpoint_identity_of(number("eni", INTERFACE + 1), Address.parse(IPV6))
    back = walk(made, there.packet.reply(), ENDPOINTS, there.tracked)
    assert (back.delivered_to, str(back.packet.source)) == (number("eni", sender), IPV6)
    for size, reason in ((8500, Reason.DELIVERED), (8501, Reason.PACKET_TOO_BIG)):
        assert sent(made, ask_over_ipv6(size=size)).reason is reason


def test_the_internet_does_not_reach_it_over_ipv6_nor_does_it_reach_the_internet() -> None:
    """PrivateLink guide, "IP address types": denyAllIgwTraffic."""
    made = dual_stack()
    outside = ask_over_ipv6("2001:2::1")
    assert walk(made, outside, INTERNET).reason is Reason.IGW_UNKNOWN_PUBLIC_ADDRESS
    identity = ipv6_endpoint_identity_of(number("eni", INTERFACE + 1), Address.parse(IPV6))
    answer = replace(outside.reply(), source=identity)
    assert walk(made, answer, ENDPOINTS).reason is Reason.IGW_NO_PUBLIC_ADDRESS


@pytest.mark.parametrize("own", ["2001:db8:1::81", "2001:db8:1:1::80", "::"])
def test_nobody_speaks_for_an_address_that_it_does_not_have(own: str) -> None:
    identity = ipv6_endpoint_identity_of(number("eni", INTERFACE + 1), Address.parse(own))
    packet = replace(ask_over_ipv6().reply(), source=identity)
    assert walk(dual_stack(), packet, ENDPOINTS).reason is Reason.UNKNOWN_INTERFACE


def test_over_ipv6_no_error_comes_out_of_it() -> None:
    made = dual_stack()
    there = sent(made, ask_over_ipv6())
    error = replace(
        there.packet.reply(), protocol=ICMPV6, source_port=0, destination_port=0, icmp_type=1, quoted=there.packet
    )
    assert walk(made, error, ENDPOINTS, there.tracked).reason is Reason.ENDPOINT_NOT_SERVED


def ask(source: str = NEAR, protocol: int = TCP, port: int = 443, **more: int) -> Packet:
    ends = {"source": Address.parse(source), "destination": Address.parse(ENDPOINT)}
    ports = {} if protocol == ICMP else {"source_port": 40000, "destination_port": port}
    return Packet(protocol=protocol, opens=protocol == TCP, **ends, **ports, **more)  # type: ignore[arg-type]


def sent(made: Network, packet: Packet, sender: int = 1) -> Trace:
    return walk(made, packet, number("eni", sender))


@pytest.mark.parametrize(("sender", "source"), [(1, NEAR), (2, FAR)])
def test_awss_endpoint_sees_who_asks_and_through_which_interface_and_answers(sender: int, source: str) -> None:
    made = network()
    there = sent(made, ask(source), sender)
    assert (there.delivered_to, there.resource) == (ENDPOINTS, number("vpce", 1))
    assert (there.packet.source, there.packet.destination) == (Address.parse(source), THERE)
    back = walk(made, there.packet.reply(), ENDPOINTS, there.tracked)
    assert back.delivered_to == number("eni", sender)
    assert (back.packet.source, back.packet.destination) == (Address.parse(ENDPOINT), Address.parse(source))


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (ask(protocol=ICMP, icmp_type=8), Reason.ENDPOINT_NOT_SERVED),
        (ask(protocol=UDP), Reason.ENDPOINT_NOT_SERVED),
        (ask(port=22), Reason.ENDPOINT_NOT_SERVED),
        (ask(size=8501), Reason.PACKET_TOO_BIG),
    ],
)
def test_it_takes_https_of_8500_bytes_and_nothing_else(packet: Packet, reason: Reason) -> None:
    found = sent(network((Rule(), ALL_OUT)), packet)
    assert (found.reason, found.resource) == (reason, number("vpce", 1))


def test_its_security_groups_decide_and_its_open_connections_stay() -> None:
    made = network()
    there = sent(made, ask())
    closed = replace(made.security_groups[number("sg", 1)], rules=())
    made = made.apply(put(closed))
    assert sent(made, ask(FAR), 2).reason is Reason.SECURITY_GROUP_INGRESS
    back = walk(made, there.packet.reply(), ENDPOINTS, there.tracked)
    assert back.delivered


def test_what_a_sender_has_of_it_goes_on_when_it_may_have_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowances, "FLOWS_OF_INTERFACE", 2)
    made = network()
    there = sent(made, ask())
    begun = walk(made, replace(ask(), source_port=40001), number("eni", 1), there.tracked)
    assert begun.reason is Reason.CONNTRACK_ALLOWANCE_EXCEEDED
    assert walk(made, ask(), number("eni", 1), there.tracked).delivered


def test_answers_need_a_route_like_everybodys() -> None:
    made = network()
    there = sent(made, ask(FAR), 2)
    [way_back] = [row for row in made.routes_over(number("pcx", 1)) if row.route_table_id == number("rtb", 1)]
    made = made.apply(delete(way_back))
    assert walk(made, there.packet.reply(), ENDPOINTS, there.tracked).reason is Reason.IGW_NO_PUBLIC_ADDRESS


def test_nobody_speaks_for_what_is_no_endpoint() -> None:
    made = network()
    for other in (number("eni", 1), number("eni", 77)):
        packet = replace(ask().reply(), source=endpoint_identity_of(other))
        assert walk(made, packet, ENDPOINTS).reason is Reason.UNKNOWN_INTERFACE
