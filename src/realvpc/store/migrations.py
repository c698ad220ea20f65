"""What is done to the rows of a state file that an older version wrote, one function for each version of the schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from sqlite3 import Connection


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


def _body(row: dict[str, object]) -> bytes:
    return json.dumps(row, separators=(",", ":")).encode()


MIGRATIONS: dict[int, Callable[[Connection], None]] = {1: routes_of_their_own}
"""By the version that they start from; each leads to the next one."""
