"""Several writes in one transaction: they share one sync.

The state moves on at once and others build on it; whoever is answered waits until what he saw has been synced.  So the
event loop never waits for a disk, and the more clients write, the fewer syncs a write costs.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Literal

from .database import Database, StorageError, Write
from .journal import Lost, Written

log = logging.getLogger(__name__)

_LARGEST_BATCH = 256
_RESERVE_SECONDS = 60.0


class GroupCommit:
    """On a thread of its own; ``start`` is called in the event loop that is told."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: SimpleQueue[Write | Literal["end", "resume"]] = SimpleQueue()
        self._ended: StorageError | None = None
        self._thread = Thread(target=self._run, name="journal", daemon=True)

    def start(self, written: Written, lost: Lost) -> None:
        self._loop = asyncio.get_running_loop()
        self._written, self._lost = written, lost
        self._thread.start()

    def write(self, write: Write) -> None:
        if self._ended is not None:
            self._lost(self._ended)
        else:
            self._queue.put(write)

    def close(self) -> None:
        """Returns when all is written that can be."""
        self._queue.put("end")
        self._thread.join()

    def _run(self) -> None:
        try:
            self._write_batches()
        except Exception as error:  # the outermost frame of the thread: nobody else would notice
            log.exception("the journal has ended")
            self._tell(self._end, StorageError(f"the state cannot be written any more: {error!r}"))

    def _write_batches(self) -> None:
        broken, reserve_due = False, 0.0
        while True:
            batch, mark = self._batch()
            if batch and not broken:
                try:
                    self._database.commit(batch)
                except StorageError as error:
                    broken = True  # what was made upon these writes falls with them
                    self._tell(self._lose, error)
                else:
                    self._tell(self._written, batch[-1].revision)
            if mark == "resume":
                broken = False
            if mark == "end":
                return
            if not broken and time.monotonic() > reserve_due:
                reserve_due = time.monotonic() + _RESERVE_SECONDS
                self._database.keep_reserve()

    def _batch(self) -> tuple[list[Write], Literal["end", "resume"] | None]:
        """What waits, at least one, up to a mark."""
        batch: list[Write] = []
        entry = self._queue.get()
        while isinstance(entry, Write):
            batch.append(entry)
            if len(batch) == _LARGEST_BATCH:
                return batch, None
            try:
                entry = self._queue.get_nowait()
            except Empty:
                return batch, None
        return batch, entry

    def _tell(self, whom: Callable[..., None], what: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(whom, what)

    def _end(self, error: StorageError) -> None:
        """In the event loop: nothing will be written any more."""
        self._ended = error
        self._lost(error)

    def _lose(self, error: StorageError) -> None:
        """In the event loop: everything that it has put into the queue until now is void."""
        self._queue.put("resume")
        self._lost(error)
