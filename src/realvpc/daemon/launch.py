"""Starting and stopping a service's two processes."""

from __future__ import annotations

import contextlib
import fcntl
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from realvpc import config
from realvpc.config import Fabric, Settings
from realvpc.lockfile import open_lock

from .client import NotAnsweringError, ask
from .ground import OWN, LaunchError, Say, check_owner, delete, listeners, prepare, tls_context
from .identity import identity
from .process import Process, recall, remember, spawn

if TYPE_CHECKING:
    from realvpc.node.connection import NodeConnection

NODE, API = "node", "api"
_START_SECONDS = 60.0
_PAUSE = 0.05
_SILENT_SECONDS = 10.0  # after which a process that is there counts as one that is not
_SILENT_PATIENCE = 3.0


def processes(settings: Settings) -> dict[str, Process | None]:
    """The service's processes by role; None for one that does not run and should."""
    return {role: recall(_pid_file(settings, role)) for role in _roles(settings)}


class Started(Struct, frozen=True):
    """The roles whose processes were started, and what is wrong although the service is up."""

    roles: list[str]
    faults: list[str]


def _nowhere(text: str) -> None:
    """Shows nothing."""


def start(settings: Settings, say: Say, *, foreground: bool = False, show: Say = _nowhere) -> Started:
    """Start what does not run yet, and wait until the service is ready.  Raises LaunchError.

    ``show`` is told again and again what is being waited for.
    """
    prepare(settings)
    tls_context(settings)  # what it lacks is said here, and not by a process that ends at once
    with _lock(settings):
        running = processes(settings)
        for role, process in running.items():
            if process and not _answers(settings, role, show):
                process.stop(patience=_SILENT_PATIENCE)
                say(f"{role.upper() if role == API else role} process (pid {process.pid}) is silent: it is replaced")
                running[role] = None
        missing = [role for role, process in running.items() if process is None]
        with contextlib.ExitStack() as stack:
            sockets = [stack.enter_context(each) for each in listeners(settings)] if API in missing else []
            if missing:
                _save(settings)
            for role in missing:
                descriptors = [each.fileno() for each in sockets] if role == API else []
                process = running[role] = _spawn(settings, role, descriptors, foreground=foreground)
                say(_started(settings, role, process))
        faults = _wait(settings, {role: process for role, process in running.items() if process}, show)
        if NODE in running:
            faults += [fault for fault in _audit(settings) if fault not in faults]
        return Started(missing, faults)


def stop(
    settings: Settings, say: Say, *, keep_instances: bool = False, purge: bool = False, show: Say = _nowhere
) -> bool:
    """Stop both processes; without ``keep_instances`` the machines and the fabric too.

    The state stays, but for ``purge``.  ``show`` is told again and again how far it is.  Returns whether anything ran.
    Raises LaunchError.
    """
    check_owner(settings)
    if not settings.run_dir.exists():  # the machine was restarted: nothing runs
        ran = False
    else:
        with _lock(settings):
            ran = _stop_api(settings, say)
            if settings.fabric is not Fabric.NONE:
                ran = _stop_node(settings, say, keep_instances=keep_instances, purge=purge, show=show) or ran
    if purge:
        delete(settings.run_dir)
        for name in OWN:
            delete(settings.state_dir / name)
        with contextlib.suppress(OSError):  # what else is in it is somebody's
            settings.state_dir.rmdir()
    return ran


def _stop_api(settings: Settings, say: Say) -> bool:
    process = recall(_pid_file(settings, API))
    if process:
        process.stop()
        say("API process stopped")
    for path in (_pid_file(settings, API), settings.admin_socket):
        path.unlink(missing_ok=True)
    return process is not None


def _stop_node(settings: Settings, say: Say, *, keep_instances: bool, purge: bool, show: Say) -> bool:
    """A node process that was killed is started once more: nobody else can take down what it had put up.

    Its socket's file says that there is something, and stays until nothing is.
    """
    process = recall(_pid_file(settings, NODE))
    if keep_instances:
        if process:
            process.stop()
            say("node process stopped; instances and packets go on")
        return process is not None
    if process is None and not settings.node_socket.exists():
        return False
    if process is None:
        process = _spawn(settings, NODE, [], foreground=False)
    _shut_down(settings, process, purge=purge, show=show)
    process.stop()
    say("instances and disks removed, fabric removed" if purge else "instances stopped, fabric removed")
    for path in (_pid_file(settings, NODE), settings.node_socket):
        path.unlink(missing_ok=True)
    return True


