"""EC2 Instance Connect Endpoints and load balancers of random networks: interfaces that are no instance's and take what
is for them."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from realvpc.net.instance_connect_endpoint import EndpointState, InstanceConnectEndpoint
from realvpc.net.load_balancer import LoadBalancer, LoadBalancerState, Scheme
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.subnet import Subnet
from realvpc.net.table import Change, delete, put
from realvpc.net.vpc import Vpc

from ..packets.hosts import NOW

if TYPE_CHECKING:
    from .random_world import World


APPLIANCES = (InstanceConnectEndpoint, LoadBalancer)


def add_appliances(world: World) -> None:
    for vpc in world.vpcs:
        if world.chance(0.2):
            _add_instance_connect_endpoint(world, vpc)
        if world.chance(0.2):
            _add_load_balancer(world, vpc)


def _add_load_balancer(world: World, vpc: Vpc) -> None:
    """With security groups, or without any; then everything passes."""
    there = world.ipv4_subnets(vpc)
    if not there:
        return
    subnet, has_groups = world.random.choice(there), world.chance(0.5)
    state = {"state": world.random.choice(list(LoadBalancerState)), "created_at": NOW}
    fields: dict[str, Any] = {"name": "b", "scheme": Scheme.INTERNAL, "vpc_id": vpc.id}
    balancer = world._add(LoadBalancer, "nlb", vpc.region, **state, **fields)
    interface = world._add(
        NetworkInterface,
        "eni",
        vpc.region,
        vpc_id=vpc.id,
        subnet_id=subnet.id,
        mac_address=f"06:00:00:00:04:{len(world.interfaces):02x}",
        private_addresses=(subnet.ipv4_link.at(85),),
        group_ids=tuple(world.groups[vpc.id][:1]) if has_groups else (),
        is_filtered=has_groups,
        attachment=Attachment(id="ela-attach-3", owner_id=balancer.id, device_index=0, attached_at=NOW),
    )
    world.interfaces.append(interface)


def _add_instance_connect_endpoint(world: World, vpc: Vpc) -> None:
    subnet = world.random.choice([row for row in world.resources if isinstance(row, Subnet) and row.vpc_id == vpc.id])
    addresses = {"private_addresses": (subnet.cidr.at(80),) if subnet.cidr else ()}
    if subnet.ipv6_cidr and not subnet.cidr:
        addresses["ipv6_addresses"] = (subnet.ipv6_cidr.at(80),)
    fields: dict[str, Any] = {"vpc_id": vpc.id, "subnet_id": subnet.id}
    state = {"state": world.random.choice(list(EndpointState)), "ip_address_type": "ipv4", "created_at": NOW}
    endpoint = world._add(InstanceConnectEndpoint, "eice", vpc.region, **state, **fields)
    interface = world._add(
        NetworkInterface,
        "eni",
        vpc.region,
        mac_address=f"06:00:00:00:02:{len(world.interfaces):02x}",
        group_ids=tuple(world.groups[vpc.id][:1]),
        attachment=Attachment(id="ela-attach-2", owner_id=endpoint.id, device_index=0, attached_at=NOW),
        **fields,
        **addresses,
    )
    world.interfaces.append(interface)


def appliance_changes(random: Random, row: Any) -> Change:
    """It goes, or changes its state, if it has several that count."""
    if isinstance(row, LoadBalancer) and random.random() < 0.7:
        return put(replace(row, state=random.choice(list(LoadBalancerState))))
    return delete(row) if row else Change()
