"""The ASGI application: bytes in, one action, bytes out.

A request is read whole, finds its service, is authenticated, decoded, performed and answered, all in the service's own
protocol. The outermost frame turns whatever nobody expected into `InternalError`, logs it with the request's id and
counts it in `internal_errors`.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from inspect import isawaitable
from typing import Any, Protocol, TypeAlias

from realvpc.api.core.call import Call, Caller, Handler, Knows
from realvpc.api.core.errors import AwsError

from .form import parse_form
from .http import Reply, Request
from .model import SERVICES, has_operation
from .refusals import Refusals
from .services import Services
from .sigv4 import Signature, find_signature

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

MAXIMUM_BODY = 1 << 20  # bytes; AWS's own limits on single parameters are far below
MAXIMUM_HEAD = 1 << 15  # bytes of headers and query string, which are read before anybody knows who asks
MAXIMUM_MESSAGE = 4096  # characters; what a message repeats of a hostile request is not worth more
ADMIN_PREFIXES = ("/_realvpc/", "/moto-api/")

log = logging.getLogger(__name__)


class Authenticator(Protocol):
    """`sigv4.Verifier` or `sigv4.Anyone`."""

    def authenticate(
        self, request: Request, signature: Signature | None, service: str, refusals: Refusals
    ) -> Caller: ...


class Disconnected(Exception):  # noqa: N818 - not an error: there is nobody left to answer
    """The client went away before it had sent its request."""


class App:
    """The AWS endpoint. Paths under `ADMIN_PREFIXES` go to `admin`, websockets to `websocket`: ASGI applications, where
    there are any."""

    def __init__(
        self,
        handle: Handler,
        knows: Knows,
        authenticator: Authenticator,
        admin: AsgiApp | None = None,
        websocket: AsgiApp | None = None,
    ) -> None:
        self.internal_errors = 0
        self._handle = handle
        self._knows = knows
        self._authenticator = authenticator
        self._admin = admin
        self._websocket = websocket
        self._services = Services()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif self._admin is not None and scope.get("path", "").startswith(ADMIN_PREFIXES):
            await self._admin(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        elif self._websocket is not None:
            await self._websocket(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = str(uuid.uuid4())
        try:
            reply = await self._answer(scope, receive, request_id)
        except Disconnected:
            return
        headers = [
            (b"content-type", reply.content_type.encode()),
            (b"content-length", str(len(reply.body)).encode()),
            (b"x-amzn-requestid", request_id.encode()),
            (b"x-amz-request-id", request_id.encode()),
            *((name.lower().encode(), value.encode()) for name, value in reply.headers.items()),
        ]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    async def _answer(self, scope: Scope, receive: Receive, request_id: str) -> Reply:
        """The answer in the protocol of the service that is addressed."""
        writer = self._services.writer("ec2")
        try:
            _check_head(scope)
            head = Request(scope["method"], _path(scope), _headers(scope), (), b"")
            json = head.header("x-amz-target") is not None
            writer = self._services.writer(self._services.service_of(head, find_signature(head)), json=json)
            request = await _read_request(scope, receive)
            signature = find_signature(request)
            service = self._services.service_of(request, signature)
            writer = self._services.writer(service, json=json)
            return await self._perform(request, signature, service, request_id)
        except Disconnected:
            raise
        except AwsError as refusal:
            error = AwsError(refusal.code, refusal.message[:MAXIMUM_MESSAGE], refusal.status)
        except Exception:
            self.internal_errors += 1
            log.exception("request %s failed", request_id)
            error = AwsError("InternalError", "An internal error has occurred", 500)
        return Reply(error.status, writer.content_type, writer.error(error, request_id))

    async def _perform(self, request: Request, signature: Signature | None, service: str, request_id: str) -> Reply:
        if service not in SERVICES:
            raise AwsError("InvalidAction", f"The service {service[:64]} is not available here.")
        self._services.check_place(service, request)
        caller = self._authenticator.authenticate(request, signature, service, self._services.refusals(service))
        dispatch = self._services.dispatch(service, request)
        action = dispatch.action
        if not self._knows(service, action) or not has_operation(service, action):
            raise dispatch.unknown_action
        call = Call(service, action, dispatch.read(), caller, request_id, request.header("host") or "", request.scheme)
        response = self._handle(call)
        if isawaitable(response):
            response = await response
        return self._services.reply(service, action, response, request_id)


def _check_head(scope: Scope) -> None:
    """Raises `RequestHeaderSectionTooLarge`, as S3 calls it."""
    headers = sum(len(name) + len(value) for name, value in scope["headers"])
    if headers + len(scope.get("query_string", b"")) > MAXIMUM_HEAD:
        raise AwsError(
            "RequestHeaderSectionTooLarge",
            "Your request header and query parameters exceed the maximum allowed size.",
        )


async def _read_request(scope: Scope, receive: Receive) -> Request:
    """The whole request. Raises `Disconnected`, and for what is too long or malformed `AwsError`."""
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MAXIMUM_BODY:
            raise AwsError("RequestEntityTooLarge", f"The request is larger than {MAXIMUM_BODY} bytes.", 413)
    query = tuple(parse_form(scope.get("query_string", b"")))
    return Request(scope["method"], _path(scope), _headers(scope), query, bytes(body), scope.get("scheme", "http"))


def _path(scope: Scope) -> str:
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    return path.decode("latin-1")


def _headers(scope: Scope) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"])


async def _lifespan(receive: Receive, send: Send) -> None:
    """There is nothing to start or stop here: the daemon owns what lives longer than a request."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
