"""Route tables and who uses them."""

from __future__ import annotations

from ..build import make_route_table, make_subnet, make_vpc, named, specification, where
from ..conftest import Client


def main_table(client: Client, vpc_id: str) -> dict[str, str]:
    """The ids of the main table and of its main association."""
    filters = named("association.main", "true") + where(vpc_id=vpc_id)
    [table] = client("DescribeRouteTables", Filters=filters)["RouteTables"]
    [main] = [row for row in table["Associations"] if row["Main"]]
    return {"RouteTableId": table["RouteTableId"], "AssociationId": main["RouteTableAssociationId"]}


def associate(client: Client, table_id: str, subnet_id: str) -> str:
    answer = client("AssociateRouteTable", RouteTableId=table_id, SubnetId=subnet_id)
    assert answer["AssociationState"] == {"State": "associated"}
    association_id: str = answer["AssociationId"]
    return association_id


def table_of(client: Client, subnet_id: str) -> str | None:
    """The table that is associated with the subnet explicitly."""
    found = client("DescribeRouteTables", Filters=named("association.subnet-id", subnet_id))["RouteTables"]
    return found[0]["RouteTableId"] if found else None


def test_a_new_table_has_the_local_route_and_no_subnets(client: Client) -> None:
    vpc_id = make_vpc(client)
    made = client("CreateRouteTable", VpcId=vpc_id, TagSpecifications=specification("route-table", Name="rtb-public"))
    table = made["RouteTable"]
    assert table["Associations"] == []
    assert table["PropagatingVgws"] == []
    assert [route["GatewayId"] for route in table["Routes"]] == ["local"]
    assert table["Tags"] == [{"Key": "Name", "Value": "rtb-public"}]
    assert client("DescribeRouteTables", RouteTableIds=[table["RouteTableId"]])["RouteTables"] == [table]


def test_an_association_shows_in_the_table_until_it_is_ended(client: Client) -> None:
    vpc_id = make_vpc(client)
    table_id, subnet_id = make_route_table(client, vpc_id), make_subnet(client, vpc_id)
    association_id = associate(client, table_id, subnet_id)
    by_association = named("association.route-table-association-id", association_id)
    [table] = client("DescribeRouteTables", Filters=by_association)["RouteTables"]
    assert table["Associations"] == [
        {
            "RouteTableAssociationId": association_id,
            "RouteTableId": table_id,
            "SubnetId": subnet_id,
            "GatewayId": None,
            "Main": False,
            "AssociationState": {"State": "associated"},
        }
    ]
    client("DisassociateRouteTable", AssociationId=association_id)
    assert client("DescribeRouteTables", Filters=by_association)["RouteTables"] == []


def test_the_same_association_again_is_the_one_that_exists(client: Client) -> None:
    vpc_id = make_vpc(client)
    table_id, subnet_id = make_route_table(client, vpc_id), make_subnet(client, vpc_id)
    assert associate(client, table_id, subnet_id) == associate(client, table_id, subnet_id)


def test_a_subnet_has_one_explicit_association(client: Client) -> None:
    vpc_id = make_vpc(client)
    subnet_id, other = make_subnet(client, vpc_id), make_route_table(client, vpc_id)
    associate(client, make_route_table(client, vpc_id), subnet_id)
    error = client.refused("AssociateRouteTable", RouteTableId=other, SubnetId=subnet_id)
    assert error.code == "Resource.AlreadyAssociated"
    assert error.message == f"the specified association for route table {other} conflicts with an existing association"


def test_a_subnet_may_use_the_main_table_explicitly(client: Client) -> None:
    vpc_id = make_vpc(client)
    main, subnet_id = main_table(client, vpc_id), make_subnet(client, vpc_id)
    associate(client, main["RouteTableId"], subnet_id)
    assert table_of(client, subnet_id) == main["RouteTableId"]


def test_table_and_subnet_are_of_one_vpc(client: Client) -> None:
    table_id = make_route_table(client, make_vpc(client))
    subnet_id = make_subnet(client, make_vpc(client))
    error = client.refused("AssociateRouteTable", RouteTableId=table_id, SubnetId=subnet_id)
    assert error.code == "InvalidParameterValue"
    assert error.message == f"route table {table_id} and subnet {subnet_id} belong to different networks"


