"""Where the targets of a group are, and who of them gets connections (Network Load Balancers guide, "Health checks for
target groups")."""

from __future__ import annotations

from msgspec import Struct

from . import indexes
from .addresses import ADDRESS_BITS, Address, Cidr
from .machine import Target
from .network import Network
from .network_interface import NetworkInterface
from .subnet import Subnet
from .target_group import ALL_ZONES, Health, RegisteredTarget, TargetGroup, TargetType

EVERYWHERE = ""
"""The id of the zone of what is as near to every node."""

_LENGTHS = range(ADDRESS_BITS - 4, ADDRESS_BITS - 17, -1)  # of subnets, /28 to /16 (VPC guide, "Subnet sizing")


class Place(Struct, frozen=True):
    """Where a target is: its address, and the id of its zone, or EVERYWHERE."""

    address: Address
    zone_id: str


class Pool:
    """Who gets connections of a group: the healthy, or all when none is.

    It costs what the group's targets cost, once; whoever asks for the same zone gets the same tuple.
    """

    def __init__(self, network: Network, group: TargetGroup, *, crosses_zones: bool) -> None:
        places = [(row, place) for row in group.serving() if (place := place_of(network, group, row)) is not None]
        healthy = [(row, place) for row, place in places if row.health is Health.HEALTHY]
        by_zone: dict[str, set[tuple[Address, int]]] = {}
        for row, place in healthy or places:
            zone_id = EVERYWHERE if crosses_zones else place.zone_id
            by_zone.setdefault(zone_id, set()).add((place.address, row.port))
        everywhere = by_zone.pop(EVERYWHERE, set())
        self._everywhere = _targets(everywhere)
        self._by_zone = {zone_id: _targets(everywhere | near) for zone_id, near in by_zone.items()}
        ending = places if healthy and group.ends_unhealthy else ()
        self.ended = tuple(
            Target(str(place.address), row.port) for row, place in ending if row.health is Health.UNHEALTHY
        )
        """The unhealthy, beside whom there are healthy ones."""

    def near(self, zone_id: str) -> tuple[Target, ...]:
        """To whom a node of this zone gives."""
        return self._by_zone.get(zone_id, self._everywhere)


def _targets(places: set[tuple[Address, int]]) -> tuple[Target, ...]:
    return tuple(Target(str(address), port) for address, port in sorted(places))


def place_of(network: Network, group: TargetGroup, target: RegisteredTarget) -> Place | None:
    """None for what gets nothing: an instance that does not run, an address of a subnet that is gone, and one of a load
    balancer's node, by which connections could come back without end."""
    if group.target_type is TargetType.INSTANCE:
        instance = network.instances.get(target.id)
        rows = network.interfaces_of(target.id)
        if instance is None or not instance.machine_wanted or not rows or rows[0].private_address is None:
            return None
        return Place(rows[0].private_address, zone_of(network, rows[0]))
    address = Address.parse(target.id)
    if is_of_balancer(network, group.vpc_id, address):
        return None
    if target.zone == ALL_ZONES:
        return Place(address, EVERYWHERE)
    subnet = subnet_at(network, group.vpc_id, address)
    return Place(address, subnet.zone_id) if subnet else None


def is_of_balancer(network: Network, vpc_id: str, address: Address) -> bool:
    """Whether a load balancer's node has the address, in the VPC or one that is peered with it."""
    rows = network.interfaces.where(indexes.node_addresses, address)
    return any(row.vpc_id == vpc_id or network.active_peering_between(vpc_id, row.vpc_id) for row in rows)


def zone_of(network: Network, interface: NetworkInterface) -> str:
    return network.subnets[interface.subnet_id].zone_id


def subnet_at(network: Network, vpc_id: str, address: Address) -> Subnet | None:
    """The subnet of a VPC in which an address of IPv4 lies, at a cost that does not grow with their number."""
    blocks = ((vpc_id, Cidr.around(address, length)) for length in _LENGTHS)
    found = (network.subnets.first(indexes.vpc_block, block) for block in blocks)
    return next((row for row in found if row is not None), None)
