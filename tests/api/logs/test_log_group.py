"""Log groups and their streams: made, listed, tagged, deleted."""

from __future__ import annotations

from typing import Any

from realvpc.net.quotas import LOG_GROUPS, LOG_STREAMS

from ..conftest import MAIN, OTHER, START, TOKYO, Client, give_quota

GROUP = "/vpc/flow"
NOW = int(START.timestamp() * 1000)


def make_group(client: Client, name: str = GROUP, **more: Any) -> str:
    """Its ARN."""
    client("CreateLogGroup", of="logs", logGroupName=name, **more)
    return f"arn:aws:logs:{TOKYO}:{MAIN}:log-group:{name}"


def groups(client: Client, **more: Any) -> list[str]:
    return [row["logGroupName"] for row in client("DescribeLogGroups", of="logs", **more)["logGroups"]]


def streams(client: Client, **more: Any) -> list[str]:
    rows = client("DescribeLogStreams", of="logs", logGroupName=GROUP, **more)["logStreams"]
    return [row["logStreamName"] for row in rows]


def test_a_group_is_as_it_was_made(client: Client) -> None:
    arn = make_group(client)
    client("PutRetentionPolicy", of="logs", logGroupName=GROUP, retentionInDays=7)
    (row,) = client("DescribeLogGroups", of="logs")["logGroups"]
    assert row == {
        "logGroupName": GROUP,
        "creationTime": NOW,
        "retentionInDays": 7,
        "metricFilterCount": 0,
        "arn": f"{arn}:*",
        "storedBytes": 0,
        "logGroupClass": "STANDARD",
        "logGroupArn": arn,
        "deletionProtectionEnabled": False,
    }
    client("DeleteRetentionPolicy", of="logs", logGroupName=GROUP)
    (row,) = client("DescribeLogGroups", of="logs")["logGroups"]
    assert row["retentionInDays"] is None
    error = client.refused("PutRetentionPolicy", of="logs", logGroupName=GROUP, retentionInDays=2)
    assert error.code == "InvalidParameterException"
    error = client.refused("CreateLogGroup", of="logs", logGroupName=GROUP)
    assert (error.code, error.message) == ("ResourceAlreadyExistsException", "The specified log group already exists")
    assert groups(Client(client.service, OTHER, TOKYO)) == []


def test_groups_are_found_by_their_names(client: Client) -> None:
    for name in ("/vpc/b", "/vpc/a", "app"):
        make_group(client, name)
    assert groups(client) == ["/vpc/a", "/vpc/b", "app"]
    assert groups(client, logGroupNamePrefix="/vpc") == ["/vpc/a", "/vpc/b"]
    assert groups(client, logGroupNamePattern="PP") == ["app"]
    first = client("DescribeLogGroups", of="logs", limit=2)
    assert groups(client, nextToken=first["nextToken"]) == ["app"]
    assert client.refused("DescribeLogGroups", of="logs", nextToken="x").code == "InvalidParameterException"
    both = {"logGroupNamePrefix": "a", "logGroupNamePattern": "a"}
    assert client.refused("DescribeLogGroups", of="logs", **both).code == "InvalidParameterException"
    listed = client("ListLogGroups", of="logs", logGroupNamePattern="^/vpc|app")["logGroups"]
    assert len(listed) == 3


def test_a_group_goes_with_everything_in_it(client: Client) -> None:
    make_group(client)
    client("CreateLogStream", of="logs", logGroupName=GROUP, logStreamName="s")
    event = [{"timestamp": NOW, "message": "m"}]
    client("PutLogEvents", of="logs", logGroupName=GROUP, logStreamName="s", logEvents=event)
    client("DeleteLogGroup", of="logs", logGroupName=GROUP)
    logs = client.service.state.logs
    assert not any((len(logs.groups), len(logs.streams), len(logs.batches)))
    error = client.refused("DeleteLogGroup", of="logs", logGroupName=GROUP)
    assert (error.code, error.message) == ("ResourceNotFoundException", "The specified log group does not exist.")