def test_an_association_needs_exactly_one_subnet_or_gateway(client: Client) -> None:
    vpc_id = make_vpc(client)
    table_id, subnet_id = make_route_table(client, vpc_id), make_subnet(client, vpc_id)
    assert client.refused("AssociateRouteTable", RouteTableId=table_id).code == "MissingParameter"
    gateway_id = "igw-00000000000000001"
    error = client.refused("AssociateRouteTable", RouteTableId=table_id, SubnetId=subnet_id, GatewayId=gateway_id)
    assert error.code == "InvalidParameterCombination"
    error = client.refused("AssociateRouteTable", RouteTableId=table_id, GatewayId=gateway_id)
    assert error.code == "InvalidGatewayID.NotFound"
    error = client.refused("AssociateRouteTable", RouteTableId=table_id, PublicIpv4Pool="amazon")
    assert error.code == "UnsupportedOperation"


def test_replacing_an_association_moves_the_subnet_under_a_new_id(client: Client) -> None:
    vpc_id = make_vpc(client)
    old, new, subnet_id = (
        make_route_table(client, vpc_id),
        make_route_table(client, vpc_id),
        make_subnet(client, vpc_id),
    )
    association_id = associate(client, old, subnet_id)
    answer = client("ReplaceRouteTableAssociation", AssociationId=association_id, RouteTableId=new)
    assert answer["NewAssociationId"] != association_id
    assert table_of(client, subnet_id) == new
    error = client.refused("DisassociateRouteTable", AssociationId=association_id)
    assert error.code == "InvalidAssociationID.NotFound"
    assert error.message == f"The association ID '{association_id}' does not exist"
    client("DeleteRouteTable", RouteTableId=old)


def test_another_table_can_become_the_main_one(client: Client) -> None:
    vpc_id = make_vpc(client)
    old, new = main_table(client, vpc_id), make_route_table(client, vpc_id)
    client("ReplaceRouteTableAssociation", AssociationId=old["AssociationId"], RouteTableId=new)
    assert main_table(client, vpc_id)["RouteTableId"] == new
    client("DeleteRouteTable", RouteTableId=old["RouteTableId"])
    client("DeleteVpc", VpcId=vpc_id)


def test_replacing_an_association_with_its_own_table_changes_nothing(client: Client) -> None:
    main = main_table(client, make_vpc(client))
    answer = client("ReplaceRouteTableAssociation", **main)
    assert answer["NewAssociationId"] == main["AssociationId"]


def test_an_association_does_not_move_to_another_vpc(client: Client) -> None:
    main, elsewhere = main_table(client, make_vpc(client)), make_route_table(client, make_vpc(client))
    error = client.refused("ReplaceRouteTableAssociation", AssociationId=main["AssociationId"], RouteTableId=elsewhere)
    assert error.code == "InvalidParameterValue"


def test_the_main_association_can_be_replaced_but_not_ended(client: Client) -> None:
    main = main_table(client, make_vpc(client))
    error = client.refused("DisassociateRouteTable", AssociationId=main["AssociationId"])
    assert error.code == "InvalidParameterValue"
    assert error.message == f"cannot disassociate the main route table association {main['AssociationId']}"


def test_a_table_in_use_cannot_be_deleted(client: Client) -> None:
    vpc_id = make_vpc(client)
    table_id = make_route_table(client, vpc_id)
    associate(client, table_id, make_subnet(client, vpc_id))
    for doomed in (table_id, main_table(client, vpc_id)["RouteTableId"]):
        error = client.refused("DeleteRouteTable", RouteTableId=doomed)
        assert error.code == "DependencyViolation"
        assert error.message == f"The routeTable '{doomed}' has dependencies and cannot be deleted."


def test_unknown_tables_and_associations_are_not_found(client: Client) -> None:
    error = client.refused("DeleteRouteTable", RouteTableId="rtb-00000000000000001")
    assert (error.code, error.message) == (
        "InvalidRouteTableID.NotFound",
        "The routeTable ID 'rtb-00000000000000001' does not exist",
    )
    error = client.refused("DisassociateRouteTable", AssociationId="rtbassoc-00000000000000001")
    assert error.code == "InvalidAssociationID.NotFound"


def test_a_vpc_has_a_limited_number_of_tables(client: Client) -> None:
    vpc_id = make_vpc(client)
    for _ in range(199):
        make_route_table(client, vpc_id)
    error = client.refused("CreateRouteTable", VpcId=vpc_id)
    assert error.code == "RouteTableLimitExceeded"
