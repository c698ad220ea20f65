"""Managed prefix lists: made, changed, restored, named by routes and rules, deleted; and those of AWS's."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.net.quotas import PREFIX_LISTS_PER_REGION

from ..build import make_route_table, make_vpc, named, specification
from ..conftest import OTHER, VIRGINIA, Client, give_quota

PEER = "10.30.0.0/16"
GOOD: dict[str, Any] = {"PrefixListName": "offices", "AddressFamily": "IPv4", "MaxEntries": 5}


def make(client: Client, *cidrs: str, size: int = 10, family: str = "IPv4", **more: Any) -> str:
    made = client(
        "CreateManagedPrefixList",
        PrefixListName="offices",
        AddressFamily=family,
        MaxEntries=size,
        Entries=[{"Cidr": cidr} for cidr in cidrs],
        **more,
    )
    list_id: str = made["PrefixList"]["PrefixListId"]
    return list_id


def shown(client: Client, list_id: str) -> dict[str, Any]:
    [row] = client("DescribeManagedPrefixLists", PrefixListIds=[list_id])["PrefixLists"]
    return dict(row)


def entries(client: Client, list_id: str, **more: Any) -> list[str]:
    rows = client("GetManagedPrefixListEntries", PrefixListId=list_id, **more)["Entries"]
    return [row["Cidr"] for row in rows]


def modify(
    client: Client, list_id: str, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = (), **more: Any
) -> Any:
    return client("ModifyManagedPrefixList", **changes(list_id, add, remove), **more)["PrefixList"]


def changes(list_id: str, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> dict[str, Any]:
    request: dict[str, Any] = {"PrefixListId": list_id}
    if add:
        request["AddEntries"] = [{"Cidr": cidr} for cidr in add]
    if remove:
        request["RemoveEntries"] = [{"Cidr": cidr} for cidr in remove]
    return request


def test_a_list_is_made_at_version_1_and_shown(client: Client) -> None:
    made = client(
        "CreateManagedPrefixList",
        PrefixListName="offices",
        AddressFamily="IPv4",
        MaxEntries=3,
        Entries=[{"Cidr": "203.0.113.7/24", "Description": "Tokyo"}, {"Cidr": "198.51.100.0/24"}],
        TagSpecifications=specification("prefix-list", Name="offices"),
    )["PrefixList"]
    assert made["State"] == "create-in-progress"
    list_id = made["PrefixListId"]
    assert shown(client, list_id) == {
        "PrefixListId": list_id,
        "AddressFamily": "IPv4",
        "State": "create-complete",
        "StateMessage": None,
        "PrefixListArn": f"arn:aws:ec2:ap-northeast-1:111111111111:prefix-list/{list_id}",
        "PrefixListName": "offices",
        "MaxEntries": 3,
        "Version": 1,
        "Tags": [{"Key": "Name", "Value": "offices"}],
        "OwnerId": "111111111111",
    }
    rows = client("GetManagedPrefixListEntries", PrefixListId=list_id)["Entries"]
    assert rows == [
        {"Cidr": "198.51.100.0/24", "Description": None},
        {"Cidr": "203.0.113.0/24", "Description": "Tokyo"},
    ]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"PrefixListName": "com.amazonaws.mine"}, "InvalidParameterValue"),
        ({"PrefixListName": "x" * 256}, "InvalidParameterValue"),
        ({"MaxEntries": 0}, "InvalidParameterValue"),
        ({"MaxEntries": 1001}, "InvalidParameterValue"),
        ({"AddressFamily": "ipv4"}, "InvalidParameterValue"),
        ({"Entries": [{"Cidr": "2001:db8::/32"}]}, "InvalidParameterValue"),
        ({"Entries": [{"Cidr": "10.0.0.0/33"}]}, "InvalidParameterValue"),
        ({"Entries": [{"Cidr": "10.0.0.0/8"}, {"Cidr": "10.0.0.1/8"}]}, "InvalidParameterValue"),
        ({"Entries": [{"Cidr": f"10.{n}.0.0/16"} for n in range(3)], "MaxEntries": 2}, "PrefixListMaxEntriesExceeded"),
    ],
)
def test_what_cannot_be_a_list_is_refused(client: Client, wrong: dict[str, Any], code: str) -> None:
    assert client.refused("CreateManagedPrefixList", **GOOD | wrong).code == code


def test_an_account_has_so_many_in_a_region(client: Client) -> None:
    give_quota(client.service, PREFIX_LISTS_PER_REGION, 1)
    make(client)
    assert client.refused("CreateManagedPrefixList", **GOOD).code == "PrefixListLimitExceeded"


def test_a_change_of_entries_is_a_version_and_a_name_is_none(client: Client) -> None:
    list_id = make(client, "10.1.0.0/16")
    answer = modify(client, list_id, add=("10.2.0.0/16",), remove=("10.1.0.0/16",), CurrentVersion=1)
    assert (answer["State"], answer["Version"]) == ("modify-in-progress", 1)
    modify(client, list_id, PrefixListName="branches")
    modify(client, list_id, MaxEntries=20)
    row = shown(client, list_id)
    assert (row["State"], row["Version"], row["PrefixListName"], row["MaxEntries"]) == (
        "modify-complete", 2, "branches", 20,
    )  # fmt: skip
    assert entries(client, list_id) == ["10.2.0.0/16"]
    assert entries(client, list_id, TargetVersion=1) == ["10.1.0.0/16"]
    assert client.refused("GetManagedPrefixListEntries", PrefixListId=list_id, TargetVersion=3).code == (
        "InvalidParameterValue"
    )


def test_an_earlier_version_comes_back_as_a_new_one(client: Client) -> None:
    list_id = make(client, "10.1.0.0/16")
    for number in range(2, 6):
        modify(client, list_id, add=(f"10.{number}.0.0/16",), remove=(f"10.{number - 1}.0.0/16",))
    stale = client.refused("RestoreManagedPrefixListVersion", PrefixListId=list_id, PreviousVersion=2, CurrentVersion=4)
    assert (stale.code, stale.message) == (
        "PrefixListVersionMismatch", "The prefix list has the incorrect version number.",
    )  # fmt: skip
    client("RestoreManagedPrefixListVersion", PrefixListId=list_id, PreviousVersion=2, CurrentVersion=5)
    assert (shown(client, list_id)["State"], shown(client, list_id)["Version"]) == ("restore-complete", 6)
    assert entries(client, list_id) == ["10.2.0.0/16"]
    assert [entries(client, list_id, TargetVersion=version) for version in range(1, 7)] == [
        [f"10.{number}.0.0/16"] for number in (1, 2, 3, 4, 5, 2)
    ]


def test_modifications_that_make_no_sense_are_refused(client: Client) -> None:
    list_id = make(client, "10.1.0.0/16", size=2)

    def code(**request: Any) -> str:
        return client.refused("ModifyManagedPrefixList", **{"PrefixListId": list_id, **request}).code

    assert code(**changes(list_id, add=("10.2.0.0/16",)), CurrentVersion=2) == "PrefixListVersionMismatch"
    assert code(**changes(list_id, add=("10.2.0.0/16",)), MaxEntries=3) == "InvalidParameterCombination"
    assert code(**changes(list_id, add=("10.2.0.0/16", "10.3.0.0/16"))) == "PrefixListMaxEntriesExceeded"
    assert code(**changes(list_id, remove=("10.2.0.0/16",))) == "InvalidPrefixListModification"
    assert code(**changes(list_id, add=("10.1.0.0/16",), remove=("10.1.0.0/16",))) == "InvalidParameterValue"
    assert code(**changes(list_id, add=("10.1.0.0/16",))) == "InvalidRequest"
    assert code() == "InvalidRequest"
    many = tuple(f"10.0.{number}.0/24" for number in range(101))
    assert code(**changes(list_id, add=many)) == "InvalidParameterValue"
    assert code(MaxEntries=0) == "InvalidParameterValue"


def test_other_accounts_do_not_see_it(client: Client, as_account: Any) -> None:
    list_id = make(client)
    for other in (as_account(OTHER), as_account(region=VIRGINIA)):
        assert other.refused("GetManagedPrefixListEntries", PrefixListId=list_id).code == "InvalidPrefixListID.NotFound"
        assert list_id not in str(other("DescribeManagedPrefixLists"))


def test_a_list_that_is_named_is_not_deleted(client: Client) -> None:
    list_id = make(client, "10.1.0.0/16")
    group_id = client("CreateSecurityGroup", VpcId=make_vpc(client), GroupName="web", Description="-")["GroupId"]
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListIds": [{"PrefixListId": list_id}]}
    client("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[permission])
    assert client("DeleteManagedPrefixList", PrefixListId=list_id)["PrefixList"]["State"] == "delete-in-progress"
    row = shown(client, list_id)
    assert row["State"] == "delete-failed"
    assert group_id in row["StateMessage"]
    users = client("GetManagedPrefixListAssociations", PrefixListId=list_id)["PrefixListAssociations"]
    assert users == [{"ResourceId": group_id, "ResourceOwner": "111111111111"}]
    client("RevokeSecurityGroupIngress", GroupId=group_id, IpPermissions=[permission])
    modify(client, list_id, add=("10.2.0.0/16",))
    client("DeleteManagedPrefixList", PrefixListId=list_id)
    assert client.refused("DeleteManagedPrefixList", PrefixListId=list_id).code == "InvalidPrefixListID.NotFound"
    assert not client.service.state.inventory.versions_of_list(list_id)


def test_every_region_has_lists_of_awss_that_nobody_changes(client: Client, as_account: Any) -> None:
    rows = client("DescribeManagedPrefixLists", Filters=named("owner-id", "AWS"))["PrefixLists"]
    names = {row["PrefixListName"].removeprefix("com.amazonaws.") for row in rows}
    assert {"ap-northeast-1.s3", "ap-northeast-1.dynamodb", "global.cloudfront.origin-facing"} <= names
    [s3] = [row for row in rows if row["PrefixListName"].endswith("1.s3")]
    assert (s3["PrefixListId"], s3["OwnerId"], s3["MaxEntries"]) == ("pl-61a54008", "AWS", None)
    assert s3["PrefixListArn"] == "arn:aws:ec2:ap-northeast-1:aws:prefix-list/pl-61a54008"
    [old] = client("DescribePrefixLists", Filters=named("prefix-list-name", s3["PrefixListName"]))["PrefixLists"]
    assert old["Cidrs"] == entries(client, s3["PrefixListId"])
    assert client.refused("DeleteManagedPrefixList", PrefixListId=s3["PrefixListId"]).code == "UnsupportedOperation"
    error = client.refused("CreateTags", Resources=[s3["PrefixListId"]], Tags=[{"Key": "a", "Value": "b"}])
    assert error.code == "UnsupportedOperation"
    elsewhere = as_account(region=VIRGINIA).refused("GetManagedPrefixListEntries", PrefixListId=s3["PrefixListId"])
    assert elsewhere.code == "InvalidPrefixListID.NotFound"


def test_earlier_versions_are_kept_as_far_as_they_may_be(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realvpc.api.ec2.prefix_list_change.VERSIONS_MAXIMUM", 3)
    list_id = make(client)
    for number in range(5):
        modify(client, list_id, add=(f"10.{number}.0.0/16",))
    kept = [row.version for row in client.service.state.inventory.versions_of_list(list_id)]
    assert kept == [5, 4], "and the current one"
    monkeypatch.setattr("realvpc.api.ec2.prefix_list_change.CHANGES_KEPT", 1)
    modify(client, list_id, add=("10.9.0.0/16",))
    assert [row.version for row in client.service.state.inventory.versions_of_list(list_id)] == [6]
    assert entries(client, list_id, TargetVersion=6) == [f"10.{number}.0.0/16" for number in range(5)]


def test_a_table_cannot_be_deleted_with_its_vpc_and_leave_a_route_behind(client: Client) -> None:
    vpc_id, list_id = make_vpc(client), make(client, PEER)
    gateway_id = client("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    client("AttachInternetGateway", InternetGatewayId=gateway_id, VpcId=vpc_id)
    table_id = make_route_table(client, vpc_id)
    client("CreateRoute", RouteTableId=table_id, DestinationPrefixListId=list_id, GatewayId=gateway_id)
    client("DeleteRouteTable", RouteTableId=table_id)
    assert not client.service.state.network.prefix_list_routes
    client("DeleteManagedPrefixList", PrefixListId=list_id)
    assert list_id not in client.service.state.network.prefix_lists
