"""System calls that a machine may not make (seccomp(2), OCI runtime specification "Seccomp").

Denied here is what a user namespace and few capabilities do not already guard: calls that widen the way into the
kernel, look at the host, or make namespaces in which the lost capabilities would come back; and calls that use up what
the kernel has only so much of for all.  It is the same where the host can give no user namespaces and a machine's root
is its own.  Calls by another architecture's numbers (i386, x32) end their process: libseccomp does so.
"""

from __future__ import annotations

from typing import Any

_EPERM, _ENOSYS, _EAFNOSUPPORT = 1, 38, 97
_CLONE_NEWUSER = 0x10000000
_AF_VSOCK = 40  # reaches the hypervisor under the host
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C  # write the input of whoever reads a terminal
_INT = 0xFFFFFFFF  # the bits that the kernel takes of an argument that is an int: the rest may be anything

_DENIED = (
    "acct",
    "add_key",
    "bpf",
    "delete_module",
    "finit_module",
    "fsconfig",
    "fsmount",
    "fsopen",
    "fspick",
    "init_module",
    "kcmp",
    "kexec_file_load",
    "kexec_load",
    "keyctl",
    "mount",
    "mount_setattr",
    "move_mount",
    "name_to_handle_at",
    "nfsservctl",
    "open_by_handle_at",
    "open_tree",
    "perf_event_open",
    "pivot_root",
    "quotactl",
    "quotactl_fd",
    "request_key",
    "setns",
    "swapoff",
    "swapon",
    "syslog",
    "umount2",
    "unshare",
    "userfaultfd",
)
# Callers fall back on ENOSYS.  io_setup: there are fs.aio-max-nr requests for the whole host.
_UNKNOWN = ("clone3", "io_setup", "io_uring_enter", "io_uring_register", "io_uring_setup")


def _denied(names: tuple[str, ...], errno: int, *arguments: dict[str, Any]) -> dict[str, Any]:
    """Refuse the calls, when they have these arguments."""
    rule = {"names": list(names), "action": "SCMP_ACT_ERRNO", "errnoRet": errno}
    return rule | ({"args": list(arguments)} if arguments else {})


def _is(index: int, value: int, mask: int = _INT) -> dict[str, Any]:
    """Whether the bits of `mask` of an argument are those of `value`."""
    return {"index": index, "value": mask, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ"}


PROFILE: dict[str, Any] = {
    "defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [
        _denied(_DENIED, _EPERM),
        _denied(_UNKNOWN, _ENOSYS),
        _denied(("clone",), _EPERM, _is(0, _CLONE_NEWUSER, _CLONE_NEWUSER)),
        _denied(("socket", "socketpair"), _EAFNOSUPPORT, _is(0, _AF_VSOCK)),
        _denied(("ioctl",), _EPERM, _is(1, _TIOCSTI)),
        _denied(("ioctl",), _EPERM, _is(1, _TIOCLINUX)),
    ],
}
