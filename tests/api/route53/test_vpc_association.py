"""Which VPCs a private zone answers in: inside an account and across accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from realvpc.net.quotas import VPCS_PER_HOSTED_ZONE

from ..build import bare, make_vpc, make_zone, zone_id_of, zone_vpc
from ..conftest import OTHER, TOKYO, VIRGINIA, Client, give_quota


class World:
    """A zone of the main account in a VPC of its own, and a VPC of the other account."""

    def __init__(self, as_account: Callable[..., Client]) -> None:
        self.main, self.other = as_account(), as_account(OTHER, VIRGINIA)
        self.first, self.second = make_vpc(self.main), make_vpc(self.main)
        self.foreign = make_vpc(self.other)
        self.zone = zone_id_of(make_zone(self.main, "corp.example", self.first))

    def params(self, vpc_id: str, region: str = TOKYO) -> dict[str, Any]:
        return {"HostedZoneId": self.zone, "VPC": {"VPCRegion": region, "VPCId": vpc_id}}

    def zones_of(self, client: Client, vpc_id: str) -> list[dict[str, Any]]:
        where = {"VPCId": vpc_id, "VPCRegion": client.region}
        summaries: list[dict[str, Any]] = client("ListHostedZonesByVPC", of="route53", **where)["HostedZoneSummaries"]
        return summaries


@pytest.fixture
def world(as_account: Callable[..., Client]) -> World:
    return World(as_account)


ASSOCIATE, DISASSOCIATE = "AssociateVPCWithHostedZone", "DisassociateVPCFromHostedZone"
AUTHORIZE, DEAUTHORIZE = "CreateVPCAssociationAuthorization", "DeleteVPCAssociationAuthorization"


def test_a_second_vpc_of_the_account_comes_and_goes(world: World) -> None:
    answer = world.main(ASSOCIATE, of="route53", **world.params(world.second), Comment="why")
    assert answer["ChangeInfo"]["Comment"] == "why"
    change_id = bare(answer["ChangeInfo"]["Id"])
    assert world.main("GetChange", of="route53", Id=change_id)["ChangeInfo"]["Status"] == "INSYNC"
    assert [zone["HostedZoneId"] for zone in world.zones_of(world.main, world.second)] == [world.zone]
    world.main(DISASSOCIATE, of="route53", **world.params(world.first))
    got = world.main("GetHostedZone", of="route53", Id=world.zone)
    assert got["VPCs"] == [zone_vpc(world.main, world.second)]
    assert world.zones_of(world.main, world.first) == []


def test_another_account_associates_its_vpc_once_it_is_authorized(world: World) -> None:
    foreign = world.params(world.foreign, VIRGINIA)
    error = world.other.refused(ASSOCIATE, of="route53", **foreign)
    assert (error.code, error.status) == ("NotAuthorizedException", 401)
    assert error.message == f"The VPC: {world.foreign} has not authorized to associate with your hosted zone."

    for _ in range(2):  # a second time changes nothing
        answer = world.main(AUTHORIZE, of="route53", **foreign)
        assert answer == foreign
    listed = world.main("ListVPCAssociationAuthorizations", of="route53", HostedZoneId=world.zone)
    assert listed == {"HostedZoneId": world.zone, "VPCs": [foreign["VPC"]]}
    error = world.main.refused(ASSOCIATE, of="route53", **foreign)  # only the owner of the VPC may
    assert (error.code, error.status) == ("NotAuthorizedException", 401)
    assert "is not authorized to perform: route53:AssociateVPCWithHostedZone" in error.message
    world.other(ASSOCIATE, of="route53", **foreign)

    world.main(DEAUTHORIZE, of="route53", **foreign)  # does not end the association
    assert world.zones_of(world.other, world.foreign) == [
        {"HostedZoneId": world.zone, "Name": "corp.example.", "Owner": {"OwningAccount": world.main.account}}
    ]
    assert world.other("ListHostedZones", of="route53")["HostedZones"] == []
    error = world.main.refused(DEAUTHORIZE, of="route53", **foreign)
    assert (error.code, error.status) == ("VPCAssociationAuthorizationNotFound", 404)


@pytest.mark.parametrize("side", ["main", "other"])
def test_either_owner_ends_an_association_across_accounts(world: World, side: str) -> None:
    foreign = world.params(world.foreign, VIRGINIA)
    world.main(AUTHORIZE, of="route53", **foreign)
    world.other(ASSOCIATE, of="route53", **foreign)
    assert world.other.refused(DISASSOCIATE, of="route53", **world.params(world.first)).code == "AccessDenied"
    getattr(world, side)(DISASSOCIATE, of="route53", **foreign)
    error = world.main.refused(DISASSOCIATE, of="route53", **foreign)
    assert (error.code, error.status) == ("VPCAssociationNotFound", 404)


def test_the_last_vpc_stays(world: World) -> None:
    error = world.main.refused(DISASSOCIATE, of="route53", **world.params(world.first))
    assert (error.code, error.status) == ("LastVPCAssociation", 400)


def test_a_vpc_has_one_zone_of_a_name(world: World) -> None:
    make_zone(world.main, "corp.example", world.second)
    for vpc in (world.first, world.second):
        error = world.main.refused(ASSOCIATE, of="route53", **world.params(vpc))
        assert (error.code, error.status) == ("ConflictingDomainExists", 400)
        assert f"{vpc} in region {TOKYO} has already been associated with the hosted zone Z" in error.message


def test_what_cannot_be_associated(world: World) -> None:
    def code(action: str, **params: Any) -> tuple[str, int]:
        error = world.main.refused(action, of="route53", **params)
        return error.code, error.status

    public = zone_id_of(make_zone(world.main, "shop.example"))
    mine = {"VPC": zone_vpc(world.main, world.second)}
    assert code(ASSOCIATE, HostedZoneId=public, **mine) == ("PublicZoneVPCAssociation", 400)
    assert code(AUTHORIZE, HostedZoneId=public, **mine) == ("InvalidInput", 400)
    assert code(ASSOCIATE, HostedZoneId="Z1", **mine) == ("NoSuchHostedZone", 404)
    for action in (ASSOCIATE, AUTHORIZE):
        assert code(action, **world.params("vpc-00000000000000000")) == ("InvalidVPCId", 400)
        assert code(action, **world.params(world.second, VIRGINIA)) == ("InvalidVPCId", 400)
        assert code(action, HostedZoneId=world.zone, VPC={"VPCId": world.second}) == ("InvalidInput", 400)
    assert world.other.refused(AUTHORIZE, of="route53", **world.params(world.second)).code == "AccessDenied"


def test_authorizations_are_listed_in_pages(world: World) -> None:
    vpcs = [make_vpc(world.other) for _ in range(3)]
    for vpc in vpcs:
        world.main(AUTHORIZE, of="route53", **world.params(vpc, VIRGINIA))

    def page(**more: str) -> dict[str, Any]:
        return world.main("ListVPCAssociationAuthorizations", of="route53", HostedZoneId=world.zone, **more)

    first = page(MaxResults="2")
    rest = page(MaxResults="2", NextToken=first["NextToken"])
    assert [row["VPCId"] for row in first["VPCs"] + rest["VPCs"]] == vpcs
    assert "NextToken" not in rest
    error = world.main.refused(
        "ListVPCAssociationAuthorizations", of="route53", HostedZoneId=world.zone, NextToken="nonsense"
    )
    assert error.code == "InvalidPaginationToken"


def test_zones_of_a_vpc_are_for_its_owner(world: World) -> None:
    for vpc, region in ((world.foreign, VIRGINIA), (world.first, VIRGINIA), ("vpc-00000000000000000", TOKYO)):
        error = world.main.refused("ListHostedZonesByVPC", of="route53", VPCId=vpc, VPCRegion=region)
        assert (error.code, error.status) == ("AccessDenied", 403)
        assert "is not owned by you" in error.message


def test_a_vpc_may_be_deleted_and_leaves_an_association_behind(world: World) -> None:
    """As on AWS: DeleteVpc does not ask Route 53, and the zone's owner clears up."""
    world.main(ASSOCIATE, of="route53", **world.params(world.second))
    world.main("DeleteVpc", VpcId=world.second)
    got = world.main("GetHostedZone", of="route53", Id=world.zone)
    assert zone_vpc(world.main, world.second) in got["VPCs"]
    world.main(DISASSOCIATE, of="route53", **world.params(world.second))


def test_how_many_vpcs_a_zone_has_is_its_owners_quota(world: World) -> None:
    """Whoever associates one."""
    give_quota(world.main.service, VPCS_PER_HOSTED_ZONE, 1, region="")
    foreign = world.params(world.foreign, VIRGINIA)
    world.main(AUTHORIZE, of="route53", **foreign)
    assert world.other.refused(ASSOCIATE, of="route53", **foreign).code == "LimitsExceeded"
    give_quota(world.main.service, VPCS_PER_HOSTED_ZONE, 2, region="")
    give_quota(world.main.service, VPCS_PER_HOSTED_ZONE, 1, account=OTHER, region="")
    world.other(ASSOCIATE, of="route53", **foreign)
