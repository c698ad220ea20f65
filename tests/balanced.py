"""A load balancer as large as one may be, with whatever leads to it, made of resources by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from realvpc.net.addresses import Address, Cidr
from realvpc.net.endpoint_service import EndpointServiceConfiguration
from realvpc.net.listener import Listener
from realvpc.net.load_balancer import LoadBalancer, LoadBalancerState, Scheme
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.subnet import Subnet
from realvpc.net.target_group import Health, Protocol, RegisteredTarget, TargetGroup, TargetType
from realvpc.net.vpc_endpoint import EndpointState, VpcEndpoint
from realvpc.net.vpc_endpoint_services import EndpointType
from realvpc.store.state import State

from .worlds import ACCOUNT, REGION, vpc_with_instance

NOW = datetime(2026, 11, 29, tzinfo=UTC)
BALANCER = "nlb-00123456789abcdef"
ENDPOINTS, LISTENERS, TARGETS = 39, 50, 500
_COMMON: dict[str, Any] = {"account": ACCOUNT, "region": REGION}


def large(*, groups: int = 1, endpoints: int = ENDPOINTS, zone: str = "", health: Health = Health.HEALTHY) -> State:
    """Its node is in subnet-a, its targets in one /20 beside it that is of another subnet, subnet-b; each endpoint has
    an interface in subnet-v of another VPC, in the node's zone."""
    near, far = (vpc_with_instance(name, "10.20.0.0/16", "10.20.0.207") for name in "av")
    [subnet] = (row for row in near if isinstance(row, Subnet))
    beside = replace(subnet, id="subnet-b", cidr=Cidr.parse("10.20.16.0/20"))
    service = EndpointServiceConfiguration(
        id="vpce-svc-0123456789abcdef0", load_balancer_ids=(BALANCER,), acceptance_required=False, **_COMMON
    )
    balancer = LoadBalancer(
        id=BALANCER,
        name="Front",
        scheme=Scheme.INTERNAL,
        vpc_id="vpc-a",
        created_at=NOW,
        state=LoadBalancerState.ACTIVE,
        **_COMMON,
    )
    consumers = [
        VpcEndpoint(
            id=f"vpce-{index:017x}",
            vpc_id="vpc-v",
            service_name=service.name,
            type=EndpointType.INTERFACE,
            created_at=NOW,
            state=EndpointState.AVAILABLE,
            **_COMMON,
        )
        for index in range(1, endpoints + 1)
    ]
    links = [
        _link(index, owner_id, *(("vpc-v", "subnet-v") if index else ("vpc-a", "subnet-a")))
        for index, owner_id in enumerate((balancer.id, *(row.id for row in consumers)))
    ]
    rows = [
        TargetGroup(
            id=f"tg-{index:017x}",
            name=f"web-{index}",
            protocol=Protocol.TCP,
            port=80,
            vpc_id="vpc-a",
            target_type=TargetType.IP,
            registered=tuple(
                RegisteredTarget(id=f"10.20.{16 + at // 250}.{4 + at % 250}", port=80, zone=zone, health=health)
                for at in range(index, TARGETS, groups)
            ),
            **_COMMON,
        )
        for index in range(groups)
    ]
    listeners = [
        Listener(
            id=f"listener-{index:017x}",
            load_balancer_id=BALANCER,
            balancer=balancer.arn_suffix,
            protocol=Protocol.TCP_UDP,
            port=index + 1,
            target_group_id=rows[index % groups].id,
            **_COMMON,
        )
        for index in range(LISTENERS)
    ]
    return State.of(*near, *far, beside, service, balancer, *consumers, *links, *rows, *listeners)


def _link(index: int, owner_id: str, vpc_id: str, subnet_id: str) -> NetworkInterface:
    return NetworkInterface(
        id=f"eni-{index + 256:017x}",
        vpc_id=vpc_id,
        subnet_id=subnet_id,
        mac_address=f"06:00:00:00:02:{index:02x}",
        private_addresses=(Address.parse(f"10.20.0.{80 + index}"),),
        group_ids=(),
        attachment=Attachment(id=f"ela-attach-{index}", owner_id=owner_id, device_index=index, attached_at=NOW),
        **_COMMON,
    )
