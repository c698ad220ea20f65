"""The node process: the root half of the service.  It owns the fabric and the machines and reads only typed messages.

It is reached through a Unix socket that root and the API's group may open.  Ending it, however it ends, leaves
packets and machines alone; the next one adopts them.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import resource
import signal
import stat
from pathlib import Path

from ..fabric.fabric import Fabric
from ..instance import cgroups
from ..lockfile import open_lock
from .doorway import Doorway
from .isolation import probe
from .server import Node

log = logging.getLogger(__name__)

SOCKET = "node.sock"
# Below the run directory, which the API process enters.  A root of machines is somebody else, and goes through one.
_DIRECTORIES = {"bpf": 0o700, "machines": 0o711, "crun": 0o700, "exec": 0o700, "ns": 0o700}


def run_node(state_dir: Path, run_dir: Path, api_uid: int, api_gid: int) -> None:
    """Serve until SIGTERM, SIGINT or a Shutdown message.

    `state_dir` holds the machines' disks and `run_dir` what lasts until the host restarts; both are made if need be
    and must be root's.  `run_dir.name` tells the services of a host apart.  Raises OSError when the directories do not
    do or another node process holds them, ProbeError, and what opening the fabric raises.
    """
    os.umask(0o022)  # the modes of the machines' directories
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)  # started in the background they are ignored, also by what we start
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # a descriptor per machine
    own_directory(state_dir, 0o700)
    own_directory(run_dir, 0o755)
    for name, mode in _DIRECTORIES.items():
        own_directory(run_dir / name, mode)
        (run_dir / name).chmod(mode)  # an earlier version let others look in
    with open_lock(run_dir / "node.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OSError(f"another node process serves {run_dir}") from error
        asyncio.run(_serve(state_dir, run_dir, api_uid, api_gid))


async def _serve(state_dir: Path, run_dir: Path, api_uid: int, api_gid: int) -> None:
    group = f"realvpc/{run_dir.name}"
    limits = cgroups.probe(group)
    if not limits.enforced:
        log.warning("machines are not limited reason=%s", limits.obstacle)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    isolation = probe(state_dir)
    if not isolation.has_user_namespaces:
        log.warning("machines have no user namespaces reason=%s", isolation.obstacle)
    fabric = Fabric(run_dir, user_namespaces=isolation.has_user_namespaces)
    node = Node(fabric, state_dir, run_dir, limits, isolation, group, api_uid)
    await node.open()
    log.info("node serves socket=%s limits=%s isolation=%s", run_dir / SOCKET, limits, isolation)
    await node.serve(Doorway(run_dir / SOCKET, api_gid), stop)


def own_directory(directory: Path, mode: int) -> None:
    """Make the directory, or check that nobody but root could put things there.  Raises OSError."""
    directory.mkdir(mode=mode, parents=True, exist_ok=True)
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != 0 or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(f"{directory} must be a directory of root's that nobody else may write")
