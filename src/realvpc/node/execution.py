"""Commands in machines: a connection is a command's for as long as it runs, and when the client goes, so does it."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Sequence

from ..instance.machines import Machines
from ..instance.workers import MachineError
from . import messages as m
from .channel import AsyncChannel, Frame

# As Session Manager's agent opens it: bash by the name of sh, which is what the prompt `sh-5.2$` comes from, where
# the agent's own files are.  An image may have no bash.
_SHELL = ("/bin/sh", "-c", "[ ! -x /bin/bash ] || exec /bin/bash -c 'exec -a sh /bin/bash -i'; exec /bin/sh -i")
_SHELL_USER, _SHELL_DIRECTORY, _SHELL_TERM = "ssm-user", "/usr/bin", "xterm-256color"


def command_of(request: m.Exec | m.OpenShell | m.OpenCommand, fds: Sequence[int]) -> m.Exec | m.Refused:
    """What is run for a request that came with these descriptors."""
    if isinstance(request, m.OpenCommand):
        if not all(map(_is_pipe, fds)):  # a directory of the host's would lead a machine's root out
            return m.Refused("a command takes pipes only")
        request = m.Exec(instance_id=request.instance_id, argv=("/bin/sh", "-c", request.command), user=request.user)
    elif isinstance(request, m.OpenShell):
        request = m.Exec(
            instance_id=request.instance_id,
            argv=_SHELL if request.command is None else ("/bin/sh", "-c", request.command),
            user=_SHELL_USER,
            cwd=_SHELL_DIRECTORY,
            env={"TERM": _SHELL_TERM},
            tty=True,
        )
    if len(fds) != (0 if request.tty else 3):
        return m.Refused("a command needs either a terminal or its three standard files")
    return request


async def execute(machines: Machines, channel: AsyncChannel, request: m.Exec, frame: Frame) -> None:
    """Run a command until it ends or the client goes.  Raises OSError and FrameError when the connection breaks."""
    try:
        execution = await machines.exec(
            request.instance_id,
            request.argv,
            user=request.user,
            cwd=request.cwd,
            env=request.env,
            stdio=None if request.tty else (frame.fds[0], frame.fds[1], frame.fds[2]),
        )
    except MachineError as error:
        await channel.send(m.encode(m.Refused(str(error))))
        return
    frame.close_fds()  # so that the command alone holds them
    finishing = asyncio.create_task(machines.finish(execution))
    leaving = asyncio.create_task(channel.receive())
    try:
        terminal = () if execution.terminal is None else (execution.terminal,)
        try:
            await channel.send(m.encode(m.Started()), terminal)
        finally:
            for fd in terminal:
                os.close(fd)
        await asyncio.wait((finishing, leaving), return_when=asyncio.FIRST_COMPLETED)
        if finishing.done():
            await channel.send(m.encode(m.Exited(finishing.result())))
    finally:
        for task in (finishing, leaving):
            task.cancel()
        await asyncio.gather(finishing, leaving, return_exceptions=True)


def _is_pipe(fd: int) -> bool:
    return stat.S_ISFIFO(os.fstat(fd).st_mode)
