"""One machine's disk: the image that it was made from, and what the machine wrote over it."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

from msgspec import Struct

from ..net.machine import MachineSpec
from .image import BUILT_IN, MODES, SKELETON

TOLD = "var/lib/realvpc"  # what a machine's init is told for the first boot, and what it has done already
_POWEROFF = "usr/local/sbin/poweroff"
OWN_PROGRAMS = {
    "etc/init": "etc/init",
    **{f"usr/local/sbin/{name}": _POWEROFF for name in ("poweroff", "halt", "reboot", "shutdown")},
}
LAYER, LOCAL_LAYER, WORK, LOCAL_WORK = "upper", "local", "work", "work-local"
LAYERS = (LAYER, LOCAL_LAYER, WORK, LOCAL_WORK)
IMAGE, CONSOLE, VOLUME, BLANK = "image", "console.log", "volume", "blank"
MAPPED = "mapped"  # an empty file: the machine has run in a user namespace
PASSING = "passing"  # an empty file: the disk need not be kept
DEVICE = "device"  # the name of the volume's, while it is mounted
ROOT_DEVICE = "root-device"  # the number (st_dev) of what the machine has as / then


class Disk(Struct, frozen=True):
    """The image below, and the directory `home` of what belongs to the machine alone.

    `files` are written before it starts for the first time: path below / -> (mode, content).
    """

    image: Path
    home: Path
    files: dict[str, tuple[int, bytes]] = {}

    @property
    def shares_usr(self) -> bool:
        """Whether its programs are the host's."""
        return self.image.name.startswith(BUILT_IN)

    @property
    def volume(self) -> Path | None:
        """The file that the layers are in; None when they are directories of the host's."""
        path = self.home / VOLUME
        return path if path.exists() else None

    def confine(self, *, mapped: bool) -> None:
        """Note that the machine runs in a user namespace of its own, or not (`mapped`).

        Raises PermissionError where it did, and now would not: whoever is root in it would be root on the host.
        """
        mark = self.home / MAPPED
        if mapped:
            mark.touch()
        elif mark.exists():
            reason = "it ran in a user namespace before, and is not started without: this host has none now"
            raise PermissionError(errno.EPERM, reason)

    def write_files(self, root: Path) -> None:
        """Write `files` below `root`, once: afterwards a stranger's links may be there.  Raises OSError."""
        for name, (mode, content) in self.files.items():
            path = root / name
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(mode)
        (self.home / BLANK).unlink(missing_ok=True)


def is_whole(home: Path) -> bool:
    """Whether a disk's parts are there: which image it is on, and the volume or the layers."""
    path = home / VOLUME
    has_layers = path.is_file() if os.path.lexists(path) else (home / LAYER).is_dir()
    return has_layers and not path.is_symlink() and (home / IMAGE).is_symlink()


def images_of_disks(root: Path) -> frozenset[str]:
    """The names of the images that the disks below the directory are on, those that were kept aside among them."""
    links = (home / IMAGE for places in ("disks", "kept") for home in (root / places).glob("*"))
    return frozenset(str(link.readlink()) for link in links if link.is_symlink())


def make_layers(root: Path) -> None:
    """What a new disk's overlays are mounted from."""
    for name in LAYERS:
        (root / name).mkdir(mode=0o755)


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
