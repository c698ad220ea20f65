"""The law: ``walk(network, packet)`` decides a packet's fate, layer by layer, in the order of ``docs/semantics.md``.

The BPF program in ``fabric/bpf`` walks the same layers in the same order over tables compiled from the same Network;
differential tests hold the two together.

Here is the sending side with its routes.  ``journey.py`` has the checks of interfaces and subnets and how packets
arrive, ``internet.py`` the gateway to the internet, ``gateway_endpoint.py`` that to S3, ``nat.py`` NAT gateways,
``link_local.py`` the services, ``private_link.py`` interface endpoints.
"""

from __future__ import annotations

from . import mtu
from .addresses import NEVER_FORWARDED
from .gateway_endpoint import from_gateway_endpoint, over_gateway_endpoint
from .internet import from_internet, over_egress_only, over_internet_gateway
from .journey import DroppedError, Exit, Journey
from .link_local import asks_service, from_services, to_services
from .nat import backwards, outwards
from .nat_flow import NatFlow
from .network import Network
from .network_interface import NetworkInterface
from .packet import Flow, Packet
from .peering import Peering
from .private_link import from_endpoints, to_endpoint
from .reasons import Layer, Reason
from .return_to_sender import over_which_it_returns
from .route_table import LOOKUPS_MAXIMUM, Route, RouteState, RouteTable, TargetKind
from .services import IDENTITIES_OVER_ENDPOINT
from .subnet import Subnet
from .trace import ENDPOINTS, INTERNET, SERVICES, Trace


def walk(
    network: Network,
    packet: Packet,
    at: str,
    flows: frozenset[Flow] = frozenset(),
    nat_flows: frozenset[NatFlow] = frozenset(),
) -> Trace:
    """Follow ``packet`` from the interface ``at`` (or INTERNET, SERVICES, ENDPOINTS) until it arrives or is dropped.

    ``flows`` are the flows that security groups of all interfaces track already, ``nat_flows`` the connections through
    NAT gateways; those that this packet adds are in the Trace.  A dropped packet adds none.  What depends on the
    packets of the last second, the allowance of the link-local services, is not asked: this one is alone.
    """
    journey = Journey(network, packet, flows, nat_flows)
    try:
        if at == INTERNET:
            is_answer = packet.destination in IDENTITIES_OVER_ENDPOINT
            return _arrive(journey, from_gateway_endpoint(journey) if is_answer else from_internet(journey))
        if at == SERVICES:
            return from_services(journey)
        if at == ENDPOINTS:
            return _from_interface(journey, from_endpoints(journey).id)
        return _from_interface(journey, at)
    except DroppedError as drop:
        return journey.trace(drop.reason, drop.resource, drop.vpc_id)


def _from_interface(journey: Journey, interface_id: str) -> Trace:
    sender = journey.network.interfaces.get(interface_id)
    if sender is None:
        raise DroppedError(Reason.UNKNOWN_INTERFACE, interface_id, "")
    journey.sender = sender
    journey.address_check(sender, journey.packet.source, Layer.SOURCE_CHECK, Reason.SOURCE_CHECK)
    if asks_service(journey, sender):
        return to_services(journey, sender)
    _unicast(journey, sender)
    subnet = journey.network.subnets[sender.subnet_id]
    if journey.packet.destination != subnet.router:
        journey.seen_by(sender, is_egress=True)
    journey.security_group(sender, is_egress=True)
    peering = over_which_it_returns(journey, sender)
    return _leave(journey, subnet) if peering is None else _return(journey, subnet, peering)


def _leave(journey: Journey, subnet: Subnet) -> Trace:
    """From an interface in the subnet, an instance's or a NAT gateway's, to wherever its route table leads."""
    journey.is_outside = False
    if subnet.holds(journey.packet.destination):
        return _arrive(journey, _local(journey, subnet.vpc_id, subnet.id))
    table = journey.network.route_table_for(subnet)
    if not _stays_in(journey, subnet, table):
        journey.network_acl(subnet, is_egress=True)
        journey.is_outside = True
    return _routed(journey, table)


def _return(journey: Journey, subnet: Subnet, peering: Peering) -> Trace:
    """To the NAT gateway in a peered VPC that the packet answers, past the route tables."""
    journey.network_acl(subnet, is_egress=True)
    journey.is_outside = True
    return _arrive(journey, _over_peering(journey, subnet.vpc_id, peering))


def _arrive(journey: Journey, exit_: Exit) -> Trace:
    """At an instance, at an interface endpoint, or at a NAT gateway, where an answer goes on."""
    gateway = journey.network.nat_gateway_of(exit_.interface)
    if gateway is None:
        receiver = journey.arrive(exit_)
        endpoint = journey.network.vpc_endpoint_of(receiver)
        return to_endpoint(journey, receiver, endpoint) if endpoint else journey.hand_over(receiver)
    return _leave(journey, backwards(journey, gateway, exit_))


