"""Identity providers, as records: nobody signs in with them here (IAM guide, "Identity providers and federation")."""

from __future__ import annotations

from datetime import datetime

from realvpc.net.resource import GlobalResource


class OpenIdConnectProvider(GlobalResource, frozen=True, kw_only=True):
    """``id`` is the ARN; ``url`` comes without its scheme."""

    url: str
    client_ids: tuple[str, ...]
    thumbprints: tuple[str, ...]
    created_at: datetime


class SamlProvider(GlobalResource, frozen=True, kw_only=True):
    """``id`` is the ARN; the metadata is the XML text that the caller sent."""

    name: str
    uuid: str
    metadata: str
    created_at: datetime
