"""What documents of an account's own run."""

from __future__ import annotations

import asyncio
from inspect import isawaitable
from typing import Any

import pytest

from realvpc.api.core.call import Call
from realvpc.clock import Clock
from realvpc.session import command_runner
from realvpc.session.step import Step

from ..conftest import caller
from .test_document import STEP, content, make, sent_steps
from .test_session import Manager


@pytest.fixture
def manager(clock: Clock) -> Manager:
    return Manager(clock)


def test_a_command_runs_the_script_of_a_document(manager: Manager) -> None:
    make(manager)
    assert sent_steps(manager, host=["10.0.0.5"], count=["1"]) == (
        Step(name="ping", script="ping -c 1 10.0.0.5", seconds=3600),
    )
    inputs = {"runCommand": ["cd /", "{{ lines }}", "echo {{ssm:/name}} {{ unknown }}"], "timeoutSeconds": 60}
    windows = STEP | {"precondition": {"StringEquals": ["platformType", "Windows"]}}
    text = content(
        parameters={"lines": {"type": "StringList", "default": ["a", "b"]}},
        mainSteps=[windows, STEP | {"inputs": inputs}],
    )
    make(manager, "lines", text)
    manager("PutParameter", Name="/name", Value="v", Type="String")
    skipped, step = sent_steps(manager, "lines")
    assert step.script.split("\n") == ["cd /", "a", "b", "echo v {{ unknown }}"]
    assert skipped == Step(
        name="ping",
        skipped="Step execution skipped due to unsatisfied preconditions: '\"StringEquals\": [platformType, Windows]'. "
        "Step name: ping",
    )
    assert sent_steps(manager, "lines", lines=["c"])[1].seconds == 60


def test_steps_say_what_follows_on_them(manager: Manager) -> None:
    first = STEP | {"name": "first", "inputs": STEP["inputs"] | {"onFailure": "exit", "timeoutSeconds": "{{ count }}"}}
    last = STEP | {"name": "last", "inputs": STEP["inputs"] | {"finallyStep": True, "onSuccess": "exit"}}
    make(manager, text=content(mainSteps=[first, last]))
    found = sent_steps(manager, host=["10.0.0.5"], count=["1"])
    assert [(each.name, each.seconds, each.on_failure, each.on_success, each.is_finally) for each in found] == [
        ("first", 1, "exit", "", False),
        ("last", 3600, "", "exit", True),
    ]


def test_of_several_steps_a_result_is_asked_for_by_name(manager: Manager) -> None:
    make(manager, text=content(mainSteps=[STEP | {"name": "first"}, STEP | {"name": "last"}]))

    async def scene() -> None:
        where: dict[str, Any] = {"InstanceIds": [manager.instance_id], "Parameters": {"host": ["10.0.0.5"]}}
        sent = manager("SendCommand", DocumentName="ping", **where)["Command"]
        asked = {"CommandId": sent["CommandId"], "InstanceId": manager.instance_id}
        for wrong in ({}, {"PluginName": "aws:runShellScript"}, {"PluginName": "other"}):
            assert manager.refused("GetCommandInvocation", **asked, **wrong).code == "InvalidPluginName"
        call = Call("ssm", "GetCommandInvocation", {**asked, "PluginName": "last"}, caller(), "req-1")
        answer = manager.service.handle(call)
        assert isawaitable(answer)
        found = await answer
        assert (found["PluginName"], found["StatusDetails"]) == ("last", "Undeliverable")
        (row,) = manager("ListCommandInvocations", CommandId=sent["CommandId"], Details=True)["CommandInvocations"]
        assert [each["Name"] for each in row["CommandPlugins"]] == ["first", "last"]

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("changes", "parameters", "code"),
    [
        ({}, {}, "InvalidParameters"),
        ({}, {"host": ["a"], "count": ["2"]}, "InvalidParameters"),
        ({}, {"host": ["a"], "more": ["2"]}, "InvalidParameters"),
        (
            {"parameters": {"host": {"type": "String"}, "unused": {"type": "String"}}},
            {"host": ["x" * 40_000], "unused": ["x" * 40_000]},
            "InvalidParameters",
        ),
        ({"mainSteps": [STEP, STEP | {"action": "aws:runPowerShellScript"}]}, {"host": ["a"]}, "UnsupportedOperation"),
        ({"mainSteps": [STEP | {"action": "aws:runDocument"}]}, {"host": ["a"]}, "UnsupportedOperation"),
        (
            {"parameters": {"host": {"type": "String", "allowedPattern": "(a+)+"}}},
            {"host": ["a"]},
            "UnsupportedOperation",
        ),
        ({"mainSteps": [STEP | {"inputs": {"runCommand": "{{ssm:/secret}}"}}]}, {"host": ["a"]}, "InvalidParameters"),
        ({"mainSteps": [STEP | {"inputs": {"timeoutSeconds": 0}}]}, {"host": ["a"]}, "InvalidParameters"),
        ({"mainSteps": [STEP | {"inputs": {"runCommand": ["echo \0"]}}]}, {"host": ["a"]}, "InvalidParameters"),
        (
            {"mainSteps": [STEP | {"inputs": {"runCommand": ["{{ host }}" * 60]}}]},
            {"host": ["a" * 2000]},
            "InvalidParameters",
        ),
        (
            {
                "parameters": {"lines": {"type": "StringList"}},
                "mainSteps": [STEP | {"inputs": {"runCommand": ["{{ lines }}"] * 60}}],
            },
            {"lines": [""] * 2000},
            "InvalidParameters",
        ),
    ],
)
def test_what_cannot_be_run_is_refused(
    manager: Manager,
    changes: dict[str, Any],
    parameters: dict[str, list[str]],
    code: str,
) -> None:
    make(manager, text=content(**changes))
    manager("PutParameter", Name="/secret", Value="v", Type="SecureString")
    error = manager.refused(
        "SendCommand", DocumentName="ping", InstanceIds=[manager.instance_id], Parameters=parameters
    )
    assert error.code == code


def test_an_account_has_so_many_steps_at_a_time(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_runner, "STEPS_OF_AN_ACCOUNT", 2)
    make(manager, "two", content(parameters={}, mainSteps=[STEP | {"name": name} for name in ("first", "last")]))
    make(manager, "three", content(parameters={}, mainSteps=[STEP | {"name": name} for name in ("a", "b", "c")]))

    async def scene() -> None:
        error = manager.refused("SendCommand", DocumentName="three", InstanceIds=[manager.instance_id])
        assert (error.code, error.status) == ("ServiceQuotaExceededException", 400)
        assert not manager("ListCommands")["Commands"]
        manager("SendCommand", DocumentName="two", InstanceIds=[manager.instance_id])
        manager.rooms.commands.cancel_all()

    asyncio.run(scene())
