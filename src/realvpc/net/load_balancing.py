"""Where a load balancer's connections go: its links on the host, and what it forwards, as they follow from the network.

A node gives to the healthy targets of its zone, or of all zones where that is wished; while no target of a group is
healthy, to all of them (Network Load Balancers guide, "Health checks for target groups", "Cross-zone load balancing").
A link of an interface endpoint is one more place where connections arrive; they leave from the node of its zone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from msgspec.structs import replace

from . import indexes
from .endpoint_service import EndpointServiceConfiguration
from .load_balancer import LoadBalancer
from .machine import Forward
from .network import Network
from .network_interface import NetworkInterface
from .target_group import Health, TargetGroup
from .target_place import EVERYWHERE, Pool, place_of, zone_of
from .vpc_endpoint import VpcEndpoint

LINKS_MAXIMUM = 40
"""Of one place: with as many listeners as a load balancer has, its host is told of no more than it takes."""


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


def balancer_at(network: Network, interface: NetworkInterface) -> LoadBalancer | None:
    """The load balancer whose node it is, or to which an endpoint to an account's service leads by it."""
    owner = interface.attachment.owner_id if interface.attachment else ""
    endpoint = network.vpc_endpoints.get(owner)
    if endpoint is None or endpoint.leads_to_aws:
        return network.load_balancers.get(owner)
    return balancer_in_zone(network, service_named(network, endpoint.service_name), zone_of(network, interface))


def listens(network: Network, balancer: LoadBalancer, protocol: str, port: int) -> bool:
    """Whether it has a listener for what arrives by ``tcp``, ``udp`` or anything else."""
    listeners = network.listeners.where(indexes.load_balancer_id, balancer.id)
    return any(protocol in row.protocol.transports and row.port == port for row in listeners)


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
    """By link and port.  Targets are looked at once for each group: forwards to the same share one tuple of them."""
    nodes = {zone_of(network, row): row for row in network.interfaces_of(balancer.id)}
    listeners = sorted(network.listeners.where(indexes.load_balancer_id, balancer.id), key=lambda row: row.id)
    groups = groups_of(network, balancer)
    pools = {row.id: Pool(network, row, crosses_zones=_crosses(balancer, row)) for row in groups}
    return tuple(
        Forward(
            protocol=transport,
            interface_id=link.id,
            address=str(link.ipv4_on_link),
            port=listener.port,
            source_interface_id=node.id,
            source=str(node.ipv4_on_link),
            targets=pools[listener.target_group_id].near(zone_of(network, node)),
            ended=pools[listener.target_group_id].ended if transport == "tcp" else (),
        )
        for link in links_of(network, balancer)
        if (node := nodes.get(zone_of(network, link))) is not None
        for listener in listeners
        for transport in listener.protocol.transports
    )


def groups_of(network: Network, balancer: LoadBalancer) -> list[TargetGroup]:
    """Those that it gives to, each once."""
    listeners = network.listeners.where(indexes.load_balancer_id, balancer.id)
    return [network.target_groups[each] for each in dict.fromkeys(row.target_group_id for row in listeners)]


def size_of(network: Network, balancer: LoadBalancer) -> int:
    """What it takes to work out what it forwards: its forwards, and the targets that they lead to."""
    listeners = network.listeners.where(indexes.load_balancer_id, balancer.id)
    targets = sum(len(group.registered) for group in groups_of(network, balancer))
    return len(links_of(network, balancer)) * len(listeners) + targets


def nodes_with_targets(network: Network, balancer: LoadBalancer) -> list[NetworkInterface]:
    """The nodes that have a healthy target for some port; all of them, where none has."""
    nodes = [(row, zone_of(network, row)) for row in network.interfaces_of(balancer.id)]
    missing = {zone_id for _, zone_id in nodes}
    for zone_id in _healthy_zones(network, balancer):
        missing = set() if zone_id == EVERYWHERE else missing - {zone_id}
        if not missing:
            break
    return [row for row, zone_id in nodes if zone_id not in missing] or [row for row, _ in nodes]


def _healthy_zones(network: Network, balancer: LoadBalancer) -> Iterator[str]:
    """The ids of zones whose nodes give to somebody, or EVERYWHERE."""
    for group in groups_of(network, balancer):
        crosses = _crosses(balancer, group)
        for row in group.serving():
            place = place_of(network, group, row) if row.health is Health.HEALTHY else None
            if place is not None:
                yield EVERYWHERE if crosses else place.zone_id


def _crosses(balancer: LoadBalancer, group: TargetGroup) -> bool:
    return balancer.crosses_zones if group.crosses_zones is None else group.crosses_zones


def balancer_of_group(network: Network, group: TargetGroup) -> LoadBalancer | None:
    """The load balancer that gives to the group: there is one at most."""
    listener = network.listeners.first(indexes.target_group_id, group.id)
    return network.load_balancers.get(listener.load_balancer_id) if listener else None


def users_of_group(network: Network, group_id: str) -> Iterator[str]:
    """The ids of the load balancers that give to the group."""
    return (row.load_balancer_id for row in network.listeners.where(indexes.target_group_id, group_id))


def users_of_target(network: Network, target_id: str) -> Iterator[str]:
    """The ids of the load balancers that give to an instance, or to an address."""
    for group in network.target_groups.where(indexes.target_ids, target_id):
        yield from users_of_group(network, group.id)


def users_of_owner(network: Network, owner_id: str) -> Iterator[str]:
    """The ids of the load balancers whose places or forwards follow from an interface of this owner: an instance, an
    endpoint, or a load balancer, beside which others may stand behind the same service."""
    yield from users_of_target(network, owner_id)
    endpoint = network.vpc_endpoints.get(owner_id)
    service = service_named(network, endpoint.service_name) if endpoint else service_of(network, owner_id)
    yield from service.load_balancer_ids if service else ()
