"""Client tokens: the same request twice creates one resource."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from realvpc.clock import Clock

from ..build import make_route_table, make_vpc
from ..conftest import MAIN, OTHER, VIRGINIA, Client

As = Callable[..., Client]


def test_the_same_request_with_the_same_token_creates_one_table(client: Client) -> None:
    vpc_id = make_vpc(client)
    first = client("CreateRouteTable", VpcId=vpc_id, ClientToken="once")
    again = client("CreateRouteTable", VpcId=vpc_id, ClientToken="once")
    assert again == first
    assert first["ClientToken"] == "once"
    assert make_route_table(client, vpc_id) != first["RouteTable"]["RouteTableId"]


def test_the_answer_to_a_repeated_request_shows_the_table_as_it_is_now(client: Client) -> None:
    vpc_id = make_vpc(client)
    table_id = make_route_table(client, vpc_id, ClientToken="once")
    client("CreateTags", Resources=[table_id], Tags=[{"Key": "Name", "Value": "x"}])
    again = client("CreateRouteTable", VpcId=vpc_id, ClientToken="once")["RouteTable"]
    assert (again["RouteTableId"], again["Tags"]) == (table_id, [{"Key": "Name", "Value": "x"}])


def test_a_token_with_other_parameters_is_refused(client: Client) -> None:
    make_route_table(client, make_vpc(client), ClientToken="once")
    error = client.refused("CreateRouteTable", VpcId=make_vpc(client), ClientToken="once")
    assert (error.code, error.status) == ("IdempotentParameterMismatch", 400)


def test_a_token_belongs_to_one_account_in_one_region(as_account: As) -> None:
    clients = [as_account(MAIN), as_account(OTHER), as_account(MAIN, VIRGINIA)]
    tables = {make_route_table(client, make_vpc(client), ClientToken="once") for client in clients}
    assert len(tables) == 3


def test_a_refused_request_leaves_its_token_unused(client: Client) -> None:
    client.refused("CreateRouteTable", VpcId="vpc-00000000000000001", ClientToken="once")
    make_route_table(client, make_vpc(client), ClientToken="once")


def test_a_dry_run_leaves_its_token_unused(client: Client) -> None:
    vpc_id, other = make_vpc(client), make_vpc(client)
    client.refused("CreateRouteTable", VpcId=vpc_id, ClientToken="once", DryRun=True)
    make_route_table(client, other, ClientToken="once")


def test_a_token_is_forgotten_after_a_day(client: Client, clock: Clock) -> None:
    vpc_id = make_vpc(client)
    first = make_route_table(client, vpc_id, ClientToken="once")
    clock.offset = timedelta(hours=23, minutes=59)
    assert make_route_table(client, vpc_id, ClientToken="once") == first
    clock.offset = timedelta(hours=24)
    assert make_route_table(client, vpc_id, ClientToken="once") != first
