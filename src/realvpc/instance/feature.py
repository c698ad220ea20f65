"""What a host lacks, told from what it cannot do just now.

A feature is probed once, and what comes out of it holds for the node's whole life: a full disk or too many open files
at that moment must not be taken for a kernel that lacks something.
"""

from __future__ import annotations

import errno

_LACKING = frozenset(
    {
        errno.EACCES,
        errno.EINVAL,
        errno.ENODEV,
        errno.ENOSYS,
        errno.ENOTTY,
        errno.ENXIO,
        errno.EOPNOTSUPP,
        errno.EOVERFLOW,  # ids that a file system cannot map
        errno.EPERM,
    }
)


class ProbeError(Exception):
    """It could not be found out whether the host has a feature; the text says which, and why."""


def obstacle(feature: str, error: OSError, *others: int) -> str:
    """The sentence of an error that says that the kernel or a file system lacks the feature.

    `others` are errors that say so too where they arose.  Raises ProbeError for every other one.
    """
    if error.errno not in _LACKING and error.errno not in others:
        raise ProbeError(f"it cannot be found out whether this host has {feature}: {error}") from error
    return f"{error.strerror}: {error.filename}" if error.filename else str(error)
