"""Quotas as data: AWS's names, codes and defaults, and how they are raised here.

Sources: Service Quotas; VPC guide, "Amazon VPC quotas"; peering guide, "Quotas"; EC2, IAM and Route 53 guides,
"Quotas".
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from msgspec import Struct

from .resource import Resource
from .table import Table

UNLIMITED = sys.maxsize
LARGEST = 1_000_000_000  # that an operator may give
RULES_PER_INTERFACE = 1000  # of all its security groups, the most that AWS gives


class QuotaMode(StrEnum):
    """Where an account begins: at AWS's defaults, at values for a laboratory, or without quotas."""

    AWS = "aws"
    LAB = "lab"
    OFF = "off"


class Quota(Struct, frozen=True, kw_only=True):
    """``service`` and ``code`` are those of Service Quotas; ``code`` is empty for what that does not list.

    ``lab`` is the value of a laboratory, ``ceiling`` the most that AWS gives, where it says so.  What ``follows``
    another quota has its value where an account was given that one alone ("Amazon VPC quotas": internet gateways).
    Global services count per account, the others per account and Region.
    """

    service: str
    code: str
    name: str
    default: int
    lab: int
    ceiling: int | None = None
    follows: Quota | None = None

    @property
    def is_global(self) -> bool:
        return self.service in ("iam", "route53")

    @property
    def is_adjustable(self) -> bool:
        return self.ceiling is None or self.ceiling > self.default

    @property
    def most_on_request(self) -> int:
        """What Service Quotas gives without asking the operator."""
        return max(self.default, self.lab) if self.ceiling is None else self.ceiling

    @property
    def key(self) -> str:
        """What people call it: ``vpc/L-F678F1CE``, or with the name where there is no code."""
        return f"{self.service}/{self.code or self.name.lower().replace(' ', '-')}"

    def value(self, mode: QuotaMode) -> int:
        return {QuotaMode.AWS: self.default, QuotaMode.LAB: self.lab, QuotaMode.OFF: UNLIMITED}[mode]


class AppliedQuota(Resource, frozen=True, kw_only=True):
    """A value that an account (in a Region) was given; ``id`` is ``applied_id``."""

    key: str
    value: int

    @classmethod
    def of(cls, account: str, region: str, quota: Quota, value: int) -> Self:
        return cls(
            id=applied_id(account, region, quota),
            account=account,
            region="" if quota.is_global else region,
            key=quota.key,
            value=value,
        )


class QuotaRequest(Resource, frozen=True, kw_only=True):
    """What an account asked Service Quotas for; ``wanted`` is the value that it wants to have.

    The history is of the last 90 days (Service Quotas API Reference, ListRequestedServiceQuotaChangeHistory).
    """

    key: str
    wanted: float
    requester_arn: str
    asked_at: datetime
    is_given: bool

    def is_forgotten_at(self, now: datetime) -> bool:
        return now >= self.asked_at + _REQUESTS_SHOWN_FOR

    def visible_to(self, account: str, region: str, now: datetime) -> bool:
        return not self.is_forgotten_at(now) and super().visible_to(account, region, now)


def applied_id(account: str, region: str, quota: Quota) -> str:
    return f"{account}/{'' if quota.is_global else region}/{quota.key}"


def in_force(given: Table[AppliedQuota], account: str, region: str, quota: Quota, mode: QuotaMode) -> int:
    """What counts for the account in the Region."""
    ids = (applied_id(account, region, each) for each in (quota, quota.follows) if each)
    return next((row.value for row in map(given.get, ids) if row), quota.value(mode))


