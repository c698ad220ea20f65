"""The disks of the machines: one writable layer each, over the image that the machine was made from.

    images/host-<digest>/          read-only root directories
    disks/<instance id>/image      -> the image, by name
    disks/<instance id>/upper      what the machine wrote: all of / but /usr, /proc, /sys, /dev and /run
    disks/<instance id>/local      the same of /usr/local
    disks/<instance id>/work…      overlayfs's own
    disks/<instance id>/console.log

After a machine has run, its layer is written by a stranger: it is only ever mounted and removed here, never read or
written, so that no link in it can lead the host anywhere.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from msgspec import Struct

from ..net.machine import MachineSpec
from .image import LOCAL, build_image

CONSOLE_KEPT = 64 * 1024  # as EC2's GetConsoleOutput
_CONSOLE_TRIMMED_ABOVE = 1 << 20


class Overlay(Struct, frozen=True):
    """The layers of one mount (kernel: Documentation/filesystems/overlayfs.rst)."""

    lower: Path
    upper: Path
    work: Path

    @property
    def options(self) -> tuple[str, ...]:
        return f"lowerdir={self.lower}", f"upperdir={self.upper}", f"workdir={self.work}"


class Disk(Struct, frozen=True):
    """One machine's disk and its console log."""

    root: Overlay
    local: Overlay
    console: Path


class Storage:
    """The disks under one directory, which must belong to root alone.  Methods raise OSError."""

    def __init__(self, root: Path) -> None:
        self._images = root / "images"
        self._disks = root / "disks"
        self._image = root

    def open(self) -> None:
        """Build this host's image and remove what an interrupted run left and images that no disk is on."""
        for directory in (self._images, self._disks):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._image = build_image(self._images)
        for entry in self._disks.iterdir():
            if entry.name.startswith("."):
                shutil.rmtree(entry)
        used = {self._image.name} | {str((self._disks / name / "image").readlink()) for name in self.ids()}
        for entry in self._images.iterdir():
            if entry.name not in used:
                shutil.rmtree(entry)

    def ids(self) -> frozenset[str]:
        """The instances that have a disk."""
        return frozenset(entry.name for entry in self._disks.iterdir() if not entry.name.startswith("."))

    def ensure(self, spec: MachineSpec) -> Disk:
        """The machine's disk; a new one knows its name and address and holds the user data."""
        home = self._disks / spec.instance_id
        if not home.exists():
            draft = self._disks / f".new-{spec.instance_id}"
            if draft.exists():
                shutil.rmtree(draft)
            draft.mkdir(mode=0o700)
            (draft / "image").symlink_to(self._image.name)
            for name in ("local", "work", "work-local"):
                (draft / name).mkdir()
            for name, (mode, content) in first_files(spec).items():
                path = draft / "upper" / name
                path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                path.write_text(content)
                path.chmod(mode)
            draft.rename(home)
        image = self._images / (home / "image").readlink()
        return Disk(
            root=Overlay(image, home / "upper", home / "work"),
            local=Overlay(image / LOCAL, home / "local", home / "work-local"),
            console=home / "console.log",
        )

    def remove(self, instance_id: str) -> None:
        """Remove the machine's disk; a disk that is not there is fine."""
        home, doomed = self._disks / instance_id, self._disks / f".gone-{instance_id}"
        if doomed.exists():  # the last attempt has failed
            shutil.rmtree(doomed)
        if home.exists():
            home.rename(doomed)
            shutil.rmtree(doomed)

    def console(self, instance_id: str) -> bytes:
        """The end of what the machine wrote to its console."""
        try:
            with (self._disks / instance_id / "console.log").open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - CONSOLE_KEPT))
                return file.read(CONSOLE_KEPT)
        except FileNotFoundError:
            return b""


def open_console(disk: Disk) -> int:
    """A file descriptor that appends to the console log, which starts anew when it has grown large."""
    fd = os.open(disk.console, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if os.fstat(fd).st_size > _CONSOLE_TRIMMED_ABOVE:
        os.truncate(fd, 0)
    return fd


def first_files(spec: MachineSpec) -> dict[str, tuple[int, str]]:
    """What cloud-init would write at the first boot: path below / -> (mode, content)."""
    hosts = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n"
    primary = next((link for link in spec.links if link.device_index == 0), None)
    if primary:
        hosts += f"{primary.address} {spec.fqdn} {spec.hostname}\n"
    files = {
        "etc/hostname": (0o644, f"{spec.hostname}\n"),
        "etc/hosts": (0o644, hosts),
        "etc/machine-id": (0o444, f"{hashlib.sha256(spec.instance_id.encode()).hexdigest()[:32]}\n"),
        "etc/resolv.conf": (0o644, spec.resolv_conf),
    }
    if spec.user_data:
        files["var/lib/cloud/instance/user-data.txt"] = (0o700, spec.user_data)
    return files
