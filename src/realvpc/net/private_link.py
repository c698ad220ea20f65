"""To AWS's endpoint through an interface endpoint and back (PrivateLink guide, "Access an AWS service using an
interface VPC endpoint").

An interface endpoint is a network interface like any other until a packet has arrived.  Then AWS's endpoint sees it
under an address that names that interface, because private addresses are not unique; the sender's it sees as it is.
"""

from __future__ import annotations

from msgspec.structs import replace

from . import mtu, services
from .addresses import Address
from .allowances import may_share
from .journey import Journey
from .network import Network
from .network_interface import NetworkInterface
from .packet import Packet
from .reasons import Layer, Reason
from .security_group import TCP
from .trace import ENDPOINTS, Trace
from .vpc_endpoint import VpcEndpoint


def to_endpoint(journey: Journey, receiver: NetworkInterface, endpoint: VpcEndpoint) -> Trace:
    """What its interface has let in; that is always tracked (EC2 guide, "Security group connection tracking")."""
    packet = journey.packet
    journey.decide(
        services.is_of_endpoint(packet.protocol, packet.destination_port),
        Layer.DELIVERY,
        endpoint.id,
        f"TCP port {services.ENDPOINT_TLS_PORT}",
        Reason.ENDPOINT_NOT_SERVED,
        receiver.vpc_id,
    )
    journey.fits(endpoint.id, mtu.INTERFACE_ENDPOINT, receiver.vpc_id)
    journey.track_as_received(receiver)
    if journey.sender is not None and not journey.is_answer_to(receiver):
        _take_share(journey, receiver, journey.sender.id)
    journey.packet = packet.with_destination(_identity(receiver, packet))
    return journey.delivered(ENDPOINTS, receiver.vpc_id, endpoint.id)


def _identity(receiver: NetworkInterface, packet: Packet) -> Address:
    if packet.source.is_ipv4:
        return services.endpoint_identity_of(receiver.id)
    return services.ipv6_endpoint_identity_of(receiver.id, packet.destination)


def _take_share(journey: Journey, receiver: NetworkInterface, sender: str) -> None:
    if not may_share(receiver.id, sender, journey.flows):
        reason = Reason.CONNTRACK_ALLOWANCE_EXCEEDED
        journey.deny(Layer.INTERFACE, receiver.id, "no room for one more flow of the sender", reason, receiver.vpc_id)
    journey.tracked = [
        replace(flow, sender=sender) if flow.interface_id == receiver.id else flow for flow in journey.tracked
    ]


def from_endpoints(journey: Journey) -> NetworkInterface:
    """The interface that answers, in whose place the packet goes on."""
    packet = journey.packet
    sender = journey.network.endpoint_interface_with_identity(packet.source)
    source = _own_address(journey.network, sender, packet.source) if sender else None
    if sender is None or source is None:
        journey.deny(Layer.INTERFACE, str(packet.source), "no interface", Reason.UNKNOWN_INTERFACE, "")
    if not packet.source.is_ipv4:  # else what an error quotes would have to be translated as well
        rule = "over IPv6 TCP alone"
        journey.decide(
            packet.protocol == TCP, Layer.DELIVERY, sender.id, rule, Reason.ENDPOINT_NOT_SERVED, sender.vpc_id
        )
    journey.packet = packet.with_source(source)
    return sender


def _own_address(network: Network, sender: NetworkInterface, identity: Address) -> Address | None:
    if identity.is_ipv4:
        return sender.ipv4_on_link
    block = network.subnets[sender.subnet_id].ipv6_cidr
    address = services.ipv6_source(identity, block) if block else None
    return address if address is not None and sender.has(address) else None
