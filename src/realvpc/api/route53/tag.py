"""Tags of hosted zones (Route 53 API Reference)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.hosted_zone import HostedZone
from realvpc.net.quotas import TAGS_PER_RESOURCE
from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from ..core.errors import AwsError
from ..core.tags import render_tags
from .common import invalid_input, own_zone


def change_tags_for_resource(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchHostedZone, NoSuchHealthCheck, AccessDenied, InvalidInput."""
    zone = _tagged(ctx, request["ResourceType"], request["ResourceId"])
    if not request.get("AddTags") and not request.get("RemoveTagKeys"):
        raise invalid_input("At least one of AddTags and RemoveTagKeys is needed.")
    removed = set(request.get("RemoveTagKeys") or ())
    tags = {key: value for key, value in zone.tags.items() if key not in removed}
    added = {tag.get("Key") or "": tag.get("Value") or "" for tag in request.get("AddTags") or ()}
    for key in added:
        if not key or key.lower().startswith("aws:"):
            raise invalid_input(f"'{key}' cannot be the key of a tag.")
        if key in removed:
            raise invalid_input(f"The tag '{key}' cannot be added and removed at the same time.")
    if len(tags | added) > TAGS_PER_RESOURCE:
        raise invalid_input(f"A resource can have {TAGS_PER_RESOURCE} tags.")
    return Answer({}, put(replace(zone, tags=tags | added)))


def list_tags_for_resource(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchHostedZone, NoSuchHealthCheck, AccessDenied."""
    return Answer({"ResourceTagSet": _tag_set(_tagged(ctx, request["ResourceType"], request["ResourceId"]))})


def list_tags_for_resources(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchHostedZone, NoSuchHealthCheck, AccessDenied."""
    rows = [_tagged(ctx, request["ResourceType"], resource_id) for resource_id in request["ResourceIds"]]
    return Answer({"ResourceTagSets": [_tag_set(row) for row in rows]})


def _tagged(ctx: Context, resource_type: str, resource_id: str) -> HostedZone:
    if resource_type != "hostedzone":
        raise AwsError("NoSuchHealthCheck", f"No health check exists with the ID: {resource_id}", 404)
    return own_zone(ctx, resource_id)


def _tag_set(zone: HostedZone) -> Response:
    return {"ResourceType": "hostedzone", "ResourceId": zone.id, "Tags": render_tags(zone.tags)}
