"""ClassicLink, which AWS has retired: no VPC has it (EC2 API Reference)."""

from __future__ import annotations

from msgspec.structs import replace

from ..core.describe import describing
from ..core.noun import of_row
from ..core.tags import render_tags
from .vpc import VPC

describe_vpc_classic_link = describing(
    replace(
        VPC,
        render=of_row(
            lambda vpc: {"VpcId": vpc.id, "ClassicLinkEnabled": False, "Tags": render_tags(vpc.tags)},
        ),
        filters={"is-classic-link-enabled": "ClassicLinkEnabled"},
    )
)
describe_vpc_classic_link_dns_support = describing(
    replace(VPC, render=of_row(lambda vpc: {"VpcId": vpc.id, "ClassicLinkDnsSupported": False}), filters={})
)
