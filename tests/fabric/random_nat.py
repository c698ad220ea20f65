"""NAT gateways of random networks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from realvpc.net.addresses import Address, Cidr
from realvpc.net.elastic_ip import AddressAssociation, ElasticIp
from realvpc.net.nat_gateway import Connectivity, NatGateway, NatGatewayState
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.resource import Resource
from realvpc.net.route_table import Target, TargetKind
from realvpc.net.subnet import Subnet
from realvpc.net.vpc import Vpc

from ..packets.hosts import NOW

if TYPE_CHECKING:
    from .random_world import World


def add_nat_gateway(world: World, vpc: Vpc) -> None:
    """Mostly in a subnet of its own with a way out, as they should be."""
    there = world.ipv4_subnets(vpc)
    if there and world.chance(0.2):
        subnet = world.random.choice(there)
    else:
        acl = world._network_acl(vpc) if world.chance(0.2) else None
        zone = {"zone_name": f"{vpc.region}a", "zone_id": "az1", "network_acl_id": acl}
        subnet = world._add(Subnet, "subnet", vpc.region, vpc_id=vpc.id, cidr=vpc.cidrs[0].subnet(2, 24), **zone)
        world.gateway_subnets.add(subnet.id)
    fields: dict[str, Any] = {"vpc_id": vpc.id, "subnet_id": subnet.id}
    connectivity = world.random.choice([Connectivity.PUBLIC] * 3 + [Connectivity.PRIVATE])
    state = {"state": NatGatewayState.AVAILABLE, "connectivity": connectivity, "created_at": NOW}
    gateway = world._add(NatGateway, "nat", vpc.region, **state, **fields)
    interface = world._add(
        NetworkInterface,
        "eni",
        vpc.region,
        mac_address=f"06:00:00:00:01:{len(world.gateway_interfaces):02x}",
        private_addresses=tuple(subnet.ipv4_link.at(60 + place) for place in range(world.random.choice((1, 1, 2, 3)))),
        group_ids=(),
        attachment=Attachment(id="ela-attach-1", owner_id=gateway.id, device_index=1, attached_at=NOW),
        **fields,
    )
    world.gateway_interfaces.append(interface)
    if connectivity is Connectivity.PUBLIC:
        map_addresses(world, vpc, interface, interface.private_addresses)


def map_addresses(world: World, vpc: Vpc, interface: NetworkInterface, private_addresses: Iterable[Address]) -> None:
    """Elastic IP addresses to these private ones."""
    for private in private_addresses:
        association = AddressAssociation(id=world._id("eipassoc"), interface_id=interface.id, private_address=private)
        fields: dict[str, Any] = {"public_address": world._public_address(), "association": association}
        world.elastic_ips.append(world._add(ElasticIp, "eipalloc", vpc.region, **fields))


def over_peering_through_nat(world: World, vpc: Vpc, nats: list[Target], through_nat: float) -> dict[Cidr, Target]:
    """Routes to a peered VPC: of instances to the gateway, of the gateway over the connection."""
    routes = {}
    for peering in world.peerings:
        far = peering.far_side(vpc.id)
        block = next((row.primary_cidr for row in world.vpcs if far and row.id == far.vpc_id), None)
        if block is not None and nats and block not in vpc.cidrs and world.chance(0.5):
            over = Target(TargetKind.PEERING, peering.id)
            routes[block] = nats[0] if world.chance(through_nat) else over
    return routes


def nat_targets(resources: list[Resource], vpc: Vpc) -> list[Target]:
    """Where routes of the VPC may lead."""
    return [
        Target(TargetKind.NAT_GATEWAY, row.id)
        for row in resources
        if isinstance(row, NatGateway) and row.vpc_id == vpc.id
    ]
