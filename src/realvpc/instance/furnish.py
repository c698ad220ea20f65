"""What a machine needs of its image and a foreign image may lack: mount points, users, a place for what it is told."""

from __future__ import annotations

import os
from pathlib import Path

from realvpc.regular_file import read_regular

_SHELLS = ("/bin/bash", "/bin/sh")
_DIRECTORIES = {
    "dev": 0o755,
    "etc": 0o755,
    "home": 0o755,
    "proc": 0o555,
    "root": 0o700,
    "run": 0o755,
    "sys": 0o555,
    "tmp": 0o1777,
    "usr/local/sbin": 0o755,
    "var/lib/realvpc/done": 0o755,
    "var/log": 0o755,
}
_USERS = {"root": (0, "root", "/root"), "ec2-user": (1000, "EC2 Default User", "/home/ec2-user")}
_USERS["ssm-user"] = (1001, "", "/home/ssm-user")
_SUDOERS = "etc/sudoers.d/90-realvpc-users"
_LARGEST = 16 << 20  # bytes of a list of users


class FurnishError(Exception):
    """An image that no machine can be made of; the text says why."""


def furnish(root: Path) -> None:
    """Make what is missing.  Raises FurnishError and OSError; like `layer`, it follows the links of the image."""
    if not (root / "bin/sh").exists():
        raise FurnishError("it has no /bin/sh: a machine's first process is a shell script")
    for name, mode in _DIRECTORIES.items():
        if not (root / name).is_dir():
            (root / name).mkdir(parents=True)
            (root / name).chmod(mode)
    shell = next(shell for shell in _SHELLS if (root / shell.lstrip("/")).exists())
    for name, (number, comment, home) in _USERS.items():
        _add_user(root, name, number, comment, home, shell)
    if (root / _SUDOERS).parent.is_dir():
        text = "".join(f"{name} ALL=(ALL) NOPASSWD:ALL\n" for name in _USERS if name != "root")
        _write(root / _SUDOERS, text, 0o440)


def _add_user(root: Path, name: str, number: int, comment: str, home: str, shell: str) -> None:
    """Unless there is one of this name.  ``*`` is a password that nobody can type."""
    lines = {
        "passwd": f"{name}:x:{number}:{number}:{comment}:{home}:{shell}",
        "group": f"{name}:x:{number}:",
        "shadow": f"{name}:*:19000:0:99999:7:::",
    }
    for file, line in lines.items():
        path = root / "etc" / file
        content = read_regular(path, _LARGEST) if path.exists() else b""
        text = content.decode(errors="surrogateescape")
        if not any(each.startswith(f"{name}:") for each in text.splitlines()):
            separator = "\n" if text and not text.endswith("\n") else ""
            _write(path, f"{text}{separator}{line}\n", 0o640 if file == "shadow" else 0o644)
    place = root / home.lstrip("/")
    if number and not place.exists():
        place.mkdir(parents=True)
        place.chmod(0o700)
        os.chown(place, number, number)


def _write(path: Path, text: str, mode: int) -> None:
    is_new = not path.exists()
    if not is_new and not path.is_file():  # writing into a pipe waits for a reader
        raise FurnishError(f"{path} is no regular file")
    path.write_text(text, errors="surrogateescape")
    if is_new:
        path.chmod(mode)
