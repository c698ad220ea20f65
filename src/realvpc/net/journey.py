"""A packet's journey through the layers: what it has become, what was decided so far, and how it arrives."""

from __future__ import annotations

from typing import NoReturn

from msgspec import Struct
from msgspec.structs import replace

from .addresses import Address
from .allowances import may_track
from .firewall import examine
from .nat_flow import NatFlow
from .network import Network
from .network_interface import NetworkInterface
from .packet import Flow, Packet
from .reasons import Layer, Reason
from .route_table import Route, RouteState, RouteTable
from .running import has_machine
from .subnet import Subnet
from .trace import Hop, Sighting, Trace


class DroppedError(Exception):
    """The journey is over: ``reason`` is why, ``resource`` decided so, in ``vpc_id``."""

    def __init__(self, reason: Reason, resource: str, vpc_id: str) -> None:
        super().__init__(reason.name)
        self.reason, self.resource, self.vpc_id = reason, resource, vpc_id


class Exit(Struct, frozen=True):
    """Where the gateway leads: the interface that the packet is for, the VPC that it enters, and the MTU on the way.

    ``returns_to`` is the interface of a NAT gateway to which answers return, whatever route tables say there.
    """

    interface: NetworkInterface
    gateway: str
    mtu: int
    returns_to: str = ""


