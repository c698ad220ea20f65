"""What answers a NAT gateway in a peered VPC returns to it, with or without a route (VPC guide, "NAT gateway basics").

The flow at whom the gateway sent to knows the gateway.  The way back is the one that the gateway itself has there, as
long as it has one; the route tables of the VPC that answers are not asked, its network ACLs are.
"""

from __future__ import annotations

from .addresses import Address
from .journey import Journey
from .network import Network
from .network_interface import NetworkInterface
from .peering import Peering
from .reasons import Layer, Reason
from .route_table import LOOKUPS_MAXIMUM, RouteState, RouteTable, TargetKind


def over_which_it_returns(journey: Journey, sender: NetworkInterface) -> Peering | None:
    """The peering connection over which the packet goes back to a NAT gateway; None: it goes as routes lead it."""
    network = journey.network
    interface = journey.answered_gateway(journey.flow_at(sender), journey.packet.destination)
    gateway = network.nat_gateway_of(interface) if interface else None
    if interface is None or gateway is None:
        return None
    table = network.route_table_for(network.subnets[interface.subnet_id])
    peering = _peering_to(network, table, journey.packet.source)
    far = peering.far_side(interface.vpc_id) if peering else None
    if peering is None or far is None or far.vpc_id != sender.vpc_id:
        return None
    rule = f"what answers {gateway.id} returns over {peering.id}"
    journey.decide(True, Layer.ROUTE_TABLE, gateway.id, rule, Reason.NO_ROUTE, sender.vpc_id)
    return peering


def _peering_to(network: Network, table: RouteTable, address: Address) -> Peering | None:
    """That which the route to the address leads to, if one does."""
    for _ in range(LOOKUPS_MAXIMUM):
        route = network.lookup_route(table, address)
        if route is None or network.route_state(table, route) is RouteState.BLACKHOLE:
            return None
        if route.target.kind is not TargetKind.ROUTE_TABLE:
            return network.peerings[route.target.id] if route.target.kind is TargetKind.PEERING else None
        table = network.route_tables[route.target.id]
    return None
