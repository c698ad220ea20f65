"""Route tables: routes, their targets, and the subnets that use them.

VPC guide, "Configure route tables".  The ``local`` routes are not stored: they follow from the VPC's CIDR blocks.
Whether a route is ``active`` or ``blackhole`` is not stored either: it follows from the target
(``Network.route_state``).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from msgspec import Struct

from .addresses import Cidr
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
    """``instance_id`` remembers that a route to a network interface was given as an instance."""

    destination: Cidr
    target: Target
    origin: RouteOrigin = RouteOrigin.CREATE_ROUTE
    instance_id: str | None = None


class RouteTableAssociation(Struct, frozen=True):
    """``rtbassoc-…``: explicit with a subnet, or the main association of the VPC (``subnet_id`` is None)."""

    id: str
    subnet_id: str | None = None

    @property
    def is_main(self) -> bool:
        return self.subnet_id is None


class RouteTable(Resource, frozen=True, kw_only=True):
    """What is in it are rows of their own: see ``TableRoute``, and ``Network.routes`` for all of its routes."""

    vpc_id: str
    associations: tuple[RouteTableAssociation, ...] = ()

    @property
    def is_main(self) -> bool:
        return any(association.is_main for association in self.associations)


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


def table_route_id(route_table_id: str, destination: Cidr) -> str:
    """A table has one route to a destination."""
    return f"{route_table_id} {destination}"
