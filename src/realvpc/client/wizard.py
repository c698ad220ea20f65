"""The console's "VPC and more" recipe, by calls of the public API.

VPC guide, "Create a VPC plus other VPC resources": names, order, DNS options and sizes are the wizard's.
"""

from __future__ import annotations

from msgspec import Struct

from realvpc.net.addresses import Cidr
from realvpc.net.vpc import MAXIMUM_PREFIX_LENGTH, valid_block

from .aws import Aws

EXTRA_BITS = 4
"""A subnet's prefix is that much longer than the VPC's: /20 in a /16."""


class WizardError(Exception):
    """The subnets do not fit; the text says why."""


class SubnetPlan(Struct, frozen=True):
    """``kind`` is public or private, ``number`` counts from one within the kind."""

    kind: str
    number: int
    zone: str
    cidr: Cidr

    def name(self, prefix: str) -> str:
        return f"{prefix}-subnet-{self.kind}{self.number}-{self.zone}"


class MadeVpc(Struct, frozen=True):
    """What the recipe made, by id."""

    vpc_id: str
    public_subnet_ids: list[str]
    private_subnet_ids: list[str]
    internet_gateway_id: str | None
    public_route_table_id: str | None
    private_route_table_ids: list[str]


def plan_subnets(cidr: Cidr, zones: list[str], *, public: int, private: int) -> list[SubnetPlan]:
    """Public subnets from the start of the block, private ones from its middle, zone by zone.

    Raises WizardError when they do not fit, or the block is not /16 to /28.
    """
    if not valid_block(cidr):
        raise WizardError(f"a VPC's block is an IPv4 /16 to /28, and {cidr} is not")
    if not zones:
        raise WizardError("at least one Availability Zone is needed")
    length = min(cidr.prefix_length + EXTRA_BITS, MAXIMUM_PREFIX_LENGTH)
    room = 1 << (length - cidr.prefix_length)
    middle = room // 2 if private else room
    if public > middle or private > room - middle:
        raise WizardError(f"{public} public and {private} private subnets of /{length} do not fit into {cidr}")
    return [
        SubnetPlan(kind, index + 1, zones[index % len(zones)], cidr.subnet(start + index, length))
        for kind, count, start in (("public", public, 0), ("private", private, middle))
        for index in range(count)
    ]


def create_vpc(
    aws: Aws, name: str, cidr: Cidr, subnets: list[SubnetPlan], *, tags: dict[str, str] | None = None
) -> MadeVpc:
    """Make it.  ``tags`` go on the VPC, beside its Name.  Raises CallFailedError; what was made until then stays."""
    vpc_tags = _named("vpc", f"{name}-vpc", tags or {})
    vpc_id: str = aws("ec2", "CreateVpc", CidrBlock=str(cidr), TagSpecifications=vpc_tags)["Vpc"]["VpcId"]
    aws("ec2", "ModifyVpcAttribute", VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    made = {subnet: _create_subnet(aws, vpc_id, name, subnet) for subnet in subnets}
    public = [subnet_id for subnet, subnet_id in made.items() if subnet.kind == "public"]
    private = {subnet: subnet_id for subnet, subnet_id in made.items() if subnet.kind == "private"}

    gateway_id = public_table_id = None
    if public:
        gateway_id = _attach_gateway(aws, vpc_id, name)
        public_table_id = _create_route_table(aws, vpc_id, f"{name}-rtb-public", public)
        aws("ec2", "CreateRoute", RouteTableId=public_table_id, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway_id)
    private_tables = [
        _create_route_table(aws, vpc_id, f"{name}-rtb-private{subnet.number}-{subnet.zone}", [subnet_id])
        for subnet, subnet_id in private.items()
    ]
    return MadeVpc(vpc_id, public, list(private.values()), gateway_id, public_table_id, private_tables)


def _create_subnet(aws: Aws, vpc_id: str, name: str, subnet: SubnetPlan) -> str:
    response = aws(
        "ec2",
        "CreateSubnet",
        VpcId=vpc_id,
        CidrBlock=str(subnet.cidr),
        AvailabilityZone=subnet.zone,
        TagSpecifications=_named("subnet", subnet.name(name)),
    )
    subnet_id: str = response["Subnet"]["SubnetId"]
    return subnet_id


def _attach_gateway(aws: Aws, vpc_id: str, name: str) -> str:
    response = aws("ec2", "CreateInternetGateway", TagSpecifications=_named("internet-gateway", f"{name}-igw"))
    gateway_id: str = response["InternetGateway"]["InternetGatewayId"]
    aws("ec2", "AttachInternetGateway", InternetGatewayId=gateway_id, VpcId=vpc_id)
    return gateway_id


def _create_route_table(aws: Aws, vpc_id: str, name: str, subnet_ids: list[str]) -> str:
    response = aws("ec2", "CreateRouteTable", VpcId=vpc_id, TagSpecifications=_named("route-table", name))
    table_id: str = response["RouteTable"]["RouteTableId"]
    for subnet_id in subnet_ids:
        aws("ec2", "AssociateRouteTable", RouteTableId=table_id, SubnetId=subnet_id)
    return table_id


def _named(resource_type: str, name: str, tags: dict[str, str] | None = None) -> list[dict[str, object]]:
    pairs = [{"Key": key, "Value": value} for key, value in {"Name": name, **(tags or {})}.items()]
    return [{"ResourceType": resource_type, "Tags": pairs}]
