"""AWS's endpoint: whoever calls, and whoever performs the call."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from realvpc.api.core.call import Call, Handler
from realvpc.api.service import Service
from realvpc.config import Credentials, Settings
from realvpc.iam.account import Account
from realvpc.net.table import put
from realvpc.net.zones import REGIONS
from realvpc.session.server import DataChannels
from realvpc.wire.app import App, AsgiApp
from realvpc.wire.sigv4 import Anyone, Verifier


def endpoint(settings: Settings, service: Service, data_channels: DataChannels, admin: AsgiApp | None) -> App:
    """``admin`` serves the operator's paths, if anybody does."""
    return App(
        _handler(settings, service), service.knows, _authenticator(settings, service), admin, websocket=data_channels
    )


def _handler(settings: Settings, service: Service) -> Handler:
    """Where the access key is the account, accounts begin to exist when they first call."""
    if settings.credentials is Credentials.STRICT:
        return service.handle

    def handle(call: Call) -> dict[str, Any] | Awaitable[dict[str, Any]]:
        account = call.caller.account
        if account not in service.state.directory.accounts:
            row = Account(id=account, account=account, name=account)
            service.report(lambda ctx: put(row), f"first call of {account}")
        return service.handle(call)

    return handle


def _authenticator(settings: Settings, service: Service) -> Verifier | Anyone:
    kind = Verifier if settings.credentials is Credentials.STRICT else Anyone
    return kind(service.credential, REGIONS.__contains__)
