"""SSM's actions on sessions: who may start, see, resume and end them, and when they end by themselves."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from inspect import isawaitable
from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.api.core.call import Call
from realvpc.api.core.errors import AwsError
from realvpc.api.machine_report import machine_up
from realvpc.clock import Clock
from realvpc.net.instance import InstanceState
from realvpc.session import command_runner
from realvpc.session.sessions import Limits
from realvpc.wire.services import Services
from tests.patience import PATIENCE_SECONDS

from ..conftest import MAIN, OTHER, TOKYO, VIRGINIA, Client, caller, new_service, performed
from ..rooms import Rooms
from .test_ssm import Managed

_WIRE = Services()


class Manager:
    """Session Manager beside a service with a data plane, in which one instance runs and is managed."""

    def __init__(self, clock: Clock, *, has_fabric: bool = True, limits: Limits | None = None) -> None:
        self.service = new_service(clock, has_fabric=has_fabric)
        self.managed = Managed(Client(self.service, MAIN, TOKYO))
        self.instance_id: str = self.managed.instance["InstanceId"]
        if has_fabric:
            row = self.service.state.network.instances[self.instance_id]
            self.service.report(machine_up(row.id, row.boot), "test")
        assert self.service.state.network.instances[self.instance_id].state is InstanceState.RUNNING
        # Only now, or who describes the instance would wait until somebody says that it is up.
        self.rooms = Rooms(self.service, clock.now, limits)
        self.sessions = self.rooms.sessions
        self.ended: list[tuple[str, str]] = []
        self.sessions.on_end = lambda session, farewell: self.ended.append((session.id, farewell))

    def __call__(
        self, action: str, *, account: str = MAIN, region: str = TOKYO, host: str = "localhost:4566", **params: Any
    ) -> dict[str, Any]:
        response = performed(self.service, Call("ssm", action, params, caller(account, region), "req-1", host))
        _WIRE.writer("ssm").write(action, response, "req-1")
        return response

    def refused(self, action: str, **params: Any) -> AwsError:
        with pytest.raises(AwsError) as caught:
            self(action, **params)
        return caught.value

    def start(self, **more: Any) -> dict[str, Any]:
        return self("StartSession", Target=self.instance_id, **more)

    def listed(self, state: str, **more: Any) -> list[str]:
        return [row["SessionId"] for row in self("DescribeSessions", State=state, **more)["Sessions"]]


@pytest.fixture
def manager(clock: Clock) -> Manager:
    return Manager(clock)


def test_a_session_is_named_after_its_owner_and_found_where_the_client_is(manager: Manager) -> None:
    session = manager.start(Reason="to look")
    assert session["SessionId"].startswith("tester-0")
    assert session["StreamUrl"].startswith(f"ws://localhost:4566/v1/data-channel/{session['SessionId']}?")
    for odd in ("", "a b", "evil/path", "x\r\ny"):
        assert manager.start(host=odd)["StreamUrl"].startswith("ws://127.0.0.1:4566/v1/data-channel/")
    (row,) = manager("DescribeSessions", State="Active", Filters=[{"key": "SessionId", "value": session["SessionId"]}])[
        "Sessions"
    ]
    assert (row["Reason"], row["Target"], row["Status"]) == ("to look", manager.instance_id, "Connecting")
    assert session["TokenValue"] not in repr(manager.sessions.get(session["SessionId"]))


def test_only_an_instance_that_is_online_has_sessions(manager: Manager) -> None:
    assert manager("GetConnectionStatus", Target=manager.instance_id)["Status"] == "connected"
    assert manager("GetConnectionStatus", Target=manager.instance_id, account=OTHER)["Status"] == "notconnected"
    manager.managed.without_route()
    assert manager("GetConnectionStatus", Target=manager.instance_id)["Status"] == "notconnected"
    for target in (manager.instance_id, "i-0123456789abcdef0", "somewhere"):
        error = manager.refused("StartSession", Target=target)
        assert (error.code, error.message, error.status) == ("TargetNotConnected", f"{target} is not connected.", 400)


def test_without_machines_there_is_nothing_to_connect_to(clock: Clock) -> None:
    manager = Manager(clock, has_fabric=False)
    assert manager("GetConnectionStatus", Target=manager.instance_id)["Status"] == "notconnected"
    assert manager.refused("StartSession", Target=manager.instance_id).code == "TargetNotConnected"


@pytest.mark.parametrize(
    ("code", "request_"),
    [
        ("InvalidDocument", {"DocumentName": "AWS-RunShellScript"}),
        ("InvalidDocument", {"DocumentName": "mine"}),
        ("InvalidParameters", {"DocumentName": "AWS-StartInteractiveCommand"}),
        ("InvalidParameters", {"DocumentName": "AWS-StartInteractiveCommand", "Parameters": {"command": ["a\0"]}}),
        ("InvalidParameters", {"DocumentName": "AWS-StartNonInteractiveCommand", "Parameters": {"command": [" "]}}),
        ("InvalidParameters", {"DocumentName": "AWS-StartSSHSession", "Parameters": {"portNumber": ["0"]}}),
        ("InvalidParameters", {"Parameters": {"command": ["ls"]}}),
    ],
)
def test_documents_that_are_not_here(manager: Manager, code: str, request_: dict[str, Any]) -> None:
    assert manager.refused("StartSession", Target=manager.instance_id, **request_).code == code
    assert manager.listed("Active") == []


@pytest.mark.parametrize("stranger", [{"account": OTHER}, {"region": VIRGINIA}])
def test_a_session_is_of_one_account_and_region(manager: Manager, stranger: dict[str, str]) -> None:
    session_id = manager.start()["SessionId"]
    for action in ("ResumeSession", "TerminateSession"):
        assert manager.refused(action, SessionId=session_id, **stranger).code == "DoesNotExistException"
    assert manager("DescribeSessions", State="Active", **stranger)["Sessions"] == []
    assert manager.listed("Active") == [session_id]


def test_resuming_gives_another_token_until_the_session_has_ended(manager: Manager) -> None:
    session = manager.start()
    again = manager("ResumeSession", SessionId=session["SessionId"])
    assert (again["SessionId"], again["StreamUrl"]) == (session["SessionId"], session["StreamUrl"])
    assert again["TokenValue"] != session["TokenValue"]
    for _ in range(2):
        assert manager("TerminateSession", SessionId=session["SessionId"]) == {"SessionId": session["SessionId"]}
    assert manager.ended == [(session["SessionId"], "")]
    assert manager("ResumeSession", SessionId=session["SessionId"]) == {"SessionId": session["SessionId"]}
    assert manager.refused("ResumeSession", SessionId="nobody-0").code == "DoesNotExistException"


def test_sessions_end_when_nobody_uses_them_or_after_a_day(manager: Manager, clock: Clock) -> None:
    idle, busy = manager.start()["SessionId"], manager.start()["SessionId"]
    clock.offset = Limits().idle - timedelta(seconds=1)
    manager.sessions.touch(busy)
    assert set(manager.listed("Active")) == {idle, busy}
    clock.offset = Limits().idle
    assert manager.listed("Active") == [busy]
    while clock.offset < Limits().duration:
        manager.sessions.touch(busy)
        clock.offset += Limits().idle / 2
    manager.sessions.sweep()
    assert [session_id for session_id, _ in manager.ended] == [idle, busy]
    assert "inactivity" in manager.ended[0][1]
    assert "maximum duration" in manager.ended[1][1]


def test_sessions_are_listed_newest_first_filtered_and_in_pages(manager: Manager, clock: Clock) -> None:
    started = []
    for minute in range(5):
        clock.offset = timedelta(minutes=minute)
        started.append(manager.start()["SessionId"])
    assert manager.listed("Active") == started[::-1]
    pages: list[str] = []
    token = None
    while token is not None or not pages:
        page = manager("DescribeSessions", State="Active", MaxResults=2, **({"NextToken": token} if token else {}))
        pages += [row["SessionId"] for row in page["Sessions"]]
        token = page.get("NextToken")
    assert pages == started[::-1]

    def matches(key: str, value: str) -> list[str]:
        return manager.listed("Active", Filters=[{"key": key, "value": value}])

    assert matches("InvokedAfter", "2026-11-22T09:32:30Z") == [started[4], started[3]]
    assert matches("InvokedBefore", "2026-11-22T09:30:30Z") == [started[0]]
    assert matches("Target", "i-other") == matches("Status", "Connected") == []
    assert len(matches("Owner", caller().arn)) == len(matches("Status", "Connecting")) == 5
    for code, more in (
        ("InvalidFilterKey", {"Filters": [{"key": "Colour", "value": "red"}]}),
        ("ValidationException", {"Filters": [{"key": "InvokedAfter", "value": "yesterday"}]}),
        ("InvalidNextToken", {"NextToken": "é"}),
    ):
        assert manager.refused("DescribeSessions", State="Active", **more).code == code
    manager("TerminateSession", SessionId=started[1])
    (ended,) = manager("DescribeSessions", State="History")["Sessions"]
    assert (ended["SessionId"], ended["Status"], ended["Details"]) == (started[1], "Terminated", "TerminateSession")
    assert ended["EndDate"] == clock.now()


def test_sessions_that_are_asked_for_at_once_are_no_more_than_an_account_may_have(clock: Clock) -> None:
    """All are decided about before the first has started: what was written before them was not on disk yet."""
    manager = Manager(clock, limits=Limits(of_an_account=2, in_all=3))
    start = manager.service.actions["ssm"]["StartSession"].perform
    answers = [start(manager.service.context(caller()), {"Target": manager.instance_id}) for _ in range(3)]
    effects = [answer.effect for answer in answers]
    for effect in effects[:2]:
        assert effect is not None
        effect()
    assert effects[2] is not None
    with pytest.raises(AwsError, match="ServiceQuotaExceededException"):
        effects[2]()
    assert len(manager.listed("Active")) == 2


def test_an_account_has_so_many_sessions_at_a_time_and_all_together_so_many(clock: Clock) -> None:
    manager = Manager(clock, limits=Limits(of_an_account=2, in_all=3))
    first, _ = manager.start()["SessionId"], manager.start()
    error = manager.refused("StartSession", Target=manager.instance_id)
    assert (error.code, error.status) == ("ServiceQuotaExceededException", 400)
    assert len(manager.listed("Active")) == 2
    manager("TerminateSession", SessionId=first)
    manager.start()
    for number in range(2):  # of another account's
        manager.sessions.start(replace(manager.sessions.active()[0], id=f"other-{number}", account=OTHER))
    manager("TerminateSession", SessionId=manager.listed("Active")[0])
    assert "3 sessions" in manager.refused("StartSession", Target=manager.instance_id).message


def test_sessions_that_have_had_their_time_make_room(clock: Clock) -> None:
    manager = Manager(clock, limits=Limits(of_an_account=1))
    manager.start()
    clock.offset = Limits().idle
    manager.start()
    assert len(manager.listed("History")) == 1


def test_an_account_has_so_many_commands_at_a_time(manager: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_runner, "OF_AN_ACCOUNT", 1)
    request: dict[str, Any] = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["true"]}}

    async def scene() -> None:
        manager("SendCommand", InstanceIds=[manager.instance_id], **request)
        error = manager.refused("SendCommand", InstanceIds=[manager.instance_id], **request)
        assert error.code == "ServiceQuotaExceededException"
        assert len(manager("ListCommands")["Commands"]) == 1
        async with asyncio.timeout(PATIENCE_SECONDS):
            while manager("ListCommands")["Commands"][0]["Status"] != "Failed":  # nobody reaches the machine
                await asyncio.sleep(0)
        manager("SendCommand", InstanceIds=[manager.instance_id], **request)
        manager.rooms.commands.cancel_all()

    asyncio.run(scene())


@pytest.mark.parametrize("filters", [[{}], [{"Values": ["a"]}], [{"Key": "Owner", "Values": ["Self"]}, {}]])
def test_a_filter_of_documents_has_a_key(manager: Manager, filters: list[dict[str, Any]]) -> None:
    assert manager.refused("ListDocuments", Filters=filters).code == "ValidationException"


@pytest.mark.parametrize(
    "target", [{}, {"Values": ["a"]}, {"Key": "colour"}, {"Key": "tag:Name", "Values": ["x" * 257]}]
)
def test_a_target_of_a_command_has_a_key_and_values_that_tags_may_have(
    manager: Manager, target: dict[str, Any]
) -> None:
    request = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["true"]}, "Targets": [target]}
    assert manager.refused("SendCommand", **request).code == "InvalidTarget"


def test_nobody_waits_for_the_command_of_another_account(manager: Manager) -> None:
    async def scene() -> None:
        request: dict[str, Any] = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["true"]}}
        sent = manager("SendCommand", InstanceIds=[manager.instance_id], **request)["Command"]
        asked = {"CommandId": sent["CommandId"], "InstanceId": manager.instance_id}
        assert manager.refused("GetCommandInvocation", account=OTHER, **asked).code == "InvocationDoesNotExist"
        call = Call("ssm", "GetCommandInvocation", asked, caller(), "req-1")
        answer = manager.service.handle(call)
        assert isawaitable(answer), "its own account waits"
        assert (await answer)["StatusDetails"] == "Undeliverable"

    asyncio.run(scene())
