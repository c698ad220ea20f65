"""EC2 Instance Connect Endpoints of random networks: interfaces that are no instance's and take what is for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realvpc.net.instance_connect_endpoint import EndpointState, InstanceConnectEndpoint
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.subnet import Subnet
from realvpc.net.vpc import Vpc

from ..packets.hosts import NOW

if TYPE_CHECKING:
    from .random_world import World


def add_instance_connect_endpoints(world: World) -> None:
    for vpc in world.vpcs:
        if world.chance(0.2):
            _add(world, vpc)


def _add(world: World, vpc: Vpc) -> None:
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
