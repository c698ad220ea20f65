"""Quotas as data: AWS's names, codes and defaults, and how they are raised here.

Sources: Service Quotas; VPC guide, "Amazon VPC quotas"; peering guide, "Quotas"; EC2 and Route 53 guides, "Quotas".
"""

from __future__ import annotations

import sys
from enum import StrEnum

from msgspec import Struct

from .resource import Resource

UNLIMITED = sys.maxsize
LARGEST = 1_000_000_000  # that an operator may give


class QuotaMode(StrEnum):
    """Where an account begins: at AWS's defaults, at values for a laboratory, or without quotas."""

    AWS = "aws"
    LAB = "lab"
    OFF = "off"


class Quota(Struct, frozen=True, kw_only=True):
    """``service`` and ``code`` are those of Service Quotas; ``code`` is empty for what that does not list.

    ``lab`` is the value of a laboratory, ``ceiling`` the most that AWS gives, where it says so.  Global services count
    per account, the others per account and Region.
    """

    service: str
    code: str
    name: str
    default: int
    lab: int
    ceiling: int | None = None

    @property
    def is_global(self) -> bool:
        return self.service in ("iam", "route53")

    @property
    def key(self) -> str:
        """What people call it: ``vpc/L-F678F1CE``, or with the name where there is no code."""
        return f"{self.service}/{self.code or self.name.lower().replace(' ', '-')}"

    def value(self, mode: QuotaMode) -> int:
        return {QuotaMode.AWS: self.default, QuotaMode.LAB: self.lab, QuotaMode.OFF: UNLIMITED}[mode]


class AppliedQuota(Resource, frozen=True, kw_only=True):
    """A value that the operator gave to an account (in a Region); ``id`` is ``applied_id``."""

    key: str
    value: int


def applied_id(account: str, region: str, quota: Quota) -> str:
    return f"{account}/{'' if quota.is_global else region}/{quota.key}"


VPCS_PER_REGION = Quota(service="vpc", code="L-F678F1CE", name="VPCs per Region", default=5, lab=1000)
SUBNETS_PER_VPC = Quota(service="vpc", code="L-407747CB", name="Subnets per VPC", default=200, lab=200)
CIDRS_PER_VPC = Quota(service="vpc", code="L-83CA0A9D", name="IPv4 CIDR blocks per VPC", default=5, lab=5, ceiling=50)
INTERNET_GATEWAYS_PER_REGION = Quota(
    service="vpc", code="L-A4707A72", name="Internet gateways per Region", default=5, lab=1000
)
ROUTE_TABLES_PER_VPC = Quota(service="vpc", code="L-589F43AA", name="Route tables per VPC", default=200, lab=200)
ROUTES_PER_TABLE = Quota(
    service="vpc", code="L-93826ACB", name="Routes per route table", default=500, lab=1000, ceiling=1000
)  # per address family
SECURITY_GROUPS_PER_REGION = Quota(
    service="vpc", code="L-E79EC296", name="VPC security groups per Region", default=2500, lab=10_000
)
RULES_PER_SECURITY_GROUP = Quota(
    service="vpc", code="L-0EA8095F", name="Inbound or outbound rules per security group", default=60, lab=60
)  # per direction and address family; times the next one it stays below 1,000
SECURITY_GROUPS_PER_INTERFACE = Quota(
    service="vpc", code="L-2AFB9258", name="Security groups per network interface", default=5, lab=5, ceiling=16
)
PEERINGS_PER_VPC = Quota(
    service="vpc", code="L-7E9ECCDB", name="Active VPC peering connections per VPC", default=50, lab=125, ceiling=125
)
OUTSTANDING_PEERING_REQUESTS = Quota(
    service="vpc", code="L-DC9F7029", name="Outstanding VPC peering connection requests", default=25, lab=25
)
INSTANCE_VCPUS_PER_REGION = Quota(
    service="ec2",
    code="L-1216C47A",
    name="Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
    default=5,  # vCPUs
    lab=100_000,
)
HOSTED_ZONES_PER_ACCOUNT = Quota(service="route53", code="L-4EA4796A", name="Hosted zones", default=500, lab=500)
RECORD_SETS_PER_ZONE = Quota(
    service="route53", code="L-E209CC9F", name="Records per hosted zone", default=10_000, lab=10_000
)
VPCS_PER_HOSTED_ZONE = Quota(service="route53", code="", name="VPCs per private hosted zone", default=300, lab=300)
VPC_AUTHORIZATIONS_PER_HOSTED_ZONE = Quota(
    service="route53", code="", name="VPC authorizations per hosted zone", default=1000, lab=1000
)

QUOTAS: dict[str, Quota] = {
    quota.key: quota
    for quota in (
        VPCS_PER_REGION,
        SUBNETS_PER_VPC,
        CIDRS_PER_VPC,
        INTERNET_GATEWAYS_PER_REGION,
        ROUTE_TABLES_PER_VPC,
        ROUTES_PER_TABLE,
        SECURITY_GROUPS_PER_REGION,
        RULES_PER_SECURITY_GROUP,
        SECURITY_GROUPS_PER_INTERFACE,
        PEERINGS_PER_VPC,
        OUTSTANDING_PEERING_REQUESTS,
        INSTANCE_VCPUS_PER_REGION,
        HOSTED_ZONES_PER_ACCOUNT,
        RECORD_SETS_PER_ZONE,
        VPCS_PER_HOSTED_ZONE,
        VPC_AUTHORIZATIONS_PER_HOSTED_ZONE,
    )
}
"""By key.  Limits that nobody can raise (tags per resource) are constants where they are checked."""

TAGS_PER_RESOURCE = 50
