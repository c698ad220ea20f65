"""Where a load balancer's connections go: its links on the host, and what it forwards, as they follow from the network.

A node gives to the healthy targets of its zone, or of all zones where that is wished; while no target of a group is
healthy, to all of them (Network Load Balancers guide, "Health checks for target groups", "Cross-zone load balancing").
A link of an interface endpoint is one more place where connections arrive; they leave from the node of its zone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from . import indexes
from .addresses import Address
from .endpoint_service import EndpointServiceConfiguration
from .listener import Listener
from .load_balancer import LoadBalancer
from .machine import Forward, Target
from .network import Network
from .network_interface import NetworkInterface
from .target_group import ALL_ZONES, Health, RegisteredTarget, TargetGroup, TargetType
from .vpc_endpoint import VpcEndpoint

LINKS_MAXIMUM = 40
"""Of one place: with as many listeners as a load balancer has, its host is told of no more than it takes."""


class Place(Struct, frozen=True):
    """Where a target is: its address, and the id of its zone, empty where it is as near to every node."""

    address: Address
    zone_id: str


def links_of(network: Network, balancer: LoadBalancer) -> tuple[NetworkInterface, ...]:
    """The interfaces that its place has."""
    return (*network.interfaces_of(balancer.id), *endpoint_links(network, balancer))


def endpoint_links(network: Network, balancer: LoadBalancer) -> tuple[NetworkInterface, ...]:
    """Those of endpoints that lead to it and are connected, by device index."""
    service = service_of(network, balancer.id)
    found = [
        row
        for endpoint in (network.vpc_endpoints.where(indexes.connected_to, service.name) if service else ())
        for row in network.interfaces_of(endpoint.id)
        if balancer_in_zone(network, service, zone_of(network, row)) is balancer
    ]
    return tuple(sorted(found, key=lambda row: row.attachment.device_index if row.attachment else 0))


def service_of(network: Network, balancer_id: str) -> EndpointServiceConfiguration | None:
    """The endpoint service that the load balancer stands behind."""
    return network.endpoint_services.first(indexes.serving_balancer_ids, balancer_id)


def service_named(network: Network, name: str) -> EndpointServiceConfiguration | None:
    return network.endpoint_services.first(indexes.service_names, name)


def connections_of(network: Network, service: EndpointServiceConfiguration) -> Collection[VpcEndpoint]:
    """The endpoints that lead to the service, whether they are connected or not."""
    return network.vpc_endpoints.where(indexes.owned_service_name, service.name)


def balancer_in_zone(
    network: Network, service: EndpointServiceConfiguration | None, zone_id: str
) -> LoadBalancer | None:
    """The load balancer of a service that has a node in the zone; of several the first one."""
    for balancer_id in service.load_balancer_ids if service else ():
        if any(zone_of(network, row) == zone_id for row in network.interfaces_of(balancer_id)):
            return network.load_balancers[balancer_id]
    return None


def taken_indexes(network: Network, balancer: LoadBalancer) -> set[int]:
    """The device indexes of the links of a load balancer, and of all others behind the same service: an endpoint's link
    may come to be another's when that gets a node in its zone."""
    service = service_of(network, balancer.id)
    balancers = [network.load_balancers[each] for each in service.load_balancer_ids] if service else [balancer]
    links = (link.attachment for each in balancers for link in links_of(network, each))
    return {each.device_index for each in links if each}


def free_indexes(network: Network, balancer: LoadBalancer) -> Iterator[int]:
    """Those that new links may have, the lowest first."""
    taken = taken_indexes(network, balancer)
    return (each for each in range(LINKS_MAXIMUM) if each not in taken)


def placed(
    network: Network, service: EndpointServiceConfiguration, interfaces: Iterable[NetworkInterface]
) -> list[NetworkInterface] | None:
    """An endpoint's interfaces, each with a device index that is free in the places of the service's load balancers;
    None where there is no room."""
    free = free_indexes(network, network.load_balancers[service.load_balancer_ids[0]])
    found = []
    for row in interfaces:
        index = next(free, None)
        if index is None:
            return None
        assert row.attachment is not None, "it is an endpoint's"
        found.append(replace(row, attachment=replace(row.attachment, device_index=index)))
    return found


def forwards_of(network: Network, balancer: LoadBalancer) -> tuple[Forward, ...]:
    """By link and port."""
    nodes = {zone_of(network, row): row for row in network.interfaces_of(balancer.id)}
    listeners = sorted(network.listeners.where(indexes.load_balancer_id, balancer.id), key=lambda row: row.id)
    groups = {row.id: network.target_groups[row.target_group_id] for row in listeners}
    pools = {key: _pool(network, group) for key, group in groups.items()}
    ended = {key: tuple(_ended(network, group, pools[key])) for key, group in groups.items()}
    return tuple(
        Forward(
            protocol=transport,
            interface_id=link.id,
            address=str(link.ipv4_on_link),
            port=listener.port,
            source_interface_id=node.id,
            source=str(node.ipv4_on_link),
            targets=tuple(_given(network, balancer, listener, pools[listener.id], zone_of(network, node))),
            ended=ended[listener.id] if transport == "tcp" else (),
        )
        for link in links_of(network, balancer)
        if (node := nodes.get(zone_of(network, link))) is not None
        for listener in listeners
        for transport in listener.protocol.transports
    )


