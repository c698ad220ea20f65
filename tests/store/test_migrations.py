"""A state file that an older version wrote opens as what it said."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from realvpc.api.core.context import Options
from realvpc.api.core.credentials import find_credential
from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.net.addresses import Cidr
from realvpc.net.quotas import QuotaMode
from realvpc.net.route_table import Route, RouteOrigin, Target, TargetKind
from realvpc.store.codec import to_row
from realvpc.store.database import SCHEMA_VERSION, Database, StateFileError
from realvpc.store.state import RESOURCE_TYPES, State
from tests.api.build import where
from tests.api.conftest import MAIN, OTHER, START, TOKYO, VIRGINIA, Client

VERSION_1 = Path(__file__).with_name("files") / "version_1.sql"
TYPES_1 = {
    "Vpc", "Subnet", "RouteTable", "InternetGateway", "SecurityGroup", "NetworkInterface", "Instance", "Peering",
    "Volume", "HostedZone", "RecordSet", "KeyPair", "MachineImage", "DiskSnapshot", "MetadataDefaults", "DhcpOptions",
    "Account", "AccessKey", "Role", "InstanceProfile", "IdempotencyToken", "SubmittedChange",
}  # fmt: skip
ELSEWHERE_NOW = {
    *(("RouteTable", "routes"), ("IdempotencyToken", "resource_ids"), ("AccessKey", "user_name")),
}  # their own tests are below

VPC, WEB, STOPPED, TERMINATED = (
    "vpc-0ac8be7d742840d2b", "i-000830f1b4b216f91", "i-092e62e7212b6d519", "i-00b589fd6a9e493f0",
)  # fmt: skip
TABLE, GATEWAY, PEERING = "rtb-0ecf07bda0616c7bc", "igw-094a67f00f335c357", "pcx-0d775f593ce3ad2b2"
INTERFACE, SUBNET, GROUP = "eni-0ac19c0e850b94098", "subnet-020050ed31a6e72b9", "sg-034d2ea1614daf467"
IMAGE = "ami-04e18a3634891a61b"
LAUNCH: dict[str, Any] = {
    "ImageId": IMAGE,
    "InstanceType": "t3.micro",
    "MinCount": 1,
    "MaxCount": 1,
    "SubnetId": SUBNET,
    "SecurityGroupIds": [GROUP],
    "KeyName": "ops",
    "ClientToken": "token-1",
    "IamInstanceProfile": {"Name": "web"},
    "UserData": "IyEvYmluL3NoCg==",
    "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web-1"}]}],
}
"""The request that made WEB."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file as version 1 wrote it."""
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.executescript(VERSION_1.read_text())
    return path


@pytest.fixture
def state(path: Path) -> State:
    with closing(Database(path)) as database:
        return database.load()


@pytest.fixture
def client(path: Path) -> Iterator[Client]:
    """Of a service on the file, an hour after the last change of version 1."""
    with closing(Database(path)) as database:
        now = Clock(source=lambda: START + timedelta(hours=1)).now
        options = Options(has_fabric=True, any_image=False, quotas=QuotaMode.LAB)
        yield Client(Service(database, now, Random(7), options), MAIN, TOKYO)


def rows(path: Path) -> list[tuple[str, str, dict[str, Any]]]:
    """What is in the file: type, id and body."""
    with closing(sqlite3.connect(path)) as file:
        found = file.execute("SELECT type, id, body FROM resource").fetchall()
    return [(type_name, resource_id, json.loads(body)) for type_name, resource_id, body in found]


def as_far_as(said: Any, now: Any) -> Any:
    """``now`` without the members, at any depth, that ``said`` does not have."""
    if isinstance(said, dict) and isinstance(now, dict):
        return {name: as_far_as(said[name], now[name]) for name in said if name in now}
    if isinstance(said, list) and isinstance(now, list) and len(said) == len(now):
        return [as_far_as(*pair) for pair in zip(said, now, strict=True)]
    return now


