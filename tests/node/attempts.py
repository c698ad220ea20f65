"""What root in a machine may try, as lines of Python that do it or raise OSError.

Each is harmless where it works (the clock is set as it is).  On the host it is done in new namespaces, to show that it
would work for real root.
"""

from __future__ import annotations

import os
import platform

_NUMBERS = {
    "x86_64": {"clone": 56, "bpf": 321, "perf_event_open": 298, "keyctl": 250, "syslog": 103, "userfaultfd": 323}
    | {"name_to_handle_at": 303},
    "aarch64": {"clone": 220, "bpf": 280, "perf_event_open": 241, "keyctl": 219, "syslog": 116, "userfaultfd": 282}
    | {"name_to_handle_at": 264},
}
_EVERYWHERE = {"open_tree": 428, "fsopen": 430}

PRELUDE = f"""
NUMBERS = {_NUMBERS[platform.machine()] | _EVERYWHERE}
import ctypes, errno, fcntl, os, socket, stat, struct, tempfile
libc = ctypes.CDLL(None, use_errno=True)

def call(function, *arguments):
    result = getattr(libc, function)(*(ctypes.c_long(each) if isinstance(each, int) else each for each in arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), function)
    return result

def syscall(name, *arguments):
    return call("syscall", NUMBERS[name], *arguments)

def write(path):
    os.close(os.open(path, os.O_WRONLY))  # no byte of it: being allowed to is enough

def make_device(kind, number):
    with tempfile.TemporaryDirectory() as directory:
        os.mknod(directory + "/device", kind | 0o600, number)
"""

_HOST_DISK = os.stat("/").st_dev  # noqa: PTH116

MOUNTS = {
    "a file system of memory": 'call("mount", b"x", b"/mnt", b"tmpfs", 0, None)',
    "the processes of all": 'call("mount", b"proc", b"/mnt", b"proc", 0, None)',
    "control groups": 'call("mount", b"x", b"/mnt", b"cgroup2", 0, None)',
    "another place of the host": 'call("mount", b"/etc", b"/mnt", None, 0x1000, None)',
    "writable what is not": 'call("mount", b"none", b"/", None, 0x1000 | 0x20, None)',
    "less than there is": 'call("umount2", b"/proc", 2)',
    "with the new calls": 'syscall("fsopen", b"tmpfs", 0)',
    "a copy of a tree": 'syscall("open_tree", -100, b"/", 1)',
}
FILES = {
    name: f'write("{name}")'
    for name in (
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/hostname",
        "/proc/sys/vm/drop_caches",
        "/proc/sys/net/core/somaxconn",
        "/proc/sys/net/ipv4/ipfrag_high_thresh",
        "/proc/sysrq-trigger",
        "/proc/irq/default_smp_affinity",
        "/sys/kernel/mm/transparent_hugepage/enabled",
        "/sys/kernel/profiling",
        "/usr/bin/env",
    )
}
NAMESPACES = {
    "a user namespace": 'call("unshare", 0x10000000)',
    "a mount namespace": 'call("unshare", 0x20000)',
    "a network namespace": 'call("unshare", 0x40000000)',
    "by clone": 'syscall("clone", 0x10000000 | 17, 0, 0, 0, 0) or os._exit(0)',
    "its own once more": 'call("setns", os.open("/proc/self/ns/net", os.O_RDONLY), 0)',
    "that of process 1": 'call("setns", os.open("/proc/1/ns/mnt", os.O_RDONLY), 0x20000)',
}
KERNEL = {
    "load BPF": 'syscall("bpf", 0, struct.pack("=IIII48x", 2, 4, 4, 1), 64)',
    "watch the kernel": 'syscall("perf_event_open", struct.pack("=II112x", 1, 120), 0, -1, -1, 0)',
    "see its keys": 'syscall("keyctl", 0, -3, 1)',
    "read its messages": 'syscall("syslog", 3, ctypes.create_string_buffer(8), 8)',
    "have pages handled": 'syscall("userfaultfd", 0)',
    "name files by number": """
handle = ctypes.create_string_buffer(struct.pack("=I", 128), 200)
syscall("name_to_handle_at", -100, b"/", handle, ctypes.byref(ctypes.c_int()), 0)""",
    "set the clock": 'call("clock_adjtime", 0, ctypes.create_string_buffer(struct.pack("=I", 0x2000), 512))',
    "make a device of the host's disk": f"make_device(stat.S_IFBLK, {_HOST_DISK})",
    "make a device of the memory": "make_device(stat.S_IFCHR, os.makedev(1, 1))",
}
OWN_NETWORK = {
    "/proc/sys/net/ipv4/ip_forward": 'write("/proc/sys/net/ipv4/ip_forward")',
    "/proc/sys/net/ipv4/conf/all/rp_filter": 'write("/proc/sys/net/ipv4/conf/all/rp_filter")',
    "take an address": """
request = struct.pack("=16sH2s4s8x", b"lo", 2, b"", socket.inet_aton("127.0.0.9"))
fcntl.ioctl(socket.socket(), 0x8916, request)""",
    "make a packet filter": """
netfilter = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
batch = struct.pack("=IHHIIBBH", 20, 16, 1, 1, 0, 0, 0, 10 << 8)  # NFNL_MSG_BATCH_BEGIN, for nf_tables
batch += struct.pack("=IHHIIBBHHH4s", 28, 10 << 8, 0x405, 2, 0, 1, 0, 0, 8, 1, b"try")  # NFT_MSG_NEWTABLE
netfilter.send(batch + struct.pack("=IHHIIBBH", 20, 17, 1, 3, 0, 0, 0, 10 << 8))
code = -struct.unpack("=i", netfilter.recv(4096)[16:20])[0]
if code:
    raise OSError(code, "nf_tables")""",
}
"""What root may do in a network namespace that is its user namespace's."""


def script(attempts: dict[str, str]) -> str:
    """A program that tries each, in a process of its own, and prints a line `name: done` or `name: ERROR`."""
    return f"""{PRELUDE}
for name, attempt in {attempts!r}.items():
    if os.fork() == 0:
        try:
            exec(attempt)
            outcome = "done"
        except OSError as error:
            outcome = errno.errorcode[error.errno]
        os.write(1, f"{{name}}: {{outcome}}\\n".encode())
        os._exit(0)
    os.wait()
"""
