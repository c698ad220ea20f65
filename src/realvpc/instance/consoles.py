"""The consoles of the machines that run: each on a file system of its own, in memory, which nothing can grow.

    RUN/consoles/<instance id>/console.log

A machine has a descriptor of the file: whatever it does with that (write, allocate, make holes), it meets the end of
its own file system, and the host's has no part in it.  The mounts are the host's, so that they outlive this process;
what is on one goes to the machine's disk when the machine ends, and is on the next one when it starts again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from . import mounts
from .console import Console
from .disk import CONSOLE

SOURCE = "realvpc-console"  # what /proc/mounts says of them
_FLAGS = mounts.MS_NOSUID | mounts.MS_NODEV | mounts.MS_NOEXEC
_OPTIONS = "size=2m,nr_inodes=3,mode=0700"  # the directory, the log, and the draft that it is made from

log = logging.getLogger(__name__)


class Consoles:
    """Those below `root`; `kept` tells where a machine's log is while it does not run.

    On threads in the host's own mount namespace.  Methods raise OSError.
    """

    def __init__(self, root: Path, kept: Callable[[str], Console]) -> None:
        self._root = root
        self._kept = kept

    def open(self, machines: Iterable[str]) -> None:
        """Go on with those of these machines, and end what others have left."""
        self._root.mkdir(mode=0o700, exist_ok=True)
        for name in {path.name for path in self._root.iterdir()} - set(machines):
            try:
                self.end(name)
            except OSError as error:  # whatever it is: it stands in nobody's way
                log.warning("not put away path=%s reason=%s", self._root / name, error)

    def begin(self, instance_id: str) -> int:
        """A descriptor that appends to the console, for a machine that is to start."""
        self.end(instance_id)
        place = self._root / instance_id
        place.mkdir(mode=0o700)
        mounts.mount(SOURCE, str(place), "tmpfs", _FLAGS, _OPTIONS)
        kept, console = self._kept(instance_id), Console(place / CONSOLE)
        kept.trim()
        kept.copy_to(console)
        return console.open()

    def end(self, instance_id: str) -> None:
        """Keep what is on the console of a machine that runs no more; one that has none is fine."""
        place = self._root / instance_id
        if place.is_mount():
            console = Console(place / CONSOLE)
            try:
                console.trim()
                console.copy_to(self._kept(instance_id))
            except OSError as error:  # the host's disk is full: the machine has to end nevertheless
                log.warning("console output is lost instance=%s reason=%s", instance_id, error)
            mounts.unmount(str(place))
        if place.is_symlink() or place.is_file() or place.is_fifo():
            place.unlink()
        elif place.exists():
            place.rmdir()

    def read(self, instance_id: str, since: int | None = None) -> tuple[bytes, int]:
        """As `Console.read`, of the machine's console, whether it runs or not."""
        console = self._running(instance_id)
        found = console.read(since)
        return found if console.exists() else self._kept(instance_id).read(since)

    def trim(self, machines: Iterable[str]) -> None:
        """Make room again on the consoles of these machines: of all, whatever one of them makes of its own."""
        trouble: OSError | None = None
        for name in machines:
            console = self._running(name)
            try:
                (console if console.exists() else self._kept(name)).trim()  # an earlier version's is on the disk
            except OSError as error:
                trouble = trouble or error
        if trouble:
            raise trouble

    def _running(self, instance_id: str) -> Console:
        return Console(self._root / instance_id / CONSOLE)