def nodes_with_targets(network: Network, balancer: LoadBalancer) -> list[NetworkInterface]:
    """The nodes that have a healthy target for some port; all of them, where none has."""
    nodes = network.interfaces_of(balancer.id)
    listeners = network.listeners.where(indexes.load_balancer_id, balancer.id)
    groups = [network.target_groups[row.target_group_id] for row in listeners]
    zones = {zone for group in groups for zone in _healthy_zones(network, balancer, group)}
    return [row for row in nodes if "" in zones or zone_of(network, row) in zones] or list(nodes)


def _healthy_zones(network: Network, balancer: LoadBalancer, group: TargetGroup) -> Iterator[str]:
    """The ids of zones whose nodes give to somebody; an empty one is all of them."""
    crosses = _crosses(balancer, group)
    for row in group.serving():
        place = place_of(network, group, row) if row.health is Health.HEALTHY else None
        if place is not None:
            yield "" if crosses else place.zone_id


def _crosses(balancer: LoadBalancer, group: TargetGroup) -> bool:
    return balancer.crosses_zones if group.crosses_zones is None else group.crosses_zones


def zone_of(network: Network, interface: NetworkInterface) -> str:
    return network.subnets[interface.subnet_id].zone_id


def _pool(network: Network, group: TargetGroup) -> list[tuple[RegisteredTarget, Place]]:
    """Whoever may get connections of a group: the healthy, or all when none is."""
    there = [(row, place) for row in group.serving() if (place := place_of(network, group, row)) is not None]
    return [(row, place) for row, place in there if row.health is Health.HEALTHY] or there


def _ended(network: Network, group: TargetGroup, pool: Iterable[tuple[RegisteredTarget, Place]]) -> Iterator[Target]:
    """The unhealthy, beside whom there are healthy ones."""
    chosen = {row.key for row, _ in pool}
    for row in group.serving() if group.ends_unhealthy else ():
        if row.health is Health.UNHEALTHY and row.key not in chosen and (place := place_of(network, group, row)):
            yield Target(address=str(place.address), port=row.port)


def _given(
    network: Network,
    balancer: LoadBalancer,
    listener: Listener,
    pool: Iterable[tuple[RegisteredTarget, Place]],
    zone_id: str,
) -> Iterator[Target]:
    crosses = _crosses(balancer, network.target_groups[listener.target_group_id])
    near = {(place.address, row.port) for row, place in pool if crosses or place.zone_id in ("", zone_id)}
    return (Target(address=str(address), port=port) for address, port in sorted(near))


def place_of(network: Network, group: TargetGroup, target: RegisteredTarget) -> Place | None:
    """None for an instance that does not run."""
    if group.target_type is TargetType.INSTANCE:
        instance = network.instances.get(target.id)
        rows = network.interfaces_of(target.id)
        if instance is None or not instance.machine_wanted or not rows or rows[0].private_address is None:
            return None
        return Place(rows[0].private_address, zone_of(network, rows[0]))
    address = Address.parse(target.id)
    return Place(address, zone_id_at(network, group, target, address))


def zone_id_at(network: Network, group: TargetGroup, target: RegisteredTarget, address: Address) -> str:
    if target.zone == ALL_ZONES:
        return ""
    subnets = network.subnets_of(group.vpc_id)
    return next((row.zone_id for row in subnets if row.holds(address)), "")


def balancer_of_group(network: Network, group: TargetGroup) -> LoadBalancer | None:
    """The load balancer that gives to the group: there is one at most."""
    listener = network.listeners.first(indexes.target_group_id, group.id)
    return network.load_balancers.get(listener.load_balancer_id) if listener else None


def users_of_group(network: Network, group_id: str) -> Iterator[str]:
    """The ids of the load balancers that give to the group."""
    return (row.load_balancer_id for row in network.listeners.where(indexes.target_group_id, group_id))


def users_of_target(network: Network, target_id: str) -> Iterator[str]:
    """The ids of the load balancers that give to an instance."""
    for group in network.target_groups.where(indexes.target_ids, target_id):
        yield from users_of_group(network, group.id)


def users_of_owner(network: Network, owner_id: str) -> Iterator[str]:
    """The ids of the load balancers whose places or forwards follow from an interface of this owner: an instance, an
    endpoint, or a load balancer, beside which others may stand behind the same service."""
    yield from users_of_target(network, owner_id)
    endpoint = network.vpc_endpoints.get(owner_id)
    service = service_named(network, endpoint.service_name) if endpoint else service_of(network, owner_id)
    yield from service.load_balancer_ids if service else ()
