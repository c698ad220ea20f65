"""Keeps web pages out of an endpoint that believes everybody.

A browser on this machine sends what any page asks it to, to the loopback too.  Where no signature stops such a request,
its headers do: browsers, and only they, say whose page asks (Fetch standard, "`Origin` header"; W3C Fetch Metadata).  A
page whose own name leads here (DNS rebinding) asks for that name, which is nobody's for this service.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from .asgi import AsgiApp, Receive, Scope, Send

_OWN_SITES = (b"none", b"same-origin")
"""Sec-Fetch-Site of what a person typed or bookmarked, and of a page of this very endpoint."""


def page_guard(app: AsgiApp, hosts: Collection[str]) -> AsgiApp:
    """``app`` for everybody but web pages; ``hosts`` are names, beside the usual ones, that clients may ask for."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        trouble = _trouble(scope, hosts) if scope["type"] in ("http", "websocket") else None
        if trouble is None:
            await app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        body = f"{trouble}\n".encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return guarded


def _trouble(scope: Scope, hosts: Collection[str]) -> str | None:
    """Why the request is refused, in a sentence."""
    given: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        given.setdefault(name.lower(), value)
    host = given.get(b"host", b"").decode("latin-1")
    if not _is_ours(host, hosts):
        return (
            f"This service does not go by the name {host[:255]!r}. If it does on your network, start it with "
            "`realvpc up --host-name NAME`."
        )
    site = given.get(b"sec-fetch-site")
    if site is not None and site.lower() not in _OWN_SITES:
        return "Other web pages may not use this service: it checks no signatures."
    origin = given.get(b"origin")
    if origin is not None and urlsplit(origin.decode("latin-1")).netloc.lower() != host.lower():
        return "Other web pages may not use this service: it checks no signatures."
    return None


def _is_ours(host: str, hosts: Collection[str]) -> bool:
    """Addresses, the loopback's names, names without a dot (which no stranger can own), and the machine's own."""
    name = _name(host).lower().rstrip(".")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        known = {"host.docker.internal", socket.gethostname().lower(), *hosts}
        return "." not in name or name.endswith(".localhost") or name in known
    return True


def _name(host: str) -> str:
    """Of a Host header (RFC 9110, section 7.2): without the port; a name that is nobody's for what is none."""
    found = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](:[0-9]*)?|([^:@\[\]]+)(:[0-9]*)?", host)
    return (found[1] or found[3]) if found else "."
