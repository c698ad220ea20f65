"""Interface endpoints of random networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.subnet import Subnet
from realvpc.net.vpc import Vpc
from realvpc.net.vpc_endpoint import EndpointState, VpcEndpoint
from realvpc.net.vpc_endpoint_services import EndpointType

from ..packets.hosts import NOW

if TYPE_CHECKING:
    from .random_world import World


def add_vpc_endpoint(world: World, vpc: Vpc) -> None:
    """Often, with an interface in one of the VPC's subnets, of as many families as that has or of IPv4 alone."""
    there = [row for row in world.resources if isinstance(row, Subnet) and row.vpc_id == vpc.id]
    if not there or world.chance(0.4):
        return
    subnet = world.random.choice(there)
    groups = tuple(world.random.sample(world.groups[vpc.id], 1))
    name = f"com.amazonaws.{vpc.region}.ssm"
    block = subnet.ipv6_cidr if world.chance(0.8) or subnet.cidr is None else None
    families = "ipv6" if subnet.cidr is None else "dualstack" if block else "ipv4"
    fields: dict[str, Any] = {"type": EndpointType.INTERFACE, "service_name": name, "created_at": NOW}
    state = {"state": EndpointState.AVAILABLE, "group_ids": groups, "ip_address_type": families}
    endpoint = world._add(VpcEndpoint, "vpce", vpc.region, vpc_id=vpc.id, **state, **fields)
    world.endpoint_interfaces.append(
        world._add(
            NetworkInterface,
            "eni",
            vpc.region,
            vpc_id=vpc.id,
            subnet_id=subnet.id,
            mac_address=f"06:00:00:00:03:{len(world.endpoint_interfaces):02x}",
            private_addresses=(subnet.cidr.at(90),) if subnet.cidr else (),
            ipv6_addresses=(block.at(90),) if block else (),
            deny_all_igw_traffic=block is not None,
            group_ids=groups,
            attachment=Attachment(id="ela-attach-2", owner_id=endpoint.id, device_index=1, attached_at=NOW),
        )
    )
