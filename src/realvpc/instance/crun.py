"""crun(1), the OCI runtime: containers that outlive the process that started them.

Everything here blocks and runs on the threads of `workers()`: they have a mount namespace in which the disks of
starting machines are mounted (so that nothing of them is left on the host), and in which crun sees control groups
that it accepts.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import msgspec

from ..lockfile import open_lock
from ..net.clients import is_of_clients
from ..net.machine import Workload
from . import cgroups, consoles, mounts
from .bundle import BOOT_ANNOTATION, oci_config
from .cgroups import Layout, Limits
from .disk import Disk
from .mount_tree import mounted
from .trees import remove_tree

WORKERS = 4
_DEVICES = Path("/sys/devices")
_LOOKED_UP = ("/bin/sh", "-c", 'exec "$@"', "sh")  # in PATH, or gives 127
_TIMEOUT_SECONDS = 30


class CrunError(Exception):
    """crun refused; the text is its own."""


class Container(msgspec.Struct, frozen=True):
    """A container that crun knows.  `boot` is 0 when its bundle cannot be read."""

    id: str
    pid: int
    running: bool
    boot: int


class _Listed(msgspec.Struct):
    id: str
    pid: int
    status: str
    bundle: str


class _Process(msgspec.Struct):
    env: tuple[str, ...]


class _Bundle(msgspec.Struct):
    annotations: dict[str, Annotated[str, msgspec.Meta(pattern=r"^[0-9]+\Z")]]
    process: _Process


class Crun:
    """Runs machines under `run_dir`: state in `crun/`, one bundle each in `machines/<instance id>/`."""

    def __init__(self, run_dir: Path, limits: Limits, cgroup_parent: str) -> None:
        self._run_dir = run_dir
        self._under_way = run_dir / "crun.lock"  # locked, shared, by every crun that changes something
        self._limits = limits
        self._cgroup_parent = cgroup_parent
        self.authority = ""  # whom machines trust that are started, by a certificate in PEM
        manager = "cgroupfs" if limits.enforced else "disabled"
        self._command = ("crun", "--root", str(run_dir / "crun"), f"--cgroup-manager={manager}")

    def workers(self, name: str) -> ThreadPoolExecutor:
        """Threads that call the other methods."""
        return ThreadPoolExecutor(WORKERS, name, self._enter)

    def _enter(self) -> None:
        mounts.private_mount_namespace()
        if self._limits.layout is Layout.HYBRID:
            mounts.unmount(str(cgroups.UNIFIED_BESIDE_V1))
        prefix = f"{self._run_dir}/"
        for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
            source, target, kind = line.split()[:3]
            if kind in ("nsfs", "bpf") or source == consoles.SOURCE or target.startswith(prefix):
                _let_go(target)  # else what is mounted there would live as long as this thread
        mounts.protect(os.devnull)  # machines get it as a standard file, and their root is its owner

    def wait_for_the_last(self) -> None:
        """Until what an earlier process had under way when it was killed is done.  Raises CrunError and OSError."""
        deadline = time.monotonic() + _TIMEOUT_SECONDS
        with open_lock(self._under_way) as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise CrunError("a crun that an earlier node process started does not end") from None
                    time.sleep(0.01)
                else:
                    break
        states = self._run_dir / "crun"
        for entry in states.iterdir() if states.exists() else ():
            status = entry / "status"
            if os.path.lexists(status) and (status.is_symlink() or not status.is_file()):
                _forget(entry)  # crun would open it, and wait

    def forget_all_but(self, instance_ids: Iterable[str]) -> None:
        """Remove the bundles of other containers: their process was killed before crun, or after it."""
        bundles = self._run_dir / "machines"
        for name in {path.name for path in bundles.iterdir()} - set(instance_ids) if bundles.exists() else ():
            _forget(bundles / name)

    def run(self, spec: Workload, disk: Disk, network_namespace: Path, console: int) -> int:
        """Start a machine and return its process id.  Raises CrunError and OSError, leaving no container behind.

        It lives in the user namespace that its network namespace belongs to, and writes to `console`, a descriptor,
        which is closed here.
        """
        bundle = self._bundle(spec.id)
        pid_file, log = bundle / "pid", bundle / "log"
        arguments = ("--log", f"file:{log}", "run", "--detach", "--bundle", str(bundle), "--pid-file", str(pid_file))
        owner: int | None = None
        try:
            owner = mounts.user_namespace_of(network_namespace)
            with mounted(disk, bundle, owner) as tree:
                config = oci_config(
                    spec,
                    authority=self.authority,
                    tree=tree,
                    network_namespace=network_namespace,
                    user_namespace=None if owner is None else Path(f"/proc/{os.getpid()}/fd/{owner}"),
                    cgroup=f"{self._cgroup_parent}/{spec.id}" if self._limits.enforced else None,
                    covers_swap=self._limits.covers_swap,
                    devices=[each.name for each in _DEVICES.iterdir()],
                )
                (bundle / "config.json").write_bytes(msgspec.json.encode(config))
                log.unlink(missing_ok=True)
                done = self._run((*arguments, spec.id), console, console)
        except subprocess.TimeoutExpired as error:
            self.delete(spec.id)
            raise CrunError(f"crun run took longer than {_TIMEOUT_SECONDS} s") from error
        finally:
            os.close(console)
            if owner is not None:
                os.close(owner)
        if done.returncode != 0:
            reason = log.read_text(errors="replace").strip() if log.exists() else f"crun run gave {done.returncode}"
            self.delete(spec.id)
            raise CrunError(reason)
        return int(pid_file.read_text())

    def delete(self, instance_id: str) -> None:
        """Kill and forget a container; one that does not exist is fine.  Raises CrunError."""
        self._call("delete", "--force", instance_id)
        _forget(self._bundle(instance_id))

    def list(self) -> tuple[Container, ...]:
        """All containers.  Raises CrunError."""
        listed = msgspec.json.decode(self._call("list", "--format", "json") or b"null", type=list[_Listed] | None)
        return tuple(
            Container(entry.id, entry.pid, entry.status == "running", _boot_of(Path(entry.bundle)))
            for entry in listed or ()
        )

    def exec(
        self,
        instance_id: str,
        pid: int,
        argv: Sequence[str],
        *,
        user: str,
        cwd: str,
        env: Mapping[str, str],
        pid_file: Path,
        stdio: tuple[int, int, int] | None,
        console_socket: Path | None,
    ) -> subprocess.Popen[bytes]:
        """Start a command in a machine whose process 1 is `pid`; crun's exit code will be the command's.

        `user` is `uid:gid`.  With `console_socket` the command gets a terminal whose master is sent there, else
        `stdio`; for the host's /dev/null it gets one that it cannot change.  It has `env`, and what the machine tells
        AWS's clients.  Raises OSError.
        """
        bundle = _read(self._bundle(instance_id))
        known = bundle.process.env if bundle else ()
        told = [variable for variable in known if is_of_clients(variable.partition("=")[0])]
        options = [f"--user={user}", f"--cwd={cwd}", f"--pid-file={pid_file}"]
        options += [f"--env={variable}" for variable in (*told, *(f"{name}={value}" for name, value in env.items()))]
        if console_socket:
            options += ["--tty", f"--console-socket={console_socket}"]
        for fd in stdio or ():
            _lend(fd, pid, *map(int, user.split(":")))
        stdin, stdout, stderr = (
            subprocess.DEVNULL if stdio is None or _is_null(stdio[number]) else stdio[number] for number in range(3)
        )
        command = (
            *self._command,
            "exec",
            *options,
            instance_id,
            *_LOOKED_UP,
            *argv,
        )
        return subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr)

    def _call(self, *arguments: str) -> bytes:
        try:
            done = self._run(arguments, subprocess.PIPE, subprocess.PIPE)
        except subprocess.TimeoutExpired as error:
            raise CrunError(f"crun {arguments[0]} took longer than {_TIMEOUT_SECONDS} s") from error
        if done.returncode != 0:
            raise CrunError(done.stderr.decode(errors="replace").strip() or f"crun gave {done.returncode}")
        return done.stdout

    def _run(self, arguments: Sequence[str], stdout: int, stderr: int) -> subprocess.CompletedProcess[bytes]:
        """crun with the lock in its hands, which it keeps when this process is killed.  The machine does not get it."""
        with open_lock(self._under_way) as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            return subprocess.run(
                (*self._command, *arguments),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                timeout=_TIMEOUT_SECONDS,
                pass_fds=(lock.fileno(),),
            )

    def _bundle(self, instance_id: str) -> Path:
        return self._run_dir / "machines" / instance_id


def _forget(path: Path) -> None:
    """As far as it can be removed, whatever it is: opening a pipe would wait for somebody."""
    with contextlib.suppress(OSError):
        remove_tree(path)


def _let_go(target: str) -> None:
    """Unmount what others may just have unmounted: the host's mounts are followed (MS_SLAVE)."""
    try:
        mounts.unmount(target)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOENT):
            raise


def _lend(fd: int, pid: int, uid: int, gid: int) -> None:
    """Let this user of a machine open a pipe that it is given once more, as `echo >/dev/stderr` does."""
    if str(Path(f"/proc/self/fd/{fd}").readlink()).startswith("pipe:["):  # not one that has a name on the host
        first = int(Path(f"/proc/{pid}/uid_map").read_text().split()[1])  # and of the groups: see IdRange
        os.fchown(fd, first + uid, first + gid)


def _is_null(fd: int) -> bool:
    status = os.fstat(fd)
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == Path(os.devnull).stat().st_rdev


def _boot_of(bundle: Path) -> int:
    read = _read(bundle)
    return int(read.annotations.get(BOOT_ANNOTATION, "0")) if read else 0


def _read(bundle: Path) -> _Bundle | None:
    try:
        return msgspec.json.decode((bundle / "config.json").read_bytes(), type=_Bundle)
    except (OSError, msgspec.DecodeError):
        return None
