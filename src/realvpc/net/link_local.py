"""To the resolver and the metadata service and back, which security groups and routes do not concern."""

from __future__ import annotations

from . import services
from .addresses import Address
from .instance_types import INSTANCE_TYPES
from .journey import Journey
from .network import Network
from .network_interface import NetworkInterface
from .reasons import Layer, Reason
from .security_group import TCP, UDP
from .trace import SERVICES, Trace

_IPV6 = (services.IPV6_METADATA, services.IPV6_RESOLVER)


def asks_service(journey: Journey, sender: NetworkInterface) -> bool:
    vpc = journey.network.vpcs[sender.vpc_id]
    return journey.packet.destination in (services.METADATA, services.RESOLVER, vpc.resolver, *_IPV6)


def resolver_of(network: Network, interface: NetworkInterface) -> Address:
    """The address by which the interface is told its VPC's resolver: over IPv6 where it has nothing else."""
    return network.vpcs[interface.vpc_id].resolver if interface.private_addresses else services.IPV6_RESOLVER


def reaches_over_ipv6(network: Network, interface: NetworkInterface, destination: Address) -> bool:
    """Whether a service answers the interface over IPv6: instances of the Nitro System (EC2 guide, "Instance metadata";
    VPC guide, "Amazon DNS server"), and instance metadata those where that is enabled."""
    instance = network.instance_of(interface)
    if instance is None or not INSTANCE_TYPES[instance.instance_type].is_nitro:
        return False
    return not services.is_metadata(destination) or instance.metadata_options.http_protocol_ipv6 == "enabled"


def to_services(journey: Journey, sender: NetworkInterface) -> Trace:
    """The service sees an address that names the interface, since private ones are not unique."""
    packet, vpc = journey.packet, journey.network.vpcs[sender.vpc_id]
    is_ipv6 = packet.destination in _IPV6
    asks_resolver = not services.is_metadata(packet.destination)
    journey.decide(
        sender.has(packet.source) if is_ipv6 else packet.source == sender.ipv4_on_link,
        Layer.INTERFACE,
        sender.id,
        "the source is its own" if is_ipv6 else "the source is the primary address",
        Reason.SERVICE_REQUIRES_PRIMARY_ADDRESS,
        vpc.id,
    )
    journey.decide(
        services.is_served(packet.destination, packet.protocol, packet.destination_port),
        Layer.INTERFACE,
        SERVICES,
        "a service",
        Reason.NOT_SERVED,
        vpc.id,
    )
    if is_ipv6:
        journey.decide(
            reaches_over_ipv6(journey.network, sender, packet.destination),
            Layer.INTERFACE,
            sender.id,
            "an instance of the Nitro System" if asks_resolver else "HttpProtocolIpv6",
            Reason.SERVICE_NOT_OVER_IPV6,
            vpc.id,
        )
    if asks_resolver:
        journey.decide(
            vpc.enable_dns_support,
            Layer.INTERFACE,
            vpc.id,
            f"enableDnsSupport is {'on' if vpc.enable_dns_support else 'off'}",
            Reason.DNS_SUPPORT_DISABLED,
            vpc.id,
        )
        journey.packet = packet.with_destination(services.IPV6_RESOLVER if is_ipv6 else services.RESOLVER)
    if is_ipv6:
        identity = services.ipv6_identity_of(sender.id, packet.source)
    else:
        identity = services.identity_of(sender.id, of_vpc_address=packet.destination == vpc.resolver)
    journey.packet = journey.packet.with_source(identity)
    return journey.delivered(SERVICES, vpc.id)


def from_services(journey: Journey) -> Trace:
    packet = journey.packet
    identity = services.read_identity(packet.destination)
    receiver = journey.network.interface_with_identity(packet.destination)
    asked_by = _asked_by(journey, receiver) if receiver else None
    if identity is None or receiver is None or asked_by is None:
        journey.deny(Layer.INTERFACE, str(packet.destination), "no interface", Reason.UNKNOWN_INTERFACE, "")
    if not packet.destination.is_ipv4 and packet.protocol not in (TCP, UDP):
        journey.deny(Layer.INTERFACE, SERVICES, "TCP and UDP over IPv6", Reason.NOT_SERVED, receiver.vpc_id)
    if identity[1]:
        journey.packet = journey.packet.with_source(journey.network.vpcs[receiver.vpc_id].resolver)
    journey.packet = journey.packet.with_destination(asked_by)
    return journey.hand_over(receiver)


def _asked_by(journey: Journey, receiver: NetworkInterface) -> Address | None:
    """The address that the interface asked from, if it has it."""
    identity = journey.packet.destination
    if identity.is_ipv4:
        return receiver.ipv4_on_link
    block = journey.network.subnets[receiver.subnet_id].ipv6_cidr
    source = services.ipv6_source(identity, block) if block else None
    return source if source is not None and receiver.has(source) else None
