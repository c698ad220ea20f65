"""Images of the operator's: announced before they are unpacked, finished or failed after it, removed."""

from __future__ import annotations

from itertools import product
from typing import Any

from ..api.core.call import Caller
from ..api.core.context import Context
from ..api.core.errors import AwsError
from ..api.ec2.image_intake import announced, contents_in_use, unpacked, withdrawn
from ..net.machine_image import MachineImage
from ..net.table import Change, delete
from .desk import Answer, Desk, Refusal


async def images(desk: Desk, request: dict[str, Any]) -> Answer:
    """The images of every account, but the built-in ones, and the contents that anything needs."""
    state = desk.service.state
    rows = sorted(state.inventory.machine_images.values(), key=lambda row: (row.name, row.account, row.region))
    return {"images": [_image(row) for row in rows], "contents": sorted(contents_in_use(state))}


async def announce_image(desk: Desk, request: dict[str, Any]) -> Answer:
    """An image ``name`` that is to be: one in each of ``regions`` for each of ``accounts`` (ids), of one content."""
    service, content, change = desk.service, "", Change()
    try:
        for account, region in product(request["accounts"], request["regions"]):
            ctx = service.context(Caller(account=account, region=region, arn="", user_id="", access_key_id=""))
            content = content or ctx.new_id("image")
            change += announced(ctx, str(request["name"]), str(request.get("description", "")), content)
    except KeyError as error:
        raise Refusal(f"{error} is missing") from None
    except AwsError as error:
        raise Refusal(error.message) from error
    service.report(lambda ctx: change, f"image {content} announced")
    rows = [row for row in service.state.inventory.machine_images.values() if row.content == content]
    return {"content": content, "images": [_image(row) for row in sorted(rows, key=lambda row: row.id)]}


async def finish_image(desk: Desk, request: dict[str, Any]) -> Answer:
    """The ``content`` is there, ``size`` bytes of it; without a size it has failed, and its images go."""
    content, size = str(request.get("content")), request.get("size")

    def fact(ctx: Context) -> Change:
        return (
            withdrawn(ctx.state.inventory, content)
            if size is None
            else unpacked(ctx.state.inventory, content, int(size))
        )

    desk.service.report(fact, f"image {content} {'failed' if size is None else 'unpacked'}")
    return {}


async def remove_image(desk: Desk, request: dict[str, Any]) -> Answer:
    """The images with this ``name``, or the one with this id, and their snapshots, as far as no other needs them.

    Accounts name images, too: of several contents with one name an id says which is meant.
    """
    name = request.get("name")
    inventory = desk.service.state.inventory
    doomed = [row for row in inventory.machine_images.values() if name in (row.name, row.id)]
    if not doomed:
        raise Refusal(f"there is no image {name}. `realvpc image list` names those that there are", 404)
    if len({row.content for row in doomed}) > 1:
        ids = ", ".join(sorted(row.id for row in doomed))
        raise Refusal(f"several images are called {name}: name one of {ids}", 409)
    kept = {row.snapshot_id for row in inventory.machine_images.values() if row not in doomed}
    snapshots = [inventory.disk_snapshots.get(row.snapshot_id) for row in doomed if row.snapshot_id not in kept]
    change = delete(*doomed, *(row for row in snapshots if row is not None))
    desk.service.report(lambda ctx: change, f"image {name} removed")
    return {"images": [_image(row) for row in sorted(doomed, key=lambda row: row.id)]}


def _image(row: MachineImage) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "account": row.account,
        "region": row.region,
        "state": row.state,
        "size_gib": row.minimum_size_gib,
        "created_at": row.created_at.isoformat(timespec="seconds"),
        "content": row.content,
    }
