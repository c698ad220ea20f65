"""The names of load balancers: who finds which nodes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from realvpc.net.addresses import Address, Cidr
from realvpc.net.listener import Listener
from realvpc.net.load_balancer import LoadBalancer, LoadBalancerState, Scheme
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.subnet import Subnet
from realvpc.net.table import put
from realvpc.net.target_group import Health, Protocol, RegisteredTarget, TargetGroup, TargetType
from realvpc.store.state import State

from .world import answer, world

NOW = datetime(2026, 11, 29, tzinfo=UTC)
NEAR, FAR = "10.20.0.80", "10.20.16.80"  # the nodes
NAME = "Front-0123456789abcdef.elb.ap-northeast-1.amazonaws.com"


def balanced(near: Health, far: Health, **more: Any) -> State:
    """World, with a load balancer of two nodes in vpc-a, each with a target in its zone."""
    state = world()
    [subnet] = state.network.subnets_of("vpc-a")
    common: dict[str, Any] = {"account": subnet.account, "region": subnet.region, "vpc_id": "vpc-a"}
    other: Subnet = replace(
        subnet, id="subnet-far", cidr=Cidr.parse("10.20.16.0/20"), zone_name="far", zone_id="far-az"
    )
    balancer = LoadBalancer(
        id="nlb-00123456789abcdef",
        name="Front",
        created_at=NOW,
        **{"scheme": Scheme.INTERNAL, "state": LoadBalancerState.ACTIVE, **more},
        **common,
    )
    nodes = [
        NetworkInterface(
            id=f"eni-0000000000000008{index}",
            subnet_id=place.id,
            mac_address=f"06:00:00:00:02:0{index}",
            private_addresses=(Address.parse(address),),
            public_address=Address.parse(f"198.18.9.{index + 1}"),
            group_ids=(),
            attachment=Attachment(id="ela-attach-1", owner_id=balancer.id, device_index=index, attached_at=NOW),
            **common,
        )
        for index, (place, address) in enumerate(((subnet, NEAR), (other, FAR)))
    ]
    targets = (("10.20.0.9", near), ("10.20.16.9", far))
    group = TargetGroup(
        id="tg-00000000000000001",
        name="web",
        protocol=Protocol.TCP,
        port=80,
        target_type=TargetType.IP,
        registered=tuple(RegisteredTarget(id=address, port=80, health=health) for address, health in targets),
        **common,
    )
    del common["vpc_id"]
    listener = Listener(
        id="listener-00000000000000001",
        load_balancer_id=balancer.id,
        balancer=balancer.arn_suffix,
        protocol=Protocol.TCP,
        port=80,
        target_group_id=group.id,
        **common,
    )
    return state.apply(put(other, balancer, *nodes, group, listener))


def test_the_name_leads_to_the_nodes_that_have_healthy_targets() -> None:
    well, ill = Health.HEALTHY, Health.UNHEALTHY
    assert answer(balanced(well, well), "vpc-b", NAME) == f"{NEAR} {FAR}"
    assert answer(balanced(well, ill), "vpc-b", NAME) == NEAR
    assert answer(balanced(ill, ill), "vpc-a", NAME) == f"{NEAR} {FAR}"
    crossing = {"attributes": {"load_balancing.cross_zone.enabled": "true"}}
    assert answer(balanced(ill, well, **crossing), "vpc-a", NAME) == f"{NEAR} {FAR}"


def test_a_zones_name_leads_to_its_node() -> None:
    state = balanced(Health.UNHEALTHY, Health.UNHEALTHY)
    assert answer(state, "vpc-v", f"far.{NAME}") == FAR
    assert answer(state, "vpc-v", f"nowhere.{NAME}") == "NXDOMAIN"


def test_an_internet_facing_one_has_public_addresses() -> None:
    state = balanced(Health.HEALTHY, Health.HEALTHY, scheme=Scheme.INTERNET_FACING)
    assert answer(state, "vpc-a", NAME) == "198.18.9.1 198.18.9.2"


def test_other_names_are_nobodys() -> None:
    state = balanced(Health.HEALTHY, Health.HEALTHY)
    for name in (NAME.replace("Front", "front2"), NAME.replace("abcdef", "abcdee"), NAME.replace("northeast", "south")):
        assert answer(state, "vpc-a", name) == "NXDOMAIN"
    leaving = balanced(Health.HEALTHY, Health.HEALTHY, state=LoadBalancerState.DELETING)
    assert answer(leaving, "vpc-a", NAME) == "NXDOMAIN"
