"""Over a gateway endpoint to S3 or DynamoDB, and back (PrivateLink guide, "Gateway endpoints").

Nothing needs a public address there, and private ones repeat from VPC to VPC: the service is told by an address that
names the interface who asks.  For the VPC the addresses stay what they are.
"""

from __future__ import annotations

from . import mtu
from .icmp import IcmpType
from .journey import Exit, Journey
from .packet import Packet
from .reasons import Layer, Reason
from .security_group import ICMP, TCP
from .services import identity_over_endpoint
from .trace import INTERNET


def over_gateway_endpoint(journey: Journey, vpc_id: str, endpoint_id: str) -> None:
    """From an interface of the VPC to the service."""
    packet = journey.packet
    owner = journey.network.interface_at(vpc_id, packet.source)
    if owner is None or packet.source != owner.private_address:
        rule = "the source is no primary address of the VPC"
        journey.deny(Layer.GATEWAY, endpoint_id, rule, Reason.VPCE_SOURCE_ADDRESS, vpc_id)
    journey.decide(is_carried(packet), Layer.GATEWAY, endpoint_id, "TCP and ICMP echo", Reason.VPCE_PROTOCOL, vpc_id)
    journey.fits(endpoint_id, mtu.INTERNET, vpc_id)
    journey.packet = packet.with_source(identity_over_endpoint(owner.id))


def is_carried(packet: Packet) -> bool:
    """ICMP errors go with what they quote."""
    if packet.protocol == ICMP:
        return packet.quoted is not None or packet.icmp_type == IcmpType.ECHO_REQUEST
    return packet.protocol == TCP


def from_gateway_endpoint(journey: Journey) -> Exit:
    """The answer, to whoever asked."""
    receiver = journey.network.interface_over_endpoint(journey.packet.destination)
    if receiver is None:
        rule = "nobody has the address"
        journey.deny(Layer.GATEWAY, INTERNET, rule, Reason.IGW_UNKNOWN_PUBLIC_ADDRESS, "")
    rule = f"destination becomes {receiver.ipv4_on_link}"
    journey.decide(True, Layer.GATEWAY, INTERNET, rule, Reason.IGW_UNKNOWN_PUBLIC_ADDRESS, receiver.vpc_id)
    journey.packet = journey.packet.with_destination(receiver.ipv4_on_link)
    journey.is_outside = True
    return Exit(receiver, INTERNET, mtu.INTERNET)
