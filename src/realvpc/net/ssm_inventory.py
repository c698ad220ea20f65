"""What Systems Manager has been told of a machine: its inventory, a type at a time (Systems Manager guide,
"Inventory")."""

from __future__ import annotations

from .resource import Resource


class InventoryItem(Resource, frozen=True, kw_only=True):
    """``id`` is the instance's with a slash and the type.  ``entries`` is the JSON of a list of maps of texts,
    ``captured_at`` is as whoever told it says."""

    instance_id: str
    type: str  # AWS:Application, Custom:Rack
    schema_version: str
    captured_at: str
    content_hash: str = ""
    entries: str = "[]"
