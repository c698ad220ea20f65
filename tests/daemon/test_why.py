"""`realvpc why` to names of DNS: as the source finds them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from realvpc.admin.desk import Desk, Refusal
from realvpc.admin.reach import why
from realvpc.clock import Clock
from realvpc.config import Settings
from realvpc.store.database import Database

from ..api.build import make_dual_stack, make_internet_gateway, make_route_table, make_subnet, make_vpc
from ..api.conftest import MAIN, TOKYO, Client, new_service
from ..api.ec2.test_run_instances import run


class Asked:
    """A VPC with a way to the internet and two instances."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.client = Client(desk.service, MAIN, TOKYO)
        self.vpc_id = make_vpc(self.client)
        self.client("ModifyVpcAttribute", VpcId=self.vpc_id, EnableDnsHostnames={"Value": True})
        subnet_id = make_subnet(self.client, self.vpc_id)
        table = make_route_table(self.client, self.vpc_id)
        gateway = make_internet_gateway(self.client, self.vpc_id)
        self.client("CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        self.client("AssociateRouteTable", RouteTableId=table, SubnetId=subnet_id)
        self.client("ModifySubnetAttribute", SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": True})
        self.near, self.far = (run(self.client, subnet_id)[0] for _ in range(2))

    def __call__(self, source: str, destination: str, **more: str) -> dict[str, Any]:
        answer = asyncio.run(why(self._desk, {"source": source, "destination": destination, **more}))
        assert isinstance(answer, dict)
        return answer

    def refused(self, source: str, destination: str) -> str:
        with pytest.raises(Refusal) as refusal:
            self(source, destination)
        return str(refusal.value)


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Asked]:
    clock, settings = Clock(), Settings(state_dir=tmp_path, run_dir=tmp_path, operator=0)
    with closing(Database(tmp_path / "state.db")) as database:
        yield Asked(Desk(settings, database, new_service(clock, database=database), clock, None))


def test_a_name_leads_where_the_source_finds_it(asked: Asked) -> None:
    near, far = asked.near, asked.far
    out = asked(near["InstanceId"], "one.example.com", protocol="tcp", port="443")
    assert (out["reachable"], out["destination"]) == (True, "198.19.0.1")
    there = asked(near["InstanceId"], far["PrivateDnsName"])
    assert there["destination"] == far["PrivateIpAddress"]
    short = asked(near["InstanceId"], far["PrivateDnsName"].partition(".")[0])
    assert short["destination"] == far["PrivateIpAddress"]


def test_what_has_ipv6_addresses_alone_is_asked_about_in_ipv6(asked: Asked) -> None:
    _, subnet_id = make_dual_stack(asked.client)
    source = run(asked.client, subnet_id, Ipv6AddressCount=1)[0]["InstanceId"]
    assert ":" in asked(source, "one.example.com", ipv6="1")["destination"]
    assert ":" not in asked(source, "one.example.com")["destination"]


def test_a_name_that_the_source_does_not_find_is_refused(asked: Asked) -> None:
    instance_id = asked.near["InstanceId"]
    for name in ("no.example.org", "no..name", "nobody"):
        assert "leads to no address" in asked.refused(instance_id, name)
    assert "looked up by instances alone" in asked.refused("internet", "one.example.com")
    asked.client("ModifyVpcAttribute", VpcId=asked.vpc_id, EnableDnsHostnames={"Value": False})
    asked.client("ModifyVpcAttribute", VpcId=asked.vpc_id, EnableDnsSupport={"Value": False})
    assert "leads to no address" in asked.refused(instance_id, "one.example.com")