def test_the_file_has_a_row_of_every_type_of_version_1(path: Path) -> None:
    assert {type_name for type_name, _, _ in rows(path)} == TYPES_1


def test_every_row_of_version_1_says_what_it_said(path: Path) -> None:
    old = rows(path)
    with closing(Database(path)) as database:
        state = database.load()
    kinds = {kind.__name__: kind for kind in RESOURCE_TYPES}
    for type_name, resource_id, body in old:
        if (type_name, "resource_ids") in ELSEWHERE_NOW:
            continue
        now = json.loads(to_row(state.table(kinds[type_name])[resource_id]))
        said = {name: value for name, value in body.items() if (type_name, name) not in ELSEWHERE_NOW}
        assert as_far_as(said, now) == said, (type_name, resource_id)


def test_accounts_that_had_no_default_vpc_are_given_none_beside_what_they_have(client: Client) -> None:
    def defaults(client: Client) -> int:
        return len(client("DescribeVpcs", Filters=where(is_default="true"))["Vpcs"])

    before = set(client.service.state.network.vpcs)
    assert defaults(client) == 0
    assert set(client.service.state.network.vpcs) == before
    assert defaults(Client(client.service, MAIN, VIRGINIA)) == 1  # where it had nothing


def test_a_file_is_migrated_once(path: Path) -> None:
    for _ in range(2):  # the second time it is a file of today's
        with closing(Database(path)) as database:
            state, revision = database.load(), database.revision
        assert (revision, len(state.network.instances), len(state.network.routes_in(TABLE))) == (45, 3, 3)


def test_the_user_of_a_key_becomes_a_row_of_its_own_and_the_key_works_as_before(path: Path) -> None:
    keys = [(key_id, body) for type_name, key_id, body in rows(path) if type_name == "AccessKey"]
    with closing(Database(path)) as database:
        directory = database.load().directory
    for key_id, body in keys:
        credential = find_credential(directory, b"", START, key_id, None)
        assert credential is not None
        assert credential.arn == f"arn:aws:iam::{body['account']}:user/{body['user_name']}"
        assert (credential.user_id, credential.secret_access_key) == (body["user_id"], body["secret"])


def test_the_routes_of_a_table_become_rows_of_their_own(state: State) -> None:
    table = state.network.route_tables[TABLE]
    assert (table.tags, [each.subnet_id for each in table.associations]) == ({"Name": "public"}, [SUBNET])
    assert {row.route for row in state.network.routes_in(TABLE)} == {
        Route(Cidr.parse("0.0.0.0/0"), Target(TargetKind.INTERNET_GATEWAY, GATEWAY)),
        Route(Cidr.parse("10.30.0.0/16"), Target(TargetKind.PEERING, PEERING)),
        Route(
            Cidr.parse("10.99.0.0/16"), Target(TargetKind.NETWORK_INTERFACE, INTERFACE), RouteOrigin.CREATE_ROUTE, WEB
        ),
    }


def test_the_interfaces_of_instances_are_still_theirs(state: State) -> None:
    network = state.network
    owners = {row.attachment.owner_id if row.attachment else None for row in network.interfaces.values()}
    assert owners == {WEB, STOPPED, None}
    assert [row.id for row in network.interfaces_of(WEB)] == [INTERFACE]


