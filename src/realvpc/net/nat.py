"""Through a NAT gateway and back (VPC guide, "NAT gateways" and "NAT gateway basics").

A gateway has an interface without security groups in its subnet.  What is routed to it gets one of its addresses and is
routed again, in the table of that subnet; what comes to one of these addresses has to answer something.
"""

from __future__ import annotations

from msgspec.structs import replace

from . import mtu
from .addresses import NEVER_FORWARDED
from .journey import Exit, Journey
from .nat64 import BLOCK, to_ipv4, to_ipv6
from .nat_flow import answered, begin, begins, is_carried, known
from .nat_gateway import NatGateway
from .network_interface import NetworkInterface
from .packet import Packet
from .reasons import Layer, Reason
from .security_group import ICMP
from .subnet import Subnet


def outwards(journey: Journey, gateway: NatGateway) -> Subnet:
    """Translate what a route leads to the gateway; the subnet where it goes on."""
    _once(journey, gateway, may_be_first=not (journey.nat_out or journey.nat_back))
    vpc = journey.network.vpcs[gateway.vpc_id]
    source, interface = journey.packet.source, journey.network.interface_of_nat_gateway(gateway.id)
    assert interface is not None, "the route would be a blackhole"
    journey.nat_out = interface.id
    journey.decide(
        vpc.holds(source),
        Layer.GATEWAY,
        gateway.id,
        f"the source is in {vpc.id}",
        Reason.NAT_REQUIRES_SOURCE_IN_VPC,
        vpc.id,
    )
    translated = journey.packet if source.is_ipv4 else to_ipv4(journey.packet)
    rule = "TCP, UDP and ICMP queries" if source.is_ipv4 else f"those, to addresses of {BLOCK}"
    carried = translated is not None and is_carried(translated)
    journey.decide(carried, Layer.GATEWAY, gateway.id, rule, Reason.NAT_PROTOCOL, vpc.id)
    subnet = _enter(journey, gateway, interface)
    if translated is not None and translated is not journey.packet:
        journey.packet = translated
        _check_destination(journey, gateway)
    _translate_out(journey, gateway, interface)
    journey.seen_by(interface, is_egress=True)
    return subnet


def backwards(journey: Journey, gateway: NatGateway, exit_: Exit) -> Subnet:
    """Translate back what answers a connection of the gateway; the subnet where it goes on."""
    _once(journey, gateway, may_be_first=not journey.nat_back)
    journey.nat_back = exit_.interface.id
    journey.fits(exit_.gateway, exit_.mtu, gateway.vpc_id)
    subnet = _enter(journey, gateway, exit_.interface)
    flow = answered(journey.nat_flows, exit_.interface.id, journey.packet)
    if flow is None:
        journey.deny(Layer.GATEWAY, gateway.id, "no connection", Reason.NAT_UNSOLICITED, gateway.vpc_id)
    rule = f"destination becomes {flow.inside} port {flow.inside_port}"
    journey.decide(True, Layer.GATEWAY, gateway.id, rule, Reason.NAT_UNSOLICITED, gateway.vpc_id)
    packet = journey.packet
    if packet.quoted is None:
        packet = _with_ports(packet, destination_port=flow.inside_port)
    else:
        quoted = replace(packet.quoted, source=flow.inside)
        packet = replace(packet, quoted=_with_ports(quoted, source_port=flow.inside_port))
    packet = replace(packet, destination=flow.inside)
    if not flow.inside.is_ipv4:
        translated = to_ipv6(packet) if journey.sent.source.is_ipv4 else None  # it changes its family once
        if translated is None:
            journey.deny(Layer.GATEWAY, gateway.id, "no such packet of IPv6", Reason.NAT_PROTOCOL, gateway.vpc_id)
        journey.decide(
            True, Layer.GATEWAY, gateway.id, f"source becomes {translated.source}", Reason.NAT_PROTOCOL, gateway.vpc_id
        )
        packet = translated
    journey.packet = packet
    journey.seen_by(exit_.interface, is_egress=True)
    return subnet


def _check_destination(journey: Journey, gateway: NatGateway) -> None:
    """What no sender of IPv4 could get as far as this."""
    destination, reason = journey.packet.destination, Reason.NOT_UNICAST
    if any(destination in block for block in NEVER_FORWARDED):
        journey.deny(reason.layer, gateway.id, "unicast only", reason, gateway.vpc_id)
    rule = f"destination becomes {destination}"
    journey.decide(True, Layer.GATEWAY, gateway.id, rule, Reason.NAT_PROTOCOL, gateway.vpc_id)


def _once(journey: Journey, gateway: NatGateway, *, may_be_first: bool) -> None:
    if not may_be_first:
        journey.deny(Layer.GATEWAY, gateway.id, "one NAT gateway", Reason.NAT_LOOP, gateway.vpc_id)


def _enter(journey: Journey, gateway: NatGateway, interface: NetworkInterface) -> Subnet:
    """Into the subnet of the gateway, to its interface."""
    journey.fits(gateway.id, mtu.NAT_GATEWAY, gateway.vpc_id)
    journey.seen_by(interface, is_egress=False)
    subnet = journey.network.subnets[gateway.subnet_id]
    if journey.is_outside:
        journey.network_acl(subnet, is_egress=False)
    return subnet


def _translate_out(journey: Journey, gateway: NatGateway, interface: NetworkInterface) -> None:
    packet, vpc_id = journey.packet, gateway.vpc_id
    flow = known(journey.nat_flows, interface.id, interface.private_addresses, packet)
    if flow is None:
        journey.decide(begins(packet), Layer.GATEWAY, gateway.id, "a new connection", Reason.NAT_NO_CONNECTION, vpc_id)
        sender = journey.sender.id if journey.sender else ""
        flow = journey.nat_flow = begin(journey.nat_flows, interface.id, interface.private_addresses, packet, sender)
    if flow is None:
        journey.deny(Layer.GATEWAY, gateway.id, "no port is left", Reason.NAT_PORT_ALLOCATION, vpc_id)
    rule = f"source becomes {flow.outside} port {flow.outside_port}"
    journey.decide(True, Layer.GATEWAY, gateway.id, rule, Reason.NAT_PORT_ALLOCATION, vpc_id)
    if packet.quoted is None:
        packet = _with_ports(packet, source_port=flow.outside_port)
    else:
        quoted = replace(packet.quoted, destination=flow.outside)
        packet = replace(packet, quoted=_with_ports(quoted, destination_port=flow.outside_port))
    journey.packet = replace(packet, source=flow.outside)


def _with_ports(packet: Packet, **port: int) -> Packet:
    """With another port; an ICMP query has its identifier in both."""
    if packet.protocol == ICMP:
        [identifier] = port.values()
        return replace(packet, source_port=identifier, destination_port=identifier)
    return replace(packet, **port)
