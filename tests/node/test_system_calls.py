"""What the filter of system calls refuses is refused in every spelling that the kernel takes for it.

Of an `int` the kernel takes 32 bits, whatever the other half of the register says.
"""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.instance.specs import machine
from tests.node.conftest import NodeProcess, running_node

pytestmark = pytest.mark.root

_X86 = {"socket": 41, "socketpair": 53, "clone": 56, "ioctl": 16, "io_setup": 206, "add_key": 248, "request_key": 249}
_X86 |= {"keyctl": 250, "userfaultfd": 323, "unshare": 272}
_ARM = {"socket": 198, "socketpair": 199, "clone": 220, "ioctl": 29, "io_setup": 0, "add_key": 217, "request_key": 218}
_ARM |= {"keyctl": 219, "userfaultfd": 282, "unshare": 97}
_EVERYWHERE = {"io_uring_setup": 425, "clone3": 435, "quotactl_fd": 443}

PRELUDE = f"""
NUMBERS = {(_X86 if platform.machine() == "x86_64" else _ARM) | _EVERYWHERE}
import ctypes, errno, fcntl, os, termios
libc = ctypes.CDLL(None, use_errno=True)
HIGH = 1 << 32

def syscall(name, *arguments):
    words = [ctypes.c_long(each) if isinstance(each, int) else each for each in (NUMBERS[name], *arguments)]
    result = libc.syscall(*words)
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result

def terminal():
    master, slave = os.openpty()
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    return slave
"""

# name -> what is tried, and how it is refused
ATTEMPTS = {
    "a socket of the hypervisor's": ("syscall('socket', 40, 1, 0)", "EAFNOSUPPORT"),
    "the same, with more bits": ("syscall('socket', 40 | HIGH, 1, 0)", "EAFNOSUPPORT"),
    "input of a terminal": ("syscall('ioctl', terminal(), 0x5412, b'x')", "EPERM"),
    "the same with more bits": ("syscall('ioctl', terminal(), 0x5412 | HIGH, b'x')", "EPERM"),
    "what a console has marked": ("syscall('ioctl', terminal(), 0x541C | HIGH, b'x')", "EPERM"),
    "a user namespace with more bits": ("syscall('clone', 0x10000000 | 17 | HIGH, 0, 0, 0, 0) or os._exit(0)", "EPERM"),
    "two by another call": ("syscall('unshare', 0x10000000 | HIGH)", "EPERM"),
    "a process by a structure": ("syscall('clone3', ctypes.create_string_buffer(64), 64) or os._exit(0)", "ENOSYS"),
    "requests in a ring": ("syscall('io_uring_setup', 1, ctypes.create_string_buffer(120))", "ENOSYS"),
    "requests of the whole host's": ("syscall('io_setup', 1, ctypes.byref(ctypes.c_ulong()))", "ENOSYS"),
    "a key": ("syscall('add_key', b'user', b'try', b'x', 1, -2)", "EPERM"),
    "a key of others": ("syscall('request_key', b'user', b'try', None, -2)", "EPERM"),
    "keys": ("syscall('keyctl', 0, -2, 1)", "EPERM"),
    "faults of pages": ("syscall('userfaultfd', 0)", "EPERM"),
    "quotas": ("syscall('quotactl_fd', 0, 0x80000100, 0, 0)", "EPERM"),
}


# getpid(2) by the numbers of other architectures that the processor knows
FOREIGN = (
    {"i386": "b8 14 00 00 00 cd 80 c3", "x32": "b8 27 00 00 40 0f 05 c3"} if platform.machine() == "x86_64" else {}
)


def script(tried: str) -> str:
    return f"""{PRELUDE}
try:
    {tried}
except OSError as error:
    print(errno.errorcode[error.errno])
else:
    print("done")
"""


@pytest.fixture(scope="module")
def node() -> Iterator[NodeProcess]:
    with running_node() as running:
        running.want(machine())
        yield running


@pytest.mark.parametrize("name", ATTEMPTS)
def test_root_of_a_machine_is_refused_what_root_of_the_host_is_not(node: NodeProcess, name: str) -> None:
    tried, refusal = ATTEMPTS[name]
    apart = ["unshare", "--ipc", "--pid", "--fork", sys.executable, "-c", script(tried)]
    assert subprocess.run(apart, capture_output=True, text=True).stdout.strip() != refusal, "not an attempt"
    assert node.run(machine(), "/usr/bin/python3", "-c", script(tried))[1].strip() == refusal


@pytest.mark.parametrize("code", FOREIGN.values(), ids=FOREIGN)
def test_numbers_of_other_architectures_end_the_process(node: NodeProcess, code: str) -> None:
    """The filter would not know its calls by them."""
    run = f"""
import ctypes, mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex("{code}"))
print(ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))())
"""
    assert node.run(machine(), "/usr/bin/python3", "-c", run) == (128 + 31, ""), "SIGSYS"
