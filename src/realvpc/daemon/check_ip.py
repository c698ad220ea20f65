"""What http://checkip.amazonaws.com says: the address that the internet sees."""

from __future__ import annotations

from realvpc.wire.asgi import Receive, Scope, Send


async def check_ip(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI application: the client's address and a newline, to every request."""
    body = f"{scope['client'][0]}\n".encode()
    headers = [(b"content-type", b"text/plain;charset=UTF-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
