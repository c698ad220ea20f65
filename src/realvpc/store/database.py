"""One SQLite file, one writer, one transaction per change.

A change is acknowledged after SQLite has synced it (WAL, ``synchronous=FULL``): what a client was told is never lost.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from realvpc.net.resource import Resource
from realvpc.net.table import Change

from .codec import from_row, to_row
from .migrations import MIGRATIONS
from .state import RESOURCE_TYPES, State

SCHEMA_VERSION = 2
_SCHEMA = """
CREATE TABLE resource (
  type TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (type, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE revision (number INTEGER PRIMARY KEY, at TEXT NOT NULL, cause TEXT NOT NULL) STRICT;
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
_KEPT_REVISIONS = 10_000
_TYPES = {kind.__name__: kind for kind in RESOURCE_TYPES}


class StateFileError(Exception):
    """The state file is of another version, or is not ours."""


class Database:
    """``path`` is the file, or ``:memory:``.  Raises StateFileError for a file that this version cannot read."""

    def __init__(self, path: Path | str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            self._connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
        elif version > SCHEMA_VERSION:
            raise StateFileError(f"{path} has schema version {version}; this RealVPC reads version {SCHEMA_VERSION}")
        for older in range(version or SCHEMA_VERSION, SCHEMA_VERSION):
            with self._transaction():
                MIGRATIONS[older](self._connection)
                self._connection.execute(f"PRAGMA user_version={older + 1}")

    def load(self) -> State:
        """Everything that was ever committed and not deleted."""
        return State.empty().apply(Change(puts=tuple(self._rows())))

    def _rows(self) -> Iterator[Resource]:
        for type_name, body in self._connection.execute("SELECT type, body FROM resource"):
            yield from_row(_TYPES[type_name], body)

    @property
    def revision(self) -> int:
        """The number of the last change."""
        number: int = self._connection.execute("SELECT coalesce(max(number), 0) FROM revision").fetchone()[0]
        return number

    def commit(self, change: Change, *, at: datetime, cause: str) -> int:
        """Write the change and its revision in one transaction; returns the revision.  ``cause`` says who did what."""
        with self._transaction():
            self._connection.executemany(
                "DELETE FROM resource WHERE type = ? AND id = ?",
                [(type(row).__name__, row.id) for row in change.deletes],
            )
            self._connection.executemany(
                "INSERT OR REPLACE INTO resource VALUES (?, ?, ?)",
                [(type(row).__name__, row.id, to_row(row)) for row in change.puts],
            )
            cursor = self._connection.execute("INSERT INTO revision (at, cause) VALUES (?, ?)", (at.isoformat(), cause))
            number = cursor.lastrowid
            assert number is not None
            self._connection.execute("DELETE FROM revision WHERE number <= ?", (number - _KEPT_REVISIONS,))
        return number

    def setting(self, name: str) -> str | None:
        row = self._connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def set_setting(self, name: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

    def close(self) -> None:
        self._connection.close()

    def _transaction(self) -> sqlite3.Connection:
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection  # as a context manager: commits, or rolls back when the block raises
