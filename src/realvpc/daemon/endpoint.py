"""AWS's endpoint: whoever calls, and whoever performs the call."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from inspect import isawaitable
from typing import Any

from realvpc.api.core.call import Call, Handler, Through
from realvpc.api.service import Service
from realvpc.config import Credentials, Settings
from realvpc.iam.account import Account
from realvpc.net.addresses import Address
from realvpc.net.table import put
from realvpc.net.zones import REGIONS
from realvpc.session.server import DataChannels
from realvpc.session.tunnels import Tunnels
from realvpc.wire.app import App
from realvpc.wire.asgi import AsgiApp, Receive, Scope, Send
from realvpc.wire.sigv4 import Anyone, Verifier
from realvpc.wire.tunnel_door import PATH, TunnelDoor
from realvpc.wire.upstream import Upstream


def endpoint(
    settings: Settings,
    service: Service,
    data_channels: DataChannels,
    tunnels: Tunnels,
    admin: AsgiApp | None,
    upstream: Upstream | None,
    *,
    private: bool = False,
) -> App:
    """``admin`` serves the operator's paths, and ``upstream`` the services that are not here, if anybody does.
    ``private``: who calls comes through an interface endpoint."""
    handle, authenticator = _handler(settings, service), _authenticator(settings, service)
    through = partial(_through, service) if private else None
    door = TunnelDoor(handle, authenticator, tunnels, through)

    async def websocket(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == PATH:
            await door(scope, receive, send)
        else:
            await data_channels(scope, receive, send, through(scope) if through is not None else None)

    return App(
        handle,
        service.knows,
        authenticator,
        admin,
        websocket=websocket,
        upstream=upstream,
        through=through,
    )


def _through(service: Service, scope: Scope) -> Through:
    """By the address of the endpoint's interface that was called.  One that is gone just now has no id."""
    network = service.written[0].network
    interface = network.endpoint_interface_with_identity(Address.parse(scope["server"][0]))
    endpoint = network.vpc_endpoint_of(interface) if interface is not None else None
    return Through(endpoint.id if endpoint else "", scope["client"][0])


def _handler(settings: Settings, service: Service) -> Handler:
    """Where the access key is the account, accounts begin to exist when they first call."""
    if settings.credentials is Credentials.STRICT:
        return service.handle

    def handle(call: Call) -> dict[str, Any] | Awaitable[dict[str, Any]]:
        return service.handle(call) if call.caller.account in service.state.directory.accounts else first(call)

    async def first(call: Call) -> dict[str, Any]:
        await service.turn()
        account = call.caller.account
        if account not in service.state.directory.accounts:
            row = Account(id=account, account=account, name=account)
            service.report(lambda ctx: put(row), f"first call of {account}")
        response = service.handle(call)
        return await response if isawaitable(response) else response

    return handle


def _authenticator(settings: Settings, service: Service) -> Verifier | Anyone:
    kind = Verifier if settings.credentials is Credentials.STRICT else Anyone
    return kind(service.credential, REGIONS.__contains__)
