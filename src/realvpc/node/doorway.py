"""The node's socket in the file system: a name by which root and the API's group come in."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

from ..instance.trees import remove_tree

_BACKLOG = 64
_MODE = 0o660
_PAUSE_SECONDS = 1.0  # when there are no descriptors left for those who come

log = logging.getLogger(__name__)


class Doorway:
    """Listens at `path`, taking the place of what was left there; `gid` may come in besides root."""

    def __init__(self, path: Path, gid: int) -> None:
        self.path = path
        self._gid = gid
        self._listener: socket.socket | None = None
        self._file = (0, 0)
        self._enter: Callable[[socket.socket], None] = socket.socket.close

    def open(self, enter: Callable[[socket.socket], None]) -> None:
        """Call `enter` with everybody who comes from now on.  Raises OSError; then all is as before."""
        self._enter = enter
        draft = self.path.with_suffix(".new")
        remove_tree(draft)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            mask = os.umask(0o177)
            try:
                listener.bind(str(draft))
            finally:
                os.umask(mask)
            os.chown(draft, 0, self._gid)
            draft.chmod(_MODE)
            listener.listen(_BACKLOG)
            if self.path.is_dir():
                remove_tree(self.path)  # a file is replaced, so that there is always one
            draft.rename(self.path)
        except OSError:
            listener.close()
            raise
        status = self.path.lstat()
        self._file = status.st_dev, status.st_ino
        self.close()
        self._listener = listener
        self._watch()

    def reopen(self) -> None:
        """Make the file anew; who is in stays in.  Raises OSError."""
        self.open(self._enter)

    def trouble(self) -> str | None:
        """Why those who should cannot come in by the name, or others can."""
        try:
            status = self.path.lstat()
        except OSError as error:
            return f"cannot be found: {error.strerror}"
        if (status.st_dev, status.st_ino) != self._file:
            return "is another file"
        if (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) != (_MODE, 0, self._gid):
            return "has another owner or mode"
        return None

    def close(self) -> None:
        """Let nobody in any more; the file stays."""
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def _watch(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            entered, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError as error:
            log.warning("nobody can come in for a moment reason=%s", error)
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._listener)
            loop.call_later(_PAUSE_SECONDS, self._watch)
            return
        self._enter(entered)
