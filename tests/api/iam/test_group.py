"""Groups and who is in them."""

from __future__ import annotations

import pytest

from ..conftest import MAIN, Client


@pytest.fixture
def house(client: Client) -> Client:
    for name in ("ada", "bob", "eve"):
        client("CreateUser", of="iam", UserName=name)
    client("CreateGroup", of="iam", GroupName="ops", Path="/team/")
    return client


def test_a_group_shows_its_members_page_by_page(house: Client) -> None:
    for name in ("eve", "ada", "ada"):
        house("AddUserToGroup", of="iam", GroupName="ops", UserName=name)
    first = house("GetGroup", of="iam", GroupName="ops", MaxItems=1)
    assert first["Group"]["Arn"] == f"arn:aws:iam::{MAIN}:group/team/ops"
    assert [user["UserName"] for user in first["Users"]] == ["ada"]
    rest = house("GetGroup", of="iam", GroupName="ops", Marker=first["Marker"])
    assert ([user["UserName"] for user in rest["Users"]], rest["IsTruncated"]) == (["eve"], False)
    (group,) = house("ListGroupsForUser", of="iam", UserName="eve")["Groups"]
    assert group == first["Group"]


def test_a_member_stays_one_when_user_and_group_change_their_names(house: Client) -> None:
    house("AddUserToGroup", of="iam", GroupName="ops", UserName="ada")
    house("UpdateGroup", of="iam", GroupName="ops", NewGroupName="net", NewPath="/")
    house("UpdateUser", of="iam", UserName="ada", NewUserName="Lovelace")
    answer = house("GetGroup", of="iam", GroupName="net")
    assert answer["Group"]["Arn"] == f"arn:aws:iam::{MAIN}:group/net"
    assert [user["UserName"] for user in answer["Users"]] == ["Lovelace"]
    assert house.refused("GetGroup", of="iam", GroupName="ops").message == "The group with name ops cannot be found."


def test_a_group_goes_after_its_members(house: Client) -> None:
    house("AddUserToGroup", of="iam", GroupName="ops", UserName="ada")
    error = house.refused("DeleteGroup", of="iam", GroupName="ops")
    assert (error.code, error.status) == ("DeleteConflict", 409)
    house("RemoveUserFromGroup", of="iam", GroupName="ops", UserName="ada")
    assert house.refused("RemoveUserFromGroup", of="iam", GroupName="ops", UserName="ada").code == "NoSuchEntity"
    house("DeleteGroup", of="iam", GroupName="ops")
    assert house("ListGroups", of="iam")["Groups"] == []


def test_a_user_is_in_ten_groups_at_most(house: Client) -> None:
    for number in range(10):
        house("CreateGroup", of="iam", GroupName=f"g{number}")
        house("AddUserToGroup", of="iam", GroupName=f"g{number}", UserName="ada")
    error = house.refused("AddUserToGroup", of="iam", GroupName="ops", UserName="ada")
    assert (error.code, error.message) == ("LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10")
    assert house.refused("CreateGroup", of="iam", GroupName="OPS").code == "EntityAlreadyExists"
