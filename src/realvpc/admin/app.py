"""The wire of the operator's endpoint: JSON in, JSON out, under ``/_realvpc/``.

Whoever can open the Unix socket is the operator and may ask everything, without a signature; over TCP only what
``ROUTES`` says is answered.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from ..api.core.errors import AwsError
from ..config import Credentials, Settings
from ..hostile_json import NotJsonError, read_json
from ..store.database import StorageError
from ..wire.asgi import AsgiApp, Receive, Scope, Send
from .desk import Desk, Handler, Refusal, Route
from .routes import ROUTES

MAXIMUM_BODY = 1 << 16

log = logging.getLogger(__name__)


def admin_app(desk: Desk, *, local: bool, routes: Mapping[tuple[str, str], Route] = ROUTES) -> AsgiApp:
    """An ASGI application; ``local`` for the operator's socket."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        try:
            handle = _handler(routes, scope, desk.settings, local=local)
            result, code = await handle(desk, await _parameters(scope, receive)), 200
            await desk.service.settled()
        except Refusal as refusal:
            result, code = {"error": refusal.message}, refusal.status
        except AwsError as refusal:
            result, code = {"error": refusal.message}, refusal.status
        except StorageError as error:
            result, code = {"error": str(error)}, 503
        except Exception:
            desk.defects += 1
            log.exception("%s %s failed", scope["method"], scope["path"])
            result, code = {"error": f"an internal error: see {desk.settings.log('api')}"}, 500
        body = msgspec.json.encode(result)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": code, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def _handler(routes: Mapping[tuple[str, str], Route], scope: Scope, settings: Settings, *, local: bool) -> Handler:
    route = routes.get((scope["method"], scope["path"]))
    if route is None:
        raise Refusal(f"there is no {scope['method']} {scope['path']} here", 404)
    handle = route.handle if local else route.over_tcp
    if handle is None:
        raise Refusal(f"{scope['path']} is answered on the operator's socket, {settings.admin_socket}, only", 403)
    if route.any_mode and settings.credentials is not Credentials.ANY:
        raise Refusal(f"{scope['path']} works in a service that was started with --credentials any", 403)
    return handle


async def _parameters(scope: Scope, receive: Receive) -> dict[str, Any]:
    """The query string of a GET, the JSON object of a POST.  Raises Refusal."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > MAXIMUM_BODY:
            raise Refusal(f"the request is larger than {MAXIMUM_BODY} bytes", 413)
    if scope["method"] == "GET":
        return dict(parse_qsl(scope.get("query_string", b"").decode("latin-1")))
    try:
        return read_json(bytes(body) or b"{}", dict[str, Any])
    except NotJsonError:
        raise Refusal("the body of a POST has to be a JSON object") from None
