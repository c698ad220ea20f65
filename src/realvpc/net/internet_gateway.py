"""An internet gateway: 1:1 translation between private and public addresses of one VPC."""

from __future__ import annotations

from .resource import Resource


class InternetGateway(Resource, frozen=True, kw_only=True):
    vpc_id: str | None = None  # attached to this VPC
