"""What a service stands on: its directories and its listeners."""

from __future__ import annotations

import contextlib
import errno
import os
import pwd
import socket
import ssl
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from realvpc.config import LARGEST_PEM, Settings
from realvpc.instance.trees import remove_tree
from realvpc.regular_file import read_regular

from .client import ServiceError
from .free_port import next_free_port
from .identity import Identity, identity

_PATIENCE = 3.0  # seconds

Say: TypeAlias = Callable[[str], None]
"""Takes one line of progress."""


class LaunchError(ServiceError):
    """The service cannot start; the text says why and what helps."""


OWN = ("service.json", "service.new", "api", "log", "node")
"""All that a service keeps in its state directory."""


def prepare(settings: Settings) -> None:
    """Make the directories, each for who writes there.  Raises LaunchError, and has changed nothing of others then."""
    try:
        for directory in (settings.state_dir, settings.run_dir):
            directory.mkdir(parents=True, exist_ok=True, mode=0o755)
        check_owner(settings)
        if others := sorted(set(os.listdir(settings.state_dir)) - set(OWN)):  # noqa: PTH208 - names are wanted
            raise LaunchError(
                f"{settings.state_dir} holds {others[0]}, which is not ours: --state takes a directory of its own"
            )
        with _directory(settings.state_dir) as state:
            _make(state, settings.log_dir.name, 0o755, None)
            _make(
                state, settings.database.parent.name, 0o700, identity(settings.state_dir) if settings.confined else None
            )
    except OSError as error:
        raise LaunchError(f"cannot write {error.filename}: {error.strerror}") from error


def check_owner(settings: Settings) -> None:
    """Raises LaunchError for a service of another user, and for a place where another user could put one's own.

    Neither may be trusted with the other's files.
    """
    for directory in filter(os.path.lexists, (settings.state_dir, settings.run_dir)):
        status = directory.lstat()
        if status.st_uid != os.geteuid() or not stat.S_ISDIR(status.st_mode):
            raise LaunchError(f"{directory} belongs to {_name_of(status.st_uid)}: do this as {_name_of(status.st_uid)}")
        if status.st_mode & stat.S_IWOTH:
            raise LaunchError(f"{directory} may be written by everybody: `chmod o-w {directory}` first")
        for ancestor in directory.parents:
            above = ancestor.stat()
            if above.st_uid not in (0, os.geteuid(), settings.operator):
                raise LaunchError(
                    f"{ancestor}, above {directory}, belongs to {_name_of(above.st_uid)}, who is not trusted"
                )
            if above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX:
                raise LaunchError(f"{ancestor}, above {directory}, may be written by everybody")


@contextlib.contextmanager
def _directory(path: Path | str, within: int | None = None) -> Iterator[int]:
    """A descriptor of the directory itself, not of what a link there leads to.  Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=within)
    try:
        yield fd
    finally:
        os.close(fd)


def _make(within: int, name: str, mode: int, owner: Identity | None) -> None:
    """A directory; what is in it already becomes its owner's, too: the service had another user before."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, mode, dir_fd=within)
    with _directory(name, within) as directory:
        if owner is None or os.fstat(directory).st_uid == owner.uid:
            return
        _give(directory, owner)


def _give(directory: int, owner: Identity) -> None:
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                with _directory(entry.name, directory) as below:
                    _give(below, owner)
            else:
                os.chown(entry.name, owner.uid, owner.gid, dir_fd=directory, follow_symlinks=False)
    os.fchown(directory, owner.uid, owner.gid)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """What the endpoint proves itself with; None for plain HTTP.  Raises LaunchError."""
    if settings.tls_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)

    def passphrase() -> str:  # OpenSSL would ask a person, and wait
        raise LaunchError(f"{settings.tls_key} is locked by a passphrase: nobody could give it at the next start")

    for path in filter(None, (settings.tls_certificate, settings.tls_key)):
        try:
            read_regular(path, LARGEST_PEM)
        except OSError as error:
            raise LaunchError(f"cannot read {path}: {error.strerror}") from error
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key, passphrase)
    except (OSError, ssl.SSLError) as error:
        raise LaunchError(
            f"{settings.tls_certificate} and {settings.tls_key} are no certificate and key in PEM form: {error}"
        ) from error
    return context


def listeners(settings: Settings) -> Iterator[socket.socket]:
    """The public listener and the operator's, bound before any right is given up.  Raises LaunchError."""
    public = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET, socket.SOCK_STREAM)
    public.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        _bind(public, (settings.host, settings.port))
        public.listen(1024)
    except OSError as error:
        public.close()
        raise LaunchError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}. "
            f"Try `realvpc … --listen 127.0.0.1:{next_free_port(settings.port)}`"
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


def _bind(listening: socket.socket, address: tuple[str, int]) -> None:
    """A process that was killed may hold its port for a moment longer.  Raises OSError."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            listening.bind(address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def delete(directory: Path) -> None:
    """Never through a mount: what is mounted belongs to somebody else."""
    if not directory.is_dir() or directory.is_symlink():
        directory.unlink(missing_ok=True)
        return
    mounts = Path("/proc/self/mountinfo")
    if mounts.exists():
        points = [line.split()[4] for line in mounts.read_text().splitlines()]
        if busy := [point for point in points if Path(point).is_relative_to(directory)]:
            raise LaunchError(f"{directory} still has mounts in it: {', '.join(busy)}")
    remove_tree(directory)  # with what guests wrote
