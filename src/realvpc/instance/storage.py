"""The disks of the machines: one writable layer each, over the image that the machine was made from.

    images/host-<digest>/          read-only root directories: the built-in one
    images/image-…/                and those that were added (`image_store`)
    blanks/<bytes>                 empty volumes, to be copied
    disks/<instance id>/image      -> the image, by name
    disks/<instance id>/volume     a file system (`volume`) of two layers, which the machine writes:
                          upper    all of / but /proc, /sys, /dev, /run, and a built-in /usr
                          local    the same of /usr/local
                          work…    overlayfs's own
    disks/<instance id>/device, root-device   what it is mounted as (`space`)
    disks/<instance id>/state      the id of the state that it belongs to
    disks/<instance id>/mapped     there when the machine has run in a user namespace
    disks/<instance id>/passing    when nobody could miss it
    disks/<instance id>/console.log   while it does not run (`consoles`)
    kept/<instance id>/            a disk that nobody asked to delete (`kept`)
    made/<instance id>             there from when it gets a disk until that is deleted (`made`)
    trash/                         what is being deleted (`trash`)

Where a host can have no volumes, the layers are directories beside `image`.  After a machine has run, they are written
by a stranger: they are only ever mounted and removed here, never read or written, so that no link in them can lead the
host anywhere.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from msgspec import Struct

from ..net.machine import MachineSpec, Workload
from ..regular_file import read_regular
from . import volume
from .console import Console
from .disk import (
    BLANK,
    CONSOLE,
    IMAGE,
    LAYERS,
    PASSING,
    VOLUME,
    Disk,
    first_files,
    images_of_disks,
    is_whole,
    make_layers,
)
from .image import BUILT_IN, DRAFT, build_image
from .kept import Kept, KeptDisk, owner_of
from .made import Made
from .space import Space, room, share
from .trash import Trash

_OWNER = "state"
_LONGEST_OWNER = 1 << 10  # bytes
_LOST = "its disk is lost: put it back, or terminate the instance"  # the instance's owner sees it, too: no paths

log = logging.getLogger(__name__)


class Owners(Struct, frozen=True):
    """The ids of those who have a disk, and of those of whom one is kept aside."""

    disks: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()


class Storage:
    """The disks under one directory, which must belong to root alone.  Methods raise OSError."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._images, self._disks, self._blanks = (root / name for name in ("images", "disks", "blanks"))
        self._trash = Trash(root / "trash")
        self._kept = Kept(root / "kept")
        self._made = Made(root / "made")
        self._space = Space(root)
        self._image = root
        self._obstacle: str | None = None
        self._faults: dict[str, str] = {}
        self._lost: dict[str, str] = {}
        self.state = ""  # the id of the one that is served

    def open(self) -> None:
        """Build this host's image and put away what an interrupted run left and former ones that no disk is on.

        On a thread with a mount namespace of its own.  Raises ProbeError, too.
        """
        for directory in (self._images, self._disks, self._blanks):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._trash.open()
        self._kept.open()
        self._made.open(self.ids())
        self._image = build_image(self._images)
        self._obstacle = self._try_volume()
        if self._obstacle:
            log.warning("disks have no size of their own reason=%s", self._obstacle)
        drafts = [*self._disks.iterdir(), *self._blanks.iterdir()]
        for entry in (entry for entry in drafts if entry.name.startswith(".")):
            self._put_away(entry)
        used = {self._image.name, *images_of_disks(self._root)}
        for entry in self._images.iterdir():
            if entry.name not in used and entry.name.startswith((BUILT_IN, DRAFT)):
                self._put_away(entry)

    def close(self) -> None:
        """Stop deleting; the next one goes on."""
        self._trash.close()

    def owners(self) -> Owners:
        """Whose disks there are, be they lost."""
        kept = self._kept.ids()
        return Owners(self.ids() | (self._made.ids() - kept), kept)

    def ids(self) -> frozenset[str]:
        """The instances that have a disk which is not kept aside."""
        return frozenset(entry.name for entry in self._disks.iterdir() if not entry.name.startswith("."))

    def ensure(self, spec: Workload) -> Disk:
        """The machine's disk: the one that it has, the one that was kept aside, or a new one.

        A new one knows its name and address and holds the user data; one whose volume was modified grows.  Raises
        FileNotFoundError where one was lost, or a part of it: its machine does not come up with an empty one instead.
        """
        home = self._disks / spec.id
        if room(self._root) == 0:
            raise OSError(errno.ENOSPC, "the host's disk is full")
        if not home.exists() and not self._kept.bring_back(spec.id, home):
            self._check_not_lost(spec)
            draft = self._disks / f".new-{spec.id}"
            if draft.exists():
                self._trash.put(draft)
            draft.mkdir(mode=0o700)
            (draft / IMAGE).symlink_to(self._image_for(spec))
            (draft / BLANK).touch()
            if self._obstacle:
                make_layers(draft)
            else:
                volume.make(draft / VOLUME, spec.volume_bytes, self._blanks, LAYERS)
            draft.rename(home)
        if not is_whole(home):
            self._miss(spec.id)
        if (home / VOLUME).exists():
            self._grow(home, spec)
        if spec.disk_is_kept:
            self._made.add(spec.id)  # not before: whoever ends in between leaves a disk, and none that is missed
        self._lost.pop(spec.id, None)
        if not spec.disk_is_kept:
            (home / PASSING).touch()
        if _owner(home) != self.state:
            (home / _OWNER).write_text(self.state)
        files = first_files(spec) if isinstance(spec, MachineSpec) and (home / BLANK).exists() else {}
        return Disk(self._images / (home / IMAGE).readlink(), home, files)

    def _grow(self, home: Path, spec: Workload) -> None:
        """A machine comes up with the disk that it has where that cannot grow just now: at its next start, perhaps."""
        self._faults.pop(_disk_of(spec.id), None)
        try:
            volume.grow(home / VOLUME, spec.volume_bytes, share(self._root))
        except OSError as error:
            log.warning("a disk is not as large as its volume instance=%s reason=%s", spec.id, error)
            why = f"it is smaller than its volume until it can grow at a start: {error.strerror}"
            self._faults[_disk_of(spec.id)] = why

    def _check_not_lost(self, spec: Workload) -> None:
        if spec.disk_is_kept and spec.id in self._made:
            self._miss(spec.id)
        if spec.boot > 1:
            log.warning("a new disk for a machine that has run before instance=%s", spec.id)

    def _miss(self, instance_id: str) -> NoReturn:
        self._lost[instance_id] = _LOST
        raise FileNotFoundError(_LOST)

    def _image_for(self, spec: Workload) -> str:
        name = spec.image or self._image.name
        if not (self._images / name).is_dir():
            raise FileNotFoundError(f"{name} is not on this host: `realvpc image list` names the images")
        return name

    def remove(self, instance_id: str) -> None:
        """Take the machine's disk away, be it kept aside or not, to be deleted; one that is not there is fine."""
        for home in (self._disks / instance_id, *self._kept.homes(instance_id)):
            with contextlib.suppress(FileNotFoundError):
                self._trash.put(home)
        self._forget(instance_id)

    def keep_aside(self, instance_id: str) -> None:
        """Take the disk of a machine away that nobody asked to delete; one that is not there is fine."""
        home = self._disks / instance_id
        if (home / BLANK).exists() or (home / PASSING).exists():  # nobody has ever written what he could miss
            self._trash.put(home)
            self._forget(instance_id)
        elif home.exists():
            owner = _owner(home)
            another = owner not in ("", self.state)
            reason = f"another state is served, {self.state}" if another else "the state does not know its instance"
            self._kept.take(home, owner, reason)
            self._lost.pop(instance_id, None)
            self._faults.pop(_disk_of(instance_id), None)
        elif instance_id not in self._kept.ids():
            self._forget(instance_id)

    def bring_back(self, instance_id: str) -> None:
        """Give a machine that does not run the disk back that was kept aside, unless it has one."""
        home = self._disks / instance_id
        if not home.exists():
            self._kept.bring_back(instance_id, home)

    def kept(self) -> tuple[KeptDisk, ...]:
        """The disks that were kept aside."""
        return self._kept.disks()

    def delete_kept(self, names: Sequence[str]) -> None:
        """Delete disks that were kept aside.  Raises FileNotFoundError for an unknown one, before any is deleted."""
        homes = {name: self._kept.home(name) for name in names}
        for name, home in homes.items():
            if home is None:
                raise FileNotFoundError(f"no disk {name} is kept aside")
        for name, home in homes.items():
            if home is not None:
                self._trash.put(home)
                if owner_of(name) not in self.ids() | self._kept.ids():
                    self._forget(owner_of(name))

    def _forget(self, instance_id: str) -> None:
        """It has no disk any more that could be missed."""
        self._made.discard(instance_id)
        self._lost.pop(instance_id, None)
        self._faults.pop(_disk_of(instance_id), None)

    def faults(self) -> dict[str, str]:
        """What could not be put away, deleted or made larger so far, by its name, and why."""
        space = {"disk": self._space.fault} if self._space.fault else {}
        return self._faults | self._lost | self._trash.faults() | space

    def __str__(self) -> str:
        """How disks are limited."""
        return f"not limited in size: {self._obstacle}" if self._obstacle else "volumes of their own size"

    def share_out(self, running: Mapping[str, int]) -> None:
        """Tell the disks of the machines that run how far they may grow.  `running`: instance id -> pid."""
        self._space.share_out({self._disks / instance_id: pid for instance_id, pid in running.items()})

    def console(self, instance_id: str) -> Console:
        """The log of the machine's console while it does not run, whether there is one or not."""
        return Console(self._disks / instance_id / CONSOLE)

    def _try_volume(self) -> str | None:
        directory = self._disks / f".try-{time.monotonic_ns()}"
        return volume.obstacle(directory)

    def _put_away(self, path: Path) -> None:
        """What stands in the way of a start would do so for ever: it is only named."""
        try:
            self._trash.put(path)
        except OSError as error:
            log.warning("not put away path=%s reason=%s", path, error)
            self._faults[path.name] = f"{path} cannot be removed: {error.strerror}"


def _disk_of(instance_id: str) -> str:
    """Among the subjects of faults: the instance itself goes on."""
    return f"disk of {instance_id}"


def _owner(home: Path) -> str:
    """The id of the state that the disk belongs to; empty when nobody has said."""
    try:
        return read_regular(home / _OWNER, _LONGEST_OWNER).decode()
    except (OSError, UnicodeDecodeError):
        return ""
