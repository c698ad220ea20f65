"""Short ways to make what a test needs."""

from __future__ import annotations

from random import Random
from typing import Any

from realvpc.net.addresses import Address, Cidr
from realvpc.net.instance import Instance, InstanceState
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.table import put

from .conftest import START, Client


class SamePlace(Random):
    """Says of any range the same place of it."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self._place = place

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        return self._place


def make_vpc(client: Client, cidr: str = "10.20.0.0/16", **more: Any) -> str:
    vpc_id: str = client("CreateVpc", CidrBlock=cidr, **more)["Vpc"]["VpcId"]
    return vpc_id


def make_subnet(client: Client, vpc_id: str, cidr: str = "10.20.0.0/20", **more: Any) -> str:
    subnet_id: str = client("CreateSubnet", VpcId=vpc_id, CidrBlock=cidr, **more)["Subnet"]["SubnetId"]
    return subnet_id


def make_dual_stack(client: Client, cidr: str = "10.20.0.0/16") -> tuple[str, str]:
    """A VPC with an IPv6 block and a subnet with the second /64 of it; returns their ids."""
    vpc_id = make_vpc(client, cidr, AmazonProvidedIpv6CidrBlock=True)
    block = Cidr.parse(cidr)
    first = block.subnet(0, block.prefix_length + 4)
    return vpc_id, make_subnet(client, vpc_id, str(first), Ipv6CidrBlock=str(ipv6_of(client, vpc_id).subnet(1, 64)))


def ipv6_of(client: Client, vpc_id: str) -> Cidr:
    """The first IPv6 block of the VPC."""
    [vpc] = client("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"]
    return Cidr.parse(vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"])


def make_route_table(client: Client, vpc_id: str, **more: Any) -> str:
    table_id: str = client("CreateRouteTable", VpcId=vpc_id, **more)["RouteTable"]["RouteTableId"]
    return table_id


def make_internet_gateway(client: Client, vpc_id: str | None = None) -> str:
    gateway_id: str = client("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    if vpc_id:
        client("AttachInternetGateway", InternetGatewayId=gateway_id, VpcId=vpc_id)
    return gateway_id


def make_peering(client: Client, vpc_id: str, peer: Client, peer_vpc_id: str, *, accept: bool = True) -> str:
    made = client("CreateVpcPeeringConnection", VpcId=vpc_id, PeerVpcId=peer_vpc_id, PeerOwnerId=peer.account)
    peering_id: str = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    if accept:
        peer("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    return peering_id


def put_instance(
    client: Client, subnet_id: str, address: str, *, number: int = 1, interfaces: int = 1, public: str | None = None
) -> tuple[str, str]:
    """A running instance with its interfaces, directly in the state; returns its id and its first interface's."""
    subnet = client.service.state.network.subnets[subnet_id]
    instance = Instance(
        id=f"i-{number:017x}",
        account=subnet.account,
        region=subnet.region,
        reservation_id="r-00000000000000001",
        image_id="ami-00000000000000001",
        instance_type="t3.micro",
        state=InstanceState.RUNNING,
        launched_at=START,
    )
    rows = [
        NetworkInterface(
            id=f"eni-{number * 16 + index:017x}",
            account=subnet.account,
            region=subnet.region,
            vpc_id=subnet.vpc_id,
            subnet_id=subnet_id,
            mac_address=f"02:00:00:00:{number:02x}:{index:02x}",
            private_addresses=(Address(Address.parse(address) + index),),
            group_ids=(),
            public_address=Address.parse(public) if public else None,
            attachment=Attachment(
                id=f"eni-attach-{number * 16 + index:017x}",
                owner_id=instance.id,
                device_index=index,
                attached_at=START,
            ),
        )
        for index in range(interfaces)
    ]
    client.service.report(lambda ctx: put(instance, *rows), "test")
    return instance.id, rows[0].id


def tags(**pairs: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def specification(resource_type: str, **pairs: str) -> list[dict[str, Any]]:
    return [{"ResourceType": resource_type, "Tags": tags(**pairs)}]


def where(**filters: str | list[str]) -> list[dict[str, Any]]:
    """``where(vpc_id="vpc-1")`` is the filter ``vpc-id``."""
    return [
        {"Name": name.replace("_", "-"), "Values": [values] if isinstance(values, str) else values}
        for name, values in filters.items()
    ]


def named(name: str, *values: str) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": list(values)}]


def make_zone(
    client: Client, name: str, vpc_id: str | None = None, *, reference: str | None = None, comment: str = ""
) -> dict[str, Any]:
    """A private hosted zone, without a VPC a public one; returns the whole response."""
    private = {"VPC": zone_vpc(client, vpc_id)} if vpc_id else {}
    return client(
        "CreateHostedZone",
        of="route53",
        Name=name,
        CallerReference=reference or f"reference-{client.service.revision}",
        HostedZoneConfig={"Comment": comment},
        **private,
    )


def zone_vpc(client: Client, vpc_id: str) -> dict[str, str]:
    """A VPC as Route 53 names it."""
    return {"VPCRegion": client.region, "VPCId": vpc_id}


def bare(resource_id: str) -> str:
    """``Z1`` for ``/hostedzone/Z1``, as SDKs send it back."""
    return resource_id.rpartition("/")[2]


def zone_id_of(made: dict[str, Any]) -> str:
    return bare(made["HostedZone"]["Id"])
