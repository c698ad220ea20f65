"""The websocket at `/openTunnel`: a presigned request, and bytes both ways (an ASGI application).

As AWS CLI v2 asks for it (`aws ec2-instance-connect open-tunnel`): all that it says is in the query string.  Who is not
let in gets an HTTP answer in place of the websocket, with a JSON document that the client prints.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any, Protocol

import msgspec

from realvpc.api.core.call import Call, Handler, Through
from realvpc.api.core.errors import MAXIMUM_MESSAGE, AwsError, invalid_parameter
from realvpc.api.core.refusals import refusals_of
from realvpc.api.ec2instanceconnect.tunnel import OPEN_TUNNEL, Tunnel
from realvpc.http_connection import ADMITTED, http_scheme

from .app import Authenticator
from .asgi import Receive, Scope, Send
from .form import parse_form
from .http import Request
from .sender import sender_of
from .signature import find_signature

PATH = "/openTunnel"
SERVICE = "ec2-instance-connect"

_LONGEST_QUERY = 1 << 13  # bytes; a session token has two thousand at most


class Serves(Protocol):
    """`session.tunnels.Tunnels`.  Raises AwsError before it has accepted the websocket, and afterwards nothing."""

    def __call__(self, tunnel: Tunnel, request_id: str, receive: Receive, send: Send) -> Awaitable[None]: ...


class TunnelDoor:
    """`handle` performs OpenTunnel, `serve` what was let in. `through` is as of an `App`."""

    def __init__(
        self,
        handle: Handler,
        authenticator: Authenticator,
        serve: Serves,
        through: Callable[[Scope], Through] | None = None,
    ) -> None:
        self._through = through
        self._handle = handle
        self._authenticator = authenticator
        self._serve = serve

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (await receive())["type"] != "websocket.connect":
            return
        request_id = str(uuid.uuid4())
        try:
            tunnel = await self._let_in(scope, request_id)
            scope["extensions"][ADMITTED]()
            await self._serve(tunnel, request_id, receive, send)
        except AwsError as error:
            await _refuse(error, request_id, send)

    async def _let_in(self, scope: Scope, request_id: str) -> Tunnel:
        """Raises AwsError."""
        query: bytes = scope.get("query_string", b"")
        if len(query) > _LONGEST_QUERY:
            raise invalid_parameter("The request is too long.")
        headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"])
        scheme = http_scheme(scope)
        request = Request("GET", PATH, headers, tuple(parse_form(query)), b"", scheme)
        signature = find_signature(request)
        caller = self._authenticator.authenticate(request, signature, SERVICE, refusals_of(SERVICE))
        params = {name: value for name, value in reversed(request.query) if not name.startswith("X-Amz-")}
        host = request.header("host") or ""
        through = self._through(scope) if self._through is not None else None
        sender = sender_of(scope, request)
        call = Call(SERVICE, OPEN_TUNNEL, params, caller, request_id, host, scheme, through=through, sender=sender)
        response: Any = self._handle(call)
        return msgspec.convert(await response if isawaitable(response) else response, Tunnel)


async def _refuse(error: AwsError, request_id: str, send: Send) -> None:
    body = msgspec.json.encode({"ErrorCode": error.code, "Message": error.message[:MAXIMUM_MESSAGE]})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-amzn-requestid", request_id.encode()),
    ]
    await send({"type": "websocket.http.response.start", "status": error.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
