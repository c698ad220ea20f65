"""What a host has to remove of an instance that has ended."""

from __future__ import annotations

from .resource import Resource


class Remains(Resource, frozen=True, kw_only=True):
    """``id`` is the instance's.  It lasts until the host has said that nothing is left: so a disk is deleted because
    somebody has asked for it, and never because it is not known any more."""
