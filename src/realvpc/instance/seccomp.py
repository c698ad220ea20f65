"""System calls that a machine may not make (seccomp(2), OCI runtime specification "Seccomp").

Denied here is what a user namespace and few capabilities do not already guard: calls that widen the way into the
kernel, look at the host, or make namespaces in which the lost capabilities would come back.  It is the same where the
host can give no user namespaces and a machine's root is its own.
"""

from __future__ import annotations

from typing import Any

_EPERM, _ENOSYS, _EAFNOSUPPORT = 1, 38, 97
_CLONE_NEWUSER = 0x10000000
_AF_VSOCK = 40  # reaches the hypervisor under the host

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
    "request_key",
    "setns",
    "swapoff",
    "swapon",
    "syslog",
    "umount2",
    "unshare",
    "userfaultfd",
)
_UNKNOWN = ("clone3", "io_uring_enter", "io_uring_register", "io_uring_setup")  # callers fall back on ENOSYS

PROFILE: dict[str, Any] = {
    "defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [
        {"names": list(_DENIED), "action": "SCMP_ACT_ERRNO", "errnoRet": _EPERM},
        {"names": list(_UNKNOWN), "action": "SCMP_ACT_ERRNO", "errnoRet": _ENOSYS},
        {
            "names": ["clone"],
            "action": "SCMP_ACT_ERRNO",
            "errnoRet": _EPERM,
            "args": [
                {"index": 0, "value": _CLONE_NEWUSER, "valueTwo": _CLONE_NEWUSER, "op": "SCMP_CMP_MASKED_EQ"},
            ],
        },
        {
            "names": ["socket"],
            "action": "SCMP_ACT_ERRNO",
            "errnoRet": _EAFNOSUPPORT,
            "args": [{"index": 0, "value": _AF_VSOCK, "op": "SCMP_CMP_EQ"}],
        },
    ],
}
