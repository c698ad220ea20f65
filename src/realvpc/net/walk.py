"""The law: ``walk(network, packet)`` decides a packet's fate, layer by layer, in the order of ``docs/semantics.md``.

The BPF program in ``fabric/bpf`` walks the same layers in the same order over tables compiled from the same Network;
differential tests hold the two together.
"""

from __future__ import annotations

from typing import NoReturn

from msgspec import Struct
from msgspec.structs import replace

from . import mtu, services
from .addresses import NEVER_FORWARDED, PRIVATE, Address
from .allowances import may_track
from .firewall import examine
from .network import Network
from .network_interface import NetworkInterface
from .packet import Flow, Packet
from .peering import Peering
from .reasons import Layer, Reason
from .route_table import LOOKUPS_MAXIMUM, Route, RouteState, RouteTable, TargetKind
from .trace import INTERNET, SERVICES, Hop, Trace


def walk(network: Network, packet: Packet, at: str, flows: frozenset[Flow] = frozenset()) -> Trace:
    """Follow ``packet`` from the interface ``at`` (or INTERNET, or SERVICES) until it arrives or is dropped.

    ``flows`` are the flows that security groups of all interfaces track already; those that this packet adds are in the
    Trace.  A dropped packet adds none.  What depends on the packets of the last second, the allowance of the link-local
    services, is not asked: this one is alone.
    """
    journey = _Journey(network, packet, flows)
    try:
        if at == INTERNET:
            return journey.from_internet(packet)
        if at == SERVICES:
            return journey.from_services()
        return journey.from_interface(at)
    except _DroppedError as drop:
        return journey.trace(drop.reason, drop.resource, drop.vpc_id)


class _DroppedError(Exception):
    def __init__(self, reason: Reason, resource: str, vpc_id: str) -> None:
        super().__init__(reason.name)
        self.reason, self.resource, self.vpc_id = reason, resource, vpc_id


class _Exit(Struct, frozen=True):
    """Where the gateway leads: the interface that the packet is for, the VPC that it enters, and the MTU on the way."""

    interface: NetworkInterface
    gateway: str
    mtu: int


