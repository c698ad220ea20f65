"""Images that the operator brings: announced, unpacked by root on the host meanwhile, then available.

A *content* is a directory among the host's images; several images may be of the same one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from realvpc.net.instance import InstanceState
from realvpc.net.inventory import Inventory
from realvpc.net.machine_image import ImageState
from realvpc.net.table import Change, delete, put
from realvpc.store.state import State

from ..core.context import Context
from .image_registration import checked_name, make_image, make_snapshot

_GIB = 1 << 30


def announced(ctx: Context, name: str, description: str, content: str) -> Change:
    """An image of the caller's whose content is still being unpacked.  Raises what ``checked_name`` raises."""
    snapshot = replace(make_snapshot(ctx, content, 1), description=name, state=ImageState.PENDING)
    return put(snapshot, replace(make_image(ctx, checked_name(ctx, name), snapshot), description=description))


def unpacked(inventory: Inventory, content: str, size: int) -> Change:
    """The images of this content are available; it takes up ``size`` bytes."""
    ready: dict[str, Any] = {"state": ImageState.AVAILABLE}
    gib = max(1, -(-size // _GIB))
    snapshots = [
        replace(row, size_gib=gib, **ready) for row in inventory.disk_snapshots.values() if row.content == content
    ]
    images = [
        replace(row, minimum_size_gib=gib, **ready)
        for row in inventory.machine_images.values()
        if row.content == content
    ]
    return put(*snapshots, *images)


def withdrawn(inventory: Inventory, content: str) -> Change:
    """No image of this content is left, and no snapshot."""
    images = [row for row in inventory.machine_images.values() if row.content == content]
    return delete(*images, *(row for row in inventory.disk_snapshots.values() if row.content == content))


def contents_in_use(state: State) -> frozenset[str]:
    """The contents that an image, a snapshot or an instance needs."""
    named: Iterable[str | None] = (
        *(row.content for row in state.inventory.machine_images.values()),
        *(row.content for row in state.inventory.disk_snapshots.values()),
        *(row.image_content for row in state.network.instances.values() if row.state is not InstanceState.TERMINATED),
    )
    return frozenset(content for content in named if content)
