"""What the kernel has only so much of for all: taken by a machine as far as it goes, and needed by others a little.

Each is lines of Python: `take` takes one more and keeps it, or raises OSError; `use` takes a few, which is what the
host and every other machine must go on being able to do.
"""

from __future__ import annotations

import platform

from msgspec import Struct

_NUMBERS = {"x86_64": {"io_setup": 206, "inotify_init1": 294}, "aarch64": {"io_setup": 0, "inotify_init1": 26}}

PRELUDE = f"""
NUMBERS = {_NUMBERS[platform.machine()]}
import ctypes, errno, fcntl, os, pty, select, signal, socket, struct, sys, tempfile, time
libc = ctypes.CDLL(None, use_errno=True)
kept = []

def syscall(name, *arguments):
    result = libc.syscall(NUMBERS[name], *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result

def call(name, *arguments):
    result = getattr(libc, name)(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result
"""


class Pool(Struct, frozen=True):
    """`most` is how many a machine gets; `least` shows that it gets some at all, where it should."""

    take: str
    use: str
    most: int
    least: int = 1
    for_machines: bool = True


POOLS = {
    "pseudo-terminals": Pool("kept.append(os.openpty())", "[os.openpty() for _ in range(4)]", most=64, least=32),
    "inotify instances": Pool(
        "kept.append(syscall('inotify_init1', 0))",
        "[syscall('inotify_init1', 0) for _ in range(4)]",
        most=1 << 20,
        least=16,
    ),
    "asynchronous requests": Pool(
        "syscall('io_setup', 1024, ctypes.byref(ctypes.c_ulong()))",
        "syscall('io_setup', 4, ctypes.byref(ctypes.c_ulong()))",
        most=0,  # there is no part of it for each
        least=0,
        for_machines=False,
    ),
    "message queues": Pool(
        "kept.append(call('mq_open', b'/%d' % len(kept), os.O_CREAT | os.O_RDWR, 0o600, None))",
        "[call('mq_open', b'/use%d' % each, os.O_CREAT | os.O_RDWR, 0o600, None) for each in range(2)]",
        most=256,
    ),
    "queued signals": Pool(
        "call('sigqueue', os.getpid(), 40, None)",
        "[call('sigqueue', os.getpid(), 40, None) for each in range(4)]",
        most=1 << 20,
    ),
    "pages of pipes": Pool(
        "kept.append(os.pipe()); fcntl.fcntl(kept[-1][0], 1031, 1 << 20)",
        "fcntl.fcntl(os.pipe()[0], 1031, 1 << 17)",
        most=1 << 20,
    ),
    "watches of epoll": Pool(
        "kept.append(select.epoll()); kept[-1].register(kept[0], 0) if len(kept) > 1 else None",
        "select.epoll().register(os.pipe()[0], select.EPOLLIN)",
        most=1 << 20,
    ),
    "descriptors under way": Pool(
        "kept.append(socket.socketpair()); socket.send_fds(kept[-1][0], [b'x'], [0] * 200)",
        "pair = socket.socketpair(); socket.send_fds(pair[0], [b'x'], [0] * 20)",
        most=1 << 20,
    ),
    "shared memory": Pool(
        "kept.append(call('shmget', 0, 1 << 12, 0o1600))",
        "call('shmget', 0, 1 << 12, 0o1600)",
        most=1 << 20,
    ),
    "semaphores": Pool(
        "kept.append(call('semget', 0, 100, 0o1600))",
        "call('semget', 0, 100, 0o1600)",
        most=1 << 20,
    ),
}


def greedy(pool: Pool) -> str:
    """A program that takes until nothing is left, prints how many it got, and keeps them until its input ends."""
    return f"""{PRELUDE}
import resource
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
signal.pthread_sigmask(signal.SIG_BLOCK, {{40}})
count = 0
try:
    while count < 5000:
        {pool.take.replace("; ", chr(10) + "        ")}
        count += 1
except OSError as error:
    why = errno.errorcode[error.errno]
else:
    why = "enough"
print(count, why, flush=True)
sys.stdin.read()
"""


def modest(pool: Pool) -> str:
    """A program that takes a few and prints `fine`, or why not."""
    return f"""{PRELUDE}
signal.pthread_sigmask(signal.SIG_BLOCK, {{40}})
try:
    {pool.use}
except OSError as error:
    print(errno.errorcode[error.errno])
else:
    print("fine")
"""
