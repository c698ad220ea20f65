"""The disks of the machines: one writable layer each, over the image that the machine was made from.

    images/host-<digest>/          read-only root directories: the built-in one
    images/image-…/                and those that were added (`image_store`)
    disks/<instance id>/image      -> the image, by name
    disks/<instance id>/upper      what the machine wrote: all of / but /proc, /sys, /dev, /run, and a built-in /usr
    disks/<instance id>/local      the same of /usr/local
    disks/<instance id>/work…      overlayfs's own
    disks/<instance id>/console.log

After a machine has run, its layer is written by a stranger: it is only ever mounted and removed here, never read or
written, so that no link in it can lead the host anywhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from pathlib import Path

from msgspec import Struct

from ..logfile import keep_end
from ..net.machine import MachineSpec, Workload
from .image import BUILT_IN, DRAFT, MODES, SKELETON, build_image

TOLD = "var/lib/realvpc"  # what a machine's init is told for the first boot, and what it has done already
_POWEROFF = "usr/local/sbin/poweroff"
OWN_PROGRAMS = {
    "etc/init": "etc/init",
    **{f"usr/local/sbin/{name}": _POWEROFF for name in ("poweroff", "halt", "reboot", "shutdown")},
}
CONSOLE_KEPT = 64 * 1024  # as EC2's GetConsoleOutput
_CONSOLE_LARGEST = 1 << 20
LAYER, LOCAL_LAYER, WORK, LOCAL_WORK = "upper", "local", "work", "work-local"
CONSOLE = "console.log"


class Disk(Struct, frozen=True):
    """One machine's disk: the image below, and the directory that holds its layers and its console log."""

    image: Path
    home: Path

    @property
    def shares_usr(self) -> bool:
        """Whether its programs are the host's."""
        return self.image.name.startswith(BUILT_IN)


class Storage:
    """The disks under one directory, which must belong to root alone.  Methods raise OSError."""

    def __init__(self, root: Path) -> None:
        self._images = root / "images"
        self._disks = root / "disks"
        self._image = root

    def open(self) -> None:
        """Build this host's image and remove what an interrupted run left and former ones that no disk is on."""
        for directory in (self._images, self._disks):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._image = build_image(self._images)
        for entry in self._disks.iterdir():
            if entry.name.startswith("."):
                shutil.rmtree(entry)
        used = {self._image.name} | {str((self._disks / name / "image").readlink()) for name in self.ids()}
        for entry in self._images.iterdir():
            if entry.name not in used and entry.name.startswith((BUILT_IN, DRAFT)):
                shutil.rmtree(entry)

    def ids(self) -> frozenset[str]:
        """The instances that have a disk."""
        return frozenset(entry.name for entry in self._disks.iterdir() if not entry.name.startswith("."))

    def ensure(self, spec: Workload) -> Disk:
        """The machine's disk; an instance's new one knows its name and address and holds the user data."""
        home = self._disks / spec.id
        if not home.exists():
            draft = self._disks / f".new-{spec.id}"
            if draft.exists():
                shutil.rmtree(draft)
            draft.mkdir(mode=0o700)
            (draft / "image").symlink_to(self._image_for(spec))
            make_layers(draft)
            files = first_files(spec) if isinstance(spec, MachineSpec) else {}
            for name, (mode, content) in files.items():
                path = draft / LAYER / name
                path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                path.write_bytes(content)
                path.chmod(mode)
            draft.rename(home)
        return Disk(image=self._images / (home / "image").readlink(), home=home)

    def _image_for(self, spec: Workload) -> str:
        name = spec.image or self._image.name
        if not (self._images / name).is_dir():
            raise FileNotFoundError(f"{name} is not on this host: `realvpc image list` names the images")
        return name

    def remove(self, instance_id: str) -> None:
        """Remove the machine's disk; a disk that is not there is fine."""
        home, doomed = self._disks / instance_id, self._disks / f".gone-{instance_id}"
        if doomed.exists():  # the last attempt has failed
            shutil.rmtree(doomed)
        if home.exists():
            home.rename(doomed)
            shutil.rmtree(doomed)

    def trim_consoles(self) -> None:
        """Cut console logs that have grown large down to what is ever shown of them."""
        for instance_id in self.ids():
            path = self._disks / instance_id / CONSOLE
            with contextlib.suppress(FileNotFoundError):  # it has never run, or goes just now
                if path.stat().st_size > _CONSOLE_LARGEST:
                    fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
                    try:
                        keep_end(fd, _CONSOLE_LARGEST, CONSOLE_KEPT)
                    finally:
                        os.close(fd)

    def console(self, instance_id: str, since: int | None = None) -> tuple[bytes, int]:
        """What the machine wrote to its console from a position on, or the end of it; and the position behind.

        A position that is not there, because the log's beginning was cut off meanwhile, means what is left of it.
        """
        try:
            with (self._disks / instance_id / CONSOLE).open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                start = max(0, size - CONSOLE_KEPT) if since is None else since if since <= size else 0
                file.seek(start)
                output = file.read(CONSOLE_KEPT)
                return output, start + len(output)
        except FileNotFoundError:
            return b"", 0


def make_layers(home: Path) -> None:
    """What a new disk's overlays are mounted from."""
    for name in (LAYER, LOCAL_LAYER, WORK, LOCAL_WORK):
        (home / name).mkdir(mode=0o755)


def first_files(spec: MachineSpec) -> dict[str, tuple[int, bytes]]:
    """What cloud-init would write at the first boot: path below / -> (mode, content)."""
    hosts = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"
    primary = next((link for link in spec.links if link.device_index == 0), None)
    if primary:
        hosts += f"{primary.address} {spec.fqdn} {spec.hostname}\n"
    texts = {
        "etc/environment": (0o644, "".join(f"{name}={value}\n" for name, value in spec.environment.items())),
        f"{TOLD}/instance-id": (0o644, f"{spec.id}\n"),
        "etc/hostname": (0o644, f"{spec.hostname}\n"),
        "etc/hosts": (0o644, hosts),
        "etc/machine-id": (0o444, f"{hashlib.sha256(spec.id.encode()).hexdigest()[:32]}\n"),
        "etc/resolv.conf": (0o644, spec.resolv_conf),
    }
    if spec.authorized_key:
        texts[f"{TOLD}/authorized_key"] = (0o600, f"{spec.authorized_key}\n")
    files = {name: (mode, text.encode()) for name, (mode, text) in texts.items()}
    if spec.user_data:
        files[f"{TOLD}/user-data"] = (0o600, spec.user_data)
    if spec.image:  # the built-in one has them
        files |= {name: (MODES[ours], (SKELETON / ours).read_bytes()) for name, ours in OWN_PROGRAMS.items()}
    return files
