"""What is asked: writes that grow the state, and reads of a state of a known size."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from msgspec import Struct

from .load import Load, LoadError, run
from .servers import Server

VPCS, PEERINGS, INSTANCES = 1000, 1000, 500
_SETUP_CONNECTIONS = 8


class World(Struct, frozen=True):
    """What there is to read, and what writes of one round may use."""

    vpc_ids: list[str]


Prepare: TypeAlias = Callable[[Server, World, int], list[bytes]]
"""The requests of a case, signed just before they are sent; so many."""


class Case(Struct, frozen=True):
    name: str
    prepare: Prepare
    requests: int


def _ids(kind: str, bodies: Iterable[bytes]) -> list[str]:
    """The ids of this kind that answers name first, one of each answer."""
    pattern = re.compile(rb">(" + kind.encode() + rb"-[0-9a-f]+)<")
    return [found[1].decode() for body in bodies if (found := pattern.search(body))]


def _send(server: Server, requests: Sequence[bytes]) -> Load:
    """Raises LoadError when any is refused."""
    load = run(server.address, requests, _SETUP_CONNECTIONS)
    if load.refused:
        raise LoadError(f"{server.name} refuses: {load.bodies[-1][:500].decode(errors='replace')}")
    return load


def fill(server: Server) -> World:
    """Make the state that is read: VPCs with a Name each, peering connections, instances."""
    sign = server.sign
    made = _send(
        server,
        [
            sign(
                "CreateVpc",
                CidrBlock=f"10.{number % 250}.0.0/16",
                TagSpecification__1__ResourceType="vpc",
                TagSpecification__1__Tag__1__Key="Name",
                TagSpecification__1__Tag__1__Value=f"name-{number}",
            )
            for number in range(VPCS)
        ],
    )
    vpc_ids = _ids("vpc", made.bodies)
    pairs = [(vpc_ids[number], vpc_ids[(number + 1 + number // VPCS) % VPCS]) for number in range(PEERINGS)]
    _send(server, [sign("CreateVpcPeeringConnection", VpcId=near, PeerVpcId=far) for near, far in pairs])
    subnet = _send(server, [sign("CreateSubnet", VpcId=vpc_ids[0], CidrBlock="10.0.0.0/20")])
    (subnet_id,) = _ids("subnet", subnet.bodies)
    runnable = {"Owner__1": "amazon", "Filter__1__Name": "architecture", "Filter__1__Value__1": "x86_64"}
    image_id = next(iter(_ids("ami", _send(server, [sign("DescribeImages", **runnable)]).bodies)))
    _send(
        server,
        [
            sign(
                "RunInstances", ImageId=image_id, MinCount=50, MaxCount=50, InstanceType="t3.micro", SubnetId=subnet_id
            )
            for _ in range(INSTANCES // 50)
        ],
    )
    return World(vpc_ids)


def _create_vpc(server: Server, world: World, count: int) -> list[bytes]:
    return [server.sign_write("CreateVpc", CidrBlock="10.0.0.0/16")] * count


def _create_subnet(server: Server, world: World, count: int) -> list[bytes]:
    (vpc_id,) = _ids("vpc", _send(server, [server.sign_write("CreateVpc", CidrBlock="10.0.0.0/16")]).bodies)
    return [
        server.sign_write("CreateSubnet", VpcId=vpc_id, CidrBlock=f"10.0.{number // 16}.{number % 16 * 16}/28")
        for number in range(count)
    ]


def _create_route(server: Server, world: World, count: int) -> list[bytes]:
    sign = server.sign_write
    (vpc_id,) = _ids("vpc", _send(server, [sign("CreateVpc", CidrBlock="10.0.0.0/16")]).bodies)
    (table_id,) = _ids("rtb", _send(server, [sign("CreateRouteTable", VpcId=vpc_id)]).bodies)
    (gateway_id,) = _ids("igw", _send(server, [sign("CreateInternetGateway")]).bodies)
    _send(server, [sign("AttachInternetGateway", InternetGatewayId=gateway_id, VpcId=vpc_id)])
    return [
        sign(
            "CreateRoute",
            RouteTableId=table_id,
            DestinationCidrBlock=f"100.{64 + number // 256}.{number % 256}.0/24",
            GatewayId=gateway_id,
        )
        for number in range(count)
    ]


def _create_peering(server: Server, world: World, count: int) -> list[bytes]:
    requests = [server.sign_write("CreateVpc", CidrBlock=f"10.{number}.0.0/16") for number in range(40)]
    fresh = _ids("vpc", _send(server, requests).bodies)
    pairs = [(near, far) for near in fresh for far in fresh if near < far][:count]
    return [server.sign_write("CreateVpcPeeringConnection", VpcId=near, PeerVpcId=far) for near, far in pairs]


def _describe(action: str, **parameters: object) -> Prepare:
    return lambda server, world, count: [server.sign(action, **parameters)] * count


def _one_vpc(server: Server, world: World, count: int) -> list[bytes]:
    chosen = [world.vpc_ids[number * 37 % len(world.vpc_ids)] for number in range(count)]
    return [server.sign("DescribeVpcs", VpcId__1=vpc_id) for vpc_id in chosen]


def _by_tag(server: Server, world: World, count: int) -> list[bytes]:
    return [
        server.sign("DescribeVpcs", Filter__1__Name="tag:Name", Filter__1__Value__1=f"name-{number * 37 % VPCS}")
        for number in range(count)
    ]


def _by_cidr(server: Server, world: World, count: int) -> list[bytes]:
    return [
        server.sign("DescribeVpcs", Filter__1__Name="cidr", Filter__1__Value__1=f"10.{number * 37 % 250}.0.0/16")
        for number in range(count)
    ]


def _filtered_peerings(server: Server, world: World, count: int) -> list[bytes]:
    chosen = [world.vpc_ids[number * 37 % len(world.vpc_ids)] for number in range(count)]
    return [
        server.sign(
            "DescribeVpcPeeringConnections",
            Filter__1__Name="requester-vpc-info.vpc-id",
            Filter__1__Value__1=vpc_id,
        )
        for vpc_id in chosen
    ]


CASES = (
    Case("CreateVpc", _create_vpc, 200),
    Case("CreateSubnet", _create_subnet, 200),
    Case("CreateRoute into a growing table", _create_route, 300),
    Case("CreateVpcPeeringConnection", _create_peering, 200),
    Case(f"DescribeVpcs of {VPCS:,}", _describe("DescribeVpcs", MaxResults=VPCS), 6),
    Case("DescribeVpcs, one id", _one_vpc, 400),
    Case("DescribeVpcs, cidr filter", _by_cidr, 100),
    Case("DescribeVpcs, tag filter", _by_tag, 100),
    Case(f"DescribeVpcPeeringConnections, filtered among {PEERINGS:,}", _filtered_peerings, 100),
    Case(f"DescribeInstances of {INSTANCES}", _describe("DescribeInstances"), 10),
)


def cases_of(beginnings: tuple[str, ...]) -> tuple[Case, ...]:
    """Those whose names begin with one of these; all, when there is none."""
    return tuple(case for case in CASES if not beginnings or case.name.startswith(beginnings))