class _Journey:
    """The state of one walk: the packet as it is now, and the hops so far."""

    def __init__(self, network: Network, packet: Packet, flows: frozenset[Flow]) -> None:
        self.network = network
        self.sent = packet
        self.packet = packet
        self.flows = flows
        self.hops: list[Hop] = []
        self.tracked: set[Flow] = set()

    # -- the sending side ----------------------------------------------------------------------------------------

    def from_interface(self, interface_id: str) -> Trace:
        sender = self.network.interfaces.get(interface_id)
        if sender is None:
            raise _DroppedError(Reason.UNKNOWN_INTERFACE, interface_id, "")
        self._address_check(sender, self.packet.source, Layer.SOURCE_CHECK, Reason.SOURCE_CHECK)
        if self._asks_service(sender):
            return self._to_services(sender)
        self._unicast(sender)
        self._security_group(sender, is_egress=True)
        subnet = self.network.subnets[sender.subnet_id]
        if self.packet.destination in subnet.cidr:
            return self._arrive(self._local(sender.vpc_id, subnet.id))

        return self._routed(self.network.route_table_for(subnet))

    def _address_check(self, interface: NetworkInterface, address: Address, layer: Layer, reason: Reason) -> None:
        """The source/destination check: an interface sends and takes what bears its own address."""
        own = address in interface.private_addresses
        rule = "the address is its own" if own else f"the check is {'on' if interface.source_dest_check else 'off'}"
        self._decide(own or not interface.source_dest_check, layer, interface.id, rule, reason, interface.vpc_id)

    def _unicast(self, sender: NetworkInterface) -> None:
        """Without the source check, too, nobody speaks for the services that are reached without a route."""
        source, destination = self.packet.source, self.packet.destination
        speaks_for_resolver = source == self.network.vpcs[sender.vpc_id].resolver
        if speaks_for_resolver or any(source in block or destination in block for block in NEVER_FORWARDED):
            self._decide(False, Layer.INTERFACE, sender.id, "unicast only", Reason.NOT_UNICAST, sender.vpc_id)

    def _security_group(self, interface: NetworkInterface, *, is_egress: bool) -> None:
        verdict = examine(self.network, interface, self.packet, self.flows, is_egress=is_egress)
        if verdict.track is not None:
            self.tracked.add(verdict.track)
        layer, reason = (
            (Layer.SECURITY_GROUP_EGRESS, Reason.SECURITY_GROUP_EGRESS)
            if is_egress
            else (Layer.SECURITY_GROUP_INGRESS, Reason.SECURITY_GROUP_INGRESS)
        )
        self._decide(verdict.passed, layer, interface.id, verdict.rule, reason, interface.vpc_id)
        if verdict.track is not None and not may_track(interface.id, self.flows):
            reason = Reason.CONNTRACK_ALLOWANCE_EXCEEDED
            self._deny(Layer.INTERFACE, interface.id, "no room for one more flow", reason, interface.vpc_id)

    def _routed(self, table: RouteTable, lookups: int = LOOKUPS_MAXIMUM) -> Trace:
        """From table to table, until a route leads out of them."""
        if not lookups:
            rule = f"at most {LOOKUPS_MAXIMUM} tables"
            self._deny(Layer.ROUTE_TABLE, table.id, rule, Reason.TOO_MANY_LOOKUPS, table.vpc_id)
        route = self._route(table)
        match route.target.kind:
            case TargetKind.LOCAL:
                return self._arrive(self._local(table.vpc_id, table.vpc_id))
            case TargetKind.NETWORK_INTERFACE:
                return self._arrive(self._appliance(route))
            case TargetKind.PEERING:
                return self._arrive(self._over_peering(table.vpc_id, self.network.peerings[route.target.id]))
            case TargetKind.INTERNET_GATEWAY:
                return self._over_internet_gateway(table.vpc_id, route.target.id)
            case TargetKind.ROUTE_TABLE:
                return self._routed(self.network.route_tables[route.target.id], lookups - 1)

    def _route(self, table: RouteTable) -> Route:
        route = self.network.lookup_route(table, self.packet.destination)
        if route is None:
            self._deny(Layer.ROUTE_TABLE, table.id, "no route matches", Reason.NO_ROUTE, table.vpc_id)
        state = self.network.route_state(table, route)
        self._decide(
            state is RouteState.ACTIVE,
            Layer.ROUTE_TABLE,
            table.id,
            f"{route.destination} to {route.target.id} ({state})",
            Reason.BLACKHOLE_ROUTE,
            table.vpc_id,
        )
        return route

    # -- services, which security groups and routes do not concern -----------------------------------------------

    def _asks_service(self, sender: NetworkInterface) -> bool:
        vpc = self.network.vpcs[sender.vpc_id]
        return self.packet.destination in (services.METADATA, services.RESOLVER, vpc.resolver)

    def _to_services(self, sender: NetworkInterface) -> Trace:
        """The service sees an address that names the interface, since private ones are not unique."""
        packet, vpc = self.packet, self.network.vpcs[sender.vpc_id]
        asks_resolver = packet.destination != services.METADATA
        self._decide(
            packet.source == sender.private_address,
            Layer.INTERFACE,
            sender.id,
            "the source is the primary address",
            Reason.SERVICE_REQUIRES_PRIMARY_ADDRESS,
            vpc.id,
        )
        self._decide(
            services.is_served(packet.destination, packet.protocol, packet.destination_port),
            Layer.INTERFACE,
            SERVICES,
            "a service",
            Reason.NOT_SERVED,
            vpc.id,
        )
        if asks_resolver:
            self._decide(
                vpc.enable_dns_support,
                Layer.INTERFACE,
                vpc.id,
                f"enableDnsSupport is {'on' if vpc.enable_dns_support else 'off'}",
                Reason.DNS_SUPPORT_DISABLED,
                vpc.id,
            )
            self.packet = packet.with_destination(services.RESOLVER)
        identity = services.identity_of(sender.id, of_vpc_address=packet.destination == vpc.resolver)
        self.packet = self.packet.with_source(identity)
        return self._delivered(SERVICES, vpc.id)

    def from_services(self) -> Trace:
        packet = self.packet
        identity = services.read_identity(packet.destination)
        receiver = self.network.interface_with_identity(packet.destination)
        if identity is None or receiver is None:
            self._deny(Layer.INTERFACE, str(packet.destination), "no interface", Reason.UNKNOWN_INTERFACE, "")
        if identity[1]:
            self.packet = self.packet.with_source(self.network.vpcs[receiver.vpc_id].resolver)
        self.packet = self.packet.with_destination(receiver.private_address)
        return self._hand_over(receiver)

    # -- gateways ------------------------------------------------------------------------------------------------

    def _local(self, vpc_id: str, resource: str) -> _Exit:
        """Delivery inside the VPC; ``resource`` is the subnet when no router is passed."""
        receiver = self._interface_at(vpc_id, resource)
        return _Exit(receiver, resource, mtu.SAME_REGION)

    def _appliance(self, route: Route) -> _Exit:
        return _Exit(self.network.interfaces[route.target.id], route.target.id, mtu.SAME_REGION)

    def _over_peering(self, vpc_id: str, peering: Peering) -> _Exit:
        """The far VPC delivers only to its own addresses and only from the near one's: this one rule is
        non-transitivity and the absence of edge-to-edge routing.  The far VPC's route tables are not asked."""
        far = peering.far_side(vpc_id)
        assert far is not None, "CreateRoute refuses a peering connection of other VPCs"
        near_vpc, far_vpc = self.network.vpcs[vpc_id], self.network.vpcs[far.vpc_id]
        self._decide(
            near_vpc.holds(self.packet.source),
            Layer.GATEWAY,
            peering.id,
            f"the source is in {near_vpc.id}",
            Reason.PCX_REJECTS_SPOOFED_SOURCE,
            near_vpc.id,
        )
        self._decide(
            far_vpc.holds(self.packet.destination),
            Layer.VPC_ENTRY,
            peering.id,
            f"the destination is in {far_vpc.id}",
            Reason.PCX_REQUIRES_ADDRESS_IN_VPC_CIDR,
            far_vpc.id,
        )
        receiver = self._interface_at(far_vpc.id, peering.id)
        return _Exit(receiver, peering.id, mtu.CROSS_REGION if peering.is_cross_region else mtu.SAME_REGION)

    def _over_internet_gateway(self, vpc_id: str, gateway_id: str) -> Trace:
        """1:1 translation outwards.  A public address of another VPC is reached here and now, as on the internet."""
        owner = self.network.interface_at(vpc_id, self.packet.source)
        public = owner.public_address if owner and self.packet.source == owner.private_address else None
        if public is None:
            self._deny(
                Layer.GATEWAY,
                gateway_id,
                "the source has no public address",
                Reason.IGW_NO_PUBLIC_ADDRESS,
                vpc_id,
            )
        self._decide(
            not _is_private(self.packet.destination),
            Layer.GATEWAY,
            gateway_id,
            f"source becomes {public}",
            Reason.IGW_PRIVATE_DESTINATION,
            vpc_id,
        )
        self._fits(gateway_id, mtu.INTERNET, vpc_id)
        self.packet = self.packet.with_source(public)
        if self.network.interface_with_public_address(self.packet.destination) is not None:
            return self.from_internet(self.packet)
        return self._delivered(INTERNET, vpc_id)

    def from_internet(self, packet: Packet) -> Trace:
        """The receiving half of the internet gateway: 1:1 translation inwards."""
        self._decide(
            not _is_private(packet.source),
            Layer.GATEWAY,
            INTERNET,
            "the source is public",
            Reason.IGW_PRIVATE_SOURCE,
            "",
        )
        receiver = self.network.interface_with_public_address(packet.destination)
        gateway = self.network.internet_gateway_of(receiver.vpc_id) if receiver else None
        if receiver is None or gateway is None:
            self._deny(Layer.GATEWAY, INTERNET, "nobody has the address", Reason.IGW_UNKNOWN_PUBLIC_ADDRESS, "")
        self._decide(
            True,
            Layer.GATEWAY,
            gateway.id,
            f"destination becomes {receiver.private_address}",
            Reason.IGW_UNKNOWN_PUBLIC_ADDRESS,
            receiver.vpc_id,
        )
        self.packet = packet.with_destination(receiver.private_address)
        return self._arrive(_Exit(receiver, gateway.id, mtu.INTERNET))

    # -- the receiving side --------------------------------------------------------------------------------------

    def _arrive(self, exit_: _Exit) -> Trace:
        receiver = exit_.interface
        self._fits(exit_.gateway, exit_.mtu, receiver.vpc_id)
        destination = self.packet.destination
        self._address_check(receiver, destination, Layer.DESTINATION_CHECK, Reason.DESTINATION_CHECK)
        self._security_group(receiver, is_egress=False)
        return self._hand_over(receiver)

    def _hand_over(self, receiver: NetworkInterface) -> Trace:
        instance = self.network.instance_of(receiver)
        if instance is None or not instance.machine_wanted:
            self._deny(Layer.DELIVERY, receiver.id, "no running instance", Reason.INSTANCE_NOT_RUNNING, receiver.vpc_id)
        return self._delivered(receiver.id, receiver.vpc_id)

    def _interface_at(self, vpc_id: str, resource: str) -> NetworkInterface:
        receiver = self.network.interface_at(vpc_id, self.packet.destination)
        if receiver is None:
            self._deny(Layer.VPC_ENTRY, resource, "nobody has the address", Reason.NO_DESTINATION, vpc_id)
        return receiver

    def _fits(self, resource: str, limit: int, vpc_id: str) -> None:
        if self.packet.size > limit:
            self._deny(Layer.PATH_MTU, resource, f"at most {limit} bytes", Reason.PACKET_TOO_BIG, vpc_id)

    # -- bookkeeping ---------------------------------------------------------------------------------------------

    def _decide(self, passed: bool, layer: Layer, resource: str, rule: str, reason: Reason, vpc_id: str) -> None:
        self.hops.append(Hop(layer, resource, rule, passed))
        if not passed:
            raise _DroppedError(reason, resource, vpc_id)

    def _deny(self, layer: Layer, resource: str, rule: str, reason: Reason, vpc_id: str) -> NoReturn:
        self.hops.append(Hop(layer, resource, rule, False))
        raise _DroppedError(reason, resource, vpc_id)

    def _delivered(self, to: str, vpc_id: str) -> Trace:
        self.hops.append(Hop(Layer.DELIVERY, to, "arrived"))
        trace = self.trace(Reason.DELIVERED, to, vpc_id)
        return replace(trace, delivered_to=to, tracked=frozenset(self.tracked))

    def trace(self, reason: Reason, resource: str, vpc_id: str) -> Trace:
        return Trace(
            sent=self.sent, packet=self.packet, hops=tuple(self.hops), reason=reason, resource=resource, vpc_id=vpc_id
        )


def _is_private(address: Address) -> bool:
    return any(address in block for block in PRIVATE)
