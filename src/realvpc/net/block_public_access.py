"""VPC Block Public Access: what an account keeps from the internet in a Region, whatever its routes say, and what is
excluded from that (VPC guide, "Block public access to VPCs and subnets")."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Self

from .resource import Resource


class BlockMode(StrEnum):
    """BLOCK_INGRESS leaves the gateways over which only the VPC begins anything: NAT gateways, and egress-only ones."""

    OFF = "off"
    BLOCK_BIDIRECTIONAL = "block-bidirectional"
    BLOCK_INGRESS = "block-ingress"


class ExclusionMode(StrEnum):
    ALLOW_BIDIRECTIONAL = "allow-bidirectional"
    ALLOW_EGRESS = "allow-egress"

    @property
    def leaves(self) -> BlockMode:
        """What still holds for what is excluded so."""
        return BlockMode.OFF if self is ExclusionMode.ALLOW_BIDIRECTIONAL else BlockMode.BLOCK_INGRESS


class BlockPublicAccess(Resource, frozen=True, kw_only=True):
    """What an account has set in a Region; ``id`` is ``options_id``."""

    mode: BlockMode
    updated_at: datetime

    @classmethod
    def of(cls, account: str, region: str, mode: BlockMode, now: datetime) -> Self:
        return cls(id=options_id(account, region), account=account, region=region, mode=mode, updated_at=now)


class BlockPublicAccessExclusion(Resource, frozen=True, kw_only=True):
    """``vpcbpa-exclude-…``, of a subnet or of a whole VPC: ``excluded_id`` is its id."""

    excluded_id: str
    mode: ExclusionMode
    created_at: datetime
    updated_at: datetime | None = None


EXCLUSIONS_MAXIMUM = 50  # of an account in a Region


def options_id(account: str, region: str) -> str:
    return f"{account} {region}"
