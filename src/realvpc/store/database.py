"""One SQLite file, one writer, one transaction for each change or for several.

What is committed has been synced (WAL, ``synchronous=FULL``).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec
from msgspec import Struct

from realvpc.net.resource import Resource
from realvpc.net.table import Change

from .codec import from_row, to_row
from .migrations import MIGRATIONS
from .references import dangling
from .reserve import Reserve
from .state import RESOURCE_TYPES, State

SCHEMA_VERSION = 4
_SCHEMA = """
CREATE TABLE resource (
  type TEXT NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL, PRIMARY KEY (type, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE revision (number INTEGER PRIMARY KEY, at TEXT NOT NULL, cause TEXT NOT NULL) STRICT;
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
_DELETE = "DELETE FROM resource WHERE type = '{}' AND id IN ({{}})"  # (type, id) IN (VALUES …) looks at every row
_PUT = "INSERT OR REPLACE INTO resource VALUES {}"
_REVISION = "INSERT INTO revision VALUES {}"
_KEPT_REVISIONS = 10_000
_FORGET_EVERY = 256  # revisions
_ROWS = 1000  # in one statement
_TROUBLES_SAID = 5
_SUFFIXES = ("", "-journal", "-wal", "-shm")  # of SQLite's files; it would wait for a pipe among them
_TYPES = {kind.__name__: kind for kind in RESOURCE_TYPES}


class StateFileError(Exception):
    """The state file is of another version, or is not ours."""


class StorageError(Exception):
    """The state cannot be written; the text says why.  Nothing has been changed."""


class Write(Struct, frozen=True):
    """A change and the revision that it makes; ``cause`` says who did what."""

    revision: int
    change: Change
    at: datetime
    cause: str


class Database:
    """``path`` is the file, or ``:memory:``.  Any thread may use it, one at a time.

    Raises StateFileError for a file that this version cannot read.
    """

    def __init__(self, path: Path | str) -> None:
        self._lock = Lock()
        self._path = path
        self._reserve = Reserve(path.with_name("reserve")) if isinstance(path, Path) else None
        for place in (Path(f"{path}{suffix}") for suffix in _SUFFIXES) if self._reserve else ():
            if place.exists() and not place.is_file():
                raise StateFileError(f"{place} is no regular file")
        try:
            self._open()
        except sqlite3.Error as error:
            if not (_is_full(error) and self._reserve and self._reserve.release()):
                raise StateFileError(f"{path} cannot be opened: {error}") from error
            self._open()
        self._inode = _inode(path)

    def _open(self) -> None:
        path = self._path
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            self._connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
        elif version > SCHEMA_VERSION:
            raise StateFileError(f"{path} has schema version {version}; this RealVPC reads version {SCHEMA_VERSION}")
        for older in range(version or SCHEMA_VERSION, SCHEMA_VERSION):
            try:
                with self._transaction():
                    MIGRATIONS[older](self._connection)
                    self._connection.execute(f"PRAGMA user_version={older + 1}")
            except (AttributeError, LookupError, TypeError, ValueError) as error:
                raise StateFileError(f"{path} is damaged: it cannot be read as version {older}: {error!r}") from error

    def load(self) -> State:
        """Everything that was ever committed and not deleted.  Raises StateFileError for what is no such thing."""
        try:
            rows = tuple(self._rows())
        except sqlite3.Error as error:
            raise StateFileError(f"{self._path} cannot be read: {error}") from error
        try:
            state = State.empty().apply(Change(puts=rows))
        except KeyError as error:  # an instance type that indexes ask for
            raise StateFileError(f"{self._path} is damaged: {error} is not known") from error
        if troubles := list(dangling(state)):
            more = f" (and {len(troubles) - _TROUBLES_SAID} more)" if len(troubles) > _TROUBLES_SAID else ""
            raise StateFileError(f"{self._path} is damaged: {'; '.join(troubles[:_TROUBLES_SAID])}{more}")
        return state

    def _rows(self) -> Iterator[Resource]:
        for type_name, row_id, body in self._connection.execute("SELECT type, id, body FROM resource"):
            try:
                yield from_row(_TYPES[type_name], body)
            except (KeyError, ValueError) as error:
                raise StateFileError(f"{self._path} is damaged: {type_name} {row_id}: {error}") from error

    @property
    def revision(self) -> int:
        """The number of the last change."""
        number: int = self._connection.execute("SELECT coalesce(max(number), 0) FROM revision").fetchone()[0]
        return number

    def commit(self, writes: Sequence[Write]) -> None:
        """All of them in one transaction.  Raises StorageError.

        When the disk is full it is tried once more without the reserve.
        """
        with self._lock:
            if _inode(self._path) != self._inode:
                raise StorageError(f"{self._path} was taken away while it was in use: put it back, or `realvpc down`")
            try:
                self._commit(writes)
            except (NotImplementedError, msgspec.EncodeError) as error:
                raise StorageError(f"the state cannot be written: {error}") from error
            except sqlite3.Error as error:
                if not (_is_full(error) and self._reserve and self._reserve.release()):
                    raise StorageError(f"the state cannot be written: {error}") from error
                try:
                    self._commit(writes)
                except sqlite3.Error as again:
                    raise StorageError(f"the state cannot be written: {again}") from again

    def _commit(self, writes: Sequence[Write]) -> None:
        """With few statements, whatever there is to write: around each this thread gives the interpreter to others, and
        has to get it back."""
        change, last = Change.of(write.change for write in writes), writes[-1].revision
        with self._transaction() as connection:
            for kind in {type(row) for row in change.deletes}:
                ids = [(row.id,) for row in change.deletes if type(row) is kind]
                _for_all(connection, _DELETE.format(kind.__name__), ids)
            _for_all(connection, _PUT, [(type(row).__name__, row.id, to_row(row)) for row in change.puts])
            _for_all(connection, _REVISION, [(write.revision, write.at.isoformat(), write.cause) for write in writes])
            if last // _FORGET_EVERY != (writes[0].revision - 1) // _FORGET_EVERY:
                connection.execute("DELETE FROM revision WHERE number <= ?", (last - _KEPT_REVISIONS,))

    def keep_reserve(self) -> None:
        """Have the room that is given up when the disk is full, as long as it is not."""
        if self._reserve:
            self._reserve.keep()

    def setting(self, name: str) -> str | None:
        with self._lock:
            row = self._connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return row[0] if row else None

    def set_setting(self, name: str, value: str) -> None:
        """Raises StorageError."""
        with self._lock:
            try:
                self._connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))
            except sqlite3.Error as error:
                raise StorageError(f"the state cannot be written: {error}") from error

    def close(self) -> None:
        self._connection.close()

    def _transaction(self) -> sqlite3.Connection:
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection  # as a context manager: commits, or rolls back when the block raises


def _for_all(connection: sqlite3.Connection, statement: str, rows: list[tuple[Any, ...]]) -> None:
    """Run the statement with all rows at its ``{}``, or as many at a time as one statement takes."""
    for start in range(0, len(rows), _ROWS):
        chunk = rows[start : start + _ROWS]
        places = ", ".join([f"({', '.join('?' * len(chunk[0]))})"] * len(chunk))
        connection.execute(statement.format(places), [value for row in chunk for value in row])


def _is_full(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def _inode(path: Path | str) -> tuple[int, int] | None:
    """Which file it is; None for none, and for memory."""
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
