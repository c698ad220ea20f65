"""The system image of every machine: a root directory whose `/usr` is the host's and whose rest is made here.

Nothing of the host is taken over wholesale.  `/etc` is our own `skeleton/` plus the files of the host that its programs
need and that hold no secrets; of those, only what every user of the host may read.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

BUILT_IN, DRAFT = "host-", ".new-"
SKELETON = Path(__file__).parent / "skeleton"

# What programs under the host's /usr look for in /etc.
PUBLIC_ETC = (
    "alternatives",
    "ca-certificates.conf",
    "debian_version",
    "ethertypes",
    "gai.conf",
    "inputrc",
    "iproute2",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.alias",
    "login.defs",
    "magic",
    "magic.mime",
    "mime.types",
    "networks",
    "os-release",
    "pam.conf",
    "pam.d",
    "perl",
    "protocols",
    "python3",
    "python3.11",
    "python3.12",
    "python3.13",
    "rpc",
    "security",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
    "terminfo",
    "vim",
    "xattr.conf",
)
MERGED_USR = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")  # symbolic links into /usr, as far as the host has them
LOCAL = "usr/local"  # writable, so it has an overlay of its own over the read-only /usr
MODES = {"etc/init": 0o755, "usr/local/sbin/poweroff": 0o755, "etc/shadow": 0o640, "etc/sudoers.d/cloud-users": 0o440}
DIRECTORIES = {
    "boot": 0o755,
    "dev": 0o755,
    "home": 0o755,
    "home/ec2-user": 0o700,
    "home/ssm-user": 0o700,
    "media": 0o755,
    "mnt": 0o755,
    "opt": 0o755,
    "proc": 0o555,
    "root": 0o700,
    "run": 0o755,
    "srv": 0o755,
    "sys": 0o555,
    "tmp": 0o1777,
    "usr/local/bin": 0o755,
    "usr/local/etc": 0o755,
    "usr/local/lib": 0o755,
    "usr/local/share": 0o755,
    "var/cache": 0o755,
    "etc/ssh": 0o755,
    "var/lib/realvpc/done": 0o755,
    "var/log": 0o755,
    "var/spool": 0o755,
    "var/tmp": 0o1777,
}
LINKS = {
    "etc/localtime": "/usr/share/zoneinfo/Etc/UTC",
    "etc/mtab": "/proc/self/mounts",
    "usr/local/sbin/halt": "poweroff",
    "usr/local/sbin/reboot": "poweroff",
    "usr/local/sbin/shutdown": "poweroff",
    "var/lock": "/run/lock",
    "var/run": "/run",
}
OWNERS = {"home/ec2-user": (1000, 1000), "home/ssm-user": (1001, 1001), "etc/shadow": (0, 42)}


def build_image(images: Path, host: Path = Path("/")) -> Path:
    """Make the image of this host under `images`, unless it is there, and return its directory.

    Its name is a digest of what it is made from, so that a machine keeps its image when the host is upgraded.
    Raises OSError when it cannot be written, and when `/bin` of the host is not a link into `/usr`.
    """
    if not (host / "bin").is_symlink():
        raise OSError(f"{host / 'bin'} is not a link into /usr: this host's system cannot be shared with machines")
    sources = dict(_sources(host))
    image = images / f"{BUILT_IN}{_digest(sources)}"
    if not image.exists():
        draft = Path(tempfile.mkdtemp(dir=images, prefix=DRAFT))
        try:
            _fill(draft, sources)
            draft.rename(image)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    return image


def _sources(host: Path) -> Iterator[tuple[str, Path]]:
    """What is copied: path in the image -> file, link or directory.  Our own files come last, so they win."""
    for name in MERGED_USR:
        if (host / name).is_symlink():
            yield name, host / name
    for name in PUBLIC_ETC:
        if os.path.lexists(host / "etc" / name):
            yield from _public(f"etc/{name}", host / "etc" / name)
    for path in sorted(SKELETON.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(SKELETON)), path


def _public(name: str, path: Path) -> Iterator[tuple[str, Path]]:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode) or (mode & stat.S_IROTH and (stat.S_ISREG(mode) or stat.S_ISDIR(mode))):
        yield name, path
        if stat.S_ISDIR(mode):
            for entry in sorted(path.iterdir()):
                yield from _public(f"{name}/{entry.name}", entry)


def _digest(sources: dict[str, Path]) -> str:
    digest = hashlib.sha256(repr((MODES, DIRECTORIES, LINKS, OWNERS)).encode())
    for name, path in sources.items():
        status = path.lstat()
        target = path.readlink() if path.is_symlink() else ""
        digest.update(f"{name}\0{target}\0{status.st_mode:o} {status.st_size} {status.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:16]


def _fill(root: Path, sources: dict[str, Path]) -> None:
    root.chmod(0o755)
    for name, path in sources.items():
        target = root / name
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if path.is_symlink():
            target.symlink_to(path.readlink())
        elif path.is_dir():
            target.mkdir(mode=0o755, exist_ok=True)
        else:
            shutil.copyfile(path, target)
            target.chmod(MODES.get(name, 0o644))
    for name, mode in DIRECTORIES.items():
        (root / name).mkdir(mode=0o755, parents=True, exist_ok=True)
        (root / name).chmod(mode)
    for name, link in LINKS.items():
        (root / name).symlink_to(link)
    for name, (uid, gid) in OWNERS.items():
        os.chown(root / name, uid, gid)
