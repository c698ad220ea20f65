"""Detailed monitoring, switched on and off while instances are there."""

from __future__ import annotations

from typing import Any

from ..build import make_subnet, make_vpc
from ..conftest import Client
from .test_run_instances import described, run


def test_what_was_asked_for_is_described(client: Client) -> None:
    (first, second) = run(client, make_subnet(client, make_vpc(client)), MinCount=2, MaxCount=2)
    ids = [first["InstanceId"], second["InstanceId"]]

    def states() -> list[Any]:
        return [described(client, instance_id)[0]["Monitoring"]["State"] for instance_id in ids]

    assert states() == ["disabled", "disabled"]
    answer = client("MonitorInstances", InstanceIds=ids)["InstanceMonitorings"]
    assert answer == [{"InstanceId": instance_id, "Monitoring": {"State": "pending"}} for instance_id in ids]
    assert states() == ["enabled", "enabled"]
    answer = client("UnmonitorInstances", InstanceIds=ids[1:])["InstanceMonitorings"]
    assert answer == [{"InstanceId": ids[1], "Monitoring": {"State": "disabling"}}]
    assert states() == ["enabled", "disabled"]


def test_all_or_none(client: Client) -> None:
    (first, gone) = run(client, make_subnet(client, make_vpc(client)), MinCount=2, MaxCount=2)
    client("TerminateInstances", InstanceIds=[gone["InstanceId"]])
    both = [first["InstanceId"], gone["InstanceId"]]
    assert client.refused("MonitorInstances", InstanceIds=both).code == "IncorrectInstanceState"
    assert described(client, first["InstanceId"])[0]["Monitoring"]["State"] == "disabled"