VPCS_PER_REGION = Quota(service="vpc", code="L-F678F1CE", name="VPCs per Region", default=5, lab=1000)
SUBNETS_PER_VPC = Quota(service="vpc", code="L-407747CB", name="Subnets per VPC", default=200, lab=200)
CIDRS_PER_VPC = Quota(service="vpc", code="L-83CA0A9D", name="IPv4 CIDR blocks per VPC", default=5, lab=5, ceiling=50)
IPV6_CIDRS_PER_VPC = Quota(
    service="vpc", code="L-085A6257", name="IPv6 CIDR blocks per VPC", default=5, lab=5, ceiling=50
)
INTERNET_GATEWAYS_PER_REGION = Quota(
    service="vpc",
    code="L-A4707A72",
    name="Internet gateways per Region",
    default=5,
    lab=1000,
    follows=VPCS_PER_REGION,
)
EGRESS_ONLY_INTERNET_GATEWAYS_PER_REGION = Quota(
    service="vpc",
    code="L-45FE3B85",
    name="Egress-only internet gateways per Region",
    default=5,
    lab=1000,
    follows=VPCS_PER_REGION,
)
NAT_GATEWAYS_PER_ZONE = Quota(
    service="vpc", code="L-FE5A380F", name="NAT gateways per Availability Zone", default=5, lab=100
)
ELASTIC_IPS_PER_NAT_GATEWAY = Quota(
    service="vpc", code="L-5F53652F", name="Elastic IP address quota per NAT gateway", default=2, lab=8, ceiling=8
)
PRIVATE_ADDRESSES_PER_NAT_GATEWAY = Quota(
    service="vpc", code="L-DFA99DE7", name="Private IP address quota per NAT gateway", default=8, lab=8, ceiling=8
)
GATEWAY_ENDPOINTS_PER_REGION = Quota(
    service="vpc", code="L-1B52E74A", name="Gateway VPC endpoints per Region", default=20, lab=1000
)
INTERFACE_ENDPOINTS_PER_VPC = Quota(
    service="vpc", code="L-29B6F2EB", name="Interface VPC endpoints per VPC", default=50, lab=50
)
ROUTE_TABLES_PER_VPC = Quota(service="vpc", code="L-589F43AA", name="Route tables per VPC", default=200, lab=200)
ROUTES_PER_TABLE = Quota(
    service="vpc", code="L-93826ACB", name="Routes per route table", default=500, lab=1000, ceiling=1000
)  # per address family
SECURITY_GROUPS_PER_REGION = Quota(
    service="vpc", code="L-E79EC296", name="VPC security groups per Region", default=2500, lab=10_000
)
RULES_PER_SECURITY_GROUP = Quota(
    service="vpc",
    code="L-0EA8095F",
    name="Inbound or outbound rules per security group",
    default=60,
    lab=60,
    ceiling=1000,
)  # per direction and address family; times the next one it stays within RULES_PER_INTERFACE
INTERFACES_PER_REGION = Quota(
    service="vpc", code="L-DF5E4CA3", name="Network interfaces per Region", default=5000, lab=100_000
)
SECURITY_GROUPS_PER_INTERFACE = Quota(
    service="vpc", code="L-2AFB9258", name="Security groups per network interface", default=5, lab=5, ceiling=16
)
NETWORK_ACLS_PER_VPC = Quota(service="vpc", code="L-B4A6D682", name="Network ACLs per VPC", default=200, lab=200)
RULES_PER_NETWORK_ACL = Quota(
    service="vpc", code="L-2AEEBF1A", name="Rules per network ACL", default=20, lab=40, ceiling=40
)  # per direction, both address families together
PEERINGS_PER_VPC = Quota(
    service="vpc", code="L-7E9ECCDB", name="Active VPC peering connections per VPC", default=50, lab=125, ceiling=125
)
OUTSTANDING_PEERING_REQUESTS = Quota(
    service="vpc", code="L-DC9F7029", name="Outstanding VPC peering connection requests", default=25, lab=25
)
PREFIX_LISTS_PER_REGION = Quota(service="vpc", code="", name="Prefix lists per Region", default=100, lab=1000)
ELASTIC_IPS_PER_REGION = Quota(service="ec2", code="L-0263D0A3", name="EC2-VPC Elastic IPs", default=5, lab=1000)
INSTANCE_VCPUS_PER_REGION = Quota(
    service="ec2",
    code="L-1216C47A",
    name="Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances",
    default=5,  # vCPUs
    lab=100_000,
)
LAUNCH_TEMPLATES_PER_REGION = Quota(service="ec2", code="L-FB451C26", name="Launch templates", default=5000, lab=5000)
VERSIONS_PER_LAUNCH_TEMPLATE = Quota(
    service="ec2", code="L-142B4294", name="Launch template versions", default=10_000, lab=10_000
)  # of each
INSTANCE_CONNECT_ENDPOINTS_PER_REGION = Quota(
    service="ec2", code="", name="EC2 Instance Connect Endpoints per Region", default=5, lab=100
)  # without a code that AWS publishes; one for each VPC, and no more, whatever this says
PLACEMENT_GROUPS_PER_REGION = Quota(service="ec2", code="", name="Placement groups per Region", default=500, lab=500)


def _balancing(code: str, name: str, default: int, lab: int, ceiling: int | None = None) -> Quota:
    return Quota(
        service="elasticloadbalancing", code=code, name=name, default=default, lab=lab, ceiling=ceiling or default
    )