def _stays_in(journey: Journey, subnet: Subnet, table: RouteTable) -> bool:
    """Whether the route leads to an interface of the subnet itself: then the packet does not cross its boundary."""
    route = journey.network.lookup_route(table, journey.packet.destination)
    if route is None or journey.network.route_state(table, route) is RouteState.BLACKHOLE:
        return False
    network, target = journey.network, route.target.id
    appliance = network.interfaces.get(target) or network.interface_of_nat_gateway(target)
    return appliance is not None and appliance.subnet_id == subnet.id


def _unicast(journey: Journey, sender: NetworkInterface) -> None:
    """Without the source check, too, nobody speaks for the services that are reached without a route."""
    source, destination = journey.packet.source, journey.packet.destination
    speaks_for_resolver = source == journey.network.vpcs[sender.vpc_id].resolver
    if speaks_for_resolver or any(source in block or destination in block for block in NEVER_FORWARDED):
        journey.decide(False, Layer.INTERFACE, sender.id, "unicast only", Reason.NOT_UNICAST, sender.vpc_id)


def _routed(journey: Journey, table: RouteTable, lookups: int = LOOKUPS_MAXIMUM) -> Trace:
    """From table to table, until a route leads out of them."""
    if not lookups:
        rule = f"at most {LOOKUPS_MAXIMUM} tables"
        journey.deny(Layer.ROUTE_TABLE, table.id, rule, Reason.TOO_MANY_LOOKUPS, table.vpc_id)
    route = journey.route(table)
    match route.target.kind:
        case TargetKind.LOCAL:
            return _arrive(journey, _local(journey, table.vpc_id, table.vpc_id))
        case TargetKind.NETWORK_INTERFACE:
            return _arrive(journey, _appliance(journey, route))
        case TargetKind.PEERING:
            return _arrive(journey, _over_peering(journey, table.vpc_id, journey.network.peerings[route.target.id]))
        case TargetKind.INTERNET_GATEWAY:
            return _out(journey, over_internet_gateway(journey, table.vpc_id, route.target.id), table.vpc_id)
        case TargetKind.NAT_GATEWAY:
            return _leave(journey, outwards(journey, journey.network.nat_gateways[route.target.id]))
        case TargetKind.EGRESS_ONLY_INTERNET_GATEWAY:
            return _out(journey, over_egress_only(journey, table.vpc_id, route.target.id), table.vpc_id)
        case TargetKind.VPC_ENDPOINT:
            over_gateway_endpoint(journey, table.vpc_id, route.target.id)
            return journey.delivered(INTERNET, table.vpc_id)
        case TargetKind.ROUTE_TABLE:
            return _routed(journey, journey.network.route_tables[route.target.id], lookups - 1)


def _out(journey: Journey, inwards: Exit | None, vpc_id: str) -> Trace:
    """To the internet, or in again to whoever has the address here."""
    return _arrive(journey, inwards) if inwards else journey.delivered(INTERNET, vpc_id)


def _local(journey: Journey, vpc_id: str, resource: str) -> Exit:
    """Delivery inside the VPC; ``resource`` is the subnet when no router is passed."""
    receiver = journey.interface_at(vpc_id, resource)
    return Exit(receiver, resource, mtu.SAME_REGION)


def _appliance(journey: Journey, route: Route) -> Exit:
    return Exit(journey.network.interfaces[route.target.id], route.target.id, mtu.SAME_REGION)


def _over_peering(journey: Journey, vpc_id: str, peering: Peering) -> Exit:
    """The far VPC delivers only to its own addresses and only from the near one's: this one rule is
    non-transitivity and the absence of edge-to-edge routing.  The far VPC's route tables are not asked."""
    far = peering.far_side(vpc_id)
    assert far is not None, "CreateRoute refuses a peering connection of other VPCs"
    near_vpc, far_vpc = journey.network.vpcs[vpc_id], journey.network.vpcs[far.vpc_id]
    journey.decide(
        near_vpc.holds(journey.packet.source),
        Layer.GATEWAY,
        peering.id,
        f"the source is in {near_vpc.id}",
        Reason.PCX_REJECTS_SPOOFED_SOURCE,
        near_vpc.id,
    )
    journey.decide(
        far_vpc.holds(journey.packet.destination),
        Layer.VPC_ENTRY,
        peering.id,
        f"the destination is in {far_vpc.id}",
        Reason.PCX_REQUIRES_ADDRESS_IN_VPC_CIDR,
        far_vpc.id,
    )
    receiver = journey.interface_at(far_vpc.id, peering.id)
    largest = mtu.CROSS_REGION if peering.is_cross_region else mtu.SAME_REGION
    return Exit(receiver, peering.id, largest, returns_to="" if journey.nat_back else journey.nat_out)
