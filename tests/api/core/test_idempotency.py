"""Client tokens: the same request twice creates one resource."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from realvpc.api.actions import ACTIONS
from realvpc.api.core import remembered
from realvpc.api.core.context import Options
from realvpc.api.core.errors import AwsError
from realvpc.api.core.idempotency import MEMBER
from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.iam.account import Account
from realvpc.net.images import AL2023
from realvpc.net.table import put
from realvpc.store.database import Database
from realvpc.wire.model import service_model

from ..build import make_route_table, make_subnet, make_vpc
from ..conftest import MAIN, OTHER, TOKYO, VIRGINIA, Client
from ..ec2.test_run_instances import run

As = Callable[..., Client]


def test_the_same_request_with_the_same_token_creates_one_table(client: Client) -> None:
    vpc_id = make_vpc(client)
    first = client("CreateRouteTable", VpcId=vpc_id, ClientToken="once")
    again = client("CreateRouteTable", VpcId=vpc_id, ClientToken="once")
    assert again == first
    assert first["ClientToken"] == "once"
    assert make_route_table(client, vpc_id) != first["RouteTable"]["RouteTableId"]


def test_the_first_response_comes_again_whatever_has_become_of_what_was_made(client: Client) -> None:
    for made, delete, member in _makers(client):
        first = made(ClientToken="once")
        delete(first)
        before = client.service.state
        assert made(ClientToken="once") == first, member
        assert client.service.state is before, member
        assert made(ClientToken="twice")[member] != first[member], member


def _makers(client: Client) -> list[tuple[Callable[..., Any], Callable[[Any], object], str]]:
    """How to make what takes a token, how to delete it again, and the member of the response that it is in."""
    vpc_id = make_vpc(client)
    subnet_id = make_subnet(client, vpc_id)
    return [
        (
            lambda **more: client("CreateRouteTable", VpcId=vpc_id, **more),
            lambda made: client("DeleteRouteTable", RouteTableId=made["RouteTable"]["RouteTableId"]),
            "RouteTable",
        ),
        (
            lambda **more: client("CreateNetworkInterface", SubnetId=subnet_id, **more),
            lambda made: client(
                "DeleteNetworkInterface", NetworkInterfaceId=made["NetworkInterface"]["NetworkInterfaceId"]
            ),
            "NetworkInterface",
        ),
        (
            lambda **more: client(
                "CopyImage",
                SourceImageId=AL2023.id_in(TOKYO),
                SourceRegion=TOKYO,
                Name=f"copy{more['ClientToken']}",
                **more,
            ),
            lambda made: client("DeregisterImage", ImageId=made["ImageId"]),
            "ImageId",
        ),
    ]


def test_every_action_with_a_token_in_its_model_is_served_by_the_member_of_one_name() -> None:
    """The door knows one name; a model that brings another one fails here."""
    for service, actions in ACTIONS.items():
        for action in actions:
            shape = service_model(service).operation_model(action).input_shape
            members = shape.members.items() if shape else ()
            tokens = {name for name, member in members if member.metadata.get("idempotencyToken")}
            assert tokens <= {MEMBER}, action


def test_a_repeated_launch_shows_its_reservation_as_it_is_now(client: Client) -> None:
    subnet_id = make_subnet(client, make_vpc(client))
    (first,) = run(client, subnet_id, ClientToken="once")
    client("CreateTags", Resources=[first["InstanceId"]], Tags=[{"Key": "Name", "Value": "x"}])
    (again,) = run(client, subnet_id, ClientToken="once")
    assert (again["InstanceId"], again["Tags"]) == (first["InstanceId"], [{"Key": "Name", "Value": "x"}])
    client("TerminateInstances", InstanceIds=[first["InstanceId"]])
    launch: dict[str, Any] = {"ImageId": AL2023.id_in(TOKYO), "MinCount": 1, "MaxCount": 1, "SubnetId": subnet_id}
    error = client.refused("RunInstances", **launch, InstanceType="t3.micro", ClientToken="once")
    assert error.code == "IdempotentParameterMismatch"
    with pytest.raises(AwsError, match="IdempotentInstanceTerminated"):
        run(client, subnet_id, ClientToken="once")


def test_a_token_of_a_launch_is_one_of_its_zone(client: Client) -> None:
    vpc_id = make_vpc(client)
    zones = [f"{TOKYO}a", f"{TOKYO}c"]
    subnets = [make_subnet(client, vpc_id, f"10.20.{n}.0/24", AvailabilityZone=zone) for n, zone in enumerate(zones)]
    first, second = (run(client, subnet_id, ClientToken="once")[0]["InstanceId"] for subnet_id in subnets)
    assert first != second
    other = make_subnet(client, vpc_id, "10.20.9.0/24", AvailabilityZone=zones[0])
    with pytest.raises(AwsError, match="IdempotentParameterMismatch"):
        run(client, other, ClientToken="once")


def test_a_service_that_starts_again_remembers(clock: Clock, tmp_path: Path) -> None:
    def life() -> tuple[Database, Client]:
        database = Database(tmp_path / "state.db")
        return database, Client(Service(database, clock.now, Random(1), Options(has_fabric=False)), MAIN, TOKYO)

    database, client = life()
    client.service.report(lambda ctx: put(Account(id=MAIN, account=MAIN, name="main")), "test")
    vpc_id = make_vpc(client)
    first = client("CreateRouteTable", VpcId=vpc_id, ClientToken="once")
    database.close()
    database, client = life()
    assert client("CreateRouteTable", VpcId=vpc_id, ClientToken="once") == first
    database.close()


@pytest.mark.parametrize("token", ["x" * 65, "印"])
def test_a_token_has_up_to_64_ascii_characters(client: Client, token: str) -> None:
    error = client.refused("CreateRouteTable", VpcId=make_vpc(client), ClientToken=token)
    assert error.code == "InvalidParameterValue"
    make_route_table(client, make_vpc(client), ClientToken="x" * 64)


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


def test_of_an_account_in_a_region_the_oldest_are_forgotten_when_there_are_many(
    as_account: As, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "MOST", 20)
    client, another = as_account(MAIN, TOKYO), as_account(OTHER, TOKYO)
    vpc_id, others_vpc_id = make_vpc(client), make_vpc(another)
    others = make_route_table(another, others_vpc_id, ClientToken="0")
    made = []
    for number in range(21):
        clock.offset = timedelta(seconds=number)
        made.append(make_route_table(client, vpc_id, ClientToken=f"{number}"))
    assert len(client.service.state.tokens.used) == 20
    assert make_route_table(client, vpc_id, ClientToken="2") == made[2]
    assert make_route_table(client, vpc_id, ClientToken="1") != made[1]
    assert make_route_table(another, others_vpc_id, ClientToken="0") == others
