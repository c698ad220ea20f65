"""Run Command from outside: scripts in instances, as root, and what became of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.running import eventually

from .target import Target

pytestmark = [pytest.mark.root, pytest.mark.e2e]


class Commands:
    """Sends scripts to the target and asks for their results."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.ssm = target.ssm

    def send(self, *lines: str, **more: Any) -> str:
        parameters = {"commands": list(lines)} | more.pop("Parameters", {})
        where = {} if "Targets" in more else {"InstanceIds": [self.target.instance_id]}
        command: str = self.ssm.send_command(DocumentName="AWS-RunShellScript", Parameters=parameters, **where, **more)[
            "Command"
        ]["CommandId"]
        return command

    def result(self, command_id: str) -> dict[str, Any]:
        def finished() -> dict[str, Any] | None:
            where = {"CommandId": command_id, "InstanceId": self.target.instance_id}
            row: dict[str, Any] = self.ssm.get_command_invocation(**where)
            return row if row["Status"] not in ("Pending", "InProgress") else None

        return eventually(finished, what=f"that {command_id} ends")

    def run(self, *lines: str, **more: Any) -> dict[str, Any]:
        return self.result(self.send(*lines, **more))


@pytest.fixture
def commands(target: Target) -> Commands:
    return Commands(target)


def test_a_script_runs_as_root_and_tells_its_end(commands: Commands) -> None:
    row = commands.run("echo $(id -un) $PWD", "printf 日本", "cat; echo err >&2")
    assert (row["Status"], row["StatusDetails"], row["ResponseCode"]) == ("Success", "Success", 0)
    assert (row["StandardOutputContent"], row["StandardErrorContent"]) == ("root /usr/bin\n日本", "err\n")
    assert row["PluginName"] == "aws:runShellScript"
    assert row["ExecutionElapsedTime"].startswith("PT")
    assert row["ExecutionStartDateTime"].endswith("Z")
    moved = commands.run(
        "#!/usr/bin/env python3", "import os; print(os.getcwd())", Parameters={"workingDirectory": ["/tmp"]}
    )
    assert moved["StandardOutputContent"] == "/tmp\n"


def test_a_script_that_fails_says_how(commands: Commands) -> None:
    row = commands.run("echo before", "no-such-command", "exit 7")
    assert (row["Status"], row["ResponseCode"], row["StandardOutputContent"]) == ("Failed", 7, "before\n")
    assert "no-such-command" in row["StandardErrorContent"]
    assert row["StandardErrorContent"].endswith("failed to run commands: exit status 7")
    (listed,) = commands.ssm.list_command_invocations(CommandId=row["CommandId"], Details=True)["CommandInvocations"]
    assert "----------ERROR-------" in listed["CommandPlugins"][0]["Output"]
    (command,) = commands.ssm.list_commands(CommandId=row["CommandId"])["Commands"]
    assert (command["Status"], command["TargetCount"], command["CompletedCount"], command["ErrorCount"]) == (
        "Failed", 1, 1, 1,
    )  # fmt: skip
    assert command["Parameters"] == {"commands": ["echo before", "no-such-command", "exit 7"]}  # without defaults


def test_steps_of_a_document_follow_on_one_another(commands: Commands) -> None:
    """The first one fails and ends the document, but for the last one, which tidies whatever happens."""
    linux = {"StringEquals": ["platformType", "Linux"]}
    steps = [
        {"name": "prepare", "inputs": {"runCommand": ["echo begun >/tmp/steps; exit 4"], "onFailure": "exit"}},
        {"name": "use", "inputs": {"runCommand": ["echo used >>/tmp/steps"]}},
        {"name": "tidy", "inputs": {"runCommand": ["cat /tmp/steps; rm /tmp/steps"], "finallyStep": True}},
    ]
    document = {
        "schemaVersion": "2.2",
        "mainSteps": [{"action": "aws:runShellScript", "precondition": linux} | step for step in steps],
    }
    ssm, instance_id = commands.ssm, commands.target.instance_id
    ssm.create_document(Name="in-three-steps", DocumentType="Command", Content=json.dumps(document))
    sent = ssm.send_command(DocumentName="in-three-steps", InstanceIds=[instance_id])["Command"]

    def finished() -> dict[str, Any] | None:
        asked = {"CommandId": sent["CommandId"], "InstanceId": instance_id, "PluginName": "tidy"}
        row: dict[str, Any] = ssm.get_command_invocation(**asked)
        return row if row["Status"] not in ("Pending", "InProgress") else None

    last = eventually(finished, what="that the last step ends")
    assert (last["Status"], last["StandardOutputContent"]) == ("Success", "begun\n")
    (row,) = ssm.list_command_invocations(CommandId=sent["CommandId"], Details=True)["CommandInvocations"]
    assert row["Status"] == "Failed"
    found = [(each["Name"], each["Status"], each["ResponseCode"]) for each in row["CommandPlugins"]]
    assert found == [("prepare", "Failed", 4), ("use", "Success", 0), ("tidy", "Success", 0)]
    assert "skipped due to prior step" in row["CommandPlugins"][1]["Output"]


def test_much_output_is_cut_and_does_not_stop_the_script(commands: Commands) -> None:
    row = commands.run("yes 0123456789 | head -c 3000000; echo end >&2")
    assert (row["Status"], len(row["StandardOutputContent"]), row["StandardErrorContent"]) == (
        "Success", 24_000, "end\n",
    )  # fmt: skip


