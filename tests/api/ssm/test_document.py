"""Documents of an account's own: made, changed, shared, run, deleted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from inspect import isawaitable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from realvpc.api.core.call import Call
from realvpc.api.ssm.document_format import in_format, to_json
from realvpc.clock import Clock
from realvpc.net.quotas import SSM_DOCUMENTS
from realvpc.session.step import Step

from ..build import tags
from ..conftest import MAIN, START, Client, caller, give_quota
from .test_session import Manager

STEP: dict[str, Any] = {
    "action": "aws:runShellScript",
    "name": "ping",
    "inputs": {"runCommand": ["ping -c {{ count }} {{ host }}"]},
}
PARAMETERS = {
    "host": {"type": "String", "description": "whom to ping"},
    "count": {"type": "String", "default": "3", "allowedValues": ["1", "3"]},
}


def content(**changes: Any) -> str:
    return json.dumps(
        {"schemaVersion": "2.2", "description": "d", "parameters": PARAMETERS, "mainSteps": [STEP]} | changes
    )


@pytest.fixture
def manager(clock: Clock) -> Manager:
    return Manager(clock)


def make(client: Client | Manager, name: str = "ping", text: str | None = None, **more: Any) -> dict[str, Any]:
    request = {"Name": name, "Content": text or content(), "DocumentType": "Command"} | more
    answer = (
        client("CreateDocument", of="ssm", **request)
        if isinstance(client, Client)
        else client("CreateDocument", **request)
    )
    shown: dict[str, Any] = answer["DocumentDescription"]
    return shown


def test_a_document_is_as_it_was_made(manager: Manager) -> None:
    made = make(manager, Tags=tags(a="1"), VersionName="first")
    assert (made["Owner"], made["DefaultVersion"], made["SchemaVersion"]) == (MAIN, "1", "2.2")
    assert (made["PlatformTypes"], made["CreatedDate"], made["Tags"]) == (["Linux", "MacOS"], START, tags(a="1"))
    assert [row["Name"] for row in made["Parameters"]] == ["host", "count"]
    assert manager("DescribeDocument", Name="ping")["Document"] == made
    shown = manager("GetDocument", Name="ping")
    assert (shown["Content"], shown["DocumentFormat"], shown["VersionName"]) == (content(), "JSON", "first")
    error = manager.refused("CreateDocument", Name="ping", Content=content())
    assert (error.code, error.message) == ("DocumentAlreadyExists", "Document with same name ping already exists")
    assert manager.refused("DescribeDocument", Name="pong").code == "InvalidDocument"
    assert manager("GetDocument", Name="AWS-RunShellScript")["DocumentType"] == "Command"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"Content": "{"}, "InvalidDocumentContent"),
        ({"Content": "schemaVersion: '2.2'", "DocumentFormat": "YAML"}, "InvalidDocumentContent"),
        ({"Content": content(schemaVersion="1.0")}, "InvalidDocumentSchemaVersion"),
        ({"Content": content(mainSteps=[])}, "InvalidDocumentContent"),
        ({"Content": content(runtimeConfig=5)}, "InvalidDocumentContent"),
        ({"Content": content(schemaVersion="1.2", runtimeConfig={})}, "InvalidDocumentContent"),
        ({"Content": content(schemaVersion=["2.2"])}, "InvalidDocumentSchemaVersion"),
        ({"Content": content(mainSteps=[{"action": "x"}])}, "InvalidDocumentContent"),
        ({"Content": content(parameters={"a": {}})}, "InvalidDocumentContent"),
        ({"Content": content(description="x" * 65536)}, "MaxDocumentSizeExceeded"),
        ({"Name": "AWS-Mine"}, "ValidationException"),
        ({"DocumentType": "Package"}, "UnsupportedOperation"),
        ({"DocumentType": "Session"}, "InvalidDocumentSchemaVersion"),
    ],
)
def test_a_document_that_is_none(client: Client, request_: dict[str, Any], code: str) -> None:
    request = {"Name": "ping", "Content": content(), "DocumentType": "Command"} | request_
    assert client.refused("CreateDocument", of="ssm", **request).code == code


YAML = """\
# pings
schemaVersion: 2.2
description: "from: 2012-10-17"
parameters:
  host: {type: String, default: 10.0.0.5}
  count:
    type: String
    default: '3'
mainSteps:
- action: aws:runShellScript
  name: ping
  inputs:
    timeoutSeconds: 60
    runCommand:
    - |
      echo yes
      ping -c {{ count }} {{ host }}
