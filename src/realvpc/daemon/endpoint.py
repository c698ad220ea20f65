"""AWS's endpoint: whoever calls, and whoever performs the call."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from inspect import isawaitable
from typing import Any

from realvpc.api.actions import knows
from realvpc.api.core.call import Actions, Call, Handler
from realvpc.api.service import Service
from realvpc.config import Credentials, Settings
from realvpc.iam.account import Account
from realvpc.net.table import put
from realvpc.net.zones import REGIONS
from realvpc.session.server import DataChannels
from realvpc.wire.app import App, AsgiApp
from realvpc.wire.sigv4 import Anyone, Verifier

from .settle import settling


def endpoint(
    settings: Settings, service: Service, special: Sequence[Actions], data_channels: DataChannels, admin: AsgiApp | None
) -> App:
    """``special`` are actions beside those of ``service``.  ``admin`` serves the operator's paths, if anybody does."""
    return App(
        _handler(settings, service, special),
        lambda name, action: knows(name, action) or any(each.knows(name, action) for each in special),
        _authenticator(settings, service),
        admin,
        settling(lambda: service.state.network),
        data_channels,
    )


def _handler(settings: Settings, service: Service, special: Sequence[Actions]) -> Handler:
    """All actions, the special ones first.

    Where the access key is the account, accounts begin to exist when they first call.
    """

    def perform(call: Call) -> dict[str, Any] | Awaitable[dict[str, Any]]:
        known = (each for each in special if each.knows(call.service, call.action))
        return next(known, service).handle(call)

    def settled(call: Call) -> dict[str, Any] | Awaitable[dict[str, Any]]:
        """What was answered must not be lost, nor what was seen."""
        response = perform(call)
        return response if service.is_settled and not isawaitable(response) else _once_settled(service, response)

    if settings.credentials is Credentials.STRICT:
        return settled

    def handle(call: Call) -> dict[str, Any] | Awaitable[dict[str, Any]]:
        account = call.caller.account
        if account not in service.state.directory.accounts:
            row = Account(id=account, account=account, name=account)
            service.report(lambda ctx: put(row), f"first call of {account}")
        return settled(call)

    return handle


async def _once_settled(service: Service, response: dict[str, Any] | Awaitable[dict[str, Any]]) -> dict[str, Any]:
    found = await response if isawaitable(response) else response
    await service.settled()
    return found


def _authenticator(settings: Settings, service: Service) -> Verifier | Anyone:
    kind = Verifier if settings.credentials is Credentials.STRICT else Anyone
    return kind(service.credential, REGIONS.__contains__)