def test_a_script_that_takes_too_long_is_killed(commands: Commands) -> None:
    row = commands.run("echo begun; sleep 9753", Parameters={"executionTimeout": ["1"]})
    assert (row["Status"], row["StatusDetails"], row["ResponseCode"]) == ("TimedOut", "ExecutionTimedOut", 137)
    assert row["StandardOutputContent"] == "begun\n"
    target = commands.target

    def processes() -> str:
        return target.service("exec", target.instance_id, "--", "pgrep", "-f", "sleep 9753", code=None).out

    eventually(lambda: processes() == "", what="the end of the script")


def test_a_command_can_be_cancelled(commands: Commands) -> None:
    command_id = commands.send("sleep 9754")
    commands.ssm.cancel_command(CommandId=command_id)
    row = commands.result(command_id)
    assert (row["Status"], row["StatusDetails"]) == ("Cancelled", "Cancelled")
    commands.ssm.cancel_command(CommandId=command_id)  # it is over
    with pytest.raises(ClientError, match="InvalidCommandId"):
        commands.ssm.cancel_command(CommandId="0" * 36)


def test_targets_by_tag_are_those_that_are_managed(commands: Commands) -> None:
    commands.target.ec2.create_tags(Resources=[commands.target.instance_id], Tags=[{"Key": "Fleet", "Value": "a"}])
    found = commands.run("echo here", Targets=[{"Key": "tag:Fleet", "Values": ["a", "b"]}])
    assert found["StandardOutputContent"] == "here\n"
    nobody = commands.send("echo here", Targets=[{"Key": "tag:Fleet", "Values": ["c"]}])
    (command,) = commands.ssm.list_commands(CommandId=nobody)["Commands"]
    assert (command["StatusDetails"], command["TargetCount"]) == ("NoInstancesInTag", 0)
    with pytest.raises(ClientError, match="InvocationDoesNotExist"):
        commands.ssm.get_command_invocation(CommandId=nobody, InstanceId=commands.target.instance_id)


@pytest.mark.parametrize(
    ("code", "request_"),
    [
        ("InvalidInstanceId", {"InstanceIds": ["i-0123456789abcdef0"]}),
        ("InvalidDocument", {"DocumentName": "AWS-RunPowerShellScript"}),
        ("InvalidDocument", {"DocumentName": "AWS-StartInteractiveCommand"}),
        ("InvalidParameters", {"Parameters": {}}),
        ("InvalidParameters", {"Parameters": {"commands": ["ls"], "executionTimeout": ["172801"]}}),
        ("InvalidParameters", {"Parameters": {"commands": ["ls"], "colour": ["red"]}}),
        ("ValidationException", {"InstanceIds": []}),
        ("InvalidTarget", {"InstanceIds": [], "Targets": [{"Key": "colour", "Values": ["red"]}]}),
    ],
)
def test_what_is_refused(commands: Commands, code: str, request_: dict[str, Any]) -> None:
    request = {
        "DocumentName": "AWS-RunShellScript",
        "InstanceIds": [commands.target.instance_id],
        "Parameters": {"commands": ["ls"]},
    }
    before = len(commands.ssm.list_commands()["Commands"])
    with pytest.raises(ClientError) as caught:
        commands.ssm.send_command(**request | request_)
    assert caught.value.response["Error"]["Code"] == code
    if code == "InvalidInstanceId":
        assert "Instances [[i-0123456789abcdef0]] not in a valid state for account" in str(caught.value)
    assert len(commands.ssm.list_commands()["Commands"]) == before


def test_other_accounts_see_nothing_of_it(commands: Commands) -> None:
    command_id = commands.send("true")
    other = commands.target.service.client("ssm", "--account", "other")
    assert other.list_commands()["Commands"] == []
    with pytest.raises(ClientError, match="InvocationDoesNotExist"):
        other.get_command_invocation(CommandId=command_id, InstanceId=commands.target.instance_id)
    with pytest.raises(ClientError, match="InvalidInstanceId"):
        other.send_command(
            DocumentName="AWS-RunShellScript",
            InstanceIds=[commands.target.instance_id],
            Parameters={"commands": ["true"]},
        )


def test_the_aws_command_waits_for_a_command(commands: Commands) -> None:
    service, instance_id = commands.target.service, commands.target.instance_id
    sent = service.aws(
        "ssm", "send-command", "--instance-ids", instance_id, "--document-name", "AWS-RunShellScript",
        "--parameters", "commands=[sleep 0.3,hostname]", "--comment", "who",
    )["Command"]  # fmt: skip
    where = ("--command-id", sent["CommandId"], "--instance-id", instance_id)
    service.aws("ssm", "wait", "command-executed", *where)
    assert service.aws("ssm", "get-command-invocation", *where)["StandardOutputContent"].startswith("ip-10-70-")
    documents = service.aws("ssm", "list-documents", "--filters", "Key=Owner,Values=Amazon")["DocumentIdentifiers"]
    assert {"AWS-RunShellScript", "AWS-StartPortForwardingSession"} <= {row["Name"] for row in documents}
    document = service.aws("ssm", "get-document", "--name", "AWS-StartSSHSession")
    assert '"sessionType": "Port"' in document["Content"]
    described = service.aws("ssm", "describe-document", "--name", "AWS-RunShellScript")["Document"]
    assert [row["Name"] for row in described["Parameters"]] == ["commands", "workingDirectory", "executionTimeout"]
