"""AWS's endpoint: what comes through interface endpoints is known by the one that it came through, websockets too."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from realvpc.clock import Clock
from realvpc.config import Settings
from realvpc.daemon.endpoint import endpoint
from realvpc.http_connection import ADMITTED
from realvpc.net.services import endpoint_identity_of
from realvpc.session.server import PREFIX, DataChannels
from realvpc.session.tunnels import Tunnels

from ..api.rooms import Unreachable
from ..session.test_channels import Channels


@pytest.mark.parametrize(
    ("label", "private", "is_let_in"),
    [("ssmmessages", True, True), ("ssm", True, False), ("sts", True, False), ("ssm", False, True)],
)
def test_a_session_comes_through_the_endpoint_of_its_channels_or_through_none(
    tmp_path: Path, label: str, private: bool, is_let_in: bool
) -> None:
    channels = Channels(Clock())
    service, through = channels.manager.service, channels.endpoint(label)
    [interface] = service.state.network.interfaces_of(through.endpoint_id)
    settings = Settings(state_dir=tmp_path, run_dir=tmp_path, operator=0)
    served = DataChannels(channels.manager.sessions, Unreachable(), service.handle)
    app = endpoint(settings, service, served, Tunnels(Unreachable(), lambda name: False), None, None, private=private)
    admitted: list[bool] = []
    scope = {
        "type": "websocket",
        "path": PREFIX + channels.session["SessionId"],
        "server": (str(endpoint_identity_of(interface.id)), 443),
        "client": ("10.90.1.7", 40000),
        "headers": [],
        "extensions": {ADMITTED: lambda: admitted.append(True)},
    }
    said = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": json.dumps({"TokenValue": channels.session["TokenValue"]})},
        {"type": "websocket.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return said.pop(0)

    async def send(message: Any) -> None:
        pass

    asyncio.run(app(scope, receive, send))
    assert bool(admitted) is is_let_in
