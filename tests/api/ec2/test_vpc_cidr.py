"""Secondary CIDR blocks: what may join a VPC, and what a peering has to say to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from realvpc.api.core.effort import Effort, TooLongError
from realvpc.api.ec2.vpc_cidr import associate_vpc_cidr_block
from realvpc.clock import Clock

from ..build import make_internet_gateway, make_peering, make_route_table, make_subnet, make_vpc, named
from ..conftest import MAIN, OTHER, Client, caller

As = Callable[..., Client]


def associate(client: Client, vpc_id: str, cidr: str) -> str:
    association_id: str = client("AssociateVpcCidrBlock", VpcId=vpc_id, CidrBlock=cidr)["CidrBlockAssociation"][
        "AssociationId"
    ]
    return association_id


def test_a_secondary_block_gets_a_local_route_in_every_table(client: Client) -> None:
    vpc_id = make_vpc(client)
    table_id = make_route_table(client, vpc_id)
    answer = client("AssociateVpcCidrBlock", VpcId=vpc_id, CidrBlock="10.21.0.0/16")
    assert answer["CidrBlockAssociation"]["CidrBlockState"] == {"State": "associating"}
    association_id = answer["CidrBlockAssociation"]["AssociationId"]
    [vpc] = client("DescribeVpcs", Filters=named("cidr-block-association.association-id", association_id))["Vpcs"]
    assert vpc["CidrBlock"] == "10.20.0.0/16"
    assert [block["CidrBlock"] for block in vpc["CidrBlockAssociationSet"]] == ["10.20.0.0/16", "10.21.0.0/16"]
    [table] = client("DescribeRouteTables", RouteTableIds=[table_id])["RouteTables"]
    assert [route["DestinationCidrBlock"] for route in table["Routes"]] == ["10.20.0.0/16", "10.21.0.0/16"]
    make_subnet(client, vpc_id, "10.21.0.0/24")


def test_the_routes_that_a_new_block_may_not_cover_are_counted(client: Client) -> None:
    vpc_id = make_vpc(client)
    table_id, gateway_id = make_route_table(client, vpc_id), make_internet_gateway(client, vpc_id)
    for number in range(40):
        route = {"DestinationCidrBlock": f"172.16.{number}.0/24", "GatewayId": gateway_id}
        client("CreateRoute", RouteTableId=table_id, **route)
    ctx = client.service.context(caller(), effort=Effort(40))
    with pytest.raises(TooLongError):
        associate_vpc_cidr_block(ctx, {"VpcId": vpc_id, "CidrBlock": "10.21.0.0/16"})


def test_a_secondary_block_can_be_taken_away_when_no_subnet_lies_in_it(client: Client) -> None:
    vpc_id = make_vpc(client)
    association_id = associate(client, vpc_id, "10.21.0.0/16")
    subnet_id = make_subnet(client, vpc_id, "10.21.0.0/24")
    error = client.refused("DisassociateVpcCidrBlock", AssociationId=association_id)
    assert error.code == "InvalidCidrBlock.InUse"
    client("DeleteSubnet", SubnetId=subnet_id)
    answer = client("DisassociateVpcCidrBlock", AssociationId=association_id)
    assert answer["CidrBlockAssociation"]["CidrBlockState"] == {"State": "disassociating"}
    [vpc] = client("DescribeVpcs")["Vpcs"]
    assert vpc["CidrBlockAssociationSet"][1:] == [
        answer["CidrBlockAssociation"] | {"CidrBlockState": {"State": "disassociated"}}
    ]
    error = client.refused("DisassociateVpcCidrBlock", AssociationId=association_id)
    assert error.code == "InvalidVpcCidrBlockAssociationID.NotFound"


def test_blocks_that_were_taken_away_are_shown_for_a_while_and_only_the_latest_of_many(
    client: Client, clock: Clock
) -> None:
    vpc_id = make_vpc(client)

    def ended() -> list[str]:
        [vpc] = client("DescribeVpcs")["Vpcs"]
        rows = vpc["CidrBlockAssociationSet"]
        return [row["CidrBlock"] for row in rows if row["CidrBlockState"]["State"] == "disassociated"]

    for number in range(1, 8):
        association_id = associate(client, vpc_id, f"10.2{number}.0.0/16")
        client("DisassociateVpcCidrBlock", AssociationId=association_id)
        for name, value in (("association-id", association_id), ("state", "disassociated")):
            assert client("DescribeVpcs", Filters=named(f"cidr-block-association.{name}", value))["Vpcs"]
    assert ended() == [f"10.2{number}.0.0/16" for number in range(3, 8)]
    clock.offset += timedelta(minutes=5)
    assert ended() == []


def test_the_primary_block_stays(client: Client) -> None:
    make_vpc(client)
    [vpc] = client("DescribeVpcs")["Vpcs"]
    [block] = vpc["CidrBlockAssociationSet"]
    error = client.refused("DisassociateVpcCidrBlock", AssociationId=block["AssociationId"])
    assert error.code == "OperationNotPermitted"
    assert "It is the primary IPv4 CIDR block of the VPC" in error.message


@pytest.mark.parametrize(
    ("primary", "secondary", "allowed"),
    [
        ("10.20.0.0/16", "10.21.0.0/16", True),
        ("10.20.0.0/16", "100.64.0.0/16", True),
        ("10.20.0.0/16", "203.0.113.0/24", True),
        ("10.20.0.0/16", "172.16.0.0/16", False),
        ("10.20.0.0/16", "192.168.0.0/24", False),
        ("10.20.0.0/16", "198.19.0.0/24", False),
        ("10.1.0.0/24", "10.0.1.0/24", False),
        ("10.1.0.0/24", "10.1.1.0/24", True),
        ("172.16.0.0/16", "172.31.0.0/24", False),
        ("172.16.0.0/16", "172.17.0.0/16", True),
        ("100.64.0.0/16", "10.20.0.0/16", False),
        ("198.19.0.0/24", "198.19.1.0/24", True),
        ("10.20.0.0/16", "10.20.1.0/24", False),
        ("10.20.0.0/16", "10.21.0.0/15", False),
        ("10.20.0.0/16", "169.254.0.0/24", False),
    ],
)
def test_aws_restricts_what_joins_what(client: Client, primary: str, secondary: str, allowed: bool) -> None:
    vpc_id = make_vpc(client, primary)
    if allowed:
        associate(client, vpc_id, secondary)
    else:
        error = client.refused("AssociateVpcCidrBlock", VpcId=vpc_id, CidrBlock=secondary)
        assert error.code == "InvalidVpc.Range"


def test_a_vpc_has_at_most_five_blocks(client: Client) -> None:
    vpc_id = make_vpc(client)
    for number in range(21, 25):
        associate(client, vpc_id, f"10.{number}.0.0/16")
    error = client.refused("AssociateVpcCidrBlock", VpcId=vpc_id, CidrBlock="10.25.0.0/16")
    assert error.code == "CidrLimitExceeded"
    assert error.message == f"This network {vpc_id} has met its maximum number of allowed CIDRs: 5"


def test_a_block_may_not_swallow_the_destination_of_a_route(client: Client) -> None:
    vpc_id = make_vpc(client)
    peer_id = make_vpc(client, "10.30.0.0/16")
    peering_id = make_peering(client, vpc_id, client, peer_id)
    table_id = make_route_table(client, vpc_id)
    client("CreateRoute", RouteTableId=table_id, DestinationCidrBlock="10.40.1.0/24", VpcPeeringConnectionId=peering_id)
    for cidr in ("10.40.0.0/16", "10.40.1.0/24"):
        assert client.refused("AssociateVpcCidrBlock", VpcId=vpc_id, CidrBlock=cidr).code == "InvalidVpc.Range"
    associate(client, vpc_id, "10.40.1.0/25")


def test_while_peered_a_vpc_gets_no_block_that_overlaps_the_peer(client: Client) -> None:
    vpc_id, peer_id = make_vpc(client), make_vpc(client, "10.30.0.0/16")
    make_peering(client, vpc_id, client, peer_id)
    for who, cidr in ((vpc_id, "10.30.1.0/24"), (peer_id, "10.20.1.0/24")):
        assert client.refused("AssociateVpcCidrBlock", VpcId=who, CidrBlock=cidr).code == "InvalidVpc.Range"
    associate(client, vpc_id, "10.31.0.0/16")


def test_the_requester_of_a_pending_peering_gets_no_block_at_all(client: Client) -> None:
    vpc_id, peer_id = make_vpc(client), make_vpc(client, "10.30.0.0/16")
    peering_id = make_peering(client, vpc_id, client, peer_id, accept=False)
    error = client.refused("AssociateVpcCidrBlock", VpcId=vpc_id, CidrBlock="10.21.0.0/16")
    assert error.code == "OperationNotPermitted"
    client("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    associate(client, vpc_id, "10.21.0.0/16")


def test_a_block_of_the_accepter_that_overlaps_the_requester_fails_the_request(as_account: As) -> None:
    mine, theirs = as_account(MAIN), as_account(OTHER)
    vpc_id, peer_id = make_vpc(mine), make_vpc(theirs, "10.30.0.0/16")
    make_peering(mine, vpc_id, theirs, peer_id, accept=False)
    associate(theirs, peer_id, "10.31.0.0/16")
    [pending] = mine("DescribeVpcPeeringConnections")["VpcPeeringConnections"]
    assert pending["Status"]["Code"] == "pending-acceptance"
    associate(theirs, peer_id, "10.20.1.0/24")
    [failed] = mine("DescribeVpcPeeringConnections")["VpcPeeringConnections"]
    assert failed["Status"]["Code"] == "failed"
    assert theirs("DescribeVpcPeeringConnections")["VpcPeeringConnections"] == []


def test_a_request_without_a_block_is_refused(client: Client) -> None:
    vpc_id = make_vpc(client)
    assert client.refused("AssociateVpcCidrBlock", VpcId=vpc_id).code == "MissingParameter"
    error = client.refused("AssociateVpcCidrBlock", VpcId="vpc-00000000000000001", CidrBlock="10.21.0.0/16")
    assert error.code == "InvalidVpcID.NotFound"
