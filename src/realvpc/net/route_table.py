"""Route tables: routes, their targets, and the subnets and gateways that use them.

VPC guide, "Configure route tables".  The ``local`` routes are not stored: they follow from the VPC's CIDR blocks, as
long as nobody gives them another target.
Whether a route is ``active`` or ``blackhole`` is not stored either: it follows from the target
(``Network.route_state``).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from msgspec import Struct

from .addresses import Cidr
from .prefix_list import PrefixList
from .resource import Resource


class TargetKind(StrEnum):
    """The one list of where a route may lead: the API, ``walk`` and the data plane all have these.

    ROUTE_TABLE hands the packet to another route table.  No route that a user makes has it; it is for what gateways
    with tables of their own lead to.
    """

    LOCAL = "local"
    INTERNET_GATEWAY = "internet-gateway"
    PEERING = "vpc-peering-connection"
    NETWORK_INTERFACE = "network-interface"
    ROUTE_TABLE = "route-table"
    EGRESS_ONLY_INTERNET_GATEWAY = "egress-only-internet-gateway"
    NAT_GATEWAY = "nat-gateway"
    VPC_ENDPOINT = "vpc-endpoint"


LOOKUPS_MAXIMUM = 4
"""Tables that one packet may meet: its subnet's, a transit gateway's, the attachment's subnet's, and one more."""


class Target(Struct, frozen=True):
    """Where a route leads: the kind of gateway and its id (``local`` for the local route)."""

    kind: TargetKind
    id: str


LOCAL = Target(TargetKind.LOCAL, "local")

# AWS keeps these for its own services in the VPC: no route leads there (VPC guide, "Route table concepts").
RESERVED_DESTINATIONS = (Cidr.parse("169.254.168.0/22"), Cidr.parse("fd00:ec2::/32"))


class RouteState(StrEnum):
    ACTIVE = "active"
    BLACKHOLE = "blackhole"


class RouteOrigin(StrEnum):
    CREATE_ROUTE_TABLE = "CreateRouteTable"
    CREATE_ROUTE = "CreateRoute"


class Route(Struct, frozen=True):
    """``instance_id`` remembers that a route to a network interface was given as an instance; ``prefix_list_id`` names
    the list that the destination is an entry of, where the route came by one."""

    destination: Cidr
    target: Target
    origin: RouteOrigin = RouteOrigin.CREATE_ROUTE
    instance_id: str | None = None
    prefix_list_id: str | None = None


class RouteTableAssociation(Struct, frozen=True):
    """``rtbassoc-…``: explicit with a subnet or an internet gateway, or with neither the main one of the VPC.

    What a gateway lets in is routed by its table (VPC guide, "Gateway route tables").
    """

    id: str
    subnet_id: str | None = None
    gateway_id: str | None = None

    @property
    def is_main(self) -> bool:
        return self.subnet_id is None and self.gateway_id is None


class RouteTable(Resource, frozen=True, kw_only=True):
    """What is in it are rows of their own: see ``TableRoute``, and ``Network.routes`` for all of its routes."""

    vpc_id: str
    associations: tuple[RouteTableAssociation, ...] = ()

    @property
    def is_main(self) -> bool:
        return any(association.is_main for association in self.associations)

    @property
    def serves_gateway(self) -> bool:
        return any(association.gateway_id for association in self.associations)


class TableRoute(Resource, frozen=True, kw_only=True):
    """A route that a user made, as a row of its own: a change of one costs the same in a table of any size."""

    route_table_id: str
    route: Route

    @classmethod
    def of(cls, table: RouteTable, route: Route) -> Self:
        return cls(
            id=table_route_id(table.id, route.destination),
            account=table.account,
            region=table.region,
            route_table_id=table.id,
            route=route,
        )


class PrefixListRoute(Resource, frozen=True, kw_only=True):
    """A route that a user made to whatever is in a prefix list, at any time."""

    route_table_id: str
    prefix_list_id: str
    target: Target
    origin: RouteOrigin = RouteOrigin.CREATE_ROUTE
    instance_id: str | None = None

    @classmethod
    def of(cls, table: RouteTable, destination: PrefixList, target: Target, instance_id: str | None = None) -> Self:
        return cls(
            id=table_route_id(table.id, destination.id),
            account=table.account,
            region=table.region,
            route_table_id=table.id,
            prefix_list_id=destination.id,
            target=target,
            instance_id=instance_id,
        )

    def to(self, destination: Cidr) -> Route:
        """The route to one block of the list."""
        return Route(destination, self.target, self.origin, self.instance_id, self.prefix_list_id)


def table_route_id(route_table_id: str, destination: Cidr | str) -> str:
    """A table has one route to a destination, which may be a prefix list's id."""
    return f"{route_table_id} {destination}"
