"""Lines of flow logs (VPC guide, "Flow log records" and "Flow log record examples").

A field that cannot be told is ``-``: so are those of ECS, of AWS's own addresses, of Local Zones and of next hops.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from .addresses import Address
from .flow_gathering import GatheredFlow
from .flow_log import Action
from .flow_log_format import version_of
from .instance_types import INSTANCE_TYPES
from .network import Network
from .network_interface import NetworkInterface
from .route_table import RouteState, TargetKind
from .subnet import Subnet

NOTHING = "-"
_SAME_VPC, _PEERING, _PEERING_OF_OTHER_REGION = "1", "4", "5"
_OUT, _ENDPOINT_ON_NITRO, _INTERNET_ON_NITRO = "2", "7", "8"  # of other instances one for both
_STAYS = {TargetKind.LOCAL, TargetKind.NETWORK_INTERFACE, TargetKind.NAT_GATEWAY}
_LEAVES = {TargetKind.INTERNET_GATEWAY, TargetKind.EGRESS_ONLY_INTERNET_GATEWAY}
_TYPES = {
    "nat": "nat_gateway",
    "nlb": "network_load_balancer",
    "vpce": "vpc_endpoint",
}  # by the prefix of whose interface it is


class Place(Struct, frozen=True, kw_only=True):
    """An interface, and what lines say of it besides."""

    network: Network
    interface: NetworkInterface

    @property
    def subnet(self) -> Subnet:
        return self.network.subnets[self.interface.subnet_id]

    @property
    def instance_id(self) -> str | None:
        attachment = self.interface.attachment
        return attachment.instance_id if attachment else None

    @property
    def type(self) -> str:
        owner = self.interface.attachment.owner_id if self.interface.attachment else ""
        return _TYPES.get(owner.partition("-")[0], NOTHING)

    @property
    def is_nitro(self) -> bool:
        instance = self.network.instances.get(self.instance_id or "")
        return instance is None or INSTANCE_TYPES[instance.instance_type].is_nitro

    def own(self, address: Address) -> Address:
        """What stands for the interface where its packets have this address: of IPv4 always the primary one, if it has
        any."""
        if address.is_ipv4:
            return self.interface.private_address or address
        others = self.interface.ipv6_addresses
        return others[0] if others and address not in others else address

    def path_to(self, destination: Address) -> str:
        """By the route that leads there now."""
        if self.subnet.holds(destination):
            return _SAME_VPC
        table = self.network.route_table_for(self.subnet)
        route = self.network.lookup_route(table, destination)
        if route is None or self.network.route_state(table, route) is RouteState.BLACKHOLE:
            return NOTHING
        kind = route.target.kind
        if kind in _STAYS:
            return _SAME_VPC
        if kind in _LEAVES:
            return _INTERNET_ON_NITRO if self.is_nitro else _OUT
        if kind is TargetKind.VPC_ENDPOINT:
            return _ENDPOINT_ON_NITRO if self.is_nitro else _OUT
        if kind is TargetKind.PEERING:
            is_far = self.network.peerings[route.target.id].is_cross_region
            return _PEERING_OF_OTHER_REGION if is_far else _PEERING
        return NOTHING


class Window(Struct, frozen=True):
    """Of lines that speak of no packet, in seconds since 1970."""

    start: int
    end: int


def flow_line(fields: tuple[str, ...], place: Place, flow: GatheredFlow, moved: int = 0) -> str:
    """``moved``: seconds that the service's clock is ahead of the host's."""
    seen = _Seen(place, flow, moved)
    return " ".join(_OF_FLOW[name](seen) if name in _OF_FLOW else _of_place(name, fields, place) for name in fields)


def line_without_flow(fields: tuple[str, ...], place: Place, window: Window, status: str) -> str:
    """``NODATA``: there was no traffic.  ``SKIPDATA``: there was more than was written down."""
    own = {"start": str(window.start), "end": str(window.end), "log-status": status}
    known = {"version", "account-id", "interface-id"}
    return " ".join(_of_place(name, fields, place) if name in known else own.get(name, NOTHING) for name in fields)


class _Seen:
    __slots__ = ("destination", "flow", "moved", "place", "source")

    def __init__(self, place: Place, flow: GatheredFlow, moved: int) -> None:
        self.place, self.flow, self.moved = place, flow, moved
        self.source, self.destination = (
            Address(int.from_bytes(each, "big")) for each in (flow.source, flow.destination)
        )

    @property
    def is_accepted(self) -> bool:
        return not self.flow.is_rejected


_OF_FLOW: Mapping[str, Callable[[_Seen], str]] = {
    "srcaddr": lambda seen: str(seen.place.own(seen.source) if seen.flow.is_egress else seen.source),
    "dstaddr": lambda seen: str(seen.destination if seen.flow.is_egress else seen.place.own(seen.destination)),
    "srcport": lambda seen: str(seen.flow.source_port),
    "dstport": lambda seen: str(seen.flow.destination_port),
    "protocol": lambda seen: str(seen.flow.protocol),
    "packets": lambda seen: str(seen.flow.packets),
    "bytes": lambda seen: NOTHING if seen.flow.by_block_public_access else str(seen.flow.octets),
    "start": lambda seen: str(seen.flow.first + seen.moved),
    "end": lambda seen: str(seen.flow.last + seen.moved),
    "action": lambda seen: str(Action.ACCEPT if seen.is_accepted else Action.REJECT),
    "log-status": lambda seen: "OK",
    "tcp-flags": lambda seen: str(seen.flow.tcp_flags),
    "type": lambda seen: "IPv4" if seen.source.is_ipv4 else "IPv6",
    "pkt-srcaddr": lambda seen: str(seen.source),
    "pkt-dstaddr": lambda seen: str(seen.destination),
    "flow-direction": lambda seen: "egress" if seen.flow.is_egress else "ingress",
    "traffic-path": lambda seen: (
        seen.place.path_to(seen.destination) if seen.flow.is_egress and seen.is_accepted else NOTHING
    ),
    "reject-reason": lambda seen: "BPA" if seen.flow.by_block_public_access else NOTHING,
}


_OF_PLACE: Mapping[str, Callable[[Place], str]] = {
    "account-id": lambda place: place.interface.account,
    "interface-id": lambda place: place.interface.id,
    "vpc-id": lambda place: place.interface.vpc_id,
    "subnet-id": lambda place: place.interface.subnet_id,
    "instance-id": lambda place: place.instance_id or NOTHING,
    "region": lambda place: place.interface.region,
    "az-id": lambda place: place.subnet.zone_id,
    "interface-type": lambda place: place.type,
}


def _of_place(name: str, fields: tuple[str, ...], place: Place) -> str:
    if name == "version":
        return str(version_of(fields))
    tell = _OF_PLACE.get(name)
    return tell(place) if tell else NOTHING