"""


def test_a_document_in_yaml_is_kept_as_it_is_and_shown_in_both_formats(manager: Manager) -> None:
    made = make(manager, text=YAML, DocumentFormat="YAML")
    assert (made["DocumentFormat"], made["SchemaVersion"], made["PlatformTypes"]) == ("YAML", "2.2", ["Linux", "MacOS"])
    assert [(row["Name"], row["DefaultValue"]) for row in made["Parameters"]] == [("host", "10.0.0.5"), ("count", "3")]
    shown = manager("GetDocument", Name="ping", DocumentFormat="YAML")
    assert (shown["Content"], shown["DocumentFormat"]) == (YAML, "YAML")
    shown = manager("GetDocument", Name="ping")
    assert shown["DocumentFormat"] == "JSON"
    document = json.loads(shown["Content"])
    assert (document["description"], document["parameters"]["host"]) == (
        "from: 2012-10-17",
        {"type": "String", "default": "10.0.0.5"},
    )
    assert manager("ListDocumentVersions", Name="ping")["DocumentVersions"][0]["DocumentFormat"] == "YAML"
    [step] = sent_steps(manager, host=["10.0.0.9"])
    assert (step.script, step.seconds) == ("echo yes\nping -c 3 10.0.0.9\n", 60)
    manager("UpdateDocument", Name="ping", Content=content(), DocumentVersion="$LATEST", DocumentFormat="JSON")
    as_yaml = manager("GetDocument", Name="ping", DocumentVersion="2", DocumentFormat="YAML")["Content"]
    make(manager, "again", as_yaml, DocumentFormat="YAML")
    assert json.loads(manager("GetDocument", Name="again")["Content"]) == json.loads(content())


def test_awss_documents_are_shown_in_yaml_too(manager: Manager) -> None:
    shown = manager("GetDocument", Name="AWS-RunShellScript", DocumentFormat="YAML")
    assert shown["DocumentFormat"] == "YAML"
    make(manager, "copy", shown["Content"], DocumentFormat="YAML")
    same = json.loads(manager("GetDocument", Name="copy")["Content"])
    assert same == json.loads(manager("GetDocument", Name="AWS-RunShellScript")["Content"])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2012-10-17", "2012-10-17"),
        ("yes", "yes"),
        ("True", True),
        ("'True'", "True"),
        ("!!str 5", "5"),
        ("~", None),
        ("0x1F", 31),
        ("012", 12),
        ("1.5e3", 1500.0),
        (".inf", ".inf"),
        ("1_000", "1_000"),
        ("{a: [1, x]}", {"a": [1, "x"]}),
        ("<<: 1", {"<<": 1}),
        (">\n  folded\n  text\n", "folded text\n"),
    ],
)
def test_scalars_of_yaml_are_those_of_its_core_schema(text: str, value: Any) -> None:
    assert json.loads(to_json(text, "YAML")) == value


@given(st.text("0123456789.eE+-oxabFfnulTtrueNs~:# ", max_size=8))
@example("1e3")
@example("0o17")
def test_a_text_is_the_same_text_after_yaml(text: str) -> None:
    written = in_format("", "JSON", json.dumps({"x": text}), "YAML")
    assert json.loads(to_json(written, "YAML")) == {"x": text}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: [",
        "a: &x 1\nb: *x",
        "!!python/object/apply:os.system [id]",
        "!mine x",
        "? [a]\n: b",
        "--- 1\n--- 2",
        "[" * 5000,
        "- " * 5000,
        "a: \0",
        "x: 1e999",
    ],
)
def test_what_is_no_yaml_or_more_than_json_can_say(client: Client, text: str) -> None:
    error = client.refused(
        "CreateDocument", of="ssm", Name="ping", Content=text, DocumentFormat="YAML", DocumentType="Command"
    )
    assert error.code in ("InvalidDocumentContent", "InvalidDocumentSchemaVersion")


def test_documents_here_are_no_texts(manager: Manager) -> None:
    make(manager)
    for action, more in (("CreateDocument", {"Content": content()}), ("GetDocument", {})):
        for name in ("ping", "AWS-RunShellScript"):
            error = manager.refused(action, Name=name, DocumentFormat="TEXT", **more)
            assert error.code == "UnsupportedOperation"


def test_versions_of_a_document(manager: Manager) -> None:
    make(manager)
    second = content(description="second")
    made = manager("UpdateDocument", Name="ping", Content=second, DocumentVersion="$LATEST", VersionName="two")
    shown = made["DocumentDescription"]
    assert (shown["DocumentVersion"], shown["LatestVersion"], shown["DefaultVersion"]) == ("2", "2", "1")
    assert manager("GetDocument", Name="ping")["Content"] == content()
    for which in ({"DocumentVersion": "2"}, {"DocumentVersion": "$LATEST"}, {"VersionName": "two"}):
        assert manager("GetDocument", Name="ping", **which)["Content"] == second
    manager("UpdateDocumentDefaultVersion", Name="ping", DocumentVersion="2")
    assert manager("DescribeDocument", Name="ping")["Document"]["Description"] == "second"
    rows = manager("ListDocumentVersions", Name="ping")["DocumentVersions"]
    assert [(row["DocumentVersion"], row["IsDefaultVersion"]) for row in rows] == [("2", True), ("1", False)]
    for changes, code in (
        ({"Content": second}, "DuplicateDocumentContent"),
        ({"Content": content(description="third"), "VersionName": "two"}, "DuplicateDocumentVersionName"),
        ({"Content": content(description="third"), "DocumentVersion": "1"}, "InvalidDocumentVersion"),
    ):
        assert manager.refused("UpdateDocument", Name="ping", **changes).code == code
    assert manager.refused("DeleteDocument", Name="ping", DocumentVersion="2").code == "InvalidDocumentOperation"
    manager("DeleteDocument", Name="ping", DocumentVersion="1")
    assert manager.refused("GetDocument", Name="ping", DocumentVersion="1").code == "InvalidDocumentVersion"
    manager("DeleteDocument", Name="ping")
    assert manager.refused("GetDocument", Name="ping").code == "InvalidDocument"
    inventory = manager.service.state.inventory
    assert not len(inventory.ssm_documents) + len(inventory.ssm_document_versions)


def test_documents_are_listed_beside_those_of_aws(manager: Manager) -> None:
    make(manager, Tags=tags(team="net"))

    def names(**filters: list[str]) -> list[str]:
        rows = [{"Key": key.replace("__", ":"), "Values": values} for key, values in filters.items()]
        return [row["Name"] for row in manager("ListDocuments", Filters=rows, MaxResults=50)["DocumentIdentifiers"]]

    assert {"ping", "AWS-RunShellScript"} <= set(names())
    assert names(Owner=["Self"]) == names(tag__team=["net"]) == names(Name=["pi"]) == ["ping"]
    assert "ping" not in names(Owner=["Amazon"])
    old = manager("ListDocuments", DocumentFilterList=[{"key": "Owner", "value": "Self"}])["DocumentIdentifiers"]
    assert [row["Name"] for row in old] == ["ping"]


def test_who_a_document_is_shared_with(client: Client) -> None:
    make(client)
    which = {"Name": "ping", "PermissionType": "Share"}
    client("ModifyDocumentPermission", of="ssm", **which, AccountIdsToAdd=["333333333333", "444444444444"])
    client("ModifyDocumentPermission", of="ssm", **which, AccountIdsToRemove=["333333333333"])
    assert client("DescribeDocumentPermission", of="ssm", **which)["AccountIds"] == ["444444444444"]
    assert client.refused("DeleteDocument", of="ssm", Name="ping").code == "InvalidDocumentOperation"


def test_tags_of_a_document(client: Client) -> None:
    make(client)
    which = {"ResourceType": "Document", "ResourceId": "ping"}
    client("AddTagsToResource", of="ssm", **which, Tags=tags(a="1", b="2"))
    client("RemoveTagsFromResource", of="ssm", **which, TagKeys=["a"])
    assert client("ListTagsForResource", of="ssm", **which)["TagList"] == tags(b="2")


def test_there_are_as_many_as_the_quota_says(client: Client) -> None:
    give_quota(client.service, SSM_DOCUMENTS, 1)
    make(client)
    error = client.refused("CreateDocument", of="ssm", Name="other", Content=content())
    assert error.code == "DocumentLimitExceeded"


def sent_steps(manager: Manager, name: str = "ping", **parameters: list[str]) -> tuple[Step, ...]:
    """What the runner was given."""

    async def send() -> str:
        command = manager("SendCommand", DocumentName=name, InstanceIds=[manager.instance_id], Parameters=parameters)
        manager.rooms.commands.cancel_all()
        found: str = command["Command"]["CommandId"]
        return found

    command = manager.rooms.commands.find(asyncio.run(send()))
    assert command is not None
    return command.steps


def test_a_session_starts_with_preferences_of_ones_own(manager: Manager) -> None:
    assert manager.refused("DescribeDocument", Name="SSM-SessionManagerRunShell").code == "InvalidDocument"
    preferences = json.dumps({"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": {}})
    make(manager, "SSM-SessionManagerRunShell", preferences, DocumentType="Session")
    assert manager("GetDocument", Name="SSM-SessionManagerRunShell")["Content"] == preferences
    assert manager.start()["SessionId"]
    port = json.dumps({"schemaVersion": "1.0", "sessionType": "Port", "properties": {"portNumber": "80"}})
    make(manager, "to-port-80", port, DocumentType="Session")
    error = manager.refused("StartSession", Target=manager.instance_id, DocumentName="to-port-80")
    assert error.code == "UnsupportedOperation"


def test_lists_of_much_leave_the_loop(manager: Manager) -> None:
    for number in range(10):
        make(manager, f"d{number}", content(description="x" * 50_000))
    answer = manager.service.handle(Call("ssm", "ListDocuments", {}, caller(), "request"))
    assert isawaitable(answer)
    assert len(asyncio.run(_awaited(answer))["DocumentIdentifiers"]) == 10


async def _awaited(answer: Awaitable[Any]) -> Any:
    return await answer