def _shut_down(settings: Settings, process: Process, *, purge: bool, show: Say) -> None:
    from realvpc.net.machine import Wanted
    from realvpc.node.answer import NodeError, NodeLostError
    from realvpc.node.connection import NodeConnection

    def connect() -> NodeConnection:
        """The socket may be missing, or be that of a process that was killed, until the node has opened."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                return NodeConnection(settings.node_socket)
            except NodeLostError:
                if not process.alive or time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE)

    try:
        with connect() as node, connect() as watched:
            Thread(target=_watch, args=(watched, show), daemon=True).start()
            node.shutdown(Wanted.TERMINATED if purge else Wanted.STOPPED)
    except NodeError as error:
        raise LaunchError(f"the node process could not clean up: {error}. See {settings.log(NODE)}") from error


def _watch(node: NodeConnection, show: Say) -> None:
    """Tell how many machines have stopped, until the node is gone."""
    from realvpc.node.answer import NodeError
    from realvpc.node.messages import MachineUp

    total = 0
    with contextlib.suppress(NodeError, OSError):
        while True:
            running = sum(isinstance(each, MachineUp) for each in node.status().machines)
            total = max(total, running)
            show(f"{total - running} of {total} instances stopped" if total else "removing the fabric")
            time.sleep(_PAUSE)


def _save(settings: Settings) -> None:
    try:
        config.save(settings)
    except OSError as error:
        raise LaunchError(f"cannot write in {settings.state_dir}: {error.strerror}") from error


def _started(settings: Settings, role: str, process: Process) -> str:
    if role == NODE:
        return f"node process (root, pid {process.pid}): namespaces, BPF, instances"
    who = f"uid {identity(settings.state_dir).uid}, which has no rights" if settings.confined else "you"
    return f"API process ({who}, pid {process.pid}): {settings.endpoint_url}"


def _roles(settings: Settings) -> tuple[str, ...]:
    return (API,) if settings.fabric is Fabric.NONE else (NODE, API)


def _pid_file(settings: Settings, role: str) -> Path:
    return settings.run_dir / f"{role}.pid"


def _spawn(settings: Settings, role: str, descriptors: list[int], *, foreground: bool) -> Process:
    """Raises LaunchError."""
    command = [sys.executable, "-I", "-m", "realvpc.daemon", role, str(settings.state_dir), *map(str, descriptors)]
    log = None if foreground else settings.log(role)
    try:
        process = spawn(command, log, descriptors)
    except OSError as error:
        raise LaunchError(f"cannot write {log or 'a log'}: {error.strerror or error}") from error
    remember(_pid_file(settings, role), process)
    return process


def _wait(settings: Settings, running: dict[str, Process], show: Say) -> list[str]:
    """Until the service is ready; returns what is wrong nevertheless.

    Raises LaunchError when a process ends or time runs out, ServiceError for what waiting does not mend.
    """
    deadline = time.monotonic() + _START_SECONDS
    while True:
        for role, process in running.items():
            if not process.alive:
                raise LaunchError(f"the {role} process has ended. Its last words:\n{_last_words(settings, role)}")
        health = _health(settings)
        if health["ready"]:
            return list(health["faults"])
        if time.monotonic() > deadline or health["stuck"]:
            raise LaunchError(f"{'; '.join(health['faults'])}. The logs are in {settings.log_dir}")
        starting = settings.fabric is not Fabric.NONE and not settings.node_socket.exists()
        show("the node process is starting" if starting else health["faults"][0].partition(" (")[0])
        time.sleep(_PAUSE)


def _audit(settings: Settings) -> list[str]:
    """What is wrong on the host after what could be was mended."""
    from realvpc.node.answer import NodeError
    from realvpc.node.connection import NodeConnection

    try:
        with NodeConnection(settings.node_socket) as node:
            return [f"{fault.subject}: {fault.reason}" for fault in node.audit().faults]
    except NodeError as error:
        return [f"the host could not be looked at: {error}"]


def _answers(settings: Settings, role: str, show: Say) -> bool:
    """Whether a process that runs also speaks; it may have been started a moment ago."""
    age = time.time() - _pid_file(settings, role).stat().st_mtime
    deadline = time.monotonic() + max(_SILENT_SECONDS, _START_SECONDS - age)
    while True:
        if _speaks(settings, role, timeout=max(deadline - time.monotonic(), _PAUSE)):
            return True
        if time.monotonic() >= deadline:
            return False
        show(f"the {role.upper() if role == API else role} process does not answer")
        time.sleep(_PAUSE)


def _speaks(settings: Settings, role: str, timeout: float) -> bool:
    if role == NODE:
        from realvpc.node.answer import NodeError
        from realvpc.node.connection import NodeConnection

        with contextlib.suppress(NodeError), NodeConnection(settings.node_socket, timeout=timeout):
            return True
        return False
    with contextlib.suppress(NotAnsweringError):
        ask(settings.admin_socket, "GET", "health", timeout=timeout)
        return True
    return False


def _health(settings: Settings) -> dict[str, Any]:
    try:
        health: dict[str, Any] = ask(settings.admin_socket, "GET", "health", timeout=5)
    except NotAnsweringError:
        return {"ready": False, "faults": ["the API process does not answer yet"], "stuck": False}
    return health


def _last_words(settings: Settings, role: str, lines: int = 12) -> str:
    try:
        text = settings.log(role).read_text(errors="replace")
    except OSError:
        return ""
    return "\n".join(f"  {line}" for line in text.splitlines()[-lines:])


@contextlib.contextmanager
def _lock(settings: Settings) -> Iterator[None]:
    """One command at a time starts or stops a service."""
    with open_lock(settings.run_dir / "lock") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
