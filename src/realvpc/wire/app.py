"""The ASGI application: bytes in, one action, bytes out.

A request is read whole, finds its service, is authenticated, decoded, performed and answered, all in the service's own
protocol. The outermost frame turns whatever nobody expected into `InternalError`, logs it with the request's id and
counts it in `internal_errors`.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from inspect import isawaitable
from typing import Any, Protocol

from realvpc.api.core.call import Call, Caller, Handler, Knows, Sender, Through
from realvpc.api.core.errors import MAXIMUM_MESSAGE, AwsError
from realvpc.api.core.refusals import Refusals, refusals_of
from realvpc.api.core.rendered import count_structures
from realvpc.aside import aside

from .asgi import AsgiApp, Disconnected, Receive, Scope, Send
from .form import parse_form
from .http import Reply, Request
from .model import SERVICES, has_operation
from .sender import sender_of
from .services import Services
from .signature import Signature, find_signature
from .upstream import Truncated, Upstream

MAXIMUM_BODY = 1 << 20  # bytes; AWS's own limits on single parameters are far below
MAXIMUM_HEAD = 1 << 15  # bytes of headers and query string, which are read before anybody knows who asks
LONG_BODY = 1 << 14  # bytes, beyond which a request is read and worked on beside the loop
LONG_RESPONSE = 500  # structures that have not been written before, beyond which a response is written there, too
ADMIN_PREFIXES = ("/_realvpc/", "/moto-api/")

_ELSEWHERE = "With `realvpc up --upstream URL` another emulator answers for it."

log = logging.getLogger(__name__)


class Authenticator(Protocol):
    """`sigv4.Verifier` or `sigv4.Anyone`."""

    def authenticate(
        self, request: Request, signature: Signature | None, service: str, refusals: Refusals
    ) -> Caller: ...


class App:
    """The AWS endpoint. Paths under `ADMIN_PREFIXES` go to `admin`, websockets to `websocket`: ASGI applications, where
    there are any. What is for no service of ours goes to the `upstream`, if there is one. `through` tells which
    interface endpoint a request came through, where all come through one."""

    def __init__(
        self,
        handle: Handler,
        knows: Knows,
        authenticator: Authenticator,
        admin: AsgiApp | None = None,
        websocket: AsgiApp | None = None,
        upstream: Upstream | None = None,
        through: Callable[[Scope], Through] | None = None,
    ) -> None:
        self.internal_errors = 0
        self._through = through
        self._handle = handle
        self._knows = knows
        self._authenticator = authenticator
        self._admin = admin
        self._websocket = websocket
        self._upstream = upstream
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
            reply = await self._answer(scope, receive, send, request_id)
        except (Disconnected, Truncated):
            return
        if reply is None:
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

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> Reply | None:
        """The answer in the protocol of the service that is addressed; None where the upstream has given it."""
        head, service = Request(scope["method"], "/", (), (), b""), "ec2"
        try:
            _check_head(scope)
            head = Request(scope["method"], _path(scope), _headers(scope), (), b"")
            signature = find_signature(head)
            service = self._services.service_of(head, signature)
            if self._upstream is not None:
                foreign = self._services.foreign(head, scope.get("query_string", b""))
                if foreign is not None:
                    service = foreign
                    await self._upstream.forward(scope, receive, send)
                    return None
            request = await _read_request(scope, receive, head)
            if signature is None:  # the query string may have one, and the body may say the version
                signature = find_signature(request)
                service = self._services.service_of(request, signature)
            through = self._through(scope) if self._through is not None else None
            return await self._perform(request, signature, service, request_id, through, sender_of(scope, request))
        except (Disconnected, Truncated):
            raise
        except AwsError as refusal:
            error = AwsError(refusal.code, refusal.message[:MAXIMUM_MESSAGE], refusal.status)
        except Exception:
            self.internal_errors += 1
            log.exception("request %s failed", request_id)
            error = AwsError("InternalError", "An internal error has occurred", 500)
        return self._services.refuse(service, head, error, request_id)

    async def _perform(
        self,
        request: Request,
        signature: Signature | None,
        service: str,
        request_id: str,
        through: Through | None,
        sender: Sender,
    ) -> Reply:
        if service not in SERVICES:
            raise AwsError("InvalidAction", f"The service {service[:64]} is not available here. {_ELSEWHERE}")
        self._services.check_place(service, request)
        caller = self._authenticator.authenticate(request, signature, service, refusals_of(service))
        is_long = len(request.body) > LONG_BODY
        if is_long:
            action, params = await aside(caller.account, self._read, service, request)
        else:
            action, params = self._read(service, request)
        host = request.header("host") or ""
        call = Call(
            service, action, params, caller, request_id, host, request.scheme,
            is_long=is_long, through=through, sender=sender,
        )  # fmt: skip
        response = self._handle(call)
        if isawaitable(response):
            response = await response
        if count_structures(response, LONG_RESPONSE) > LONG_RESPONSE:
            return await aside(caller.account, self._long_reply, service, action, response, request_id)
        return self._services.reply(service, action, response, request_id)

    def _long_reply(self, service: str, action: str, response: dict[str, Any], request_id: str) -> Reply:
        """Takes the response apart when it is written: freed as a whole, it would keep the interpreter."""
        reply = self._services.reply(service, action, response, request_id)
        for rows in response.values():
            while isinstance(rows, list) and rows:
                rows.pop()
        return reply

    def _read(self, service: str, request: Request) -> tuple[str, dict[str, Any]]:
        """The action and its parameters. Raises `AwsError`."""
        dispatch = self._services.dispatch(service, request)
        if not self._knows(service, dispatch.action) or not has_operation(service, dispatch.action):
            raise dispatch.unknown_action
        return dispatch.action, dispatch.read()


def _check_head(scope: Scope) -> None:
    """Raises `RequestHeaderSectionTooLarge`, as S3 calls it."""
    headers = sum(len(name) + len(value) for name, value in scope["headers"])
    if headers + len(scope.get("query_string", b"")) > MAXIMUM_HEAD:
        raise AwsError(
            "RequestHeaderSectionTooLarge",
            "Your request header and query parameters exceed the maximum allowed size.",
        )


async def _read_request(scope: Scope, receive: Receive, head: Request) -> Request:
    """The whole of the request that begins with `head`. Raises `Disconnected`, and `AwsError` for what is too long or
    malformed."""
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
    return Request(head.method, head.path, head.headers, query, bytes(body), scope.get("scheme", "http"))


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