NETWORK_LOAD_BALANCERS_PER_REGION = _balancing("L-69A177A2", "Network Load Balancers per Region", 50, 100, 1000)
LISTENERS_PER_LOAD_BALANCER = _balancing("L-57A373D6", "Listeners per Network Load Balancer", 50, 50)
TARGET_GROUPS_PER_REGION = _balancing("L-B22855CB", "Target Groups per Region", 3000, 3000, 10_000)
TARGETS_PER_GROUP = _balancing("L-A0D0B863", "Targets per Target Group per Region", 1000, 1000)
TARGETS_PER_LOAD_BALANCER = _balancing(
    "L-B211E961", "Targets per Availability Zone per Network Load Balancer", 500, 500
)  # in all zones together: each node may give to all of them


def _storage(volume_type: str, code: str, name: str, default: int = 50) -> Quota:
    return Quota(
        service="ebs", code=code, name=f"Storage for {name} ({volume_type}) volumes, in TiB", default=default, lab=1000
    )


VOLUME_STORAGE = {
    "gp2": _storage("gp2", "L-D18FCD1D", "General Purpose SSD"),
    "gp3": _storage("gp3", "L-7A658B76", "General Purpose SSD"),
    "io1": _storage("io1", "L-FD252861", "Provisioned IOPS SSD"),
    "io2": _storage("io2", "L-09BD8365", "Provisioned IOPS SSD", default=20),
    "sc1": _storage("sc1", "L-17AF77E8", "Cold HDD"),
    "st1": _storage("st1", "L-82ACEF56", "Throughput Optimized HDD"),
    "standard": _storage("standard", "L-9CF3C2EB", "Magnetic"),
}
"""By the type of volume."""
SNAPSHOTS_PER_REGION = Quota(
    service="ebs", code="L-309BACF6", name="Snapshots per Region", default=100_000, lab=100_000
)
HOSTED_ZONES_PER_ACCOUNT = Quota(service="route53", code="L-4EA4796A", name="Hosted zones", default=500, lab=500)
RECORD_SETS_PER_ZONE = Quota(
    service="route53", code="L-E209CC9F", name="Records per hosted zone", default=10_000, lab=10_000
)
VPCS_PER_HOSTED_ZONE = Quota(service="route53", code="", name="VPCs per private hosted zone", default=300, lab=300)
VPC_AUTHORIZATIONS_PER_HOSTED_ZONE = Quota(
    service="route53", code="", name="VPC authorizations per hosted zone", default=1000, lab=1000
)
IAM_USERS = Quota(service="iam", code="L-F55AF5E4", name="Users per account", default=5000, lab=5000, ceiling=5000)
IAM_GROUPS = Quota(service="iam", code="L-F4A5425F", name="Groups per account", default=300, lab=500, ceiling=500)
IAM_ROLES = Quota(service="iam", code="L-FE177D64", name="Roles per account", default=1000, lab=5000, ceiling=5000)
INSTANCE_PROFILES = Quota(
    service="iam", code="L-6E65F664", name="Instance profiles per account", default=1000, lab=5000, ceiling=5000
)
CUSTOMER_POLICIES = Quota(
    service="iam", code="L-E95E4862", name="Customer managed policies per account", default=1500, lab=5000, ceiling=5000
)
POLICIES_PER_ROLE = Quota(
    service="iam", code="L-0DA4ABF3", name="Managed policies per role", default=10, lab=10, ceiling=25
)
POLICIES_PER_USER = Quota(
    service="iam", code="L-4019AD8B", name="Managed policies per user", default=10, lab=10, ceiling=20
)
POLICIES_PER_GROUP = Quota(
    service="iam", code="L-384571C4", name="Managed policies per group", default=10, lab=10, ceiling=10
)
GROUPS_PER_USER = Quota(service="iam", code="L-7A1621EC", name="IAM groups per user", default=10, lab=10, ceiling=10)
ACCESS_KEYS_PER_USER = Quota(service="iam", code="L-8758042E", name="Access keys per user", default=2, lab=2, ceiling=2)
TRUST_POLICY_LENGTH = Quota(
    service="iam", code="L-C07B4B0D", name="Role trust policy length", default=2048, lab=2048, ceiling=4096
)  # characters that are no white space
OIDC_PROVIDERS = Quota(
    service="iam", code="L-858F3967", name="OpenId connect providers per account", default=100, lab=100, ceiling=700
)
SAML_PROVIDERS = Quota(
    service="iam", code="L-DB618D39", name="SAML providers per account", default=100, lab=100, ceiling=100
)
STANDARD_PARAMETERS = Quota(service="ssm", code="", name="Standard parameters per Region", default=10_000, lab=10_000)
SSM_DOCUMENTS = Quota(service="ssm", code="", name="Documents per Region", default=500, lab=500)
FLOW_LOGS_PER_RESOURCE = Quota(service="vpc", code="", name="Flow logs per resource", default=250, lab=250)
LOG_GROUPS = Quota(service="logs", code="", name="Log groups per Region", default=10_000, lab=10_000)
LOG_STREAMS = Quota(
    service="logs", code="", name="Log streams per log group", default=10_000, lab=10_000
)  # AWS: no limit

