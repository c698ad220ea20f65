"""Interface endpoints of random networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.subnet import Subnet
from realvpc.net.vpc import Vpc
from realvpc.net.vpc_endpoint import EndpointState, VpcEndpoint
from realvpc.net.vpc_endpoint_services import EndpointType, owned_service_name

from ..packets.hosts import NOW

if TYPE_CHECKING:
    from .random_world import World


def add_vpc_endpoint(world: World, vpc: Vpc) -> None:
    """Often, with an interface in one of the VPC's subnets, of as many families as that has or of IPv4 alone; to AWS,
    or to an account's service, in any state."""
    there = [row for row in world.resources if isinstance(row, Subnet) and row.vpc_id == vpc.id]
    if not there or world.chance(0.4):
        return
    subnet = world.random.choice(there)
    groups = tuple(world.random.sample(world.groups[vpc.id], 1))
    is_owned = world.chance(0.3)
    name = owned_service_name(vpc.region, "vpce-svc-1") if is_owned else f"com.amazonaws.{vpc.region}.ssm"
    where = world.interfaces if is_owned else world.endpoint_interfaces
    block = subnet.ipv6_cidr if world.chance(0.8) or subnet.cidr is None else None
    families = "ipv6" if subnet.cidr is None else "dualstack" if block else "ipv4"
    fields: dict[str, Any] = {"type": EndpointType.INTERFACE, "service_name": name, "created_at": NOW}
    there_is = world.random.choice(list(EndpointState)) if is_owned else EndpointState.AVAILABLE
    state = {"state": there_is, "group_ids": groups, "ip_address_type": families}
    endpoint = world._add(VpcEndpoint, "vpce", vpc.region, vpc_id=vpc.id, **state, **fields)
    where.append(
        world._add(
            NetworkInterface,
            "eni",
            vpc.region,
            vpc_id=vpc.id,
            subnet_id=subnet.id,
            mac_address=f"06:00:00:00:0{5 if is_owned else 3}:{len(where):02x}",
            private_addresses=(subnet.cidr.at(90),) if subnet.cidr else (),
            ipv6_addresses=(block.at(90),) if block else (),
            deny_all_igw_traffic=block is not None,
            group_ids=groups,
            attachment=Attachment(id="ela-attach-2", owner_id=endpoint.id, device_index=1, attached_at=NOW),
        )
    )
