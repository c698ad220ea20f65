"""Sweeping takes away what nobody sees any more, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from realvpc.api.core import sweep as sweeping
from realvpc.api.core.sweep import everything, sweep
from realvpc.api.service import Service
from realvpc.clock import Clock

from ..conftest import MAIN, OTHER, Client


def test_a_sweep_never_changes_what_anybody_sees(service: Service, clock: Clock, client: Client) -> None:
    vpcs = [client("CreateVpc", CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in (1, 2)]
    pcx = client("CreateVpcPeeringConnection", VpcId=vpcs[0], PeerVpcId=vpcs[1])["VpcPeeringConnection"]
    client("DeleteVpcPeeringConnection", VpcPeeringConnectionId=pcx["VpcPeeringConnectionId"])
    for hours in range(0, 60, 5):
        clock.offset = timedelta(hours=hours)
        before = client("DescribeVpcPeeringConnections"), client("DescribeVpcs")
        service.report(sweep, "sweep")
        assert (client("DescribeVpcPeeringConnections"), client("DescribeVpcs")) == before
    assert not service.state.network.peerings
    assert vpcs[0] in service.state.network.vpcs


def test_a_sweep_with_nothing_to_do_makes_no_revision(service: Service, client: Client) -> None:
    client("CreateVpc", CidrBlock="10.1.0.0/16")
    before = service.revision
    service.report(sweep, "sweep")
    assert service.revision == before


def test_of_much_a_sweep_takes_a_bit_at_a_time(
    service: Service, clock: Clock, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "AT_ONCE", 2)
    vpc = client("CreateVpc", CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    for number in range(5):
        client("CreateRouteTable", VpcId=vpc, ClientToken=f"{number}")
    clock.offset = timedelta(days=1)
    left = []
    for _ in range(4):
        service.report(sweep, "sweep")
        left.append(len(service.state.tokens.used))
    assert left == [3, 1, 0, 0]


def test_a_client_token_is_forgotten_after_a_day(service: Service, clock: Clock, client: Client) -> None:
    vpc = client("CreateVpc", CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    first = client("CreateRouteTable", VpcId=vpc, ClientToken="once")["RouteTable"]["RouteTableId"]
    assert client("CreateRouteTable", VpcId=vpc, ClientToken="once")["RouteTable"]["RouteTableId"] == first
    service.report(sweep, "sweep")
    assert service.state.tokens.used
    clock.offset = timedelta(days=1)
    service.report(sweep, "sweep")
    assert not service.state.tokens.used


def test_a_reset_leaves_the_accounts_and_nothing_else(service: Service, client: Client) -> None:
    client("CreateVpc", CidrBlock="10.1.0.0/16")
    service.report(everything, "reset")
    rooms = (service.state.network, service.state.names, service.state.inventory)
    assert not any(room.table(kind) for room in rooms for kind in room.TYPES)
    assert service.state.directory.accounts.keys() == {MAIN, OTHER}