def test_the_api_shows_what_version_1_had(client: Client) -> None:
    instances = {
        each["InstanceId"]: each
        for reservation in client("DescribeInstances")["Reservations"]
        for each in reservation["Instances"]
    }
    assert {key: each["State"]["Name"] for key, each in instances.items()} == {WEB: "running", STOPPED: "stopped"}
    web = instances[WEB]
    assert (web["PrivateIpAddress"], web["PublicIpAddress"], web["KeyName"]) == ("10.20.12.202", "198.18.27.213", "ops")
    (table,) = client("DescribeRouteTables", RouteTableIds=[TABLE])["RouteTables"]
    assert {(route["DestinationCidrBlock"], route["State"]) for route in table["Routes"]} == {
        ("10.20.0.0/16", "active"),
        ("10.21.0.0/16", "active"),
        ("0.0.0.0/0", "active"),
        ("10.30.0.0/16", "active"),
        ("10.99.0.0/16", "active"),
    }
    (volume,) = client("DescribeInstances", InstanceIds=[WEB])["Reservations"][0]["Instances"][0]["BlockDeviceMappings"]
    (shown,) = client("DescribeVolumes", VolumeIds=[volume["Ebs"]["VolumeId"]])["Volumes"]
    assert (shown["State"], shown["Iops"], shown["Throughput"]) == ("in-use", 3000, 125)
    (zone,) = client("ListHostedZones", of="route53")["HostedZones"]
    assert (zone["Name"], zone["ResourceRecordSetCount"]) == ("shop.internal.", 3)
    assert client("ListRolePolicies", of="iam", RoleName="web")["PolicyNames"] == ["inline"]
    assert client("ListAttachedRolePolicies", of="iam", RoleName="web")["AttachedPolicies"]
    other = Client(client.service, OTHER, TOKYO)
    (peering,) = other("DescribeVpcPeeringConnections")["VpcPeeringConnections"]
    assert (peering["Status"]["Code"], peering["RequesterVpcInfo"]["VpcId"]) == ("active", VPC)


def test_a_launch_of_version_1_that_comes_again_with_its_token_launches_nothing(client: Client) -> None:
    before = client.service.state.network.instances
    assert [each["InstanceId"] for each in client("RunInstances", **LAUNCH)["Instances"]] == [WEB]
    assert client.service.state.network.instances is before
    assert client.refused("RunInstances", **LAUNCH | {"MaxCount": 2}).code == "IdempotentParameterMismatch"


def test_the_tokens_of_a_launch_and_of_a_copy_are_kept_and_others_forgotten(path: Path) -> None:
    home = {"account": MAIN, "region": TOKYO, "fingerprint": "f", "used_at": "2026-11-22T09:30:00Z"}
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        for action, made in (("CopyImage", "ami-1"), ("CreateRouteTable", TABLE), ("CreateNetworkInterface", "eni-1")):
            body = home | {"id": f"{MAIN}/{TOKYO}/{action}/a/b", "resource_ids": [made]}
            old.execute(
                "INSERT INTO resource VALUES ('IdempotencyToken', ?, ?)", (body["id"], json.dumps(body).encode())
            )
    with closing(Database(path)) as database:
        used = database.load().tokens.used
    # whether a launch named its zone is not known, so its token is found with and without
    assert set(used) == {
        f"{MAIN}/{TOKYO}/CopyImage/a/b",
        f"{MAIN}/{TOKYO}/RunInstances/token-1",
        f"{MAIN}/{TOKYO}/RunInstances/ap-northeast-1a/token-1",
    }


def test_tokens_that_look_alike_with_their_zones_are_no_obstacle(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.execute(
            "INSERT INTO resource SELECT type, replace(id, 'token-1', 'ap-northeast-1a/token-1'), body FROM resource "
            "WHERE type = 'IdempotencyToken'"
        )
    with closing(Database(path)) as database:
        assert f"{MAIN}/{TOKYO}/RunInstances/ap-northeast-1a/token-1" in database.load().tokens.used


@pytest.mark.parametrize("body", [b"", b"[]", b'""', b"\xff", b'{"routes": [{}]}'])
def test_a_damaged_file_is_refused_in_a_sentence_and_left_alone(path: Path, body: bytes) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.execute("UPDATE resource SET body = ? WHERE type = 'RouteTable' AND id = ?", (body, TABLE))
        before = old.execute("SELECT * FROM resource").fetchall()
    with pytest.raises(StateFileError, match="damaged"):
        Database(path)
    with closing(sqlite3.connect(path)) as left:
        assert left.execute("SELECT * FROM resource").fetchall() == before
        assert left.execute("PRAGMA user_version").fetchone() == (1,)


def test_a_file_of_a_later_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as newer:
        newer.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    with pytest.raises(StateFileError, match="schema version"):
        Database(path)
