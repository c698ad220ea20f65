"""What an account wants of instance metadata in a Region, unless a launch says otherwise."""

from __future__ import annotations

from .resource import Resource


class MetadataDefaults(Resource, frozen=True, kw_only=True):
    """None: no preference (EC2 guide, "Order of precedence for instance metadata options")."""

    http_tokens: str | None = None
    http_put_response_hop_limit: int | None = None
    http_endpoint: str | None = None
    instance_metadata_tags: str | None = None
