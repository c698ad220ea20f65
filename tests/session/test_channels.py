"""The websocket of a session: whom it lets in, and through which interface endpoints."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.api.core.call import Call, Through
from realvpc.clock import Clock
from realvpc.http_connection import ADMITTED
from realvpc.session.channel_action import CHANNEL_ACTIONS, SERVICE
from realvpc.session.server import PREFIX, DataChannels
from tests.patience import PATIENCE_SECONDS

from ..api.conftest import MAIN, TOKYO, VIRGINIA, Client
from ..api.policies import policy
from ..api.rooms import Unreachable
from ..api.ssm.test_session import Manager
from ..api.users import As

REFUSED = {"type": "websocket.close", "code": 1008}


class Channels:
    """Of a service in which an instance is managed and a session started."""

    def __init__(self, clock: Clock) -> None:
        self.manager = Manager(clock)
        self.manager.service.include({SERVICE: CHANNEL_ACTIONS})
        self.client = Client(self.manager.service, MAIN, TOKYO)
        self.session = self.manager.start()
        self.asked: list[Call] = []
        self.meanwhile: Callable[[], None] = lambda: None
        self._channels = DataChannels(self.manager.sessions, Unreachable(), self._handle)

    def _handle(self, call: Call) -> dict[str, Any] | Awaitable[dict[str, Any]]:
        self.asked.append(call)
        self.meanwhile()
        return self.manager.service.handle(call)

    def endpoint(self, label: str = SERVICE, policy: dict[str, Any] | None = None, region: str = TOKYO) -> Through:
        client = Client(self.manager.service, MAIN, region)
        vpc_id = client("CreateVpc", CidrBlock="10.90.0.0/16")["Vpc"]["VpcId"]
        subnet_id = client("CreateSubnet", VpcId=vpc_id, CidrBlock="10.90.1.0/24")["Subnet"]["SubnetId"]
        made = client(
            "CreateVpcEndpoint", VpcId=vpc_id, VpcEndpointType="Interface", SubnetIds=[subnet_id],
            PrivateDnsEnabled=False, ServiceName=f"com.amazonaws.{region}.{label}",
            **({"PolicyDocument": json.dumps({"Statement": policy})} if policy else {}),
        )["VpcEndpoint"]  # fmt: skip
        return Through(made["VpcEndpointId"], "10.90.1.7")

    def begin_as_role(self, may: list[dict[str, Any]], session: list[dict[str, Any]]) -> None:
        """Have the session be of a role, in a service that evaluates policies."""
        trust = {"Statement": {"Effect": "Allow", "Principal": {"AWS": MAIN}, "Action": "sts:AssumeRole"}}
        made = self.client("CreateRole", of="iam", RoleName="ops", AssumeRolePolicyDocument=json.dumps(trust))
        self.client("PutRolePolicy", of="iam", RoleName="ops", PolicyName="all", PolicyDocument=policy(*may))
        given = self.client(
            "AssumeRole", of="sts", RoleArn=made["Role"]["Arn"], RoleSessionName="jo",
            **({"Policy": policy(*session)} if session else {}),
        )["Credentials"]  # fmt: skip
        service = self.manager.service
        service._options = replace(service._options, policies=True)
        jo = As(service, given["AccessKeyId"], given["SessionToken"])
        self.session = jo("StartSession", of="ssm", Target=self.manager.instance_id)

    def knocks(self, through: Through | None = None, token: str | None = None, scheme: str = "ws") -> bool:
        """Whether somebody who has the token is let in."""
        return asyncio.run(self._knocks(through, self.session["TokenValue"] if token is None else token, scheme))

    async def _knocks(self, through: Through | None, token: str, scheme: str) -> bool:
        said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        admitted = asyncio.Event()
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        said.put_nowait({"type": "websocket.connect"})
        said.put_nowait({"type": "websocket.receive", "text": json.dumps({"TokenValue": token})})
        scope = {"path": PREFIX + self.session["SessionId"], "scheme": scheme, "extensions": {ADMITTED: admitted.set}}
        serving = asyncio.create_task(self._channels(scope, said.get, send, through))
        entering = asyncio.create_task(admitted.wait())
        await asyncio.wait((serving, entering), timeout=PATIENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        said.put_nowait({"type": "websocket.disconnect"})
        await asyncio.wait((serving,), timeout=PATIENCE_SECONDS)
        entering.cancel()
        assert (sent[1] == REFUSED) is not admitted.is_set()
        return admitted.is_set()


@pytest.fixture
def channels() -> Channels:
    return Channels(Clock())


def test_who_has_the_token_is_let_in(channels: Channels) -> None:
    assert not channels.knocks(token="guess")
    assert channels.knocks()


def test_who_has_not_makes_no_work_and_one_line(channels: Channels, caplog: pytest.LogCaptureFixture) -> None:
    """Ids of sessions are no secret."""
    caplog.set_level(logging.WARNING)
    through = channels.endpoint(policy=statement("Deny"))
    for _ in range(3):
        assert not channels.knocks(through, token="guess")
    assert (len(caplog.records), channels.asked) == (1, [])
    assert not channels.knocks(through)
    assert [call.action for call in channels.asked] == ["OpenDataChannel"]
    assert channels.knocks()


def test_a_token_that_is_renewed_while_the_door_is_asked_opens_nothing(channels: Channels) -> None:
    channels.meanwhile = lambda: channels.manager.sessions.renew(channels.session["SessionId"], "another")
    assert not channels.knocks()
    channels.meanwhile = lambda: None
    assert channels.knocks(token="another")


@pytest.mark.parametrize("label", ["ssm", "ec2messages", "logs", "ec2"])
def test_endpoints_of_other_services_lead_to_no_session(channels: Channels, label: str) -> None:
    assert not channels.knocks(channels.endpoint(label))
    assert channels.knocks(channels.endpoint())


def test_nor_does_one_that_is_gone_or_of_another_region(channels: Channels) -> None:
    assert not channels.knocks(Through("", "10.90.1.7"))
    assert not channels.knocks(channels.endpoint(region=VIRGINIA))


def statement(effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Principal": "*", "Action": "*", "Resource": "*"} | more


@pytest.mark.parametrize(
    ("policy", "is_let_in"),
    [
        (statement(Action="ssmmessages:*"), True),
        (statement(Action="ssm:*"), False),
        (statement(Action="ssmmessages:OpenControlChannel"), False),
        (
            statement(Action="ssmmessages:OpenDataChannel", Resource=f"arn:aws:ssm:{TOKYO}:{MAIN}:session/tester-*"),
            True,
        ),
        (statement(Resource=f"arn:aws:ssm:{TOKYO}:{MAIN}:session/somebody-*"), False),
        (statement(Principal={"AWS": f"arn:aws:iam::{MAIN}:user/tester"}), True),
        (statement(Principal={"AWS": f"arn:aws:iam::{MAIN}:user/somebody"}), False),
        (statement(Condition={"IpAddress": {"aws:VpcSourceIp": "10.90.1.0/25"}}), True),
        (statement(Condition={"IpAddress": {"aws:VpcSourceIp": "10.90.1.128/25"}}), False),
    ],
    ids=str,
)
def test_the_endpoints_policy_has_to_allow_it_to_who_has_started_the_session(
    channels: Channels, policy: dict[str, Any], is_let_in: bool
) -> None:
    assert channels.knocks(channels.endpoint(policy=policy)) is is_let_in


def test_who_calls_awss_names_is_sent_to_that_of_the_channels(channels: Channels) -> None:
    started = channels.manager("StartSession", Target=channels.manager.instance_id, host=f"ssm.{TOKYO}.amazonaws.com")
    assert f"://{SERVICE}.{TOKYO}.amazonaws.com{PREFIX}" in started["StreamUrl"]


EVERYTHING: dict[str, Any] = {}
NO_CHANNEL = {"Effect": "Deny", "Action": "ssmmessages:OpenDataChannel"}


@pytest.mark.parametrize(
    ("of_role", "of_session", "is_let_in"),
    [
        ([EVERYTHING], [], True),
        ([EVERYTHING, NO_CHANNEL], [], False),
        ([EVERYTHING], [{"Action": ["ssm:StartSession", "ssmmessages:OpenDataChannel"]}], True),
        ([EVERYTHING], [{"Action": ["ssm:StartSession", "ssmmessages:OpenControlChannel"]}], False),
    ],
    ids=str,
)
def test_where_policies_are_evaluated_those_of_the_owners_role_and_its_session_are_asked(
    channels: Channels, of_role: list[dict[str, Any]], of_session: list[dict[str, Any]], is_let_in: bool
) -> None:
    channels.begin_as_role(of_role, of_session)
    assert channels.knocks() is is_let_in


def test_over_tls_the_channel_is_as_secure_as_the_call_was(channels: Channels) -> None:
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    channels.begin_as_role([EVERYTHING, NO_CHANNEL | {"Condition": insecure}], [])
    assert channels.knocks(scheme="wss")
    assert not channels.knocks(scheme="ws")
