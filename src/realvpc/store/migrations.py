"""What is done to the rows of a state file that an older version wrote, one function for each version of the schema."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from sqlite3 import Connection
from typing import Any

import msgspec


def version_2(connection: Connection) -> None:
    """Routes are rows of their own, and a client token keeps what a repetition is answered with."""
    routes_of_their_own(connection)
    answers_of_tokens(connection)


def routes_of_their_own(connection: Connection) -> None:
    """Version 1 kept the routes of a table in the table's row."""
    for table_id, body in connection.execute("SELECT id, body FROM resource WHERE type = 'RouteTable'").fetchall():
        table = json.loads(body)
        routes = table.pop("routes", [])
        connection.execute(
            "UPDATE resource SET body = ? WHERE type = 'RouteTable' AND id = ?", (_body(table), table_id)
        )
        for route in routes:
            row = {
                "id": f"{table_id} {route['destination']}",
                "account": table["account"],
                "region": table["region"],
                "route_table_id": table_id,
                "route": route,
            }
            connection.execute("INSERT INTO resource VALUES ('TableRoute', ?, ?)", (row["id"], _body(row)))


_ANSWERS: dict[str, Callable[[list[str]], dict[str, Any]]] = {
    "RunInstances": lambda ids: {"InstanceIds": ids},
    "CopyImage": lambda ids: {"ImageId": ids[0]},
}
"""What is kept of the response of an action, by the ids of what it made."""


def answers_of_tokens(connection: Connection) -> None:
    """Version 1 kept the ids of what a request with a token made.

    Of those the first response can be told for launches and copies of images.  The tokens of route tables and network
    interfaces, which are of use for a day, are forgotten.
    """
    for key, body in connection.execute("SELECT id, body FROM resource WHERE type = 'IdempotencyToken'").fetchall():
        token = json.loads(body)
        ids = token.pop("resource_ids", None)
        if ids is None:
            continue
        connection.execute("DELETE FROM resource WHERE type = 'IdempotencyToken' AND id = ?", (key,))
        # a client may have put a slash into its token, which is the last part
        account, region, action, client_token = key.split("/", 3)
        if action not in _ANSWERS:
            continue
        token["kept"] = base64.b64encode(msgspec.msgpack.encode(_ANSWERS[action](ids))).decode()
        # The token of a launch is one of its zone now, if the request named one; an old row does not tell whether.
        for scope in ("", *_zones(connection, ids)):
            row = token | {"id": "/".join((account, region, action, *([scope] if scope else []), client_token))}
            # another token may look like this one with its zone
            connection.execute(
                "INSERT OR REPLACE INTO resource VALUES ('IdempotencyToken', ?, ?)", (row["id"], _body(row))
            )


def _zones(connection: Connection, ids: list[str]) -> set[str]:
    """The zones of these instances."""
    rows = [
        connection.execute("SELECT body FROM resource WHERE type = 'Instance' AND id = ?", (each,)).fetchone()
        for each in ids
    ]
    return {zone for row in rows if row and (zone := json.loads(row[0])["zone_name"])}


def version_3(connection: Connection) -> None:
    """Network ACLs are rows of their own; version 2 knew only the default ones, and kept their tags with the VPC."""
    for vpc_id, body in connection.execute("SELECT id, body FROM resource WHERE type = 'Vpc'").fetchall():
        vpc = json.loads(body)
        tags = vpc.pop("network_acl_tags", None)
        if not tags:
            continue
        allow = {"number": 100, "allows": True, "protocol": -1, "cidr": "0.0.0.0/0"}
        acl = {
            "id": f"acl-{vpc_id.rpartition('-')[2]}",
            "account": vpc["account"],
            "region": vpc["region"],
            "tags": tags,
            "vpc_id": vpc_id,
            "is_default": True,
            "entries": [allow | {"is_egress": is_egress} for is_egress in (False, True)],
        }
        connection.execute("INSERT INTO resource VALUES ('NetworkAcl', ?, ?)", (acl["id"], _body(acl)))


def version_4(connection: Connection) -> None:
    """Users are rows of their own; version 3 knew the names of those that have keys, all of them the operator's."""
    for key_id, body in connection.execute("SELECT id, body FROM resource WHERE type = 'AccessKey'").fetchall():
        key = json.loads(body)
        user = {
            "id": key["user_id"],
            "account": key["account"],
            "name": key.pop("user_name"),
            "path": "/",
            "created_at": key["created_at"],
            "of_operator": True,
        }
        key["of_operator"] = True
        connection.execute("UPDATE resource SET body = ? WHERE type = 'AccessKey' AND id = ?", (_body(key), key_id))
        connection.execute("INSERT OR REPLACE INTO resource VALUES ('User', ?, ?)", (user["id"], _body(user)))


def _body(row: dict[str, object]) -> bytes:
    return json.dumps(row, separators=(",", ":")).encode()


MIGRATIONS: dict[int, Callable[[Connection], None]] = {1: version_2, 2: version_3, 3: version_4}
"""By the version that they start from; each leads to the next one."""