QUOTAS: dict[str, Quota] = {
    quota.key: quota
    for quota in (
        VPCS_PER_REGION,
        SUBNETS_PER_VPC,
        CIDRS_PER_VPC,
        IPV6_CIDRS_PER_VPC,
        INTERNET_GATEWAYS_PER_REGION,
        EGRESS_ONLY_INTERNET_GATEWAYS_PER_REGION,
        NAT_GATEWAYS_PER_ZONE,
        ELASTIC_IPS_PER_NAT_GATEWAY,
        PRIVATE_ADDRESSES_PER_NAT_GATEWAY,
        GATEWAY_ENDPOINTS_PER_REGION,
        INTERFACE_ENDPOINTS_PER_VPC,
        ROUTE_TABLES_PER_VPC,
        ROUTES_PER_TABLE,
        SECURITY_GROUPS_PER_REGION,
        RULES_PER_SECURITY_GROUP,
        INTERFACES_PER_REGION,
        SECURITY_GROUPS_PER_INTERFACE,
        NETWORK_ACLS_PER_VPC,
        RULES_PER_NETWORK_ACL,
        PEERINGS_PER_VPC,
        OUTSTANDING_PEERING_REQUESTS,
        PREFIX_LISTS_PER_REGION,
        ELASTIC_IPS_PER_REGION,
        INSTANCE_VCPUS_PER_REGION,
        LAUNCH_TEMPLATES_PER_REGION,
        VERSIONS_PER_LAUNCH_TEMPLATE,
        INSTANCE_CONNECT_ENDPOINTS_PER_REGION,
        PLACEMENT_GROUPS_PER_REGION,
        *(NETWORK_LOAD_BALANCERS_PER_REGION, LISTENERS_PER_LOAD_BALANCER, TARGET_GROUPS_PER_REGION),
        *(TARGETS_PER_GROUP, TARGETS_PER_LOAD_BALANCER),
        *VOLUME_STORAGE.values(),
        SNAPSHOTS_PER_REGION,
        HOSTED_ZONES_PER_ACCOUNT,
        RECORD_SETS_PER_ZONE,
        VPCS_PER_HOSTED_ZONE,
        VPC_AUTHORIZATIONS_PER_HOSTED_ZONE,
        *(IAM_USERS, IAM_GROUPS, IAM_ROLES, INSTANCE_PROFILES, CUSTOMER_POLICIES),
        *(POLICIES_PER_ROLE, POLICIES_PER_USER, POLICIES_PER_GROUP, GROUPS_PER_USER, ACCESS_KEYS_PER_USER),
        *(
            TRUST_POLICY_LENGTH,
            OIDC_PROVIDERS,
            SAML_PROVIDERS,
            STANDARD_PARAMETERS,
            SSM_DOCUMENTS,
            FLOW_LOGS_PER_RESOURCE,
            LOG_GROUPS,
            LOG_STREAMS,
        ),
    )
}
"""By key.  Limits that nobody can raise (tags per resource) are constants where they are checked."""

LISTED: tuple[Quota, ...] = tuple(quota for quota in QUOTAS.values() if quota.code)
"""Those that Service Quotas lists."""

SERVICE_NAMES = {
    "ebs": "Amazon Elastic Block Store (Amazon EBS)",
    "ec2": "Amazon Elastic Compute Cloud (Amazon EC2)",
    "elasticloadbalancing": "Elastic Load Balancing (ELB)",
    "iam": "AWS Identity and Access Management (IAM)",
    "route53": "Amazon Route 53",
    "vpc": "Amazon Virtual Private Cloud (Amazon VPC)",
}
"""What Service Quotas calls the services, by their codes."""

TAGS_PER_RESOURCE = 50
_REQUESTS_SHOWN_FOR = timedelta(days=90)
