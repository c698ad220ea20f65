"""What can go wrong between the fabric and the kernel."""

from __future__ import annotations


class FabricError(RuntimeError):
    """The data plane cannot be set up; the message says why and, where it can, what to do."""
