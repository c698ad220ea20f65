"""VPC peering connections, as the peering guide and real clients know them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.net.addresses import Cidr
from realvpc.net.quotas import OUTSTANDING_PEERING_REQUESTS
from realvpc.net.table import put
from realvpc.net.vpc import CidrAssociation, Vpc

from ..conftest import MAIN, OTHER, START, TOKYO, VIRGINIA, Client, give_quota

As = Callable[..., Client]


@pytest.fixture
def vpc(service: Service) -> Callable[..., str]:
    """Makes a VPC of an account directly in the state: ``vpc("a", "10.20.0.0/16")`` returns its id."""

    def make(name: str, *cidrs: str, account: str = MAIN, region: str = TOKYO, dns_hostnames: bool = True) -> str:
        vpc_id = f"vpc-{ord(name):017x}"
        blocks = tuple(CidrAssociation(f"vpc-cidr-assoc-{n:017x}", Cidr.parse(text)) for n, text in enumerate(cidrs))
        row = Vpc(
            id=vpc_id, account=account, region=region, cidr_associations=blocks, enable_dns_hostnames=dns_hostnames
        )
        service.report(lambda ctx: put(row), "test")
        return vpc_id

    return make


def request(client: Client, vpc_id: str, peer_vpc_id: str, **more: Any) -> str:
    made = client("CreateVpcPeeringConnection", VpcId=vpc_id, PeerVpcId=peer_vpc_id, **more)
    pcx: str = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    return pcx


def status(client: Client, pcx: str) -> str:
    found = client("DescribeVpcPeeringConnections", VpcPeeringConnectionIds=[pcx])["VpcPeeringConnections"]
    code: str = found[0]["Status"]["Code"]
    return code


def test_a_request_inside_one_account_is_accepted_and_active(client: Client, vpc: Callable[..., str]) -> None:
    made = client("CreateVpcPeeringConnection", VpcId=vpc("a", "10.20.0.0/16"), PeerVpcId=vpc("b", "10.30.0.0/16"))
    connection = made["VpcPeeringConnection"]
    assert connection["Status"] == {"Code": "initiating-request", "Message": f"Initiating Request to {MAIN}"}
    pcx = connection["VpcPeeringConnectionId"]
    assert status(client, pcx) == "pending-acceptance"
    accepted = client("AcceptVpcPeeringConnection", VpcPeeringConnectionId=pcx)["VpcPeeringConnection"]
    assert accepted["Status"]["Code"] == "provisioning"
    assert status(client, pcx) == "active"


def test_before_acceptance_only_the_requesters_blocks_show(client: Client, vpc: Callable[..., str]) -> None:
    pcx = request(client, vpc("a", "10.20.0.0/16", "10.21.0.0/16"), vpc("b", "10.30.0.0/16"))
    [pending] = client("DescribeVpcPeeringConnections")["VpcPeeringConnections"]
    assert [block["CidrBlock"] for block in pending["RequesterVpcInfo"]["CidrBlockSet"]] == [
        "10.20.0.0/16",
        "10.21.0.0/16",
    ]
    assert set(pending["AccepterVpcInfo"]) == {"OwnerId", "Region", "VpcId"}
    assert pending["ExpirationTime"] == START + timedelta(days=7)
    client("AcceptVpcPeeringConnection", VpcPeeringConnectionId=pcx)
    [active] = client("DescribeVpcPeeringConnections")["VpcPeeringConnections"]
    assert active["AccepterVpcInfo"]["CidrBlock"] == "10.30.0.0/16"
    assert "ExpirationTime" not in active


@pytest.mark.parametrize(
    ("blocks", "peer_blocks"),
    [(["10.20.0.0/16"], ["10.20.0.0/16"]), (["10.20.0.0/16", "10.9.0.0/16"], ["10.30.0.0/16", "10.9.128.0/20"])],
    ids=["primary", "secondary"],
)
def test_overlapping_blocks_fail_the_request(
    client: Client, vpc: Callable[..., str], blocks: list[str], peer_blocks: list[str]
) -> None:
    pcx = request(client, vpc("a", *blocks), vpc("b", *peer_blocks))
    [failed] = client("DescribeVpcPeeringConnections")["VpcPeeringConnections"]
    assert failed["Status"] == {
        "Code": "failed",
        "Message": "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range",
    }
    error = client.refused("DeleteVpcPeeringConnection", VpcPeeringConnectionId=pcx)
    assert error.code == "InvalidStateTransition"
    assert error.message == f"Invalid state transition for {pcx}, attempted to transition from failed to deleting"


def test_a_wrong_accepter_fails_without_telling_why(as_account: As, vpc: Callable[..., str]) -> None:
    ours, theirs = vpc("a", "10.20.0.0/16"), vpc("c", "10.120.0.0/16", account=OTHER)
    client = as_account()
    wrong = [
        request(client, ours, theirs),  # without PeerOwnerId
        request(client, ours, theirs, PeerOwnerId="333333333333"),
        request(client, ours, theirs, PeerOwnerId=OTHER, PeerRegion=VIRGINIA),
        request(client, ours, "vpc-0123456789abcdef0"),
    ]
    assert [status(client, pcx) for pcx in wrong] == ["failed"] * 4
    assert as_account(OTHER)("DescribeVpcPeeringConnections")["VpcPeeringConnections"] == []


def test_another_account_accepts_in_its_own_region(as_account: As, vpc: Callable[..., str]) -> None:
    ours, theirs = vpc("a", "10.20.0.0/16"), vpc("c", "10.120.0.0/16", account=OTHER, region=VIRGINIA)
    pcx = request(as_account(), ours, theirs, PeerOwnerId=OTHER, PeerRegion=VIRGINIA)
    error = as_account().refused("AcceptVpcPeeringConnection", VpcPeeringConnectionId=pcx)
    assert (error.code, error.message) == ("OperationNotPermitted", f"User {MAIN} cannot accept peering {pcx}")
    error = as_account(OTHER, TOKYO).refused("AcceptVpcPeeringConnection", VpcPeeringConnectionId=pcx)
    assert error.code == "InvalidVpcPeeringConnectionID.NotFound"
    as_account(OTHER, VIRGINIA)("AcceptVpcPeeringConnection", VpcPeeringConnectionId=pcx)
    assert status(as_account(), pcx) == status(as_account(OTHER, VIRGINIA), pcx) == "active"
    assert as_account("333333333333")("DescribeVpcPeeringConnections")["VpcPeeringConnections"] == []


def test_between_regions_of_one_account_the_accepters_region_decides(as_account: As, vpc: Callable[..., str]) -> None:
    pcx = request(
        as_account(), vpc("a", "10.20.0.0/16"), vpc("v", "10.40.0.0/16", region=VIRGINIA), PeerRegion=VIRGINIA
    )
    error = as_account().refused("AcceptVpcPeeringConnection", VpcPeeringConnectionId=pcx)
    assert error.message == (
        f"Incorrect region ({TOKYO}) specified for this request. VPC peering connection {pcx} "
        f"must be accepted in region {VIRGINIA}"
    )
    as_account(MAIN, VIRGINIA)("AcceptVpcPeeringConnection", VpcPeeringConnectionId=pcx)


def test_asking_twice_returns_the_same_connection(client: Client, vpc: Callable[..., str]) -> None:
    a, b = vpc("a", "10.20.0.0/16"), vpc("b", "10.30.0.0/16")
    pcx = request(client, a, b)
    assert request(client, a, b) == pcx
    client("AcceptVpcPeeringConnection", VpcPeeringConnectionId=pcx)
    assert request(client, a, b) == pcx


@pytest.mark.parametrize("wrong", [{}, {"PeerOwnerId": OTHER, "PeerRegion": VIRGINIA}], ids=["account", "Region"])
def test_asking_with_a_wrong_accepter_does_not_find_the_right_connection(
    client: Client, vpc: Callable[..., str], wrong: dict[str, str]
) -> None:
    a, b = vpc("a", "10.20.0.0/16"), vpc("b", "10.30.0.0/16", account=OTHER)
    pcx = request(client, a, b, PeerOwnerId=OTHER)
    other = request(client, a, b, **wrong)
    assert other != pcx
    assert status(client, other) == "failed"
    assert status(client, pcx) == "pending-acceptance"


def test_a_failed_request_shows_in_the_requesters_region_only(as_account: As, vpc: Callable[..., str]) -> None:
    tokyo, virginia = as_account(), as_account(region=VIRGINIA)
    failed = request(tokyo, vpc("a", "10.20.0.0/16"), "vpc-0123456789abcdef0", PeerRegion=VIRGINIA)
    assert status(tokyo, failed) == "failed"
    assert virginia("DescribeVpcPeeringConnections")["VpcPeeringConnections"] == []


def test_the_reverse_request_is_made_but_cannot_be_accepted(client: Client, vpc: Callable[..., str]) -> None:
    a, b = vpc("a", "10.20.0.0/16"), vpc("b", "10.30.0.0/16")
    client("AcceptVpcPeeringConnection", VpcPeeringConnectionId=request(client, a, b))
    reverse = request(client, b, a)
    assert status(client, reverse) == "pending-acceptance"
    error = client.refused("AcceptVpcPeeringConnection", VpcPeeringConnectionId=reverse)
    assert error.code == "VpcPeeringConnectionAlreadyExists"
    assert error.message == f"The vpc peering connection identified by {reverse} already exists."


def test_a_request_expires_after_seven_days(client: Client, vpc: Callable[..., str], clock: Clock) -> None:
    a, b = vpc("a", "10.20.0.0/16"), vpc("b", "10.30.0.0/16")
    pcx = request(client, a, b)
    clock.offset = timedelta(days=7) - timedelta(seconds=1)
    assert status(client, pcx) == "pending-acceptance"
    clock.offset = timedelta(days=7)
    assert status(client, pcx) == "expired"
    assert client.refused("AcceptVpcPeeringConnection", VpcPeeringConnectionId=pcx).code == "InvalidStateTransition"
    assert request(client, a, b) != pcx
    clock.offset = timedelta(days=9)
    error = client.refused("DescribeVpcPeeringConnections", VpcPeeringConnectionIds=[pcx])
    assert error.code == "InvalidVpcPeeringConnectionID.NotFound"
    assert error.message == f"The vpcPeeringConnection ID '{pcx}' does not exist"


# Who still sees an ended connection, and for how long: (how it ended, account, hours).
VISIBILITY = [
    ("reject", MAIN, 48),
    ("reject", OTHER, 2),
    ("delete by accepter", OTHER, 2),
    ("delete by accepter", MAIN, 48),
    ("delete by requester", MAIN, 2),
    ("delete by requester", OTHER, 48),
]


@pytest.mark.parametrize(("ending", "account", "hours"), VISIBILITY)
def test_an_ended_connection_stays_visible(
    as_account: As, vpc: Callable[..., str], clock: Clock, ending: str, account: str, hours: int
) -> None:
    pcx = request(as_account(), vpc("a", "10.20.0.0/16"), vpc("c", "10.120.0.0/16", account=OTHER), PeerOwnerId=OTHER)
    if ending == "reject":
        as_account(OTHER)("RejectVpcPeeringConnection", VpcPeeringConnectionId=pcx)
    else:
        as_account(OTHER)("AcceptVpcPeeringConnection", VpcPeeringConnectionId=pcx)
        owner = OTHER if ending == "delete by accepter" else MAIN
        as_account(owner)("DeleteVpcPeeringConnection", VpcPeeringConnectionId=pcx)
    viewer = as_account(account)
    clock.offset = timedelta(hours=hours) - timedelta(seconds=1)
    assert status(viewer, pcx) == ("rejected" if ending == "reject" else "deleted")
    clock.offset = timedelta(hours=hours)
    assert viewer("DescribeVpcPeeringConnections")["VpcPeeringConnections"] == []


def test_the_accepter_rejects_and_does_not_delete_a_pending_request(as_account: As, vpc: Callable[..., str]) -> None:
    pcx = request(as_account(), vpc("a", "10.20.0.0/16"), vpc("c", "10.120.0.0/16", account=OTHER), PeerOwnerId=OTHER)
    error = as_account(OTHER).refused("DeleteVpcPeeringConnection", VpcPeeringConnectionId=pcx)
    assert error.code == "OperationNotPermitted"
    as_account()("DeleteVpcPeeringConnection", VpcPeeringConnectionId=pcx)
    assert status(as_account(), pcx) == "deleted"


def test_tags_belong_to_the_side_that_set_them(as_account: As, vpc: Callable[..., str]) -> None:
    pcx = request(
        as_account(),
        vpc("a", "10.20.0.0/16"),
        vpc("c", "10.120.0.0/16", account=OTHER),
        PeerOwnerId=OTHER,
        TagSpecifications=[{"ResourceType": "vpc-peering-connection", "Tags": [{"Key": "Name", "Value": "a-c"}]}],
    )
    [ours] = as_account()("DescribeVpcPeeringConnections", VpcPeeringConnectionIds=[pcx])["VpcPeeringConnections"]
    [theirs] = as_account(OTHER)("DescribeVpcPeeringConnections")["VpcPeeringConnections"]
    assert ours["Tags"] == [{"Key": "Name", "Value": "a-c"}]
    assert theirs["Tags"] == []


def test_dns_options_are_set_by_the_owner_of_the_side(as_account: As, vpc: Callable[..., str]) -> None:
    pcx = request(as_account(), vpc("a", "10.20.0.0/16"), vpc("c", "10.120.0.0/16", account=OTHER), PeerOwnerId=OTHER)
    options = {"AllowDnsResolutionFromRemoteVpc": True}
    modify: dict[str, Any] = {"VpcPeeringConnectionId": pcx, "RequesterPeeringConnectionOptions": options}
    error = as_account().refused("ModifyVpcPeeringConnectionOptions", **modify)
    assert error.message == f"Peering {pcx} is not active. Peering options can be added only to active peerings."
    as_account(OTHER)("AcceptVpcPeeringConnection", VpcPeeringConnectionId=pcx)
    error = as_account(OTHER).refused("ModifyVpcPeeringConnectionOptions", **modify)
    assert error.message == f"User {OTHER} does not have permission to modify the requester side peering options"
    answer = as_account()("ModifyVpcPeeringConnectionOptions", **modify)
    assert list(answer) == ["RequesterPeeringConnectionOptions"]
    [seen] = as_account(OTHER)("DescribeVpcPeeringConnections")["VpcPeeringConnections"]
    assert seen["RequesterVpcInfo"]["PeeringOptions"]["AllowDnsResolutionFromRemoteVpc"] is True
    assert seen["AccepterVpcInfo"]["PeeringOptions"]["AllowDnsResolutionFromRemoteVpc"] is False


def test_dns_options_need_dns_hostnames(client: Client, vpc: Callable[..., str]) -> None:
    pcx = request(client, vpc("a", "10.20.0.0/16", dns_hostnames=False), vpc("b", "10.30.0.0/16"))
    client("AcceptVpcPeeringConnection", VpcPeeringConnectionId=pcx)
    error = client.refused(
        "ModifyVpcPeeringConnectionOptions",
        VpcPeeringConnectionId=pcx,
        AccepterPeeringConnectionOptions={"AllowDnsResolutionFromRemoteVpc": True},
    )
    assert error.code == "InvalidVpcPeeringConnectionState.DnsHostnamesDisabled"


def test_unknown_and_malformed_ids(client: Client, vpc: Callable[..., str]) -> None:
    a = vpc("a", "10.20.0.0/16")
    create = "CreateVpcPeeringConnection"
    assert client.refused(create, VpcId="vpc-0123456789abcdef0", PeerVpcId=a).code == "InvalidVpcID.NotFound"
    assert client.refused(create, VpcId="vpc-1", PeerVpcId=a).code == "InvalidVpcId.Malformed"
    assert client.refused(create, VpcId=a).code == "MissingParameter"
    assert client.refused(create, VpcId=a, PeerVpcId=a).code == "InvalidParameterValue"
    error = client.refused("AcceptVpcPeeringConnection", VpcPeeringConnectionId="pcx-1")
    assert error.code == "InvalidVpcPeeringConnectionId.Malformed"


def test_filters(client: Client, vpc: Callable[..., str], clock: Clock) -> None:
    clock.offset = timedelta(milliseconds=361)  # an expiration time is a whole second
    a, b, c = vpc("a", "10.20.0.0/16"), vpc("b", "10.30.0.0/16"), vpc("c", "10.40.0.0/16")
    to_b, to_c = request(client, a, b), request(client, a, c)
    client("AcceptVpcPeeringConnection", VpcPeeringConnectionId=to_b)

    def found(**filters: list[str]) -> list[str]:
        wanted = [{"Name": name.replace("_", "-"), "Values": values} for name, values in filters.items()]
        rows = client("DescribeVpcPeeringConnections", Filters=wanted)["VpcPeeringConnections"]
        return [row["VpcPeeringConnectionId"] for row in rows]

    assert found(status_code=["active"]) == [to_b]
    assert found(status_code=["act*", "pending-acceptanc?"]) == sorted([to_b, to_c])
    assert found(status_code=["Active"]) == []
    assert found(expiration_time=["2026-11-29T09:30:00.000Z"]) == [to_c]
    error = client.refused("DescribeVpcPeeringConnections", Filters=[{"Name": "nonsense", "Values": ["x"]}])
    assert (error.code, error.message) == ("InvalidParameterValue", "The filter 'nonsense' is invalid")


def test_outstanding_requests_are_counted_in_each_region(as_account: As, vpc: Callable[..., str]) -> None:
    tokyo, virginia = as_account(), as_account(MAIN, VIRGINIA)
    a, b = vpc("a", "10.0.0.0/16"), vpc("b", "10.1.0.0/16", region=VIRGINIA)
    give_quota(tokyo.service, OUTSTANDING_PEERING_REQUESTS, 3)
    for number in range(3):
        name = chr(ord("c") + number)
        request(tokyo, a, vpc(name, f"10.{2 + number}.0.0/16"))
    full = vpc("~", "10.200.0.0/16", region=VIRGINIA)
    error = tokyo.refused("CreateVpcPeeringConnection", VpcId=a, PeerVpcId=full, PeerRegion=VIRGINIA)
    assert error.code == "OutstandingVpcPeeringConnectionLimitExceeded"
    assert request(virginia, b, full)


def test_what_has_ended_shows_only_whose_vpcs_they_were(client: Client, vpc: Callable[..., str], clock: Clock) -> None:
    a, b, c, d = (vpc(name, f"10.{number}.0.0/16") for number, name in enumerate("abcd"))
    deleted, rejected, expired = request(client, a, b), request(client, a, c), request(client, a, d)
    failed = request(client, a, vpc("e", "10.0.0.0/16"))
    client("AcceptVpcPeeringConnection", VpcPeeringConnectionId=deleted)
    clock.offset = timedelta(days=7)
    client("DeleteVpcPeeringConnection", VpcPeeringConnectionId=deleted)
    rows = client("DescribeVpcPeeringConnections")["VpcPeeringConnections"]
    clock.offset = timedelta()
    client("RejectVpcPeeringConnection", VpcPeeringConnectionId=rejected)
    rows += client("DescribeVpcPeeringConnections", VpcPeeringConnectionIds=[rejected, failed])["VpcPeeringConnections"]
    ended = {row["VpcPeeringConnectionId"]: row for row in rows}
    assert {pcx: row["Status"]["Code"] for pcx, row in ended.items()} == {
        deleted: "deleted",
        expired: "expired",
        rejected: "rejected",
        failed: "failed",
    }
    for row in ended.values():
        assert set(row["RequesterVpcInfo"]) == set(row["AccepterVpcInfo"]) == {"OwnerId", "Region", "VpcId"}


@pytest.mark.parametrize("gone", ["a", "b"], ids=["requester", "accepter"])
def test_a_request_whose_vpc_was_deleted_while_it_had_expired_cannot_be_accepted(
    client: Client, vpc: Callable[..., str], clock: Clock, gone: str
) -> None:
    """The clock may be turned back: what was never ended in the state is pending again."""
    ids = {"a": vpc("a", "10.20.0.0/16"), "b": vpc("b", "10.30.0.0/16")}
    pcx = request(client, ids["a"], ids["b"])
    clock.offset = timedelta(days=8)
    client("DeleteVpc", VpcId=ids[gone])
    clock.offset = timedelta()
    error = client.refused("AcceptVpcPeeringConnection", VpcPeeringConnectionId=pcx)
    assert (error.code, error.message) == (
        "InvalidStateTransition",
        f"Invalid state transition for {pcx}, attempted to transition from failed to active",
    )


def test_a_request_whose_vpcs_came_to_overlap_while_it_had_expired_cannot_be_accepted(
    client: Client, vpc: Callable[..., str], clock: Clock
) -> None:
    a, b = vpc("a", "10.20.0.0/16"), vpc("b", "10.30.0.0/16")
    pcx = request(client, a, b)
    clock.offset = timedelta(days=8)
    client("AssociateVpcCidrBlock", VpcId=b, CidrBlock="10.20.128.0/20")
    clock.offset = timedelta()
    assert client.refused("AcceptVpcPeeringConnection", VpcPeeringConnectionId=pcx).code == "InvalidStateTransition"


def test_an_active_connection_forbids_a_block_that_overlaps_the_other_vpc(
    client: Client, vpc: Callable[..., str]
) -> None:
    a, b = vpc("a", "10.20.0.0/16"), vpc("b", "10.30.0.0/16")
    client("AcceptVpcPeeringConnection", VpcPeeringConnectionId=request(client, a, b))
    for vpc_id, block in ((a, "10.30.16.0/20"), (b, "10.20.16.0/20")):
        assert client.refused("AssociateVpcCidrBlock", VpcId=vpc_id, CidrBlock=block).code == "InvalidVpc.Range"
    client("AssociateVpcCidrBlock", VpcId=a, CidrBlock="10.21.0.0/16")


def test_an_unset_variable_as_the_peer_is_a_malformed_id(client: Client, vpc: Callable[..., str]) -> None:
    error = client.refused("CreateVpcPeeringConnection", VpcId=vpc("a", "10.20.0.0/16"), PeerVpcId="")
    assert (error.code, error.message) == ("InvalidVpcId.Malformed", 'Invalid id: ""')