class Journey:
    """The state of one walk: the packet as it is now, and the hops so far.  Methods raise DroppedError."""

    def __init__(self, network: Network, packet: Packet, flows: frozenset[Flow], nat_flows: frozenset[NatFlow]) -> None:
        self.network = network
        self.sent = packet
        self.packet = packet
        self.flows, self.nat_flows = flows, nat_flows
        self.hops: list[Hop] = []
        self.tracked: list[Flow] = []  # that begin, or have another gateway; in the order of their places
        self.sightings: list[Sighting] = []
        self.sender: NetworkInterface | None = None  # where the packet entered, if it was at an interface
        self.nat_flow: NatFlow | None = None  # that begins
        self.nat_out = self.nat_back = ""  # the interface of the NAT gateway that it passed
        self.is_outside = False  # of the subnet that it left last

    # -- the layers of an interface and its subnet ---------------------------------------------------------------

    def network_acl(self, subnet: Subnet, *, is_egress: bool) -> None:
        acl = self.network.network_acl_for(subnet)
        entry = acl.decide(self.packet, is_egress=is_egress)
        layer, reason = (
            (Layer.NETWORK_ACL_EGRESS, Reason.NETWORK_ACL_EGRESS)
            if is_egress
            else (Layer.NETWORK_ACL_INGRESS, Reason.NETWORK_ACL_INGRESS)
        )
        rule = "no rule matches" if entry is None else f"rule {entry.number} {'allows' if entry.allows else 'denies'}"
        self.decide(entry is not None and entry.allows, layer, acl.id, rule, reason, subnet.vpc_id)

    def address_check(self, interface: NetworkInterface, address: Address, layer: Layer, reason: Reason) -> None:
        """The source/destination check: an interface sends and takes what bears its own address."""
        own = interface.has(address)
        rule = "the address is its own" if own else f"the check is {'on' if interface.source_dest_check else 'off'}"
        self.decide(own or not interface.source_dest_check, layer, interface.id, rule, reason, interface.vpc_id)

    def security_group(self, interface: NetworkInterface, *, is_egress: bool) -> None:
        verdict = examine(self.network, interface, self.packet, self.flows, is_egress=is_egress)
        layer, reason = (
            (Layer.SECURITY_GROUP_EGRESS, Reason.SECURITY_GROUP_EGRESS)
            if is_egress
            else (Layer.SECURITY_GROUP_INGRESS, Reason.SECURITY_GROUP_INGRESS)
        )
        self.decide(verdict.passed, layer, interface.id, verdict.rule, reason, interface.vpc_id)
        if verdict.track is not None:
            self._check_room(interface, self.flows)
            self.tracked.append(verdict.track)

    def track_as_sent(self, sender: NetworkInterface) -> None:
        """Let the packet begin a flow, whatever the security groups say, if it belongs to none."""
        flow = Flow.leaving(sender.id, self.packet)
        if self.packet.quoted is None and flow not in self.flows and flow not in self.tracked:
            self.tracked.append(flow)

    def track_as_received(self, receiver: NetworkInterface) -> None:
        """The same at who takes it."""
        flow = Flow.arriving(receiver.id, self.packet)
        if flow not in self.flows and flow not in self.tracked:
            self._check_room(receiver, self.flows)
            self.tracked.append(flow)

    def track_way_back(self, receiver: NetworkInterface, gateway: str) -> None:
        """The same, of what comes out of a NAT gateway, which is always tracked.  A flow that another one began, which
        has lost the address since, goes on with this one."""
        if self.packet.quoted is not None:
            return
        flow = Flow.arriving(receiver.id, self.packet)
        known = next((each for each in self.flows if each == flow), None)
        if known is None or (known.gateway and self.answered_gateway(known, flow.remote) is None):
            self.tracked = [each for each in self.tracked if each != flow]
            self.tracked.append(replace(known or flow, gateway=gateway))

    def answered_gateway(self, flow: Flow | None, address: Address) -> NetworkInterface | None:
        """That of the NAT gateway that the flow remembers, as long as it has the address."""
        interface = self.network.interfaces.get(flow.gateway) if flow else None
        if interface is None or self.network.nat_gateway_of(interface) is None or not interface.has(address):
            return None
        return interface

    def flow_at(self, sender: NetworkInterface) -> Flow | None:
        """The tracked flow that the sender's packet belongs to, or is an error about."""
        quoted = self.packet.quoted
        flow = Flow.leaving(sender.id, self.packet) if quoted is None else Flow.arriving(sender.id, quoted)
        return next((each for each in self.flows if each == flow), None)

    def is_answer_to(self, receiver: NetworkInterface) -> bool:
        """Whether the packet belongs to a flow of the receiver, or is an error about one."""
        quoted = self.packet.quoted
        flow = Flow.arriving(receiver.id, self.packet) if quoted is None else Flow.leaving(receiver.id, quoted)
        return flow in self.flows

    def _check_room(self, interface: NetworkInterface, flows: frozenset[Flow]) -> None:
        """Whether one more flow may begin at the interface."""
        if not may_track(interface.id, flows):
            reason = Reason.CONNTRACK_ALLOWANCE_EXCEEDED
            self.deny(Layer.INTERFACE, interface.id, "no room for one more flow", reason, interface.vpc_id)

    def _take_places(self) -> None:
        """Of a packet that arrives: one after the other, so that the last place is not for two flows that begin."""
        flows = self.flows
        for flow in self.tracked:
            if flow in self.flows:
                continue  # it has one
            self._check_room(self.network.interfaces[flow.interface_id], flows)
            flows |= {flow}

    def route(self, table: RouteTable) -> Route:
        """The one that the table has for the packet, if it leads anywhere."""
        route = self.network.lookup_route(table, self.packet.destination)
        if route is None:
            self.deny(Layer.ROUTE_TABLE, table.id, "no route matches", Reason.NO_ROUTE, table.vpc_id)
        state = self.network.route_state(table, route)
        self.decide(
            state is RouteState.ACTIVE,
            Layer.ROUTE_TABLE,
            table.id,
            f"{route.destination} to {route.target.id} ({state})",
            Reason.BLACKHOLE_ROUTE,
            table.vpc_id,
        )
        return route

    # -- the receiving side --------------------------------------------------------------------------------------

    def arrive(self, exit_: Exit) -> NetworkInterface:
        """At an interface that takes it."""
        receiver = exit_.interface
        self.fits(exit_.gateway, exit_.mtu, receiver.vpc_id)
        self.seen_by(receiver, is_egress=False)
        if self.is_outside:
            self.network_acl(self.network.subnets[receiver.subnet_id], is_egress=False)
        destination = self.packet.destination
        self.address_check(receiver, destination, Layer.DESTINATION_CHECK, Reason.DESTINATION_CHECK)
        self.security_group(receiver, is_egress=False)
        if exit_.returns_to:
            self.track_way_back(receiver, exit_.returns_to)
        return receiver

    def hand_over(self, receiver: NetworkInterface) -> Trace:
        if not has_machine(self.network, receiver):
            self.deny(Layer.DELIVERY, receiver.id, "no running instance", Reason.INSTANCE_NOT_RUNNING, receiver.vpc_id)
        return self.delivered(receiver.id, receiver.vpc_id)

    def interface_at(self, vpc_id: str, resource: str) -> NetworkInterface:
        receiver = self.network.interface_at(vpc_id, self.packet.destination)
        if receiver is None:
            self.deny(Layer.VPC_ENTRY, resource, "nobody has the address", Reason.NO_DESTINATION, vpc_id)
        return receiver

    def fits(self, resource: str, limit: int, vpc_id: str) -> None:
        if self.packet.size > limit:
            self.deny(Layer.PATH_MTU, resource, f"at most {limit} bytes", Reason.PACKET_TOO_BIG, vpc_id)

    # -- bookkeeping ---------------------------------------------------------------------------------------------

    def seen_by(self, interface: NetworkInterface, *, is_egress: bool) -> None:
        self.sightings.append(Sighting(interface.id, is_egress, self.packet))

    def decide(self, passed: bool, layer: Layer, resource: str, rule: str, reason: Reason, vpc_id: str) -> None:
        self.hops.append(Hop(layer, resource, rule, passed))
        if not passed:
            raise DroppedError(reason, resource, vpc_id)

    def deny(self, layer: Layer, resource: str, rule: str, reason: Reason, vpc_id: str) -> NoReturn:
        self.hops.append(Hop(layer, resource, rule, False))
        raise DroppedError(reason, resource, vpc_id)

    def delivered(self, to: str, vpc_id: str, resource: str = "") -> Trace:
        """``resource`` is what took it there, when that is not where it is."""
        self._take_places()
        self.hops.append(Hop(Layer.DELIVERY, resource or to, "arrived"))
        trace = self.trace(Reason.DELIVERED, resource or to, vpc_id)
        return replace(trace, delivered_to=to, tracked=frozenset(self.tracked), nat_flow=self.nat_flow)

    def trace(self, reason: Reason, resource: str, vpc_id: str) -> Trace:
        return Trace(
            sent=self.sent,
            packet=self.packet,
            hops=tuple(self.hops),
            reason=reason,
            resource=resource,
            vpc_id=vpc_id,
            sightings=tuple(self.sightings),
        )
