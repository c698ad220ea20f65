"""The console's "VPC and more" recipe, by calls of the public API.

VPC guide, "Create a VPC plus other VPC resources": names, order, DNS options and sizes are the wizard's.
"""

from __future__ import annotations

from msgspec import Struct

from realvpc.net.addresses import Cidr
from realvpc.net.vpc import MAXIMUM_PREFIX_LENGTH, valid_block

from .aws import Aws

IPV6_SUBNET = 64
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
    aws: Aws,
    name: str,
    cidr: Cidr,
    subnets: list[SubnetPlan],
    *,
    tags: dict[str, str] | None = None,
    ipv6: bool = False,
    nat: str = "none",
) -> MadeVpc:
    """Make it.  ``tags`` go on the VPC, beside its Name.  With ``ipv6`` each subnet has a /64 and gives addresses of
    it, and private subnets get out over an egress-only internet gateway.  ``nat``, one of ``nat.NAT``, says which NAT
    gateways lead private subnets to the internet.

    Raises WizardError where there is no public subnet for a NAT gateway, and CallFailedError; what was made until then
    stays.
    """
    places = _places_of_nat(subnets, nat)
    wanted = {"AmazonProvidedIpv6CidrBlock": True} if ipv6 else {}
    vpc_tags = _named("vpc", f"{name}-vpc", tags or {})
    vpc_id: str = aws("ec2", "CreateVpc", CidrBlock=str(cidr), TagSpecifications=vpc_tags, **wanted)["Vpc"]["VpcId"]
    aws("ec2", "ModifyVpcAttribute", VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    block = _ipv6_block(aws, vpc_id) if ipv6 else None
    made = {
        subnet: _create_subnet(aws, vpc_id, name, subnet, block and block.subnet(place, IPV6_SUBNET))
        for place, subnet in enumerate(subnets)
    }
    public = [subnet_id for subnet, subnet_id in made.items() if subnet.kind == "public"]
    private = {subnet: subnet_id for subnet, subnet_id in made.items() if subnet.kind == "private"}

    gateway_id = public_table_id = None
    if public:
        gateway_id = _attach_gateway(aws, vpc_id, name)
        public_table_id = _create_route_table(aws, vpc_id, f"{name}-rtb-public", public)
        aws("ec2", "CreateRoute", RouteTableId=public_table_id, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway_id)
        if ipv6:
            everywhere = {"DestinationIpv6CidrBlock": "::/0"}
            aws("ec2", "CreateRoute", RouteTableId=public_table_id, **everywhere, GatewayId=gateway_id)
    private_tables = [
        _create_route_table(aws, vpc_id, f"{name}-rtb-private{subnet.number}-{subnet.zone}", [subnet_id])
        for subnet, subnet_id in private.items()
    ]
    gateways = {zone: _create_nat_gateway(aws, made[place], f"{name}-", place) for zone, place in places.items()}
    for subnet, table_id in zip(private, private_tables, strict=True):
        out = gateways.get(subnet.zone) or next(iter(gateways.values()), None)
        if out:
            aws("ec2", "CreateRoute", RouteTableId=table_id, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=out)
    if ipv6 and private:
        _let_out(aws, vpc_id, name, private_tables)
    return MadeVpc(vpc_id, public, list(private.values()), gateway_id, public_table_id, private_tables)


def _places_of_nat(subnets: list[SubnetPlan], nat: str) -> dict[str, SubnetPlan]:
    """By zone, the public subnets that get a NAT gateway."""
    if nat == "none":
        return {}
    public: dict[str, SubnetPlan] = {}
    for subnet in subnets:
        if subnet.kind == "public":
            public.setdefault(subnet.zone, subnet)
    if not public:
        raise WizardError("a NAT gateway needs a public subnet")
    return public if nat == "per-zone" else dict(list(public.items())[:1])


def _create_nat_gateway(aws: Aws, subnet_id: str, prefix: str, place: SubnetPlan) -> str:
    """With an Elastic IP address of its own, and available."""
    tags = _named("elastic-ip", f"{prefix}eip-{place.zone}")
    allocation_id = aws("ec2", "AllocateAddress", Domain="vpc", TagSpecifications=tags)["AllocationId"]
    tags = _named("natgateway", f"{prefix}nat-public{place.number}-{place.zone}")
    made = aws("ec2", "CreateNatGateway", SubnetId=subnet_id, AllocationId=allocation_id, TagSpecifications=tags)
    gateway_id: str = made["NatGateway"]["NatGatewayId"]
    aws.wait("ec2", "NatGatewayAvailable", NatGatewayIds=[gateway_id])
    return gateway_id


def _ipv6_block(aws: Aws, vpc_id: str) -> Cidr:
    """The answer to CreateVpc does not say it yet."""
    [vpc] = aws("ec2", "DescribeVpcs", VpcIds=[vpc_id])["Vpcs"]
    return Cidr.parse(vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"])


def _let_out(aws: Aws, vpc_id: str, name: str, table_ids: list[str]) -> None:
    tags = _named("egress-only-internet-gateway", f"{name}-eigw")
    made = aws("ec2", "CreateEgressOnlyInternetGateway", VpcId=vpc_id, TagSpecifications=tags)
    out = {"EgressOnlyInternetGatewayId": made["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]}
    for table_id in table_ids:
        aws("ec2", "CreateRoute", RouteTableId=table_id, DestinationIpv6CidrBlock="::/0", **out)


def _create_subnet(aws: Aws, vpc_id: str, name: str, subnet: SubnetPlan, ipv6: Cidr | None) -> str:
    response = aws(
        "ec2",
        "CreateSubnet",
        VpcId=vpc_id,
        CidrBlock=str(subnet.cidr),
        AvailabilityZone=subnet.zone,
        TagSpecifications=_named("subnet", subnet.name(name)),
        **({"Ipv6CidrBlock": str(ipv6)} if ipv6 else {}),
    )
    subnet_id: str = response["Subnet"]["SubnetId"]
    if ipv6:
        aws("ec2", "ModifySubnetAttribute", SubnetId=subnet_id, AssignIpv6AddressOnCreation={"Value": True})
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
