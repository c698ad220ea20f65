"""An egress-only internet gateway: IPv6 out of one VPC to the internet, and in again only what answers (VPC guide,
"Egress-only internet gateways")."""

from __future__ import annotations

from .resource import Resource


class EgressOnlyInternetGateway(Resource, frozen=True, kw_only=True):
    """``eigw-…``: it belongs to its VPC from its creation to its end."""

    vpc_id: str
