"""A file in which a row has lost what it names is refused at once, with the names of both."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from realvpc.net.endpoint_service import EndpointServiceConfiguration
from realvpc.net.hosted_zone import HostedZone
from realvpc.net.instance_connect_endpoint import InstanceConnectEndpoint
from realvpc.net.internet_gateway import InternetGateway
from realvpc.net.listener import Listener
from realvpc.net.load_balancer import LoadBalancer, Scheme
from realvpc.net.network_acl import NetworkAcl
from realvpc.net.network_interface import Attachment
from realvpc.net.resource import Resource
from realvpc.net.security_group import SecurityGroup
from realvpc.net.subnet import Subnet
from realvpc.net.table import Change
from realvpc.net.target_group import Protocol, TargetGroup
from realvpc.store.database import Database, StateFileError, Write
from realvpc.store.references import dangling
from realvpc.store.state import State
from tests.packets.hosts import COMMON, host, number
from tests.packets.test_fabric import walkthrough
from tests.worlds import elastic_ip

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ZONE = HostedZone(id="Z1", account="111111111111", name="corp.example.", caller_reference="x", created_at=NOW)
ACL = NetworkAcl(id=number("acl", 1), account=COMMON["account"], region=COMMON["region"], vpc_id=number("vpc", 1))
IN_PLACE = {"account": COMMON["account"], "region": COMMON["region"]}
DEFAULTS = [
    SecurityGroup(id=f"sg-default-of-{vpc_id}", vpc_id=vpc_id, name="default", description="-", **IN_PLACE)
    for vpc_id in walkthrough().vpcs
]
ENDPOINT = InstanceConnectEndpoint(
    id="eice-1",
    vpc_id=number("vpc", 1),
    subnet_id=number("subnet", 1),
    ip_address_type="ipv4",
    created_at=NOW,
    **IN_PLACE,
)
OF_ENDPOINT = replace(
    walkthrough().interfaces[number("eni", 1)],
    id="eni-of-endpoint",
    attachment=Attachment(
        id="ela-attach-1", owner_id=ENDPOINT.id, device_index=0, attached_at=NOW, delete_on_termination=False
    ),
)
BALANCER = LoadBalancer(
    id="nlb-1", name="front", scheme=Scheme.INTERNAL, vpc_id=number("vpc", 1), created_at=NOW, **IN_PLACE
)
OF_BALANCER = replace(
    OF_ENDPOINT,
    id="eni-of-balancer",
    attachment=Attachment(id="ela-attach-2", owner_id=BALANCER.id, device_index=0, attached_at=NOW),
)
TARGETS = TargetGroup(id="tg-1", name="web", protocol=Protocol.TCP, port=80, vpc_id=number("vpc", 1), **IN_PLACE)
LISTENER = Listener(
    id="listener-1",
    load_balancer_id=BALANCER.id,
    balancer=BALANCER.arn_suffix,
    protocol=Protocol.TCP,
    port=80,
    target_group_id=TARGETS.id,
    **IN_PLACE,
)
SERVICE = EndpointServiceConfiguration(id="vpce-svc-1", load_balancer_ids=(BALANCER.id,), **IN_PLACE)
ROWS: tuple[Resource, ...] = (
    *(
        replace(row, network_acl_id=ACL.id) if row.id == number("subnet", 1) and isinstance(row, Subnet) else row
        for kind in walkthrough().TYPES
        for row in walkthrough().table(kind).values()
    ),
    ACL,
    elastic_ip(walkthrough().interfaces[number("eni", 1)], "198.18.0.77"),
    ZONE,
    *ZONE.born_with(),
    *DEFAULTS,
    ENDPOINT,
    OF_ENDPOINT,
    *(BALANCER, OF_BALANCER, TARGETS, LISTENER, SERVICE),
)
VPC, SUBNET, TABLE, GROUP, INTERFACE, INSTANCE = (
    number(kind, 1) for kind in ("vpc", "subnet", "rtb", "sg", "eni", "i")
)


def written(path: Path, *rows: Resource) -> Database:
    database = Database(path)
    database.commit([Write(1, Change(puts=rows), NOW, "test")])
    return database


def test_a_state_in_which_everything_is_there_is_sound(tmp_path: Path) -> None:
    with closing(written(tmp_path / "state.db", *ROWS)) as database:
        assert set(database.load().network.vpcs) == {row.id for row in ROWS if row.id.startswith("vpc-")}


@pytest.mark.parametrize(
    ("lost", "sentence"),
    [
        (VPC, f"Subnet {SUBNET} names {VPC}, which is not there"),
        (VPC, f"RouteTable {TABLE} names {VPC}"),
        (VPC, f"InternetGateway {number('igw', 1)} names {VPC}"),
        (VPC, f"NetworkAcl {ACL.id} names {VPC}"),
        (ACL.id, f"Subnet {SUBNET} names {ACL.id}"),
        (VPC, f"SecurityGroup {GROUP} names {VPC}"),
        (VPC, f"NetworkInterface {INTERFACE} names {VPC}"),
        (VPC, f"Peering {number('pcx', 1)} names {VPC}"),
        (SUBNET, f"NetworkInterface {INTERFACE} names {SUBNET}"),
        (GROUP, f"NetworkInterface {INTERFACE} names {GROUP}"),
        (INSTANCE, f"NetworkInterface {INTERFACE} names {INSTANCE}"),
        (INTERFACE, f"ElasticIp eipalloc-198.18.0.77 names {INTERFACE}"),
        (INTERFACE, f"Instance {INSTANCE} has no network interface"),
        (TABLE, f"TableRoute {TABLE} "),
        (TABLE, f"Vpc {VPC} has no main route table"),
        (f"sg-default-of-{VPC}", f"Vpc {VPC} has no default security group"),
        (OF_ENDPOINT.id, f"InstanceConnectEndpoint {ENDPOINT.id} has no network interface"),
        (OF_BALANCER.id, f"LoadBalancer {BALANCER.id} has no network interface"),
        (BALANCER.id, f"Listener {LISTENER.id} names {BALANCER.id}"),
        (BALANCER.id, f"EndpointServiceConfiguration {SERVICE.id} names {BALANCER.id}"),
        (TARGETS.id, f"Listener {LISTENER.id} names {TARGETS.id}"),
        ("Z1/corp.example./SOA", "HostedZone Z1 has no SOA record set"),
        ("Z1", "RecordSet Z1/corp.example./NS names Z1"),
    ],
)
def test_a_row_that_is_gone_is_missed_by_all_that_name_it(tmp_path: Path, lost: str, sentence: str) -> None:
    rows = [row for row in ROWS if row.id != lost]
    assert len(rows) == len(ROWS) - 1
    assert any(each.startswith(sentence) for each in dangling(State.of(*rows)))
    with (
        closing(written(tmp_path / "state.db", *rows)) as database,
        pytest.raises(StateFileError, match="is damaged: "),
    ):
        database.load()


def test_what_may_outlive_what_it_names_is_sound() -> None:
    """A route to a gateway or a peering connection that is gone, which is a blackhole."""
    rows = [row for row in ROWS if not isinstance(row, InternetGateway) and not row.id.startswith("pcx-")]
    assert not list(dangling(State.of(*rows)))


def test_of_many_some_are_said_and_the_number_of_the_others(tmp_path: Path) -> None:
    rows = [row for index in range(1, 10) for row in host(index, 1, f"10.20.0.{index}")]
    with closing(written(tmp_path / "state.db", *rows)) as database:
        with pytest.raises(StateFileError, match=r"which is not there \(and \d+ more\)") as refused:
            database.load()
        assert len(str(refused.value)) < 1000
