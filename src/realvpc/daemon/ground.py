"""What a service stands on: its directories, its user, its listeners."""

from __future__ import annotations

import contextlib
import os
import pwd
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from realvpc.config import Settings
from realvpc.instance.trees import remove_tree

from .client import ServiceError

Say: TypeAlias = Callable[[str], None]
"""Takes one line of progress."""


class LaunchError(ServiceError):
    """The service cannot start; the text says why and what helps."""


def prepare(settings: Settings, say: Say) -> None:
    """Make the directories and the user.  Raises LaunchError."""
    owner = _user(settings.user, say) if settings.user else None
    try:
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        settings.log_dir.mkdir(mode=0o755, exist_ok=True)
        settings.run_dir.mkdir(parents=True, exist_ok=True, mode=0o755)
        private = settings.database.parent
        private.mkdir(mode=0o700, exist_ok=True)
        if owner:
            os.chown(private, owner.pw_uid, owner.pw_gid)
    except OSError as error:
        raise LaunchError(f"cannot write {error.filename}: {error.strerror}") from error
    check_owner(settings)


def check_owner(settings: Settings) -> None:
    """Raises LaunchError for a service of another user: neither may be trusted with the other's files."""
    for directory in (settings.state_dir, settings.run_dir):
        owner = directory.lstat().st_uid
        if owner != os.geteuid() or directory.is_symlink():
            raise LaunchError(f"{directory} belongs to {_name_of(owner)}: do this as {_name_of(owner)}")


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _user(name: str, say: Say) -> pwd.struct_passwd:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(name)
    nowhere = ["--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
    try:
        subprocess.run(["useradd", "--system", "--user-group", *nowhere, name], check=True, capture_output=True)
        say(f"system user {name} created: the API process has no rights but its")
        return pwd.getpwnam(name)
    except (OSError, KeyError, subprocess.CalledProcessError) as error:
        detail = error.stderr.decode().strip() if isinstance(error, subprocess.CalledProcessError) else error
        raise LaunchError(f"cannot create the system user {name}: {detail}") from error


def listeners(settings: Settings) -> Iterator[socket.socket]:
    """The public listener and the operator's, bound before any right is given up.  Raises LaunchError."""
    public = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET, socket.SOCK_STREAM)
    public.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        public.bind((settings.host, settings.port))
        public.listen(1024)
    except OSError as error:
        public.close()
        raise LaunchError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}. "
            f"Try `realvpc up --listen 127.0.0.1:{settings.port % 65535 + 1}`"
        ) from error
    yield public
    operator = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    settings.admin_socket.unlink(missing_ok=True)
    before = os.umask(0o177)
    try:
        operator.bind(str(settings.admin_socket))
    finally:
        os.umask(before)
    os.chown(settings.admin_socket, settings.operator, -1)
    operator.listen(64)
    yield operator


def delete(directory: Path) -> None:
    """Never through a mount: what is mounted belongs to somebody else."""
    if not directory.exists():
        return
    mounts = Path("/proc/self/mountinfo")
    if mounts.exists():
        points = [line.split()[4] for line in mounts.read_text().splitlines()]
        if busy := [point for point in points if Path(point).is_relative_to(directory)]:
            raise LaunchError(f"{directory} still has mounts in it: {', '.join(busy)}")
    remove_tree(directory)  # with what guests wrote
