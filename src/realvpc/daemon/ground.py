"""What a service stands on: its directories, its user, its listeners."""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import shutil
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from realvpc.config import Settings

from .client import ServiceError

Say: TypeAlias = Callable[[str], None]
"""Takes one line of progress."""


class LaunchError(ServiceError):
    """The service cannot start; the text says why and what helps."""


def prepare(settings: Settings, say: Say) -> None:
    """Make the directories and the user.  Raises LaunchError.

    Whose a directory is gets looked at first, and on the open directory, so that no link that somebody has put there
    is followed.
    """
    user = _user(settings.user, say) if settings.user else None
    owner = (user.pw_uid, user.pw_gid) if user else (os.geteuid(), os.getegid())
    try:
        for directory in (settings.state_dir, settings.run_dir):
            directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        with _own(settings.run_dir), _own(settings.state_dir) as state:
            with _own(settings.log_dir, state, mode=0o755):
                pass
            with _own(settings.database.parent, state, mode=0o700, owners=(os.geteuid(), owner[0])) as private:
                os.fchown(private, *owner)
    except OSError as error:
        raise LaunchError(f"cannot write {error.filename}: {error.strerror}") from error


def check_owner(settings: Settings) -> None:
    """Raises LaunchError for a service of another user: neither may be trusted with the other's files."""
    for directory in (settings.state_dir, settings.run_dir):
        if os.path.lexists(directory):
            with _own(directory):
                pass


@contextlib.contextmanager
def _own(
    directory: Path, parent: int | None = None, *, mode: int | None = None, owners: tuple[int, ...] | None = None
) -> Iterator[int]:
    """The directory, open, with nobody else to write in it; with a mode, made below the open parent if need be.

    Raises LaunchError when it is a link or belongs to none of the owners: that is us, unless they are named.
    """
    name = directory if parent is None else directory.name
    if mode is not None:
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, mode, dir_fd=parent)
    try:
        fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise LaunchError(f"{directory} is no directory, and a link is not followed: remove it") from error
        raise
    try:
        status = os.fstat(fd)
        if status.st_uid not in (owners or (os.geteuid(),)):
            name_of = _name_of(status.st_uid)
            raise LaunchError(f"{directory} belongs to {name_of}: do this as {name_of}")
        if status.st_mode & 0o022:
            os.fchmod(fd, stat.S_IMODE(status.st_mode) & ~0o022)
        yield fd
    finally:
        os.close(fd)


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
    shutil.rmtree(directory)
