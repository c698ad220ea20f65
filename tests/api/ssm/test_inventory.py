"""The inventory of managed instances: put, listed, found."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from realvpc.api.core.sweep import sweep
from realvpc.clock import Clock

from ..conftest import OTHER, START, TOKYO, Client
from ..ec2.test_run_instances import run
from .test_ssm import Managed

CAPTURED = "2026-11-22T09:00:00Z"
APPLICATIONS = [
    {"Name": "bash", "Version": "5.2"},
    {"Name": "curl", "Version": "8.5"},
    {"Name": "zsh", "Version": "10"},
]


@pytest.fixture
def managed(client: Client) -> Managed:
    return Managed(client)


def item(name: str = "AWS:Application", content: list[dict[str, str]] | None = None, **more: Any) -> dict[str, Any]:
    entries = APPLICATIONS if content is None else content
    return {"TypeName": name, "SchemaVersion": "1.0", "CaptureTime": CAPTURED, "Content": entries} | more


def put(managed: Managed, *items: dict[str, Any]) -> None:
    managed.client("PutInventory", of="ssm", InstanceId=managed.instance["InstanceId"], Items=list(items))


def entries(managed: Managed, name: str = "AWS:Application", **more: Any) -> dict[str, Any]:
    return managed.client(
        "ListInventoryEntries", of="ssm", InstanceId=managed.instance["InstanceId"], TypeName=name, **more
    )


def found(client: Client, **more: Any) -> list[dict[str, Any]]:
    entities: list[dict[str, Any]] = client("GetInventory", of="ssm", **more)["Entities"]
    return entities


def test_what_was_put_is_listed_until_it_is_put_anew(managed: Managed) -> None:
    assert entries(managed)["Entries"] == []
    put(managed, item(), item("Custom:Rack", [{"Row": "7"}], SchemaVersion="2.1"))
    shown = entries(managed)
    assert (shown["Entries"], shown["SchemaVersion"], shown["CaptureTime"]) == (APPLICATIONS, "1.0", CAPTURED)
    assert entries(managed, "Custom:Rack")["Entries"] == [{"Row": "7"}]
    put(managed, item(content=[{"Name": "fish"}]))
    assert entries(managed)["Entries"] == [{"Name": "fish"}]


def test_entries_come_in_pages_and_by_filters(managed: Managed) -> None:
    put(managed, item())
    first = entries(managed, MaxResults=2)
    second = entries(managed, MaxResults=2, NextToken=first["NextToken"])
    assert [*first["Entries"], *second["Entries"]] == APPLICATIONS
    assert "NextToken" not in second

    def names(operator: str, *values: str, key: str = "Version") -> list[str]:
        filters = [{"Key": key, "Values": list(values), "Type": operator}]
        return [row["Name"] for row in entries(managed, Filters=filters)["Entries"]]

    assert names("Equal", "5.2", "8.5") == ["bash", "curl"]
    assert names("NotEqual", "5.2") == ["curl", "zsh"]
    assert names("BeginWith", "5", key="AWS:Application.Version") == ["bash"]
    assert names("GreaterThan", "9") == ["zsh"]  # as a number
    assert names("LessThan", "c", key="Name") == ["bash"]
    assert names("Exists", "x", key="Publisher") == []


def test_the_agent_tells_of_itself(managed: Managed) -> None:
    instance_id = managed.instance["InstanceId"]
    (entity,) = found(managed.client)
    assert (entity["Id"], list(entity["Data"])) == (instance_id, ["AWS:InstanceInformation"])
    (information,) = entity["Data"]["AWS:InstanceInformation"]["Content"]
    assert (information["InstanceId"], information["InstanceStatus"]) == (instance_id, "Active")
    assert information["IpAddress"] == managed.instance["PrivateIpAddress"]
    assert found(Client(managed.client.service, OTHER, TOKYO)) == []


def test_instances_are_found_by_what_they_have(managed: Managed) -> None:
    (other,) = run(managed.client, managed.subnet_id, IamInstanceProfile={"Name": managed.profile})
    run(managed.client, managed.subnet_id)  # which is not managed
    put(managed, item())
    assert len(found(managed.client)) == 2

    def ids(key: str, *values: str, operator: str = "Equal") -> list[str]:
        filters = [{"Key": key, "Values": list(values), "Type": operator}]
        return [row["Id"] for row in found(managed.client, Filters=filters)]

    instance_id = managed.instance["InstanceId"]
    assert ids("AWS:Application.Name", "curl") == [instance_id]
    assert ids("AWS:Application.Name", "curl", operator="NotEqual") == [other["InstanceId"]]
    assert ids("AWS:InstanceInformation.InstanceId", other["InstanceId"]) == [other["InstanceId"]]
    entities = found(managed.client, ResultAttributes=[{"TypeName": "AWS:Application"}])
    data = {row["Id"]: row["Data"] for row in entities}
    assert data[other["InstanceId"]] == {}
    assert data[instance_id]["AWS:Application"]["Content"] == APPLICATIONS


def test_a_hash_stands_for_what_was_put_with_it(managed: Managed) -> None:
    put(managed, item(ContentHash="abc"))
    later = item(ContentHash="abc", CaptureTime="2026-11-23T09:00:00Z")
    del later["Content"]
    put(managed, later)
    shown = entries(managed)
    assert (shown["Entries"], shown["CaptureTime"]) == (APPLICATIONS, "2026-11-23T09:00:00Z")
    later["ContentHash"] = "other"
    error = managed.client.refused("PutInventory", of="ssm", InstanceId=managed.instance["InstanceId"], Items=[later])
    assert error.code == "ItemContentMismatchException"


def test_an_inventory_ends_with_its_instance(managed: Managed, clock: Clock) -> None:
    put(managed, item())
    managed.client("TerminateInstances", InstanceIds=[managed.instance["InstanceId"]])
    assert found(managed.client) == []
    clock.offset = timedelta(hours=2)
    service = managed.client.service
    for _ in range(2):
        service.report(sweep, "test")
    assert len(service.state.inventory.inventory_items) == 0
    assert clock.now() > START


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ([item("AWS:Unknown")], "InvalidTypeNameException"),
        ([item("AWS:InstanceInformation")], "InvalidTypeNameException"),
        ([item(), item()], "InvalidItemContentException"),
        ([item(Context={"a": "b"})], "UnsupportedInventoryItemContextException"),
        ([item(content=[{"a": "x" * 4000}] * 60)], "ItemSizeLimitExceededException"),
        ([item(f"Custom:T{each}", [{"a": "x" * 4000}] * 45) for each in range(7)], "TotalSizeLimitExceededException"),
        ([item(f"Custom:T{number}", []) for number in range(21)], "CustomSchemaCountLimitExceededException"),
    ],
)  # fmt: skip
def test_what_cannot_be_put(managed: Managed, items: list[dict[str, Any]], code: str) -> None:
    error = managed.client.refused("PutInventory", of="ssm", InstanceId=managed.instance["InstanceId"], Items=items)
    assert error.code == code


def test_what_cannot_be_asked(managed: Managed) -> None:
    client, instance_id = managed.client, managed.instance["InstanceId"]
    asked: list[tuple[str, dict[str, Any], str]] = [
        ("ListInventoryEntries", {"InstanceId": "i-00000000000000000", "TypeName": "AWS:File"}, "InvalidInstanceId"),
        ("ListInventoryEntries", {"InstanceId": instance_id, "TypeName": "AWS:Else"}, "InvalidTypeNameException"),
        ("PutInventory", {"InstanceId": "i-00000000000000000", "Items": [item()]}, "InvalidInstanceId"),
        ("GetInventory", {"Filters": [{"Key": "Name", "Values": ["x"]}]}, "InvalidFilter"),
        ("GetInventory", {"ResultAttributes": [{"TypeName": "AWS:Else"}]}, "InvalidTypeNameException"),
        ("GetInventory", {"Aggregators": [{"Expression": "AWS:InstanceInformation.X"}]}, "UnsupportedOperation"),
        ("GetInventory", {"NextToken": "x"}, "InvalidNextToken"),
    ]
    for action, request, code in asked:
        assert client.refused(action, of="ssm", **request).code == code, action
    (plain,) = run(client, managed.subnet_id)
    refused = client.refused("PutInventory", of="ssm", InstanceId=plain["InstanceId"], Items=[item()])
    assert refused.code == "InvalidInstanceId"
