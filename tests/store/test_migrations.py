"""A state file that an older version wrote opens as what it said."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from realvpc.net.addresses import Cidr
from realvpc.net.route_table import Route, RouteOrigin, Target, TargetKind
from realvpc.store.database import SCHEMA_VERSION, Database, StateFileError

VERSION_1 = """
CREATE TABLE resource (
  type TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (type, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE revision (number INTEGER PRIMARY KEY, at TEXT NOT NULL, cause TEXT NOT NULL) STRICT;
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO revision (at, cause) VALUES ('2026-11-22T09:30:00+00:00', 'ec2:CreateRoute');
PRAGMA user_version=1;
"""
TABLE_1 = {
    "id": "rtb-1",
    "account": "111111111111",
    "region": "ap-northeast-1",
    "tags": {"Name": "public"},
    "vpc_id": "vpc-1",
    "routes": [
        {"destination": "0.0.0.0/0", "target": {"kind": "internet-gateway", "id": "igw-1"}, "origin": "CreateRoute",
         "instance_id": None},
        {"destination": "10.9.0.0/16", "target": {"kind": "network-interface", "id": "eni-1"}, "origin": "CreateRoute",
         "instance_id": "i-1"},
    ],
    "associations": [{"id": "rtbassoc-1", "subnet_id": None}],
}  # fmt: skip


def test_the_routes_of_a_table_of_version_1_become_rows_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        old.executescript(VERSION_1)
        old.execute("INSERT INTO resource VALUES ('RouteTable', 'rtb-1', ?)", (json.dumps(TABLE_1).encode(),))
    for _ in range(2):  # the second time it is a file of today's
        with closing(Database(path)) as database:
            network = database.load().network
            assert database.revision == 1
        table = network.route_tables["rtb-1"]
        assert (table.tags, table.is_main) == ({"Name": "public"}, True)
        assert {row.route for row in network.routes_in("rtb-1")} == {
            Route(Cidr.parse("0.0.0.0/0"), Target(TargetKind.INTERNET_GATEWAY, "igw-1")),
            Route(
                Cidr.parse("10.9.0.0/16"),
                Target(TargetKind.NETWORK_INTERFACE, "eni-1"),
                RouteOrigin.CREATE_ROUTE,
                "i-1",
            ),
        }


def test_a_file_of_a_later_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as newer:
        newer.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    with pytest.raises(StateFileError, match="schema version"):
        Database(path)
