"""Writes in the order in which they were made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .database import Database, StorageError, Write

Written = Callable[[int], None]
"""Told the revision up to which everything is on disk."""

Lost = Callable[[StorageError], None]
"""Told why what was not on disk yet never will be."""


class Journal(Protocol):
    """Where a service puts its writes.  ``start`` says who is told, later and in the service's own thread."""

    def start(self, written: Written, lost: Lost) -> None: ...
    def write(self, write: Write) -> None: ...
    def close(self) -> None: ...


class AtOnce:
    """Each write by itself, before ``write`` returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, written: Written, lost: Lost) -> None:
        self._written, self._lost = written, lost

    def write(self, write: Write) -> None:
        try:
            self._database.commit([write])
        except StorageError as error:
            self._lost(error)
        else:
            self._written(write.revision)

    def close(self) -> None:
        """There is nothing to end."""
