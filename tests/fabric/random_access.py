"""VPC Block Public Access in random networks."""

from __future__ import annotations

from random import Random

from realvpc.net.block_public_access import (
    BlockMode,
    BlockPublicAccess,
    BlockPublicAccessExclusion,
    ExclusionMode,
)
from realvpc.net.subnet import Subnet
from realvpc.net.vpc import Vpc

from ..packets.hosts import NOW


class RandomAccess:
    """What keeps a network from the internet."""

    random: Random

    def block_options(self, account: str, region: str) -> BlockPublicAccess:
        return BlockPublicAccess.of(account, region, self.random.choice(list(BlockMode)), NOW)

    def exclusion(self, place: Vpc | Subnet) -> BlockPublicAccessExclusion:
        return BlockPublicAccessExclusion(
            id=f"vpcbpa-exclude-{place.id}",
            account=place.account,
            region=place.region,
            excluded_id=place.id,
            mode=self.random.choice(list(ExclusionMode)),
            created_at=NOW,
        )