def test_a_protected_group_stays(client: Client) -> None:
    make_group(client, deletionProtectionEnabled=True)
    assert client.refused("DeleteLogGroup", of="logs", logGroupName=GROUP).code == "ValidationException"
    client("PutLogGroupDeletionProtection", of="logs", logGroupIdentifier=GROUP, deletionProtectionEnabled=False)
    client("DeleteLogGroup", of="logs", logGroupName=GROUP)


def test_tags_of_a_group(client: Client) -> None:
    arn = make_group(client, tags={"a": "1"})
    client("TagResource", of="logs", resourceArn=f"{arn}:*", tags={"b": "2"})
    client("TagLogGroup", of="logs", logGroupName=GROUP, tags={"c": "3"})
    client("UntagResource", of="logs", resourceArn=arn, tagKeys=["a"])
    client("UntagLogGroup", of="logs", logGroupName=GROUP, tags=["c"])
    assert client("ListTagsForResource", of="logs", resourceArn=arn)["tags"] == {"b": "2"}
    assert client("ListTagsLogGroup", of="logs", logGroupName=GROUP)["tags"] == {"b": "2"}
    assert client.refused("ListTagsForResource", of="logs", resourceArn=f"{arn}x").code == "ResourceNotFoundException"
    error = client.refused("TagResource", of="logs", resourceArn=arn, tags={f"k{n}": "" for n in range(50)})
    assert error.code == "TooManyTagsException"


def test_streams_of_a_group(client: Client) -> None:
    arn = make_group(client)
    for name in ("eni-b", "eni-a", "other"):
        client("CreateLogStream", of="logs", logGroupName=GROUP, logStreamName=name)
    assert streams(client) == ["eni-a", "eni-b", "other"]
    assert streams(client, logStreamNamePrefix="eni", descending=True) == ["eni-b", "eni-a"]
    for name, time in (("eni-a", 5), ("eni-b", 3)):
        event = [{"timestamp": NOW + time, "message": "m"}]
        client("PutLogEvents", of="logs", logGroupName=GROUP, logStreamName=name, logEvents=event)
    assert streams(client, orderBy="LastEventTime", descending=True) == ["eni-a", "eni-b", "other"]
    first, *_ = client("DescribeLogStreams", of="logs", logGroupIdentifier=arn)["logStreams"]
    assert (first["arn"], first["firstEventTimestamp"], first["lastIngestionTime"]) == (
        f"{arn}:log-stream:eni-a",
        NOW + 5,
        NOW,
    )
    error = client.refused(
        "DescribeLogStreams", of="logs", logGroupName=GROUP, orderBy="LastEventTime", logStreamNamePrefix="e"
    )
    assert error.code == "InvalidParameterException"
    client("DeleteLogStream", of="logs", logGroupName=GROUP, logStreamName="eni-a")
    assert streams(client) == ["eni-b", "other"]
    events = client("FilterLogEvents", of="logs", logGroupName=GROUP)["events"]
    assert [event["logStreamName"] for event in events] == ["eni-b"]
    error = client.refused("DeleteLogStream", of="logs", logGroupName=GROUP, logStreamName="eni-a")
    assert error.message == "The specified log stream does not exist."


def test_there_are_as_many_as_the_quotas_say(client: Client) -> None:
    give_quota(client.service, LOG_GROUPS, 1)
    give_quota(client.service, LOG_STREAMS, 1)
    make_group(client)
    client("CreateLogStream", of="logs", logGroupName=GROUP, logStreamName="s")
    assert client.refused("CreateLogGroup", of="logs", logGroupName="x").code == "LimitExceededException"
    error = client.refused("CreateLogStream", of="logs", logGroupName=GROUP, logStreamName="t")
    assert error.code == "LimitExceededException"
