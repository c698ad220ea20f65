"""Over an internet gateway, or one for egress only, and back (VPC guide, "Internet gateways")."""

from __future__ import annotations

from . import mtu
from .addresses import PRIVATE, Address
from .block_public_access import BlockMode
from .journey import Exit, Journey
from .network_interface import NetworkInterface
from .reasons import Layer, Reason
from .route_table import RouteState, TargetKind
from .trace import INTERNET

_WHAT_PASSES = {
    BlockMode.BLOCK_BIDIRECTIONAL: "nothing of the subnet may pass",
    BlockMode.BLOCK_INGRESS: "only NAT gateways and egress-only internet gateways lead out of the subnet",
}


def over_egress_only(journey: Journey, vpc_id: str, gateway_id: str) -> Exit | None:
    """As over an internet gateway.  Only answers come back, so the flow is tracked even where security groups need not
    (EC2 guide, "Security group connection tracking")."""
    if journey.packet.source.is_ipv4:
        journey.deny(Layer.GATEWAY, gateway_id, "the source is of IPv4", Reason.IGW_NO_PUBLIC_ADDRESS, vpc_id)
    if journey.sender is not None:  # else a NAT gateway has let it in, and nobody here has its source
        journey.track_as_sent(journey.sender)
    return over_internet_gateway(journey, vpc_id, gateway_id, TargetKind.EGRESS_ONLY_INTERNET_GATEWAY)


def over_internet_gateway(
    journey: Journey, vpc_id: str, gateway_id: str, kind: TargetKind = TargetKind.INTERNET_GATEWAY
) -> Exit | None:
    """1:1 translation outwards.  A public address of another VPC is reached here and now, as on the internet; None: the
    packet has left."""
    owner = journey.network.interface_at(vpc_id, journey.packet.source)
    public = _public_address(journey, owner) if owner else None
    if owner is None or public is None:
        journey.deny(
            Layer.GATEWAY,
            gateway_id,
            "the source has no public address",
            Reason.IGW_NO_PUBLIC_ADDRESS,
            vpc_id,
        )
    _check_access(journey, owner, gateway_id, kind)
    journey.decide(
        not _is_private(journey.packet.destination),
        Layer.GATEWAY,
        gateway_id,
        f"source becomes {public}" if public != journey.packet.source else "the source is public",
        Reason.IGW_PRIVATE_DESTINATION,
        vpc_id,
    )
    journey.fits(gateway_id, mtu.INTERNET, vpc_id)
    journey.packet = journey.packet.with_source(public)
    if journey.network.behind_public_address(journey.packet.destination) is not None:
        return from_internet(journey)
    return None


def _public_address(journey: Journey, owner: NetworkInterface) -> Address | None:
    """That of the packet's source, which is an address of the owner.  Of IPv6 it is the same, unless it is private or
    the owner is kept from the internet."""
    source = journey.packet.source
    if source.is_ipv4:
        return journey.network.public_addresses_of(owner).get(source)
    return None if _is_private(source) or owner.deny_all_igw_traffic else source


def from_internet(journey: Journey) -> Exit:
    """The receiving half of the internet gateway: 1:1 translation inwards."""
    packet = journey.packet
    journey.decide(
        not _is_private(packet.source),
        Layer.GATEWAY,
        INTERNET,
        "the source is public",
        Reason.IGW_PRIVATE_SOURCE,
        "",
    )
    found = journey.network.behind_public_address(packet.destination)
    gateway_id = _way_in(journey, *found) if found else None
    if found is None or gateway_id is None:
        journey.deny(Layer.GATEWAY, INTERNET, "nobody has the address", Reason.IGW_UNKNOWN_PUBLIC_ADDRESS, "")
    receiver, private = found
    journey.decide(
        True,
        Layer.GATEWAY,
        gateway_id,
        f"destination becomes {private}" if private != packet.destination else "the destination is behind it",
        Reason.IGW_UNKNOWN_PUBLIC_ADDRESS,
        receiver.vpc_id,
    )
    journey.packet = packet.with_destination(private)
    journey.is_outside = True
    return Exit(_next_hop(journey, gateway_id, receiver), gateway_id, mtu.INTERNET)


def _next_hop(journey: Journey, gateway_id: str, receiver: NetworkInterface) -> NetworkInterface:
    """The receiver, unless the gateway's own route table has an appliance in between.  AssociateRouteTable and
    CreateRoute see to it that such a table leads nowhere else."""
    table = journey.network.gateway_route_table(gateway_id)
    route = journey.route(table) if table else None
    if route is None or route.target.kind is TargetKind.LOCAL:
        return receiver
    return journey.network.interfaces[route.target.id]


def _way_in(journey: Journey, receiver: NetworkInterface, private: Address) -> str | None:
    """The gateway over which the packet reaches the receiver's VPC, or None.

    Where the receiver's subnet answers over an egress-only gateway it is that one, and the internet begins nothing (VPC
    guide, "Egress-only internet gateways").
    """
    egress_only = _egress_only_way_back(journey, receiver)
    if egress_only is not None:
        journey.decide(
            journey.is_answer_to(receiver),
            Layer.GATEWAY,
            egress_only,
            "only answers come in",
            Reason.EIGW_REJECTS_INGRESS,
            receiver.vpc_id,
        )
        _check_access_inwards(journey, receiver, private, egress_only, TargetKind.EGRESS_ONLY_INTERNET_GATEWAY)
        return egress_only
    gateway = journey.network.internet_gateway_of(receiver.vpc_id)
    if gateway is None:
        return None
    _check_access_inwards(journey, receiver, private, gateway.id, TargetKind.INTERNET_GATEWAY)
    return gateway.id


def _check_access_inwards(
    journey: Journey, receiver: NetworkInterface, private: Address, gateway_id: str, kind: TargetKind
) -> None:
    """What is refused has been seen by the receiver, for flow logs have it."""
    if journey.network.is_kept_from(kind, receiver):
        journey.packet = journey.packet.with_destination(private)
        journey.seen_by(receiver, is_egress=False)
    _check_access(journey, receiver, gateway_id, kind)


def _check_access(journey: Journey, interface: NetworkInterface, gateway_id: str, kind: TargetKind) -> None:
    """VPC Block Public Access, in either direction."""
    if journey.network.is_kept_from(kind, interface):
        mode = journey.network.block_mode_of(journey.network.subnets[interface.subnet_id])
        journey.deny(Layer.GATEWAY, gateway_id, _WHAT_PASSES[mode], Reason.VPC_BLOCK_PUBLIC_ACCESS, interface.vpc_id)


def _egress_only_way_back(journey: Journey, receiver: NetworkInterface) -> str | None:
    if journey.packet.destination.is_ipv4:
        return None
    table = journey.network.route_table_for(journey.network.subnets[receiver.subnet_id])
    route = journey.network.lookup_route(table, journey.packet.source)
    if route is None or route.target.kind is not TargetKind.EGRESS_ONLY_INTERNET_GATEWAY:
        return None
    return route.target.id if journey.network.route_state(table, route) is RouteState.ACTIVE else None


def _is_private(address: Address) -> bool:
    return any(address in block for block in PRIVATE)
