"""Requests for services that are not here, passed on to another emulator and answered with what it says.

A request goes as it came: path, query, headers and body, which nobody reads here and which is never in memory as a
whole.  What a proxy has to do to it (RFC 9110, section 7.6) is all that is done: headers of one hop are left out, and
``Via`` tells who passed it on, by which a request that comes back is known.  HTTP is h11's affair.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any

import h11

from realvpc.api.core.errors import AwsError
from realvpc.http_connection import UNBOUNDED

from .asgi import Disconnected, Receive, Scope, Send
from .origin import Origin

LONGEST_BODY = 5 << 30  # bytes: what S3 takes in one request
AT_ONCE = 64  # requests that are passed on at the same time; a client has no more of them than it leaves to others
CONNECT_SECONDS = 5.0
SILENT_SECONDS = (
    900.0  # until the upstream says something, the body's way there included: a function may run for so long
)
MOST_INTERIM = 100  # answers that say that the answer comes (1xx): each costs work, and none is passed on
IDLE_SECONDS = 60.0  # until the client sends the next piece of its body, and takes the next one of its answer
_CHUNK = 1 << 16
_LONGEST_HEAD = 1 << 16
_ONE_HOP = frozenset(
    {
        b"connection",
        b"expect",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
Headers = list[tuple[bytes, bytes]]


class Truncated(Exception):  # noqa: N818 - an end, which the client sees as well
    """The answer breaks off in the middle: the upstream's, or the client's request."""


class Upstream:
    """``name`` is this service's own, different from every other's."""

    def __init__(self, origin: Origin, name: str) -> None:
        self.origin = origin
        self._via = f"realvpc-{name}"
        self._held = Counter[str]()  # by the client's address, which an instance has to itself
        self._tls = ssl.create_default_context() if origin.scheme == "https" else None

    async def forward(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back.

        Raises AwsError for what goes wrong before the answer begins, `Truncated` after that, `Disconnected` when the
        client goes away.
        """
        if any(self._via in value.decode("latin-1") for name, value in scope["headers"] if name == b"via"):
            raise AwsError("LoopDetected", f"The upstream {self.origin} leads back to this service.", 508)
        if _declared_length(scope) > LONGEST_BODY:
            raise _too_large()
        peer = scope["client"][0] if scope.get("client") else ""
        if self._held[peer] >= AT_ONCE - self._held.total():
            raise AwsError("SlowDown", "Too many requests are being passed on. Please reduce your request rate.", 503)
        self._held[peer] += 1
        scope.get("extensions", {}).get(UNBOUNDED, lambda: None)()
        try:
            async with self._connected() as streams:
                await _Exchange(streams, scope, receive, send, self._via, self._away).run()
        finally:
            self._held -= Counter((peer,))  # which forgets who holds none

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[_Streams]:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(
                    self.origin.host, self.origin.port, ssl=self._tls, limit=_CHUNK
                )
        except (OSError, TimeoutError) as error:
            raise self._away(error) from error
        try:
            yield reader, writer
        finally:
            writer.transport.abort()  # nothing is left that anybody waits for

    def _away(self, error: Exception) -> AwsError:
        reason = str(error) or "it does not answer"
        return AwsError("ServiceUnavailable", f"The upstream {self.origin} is away: {reason}.", 503)


_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Away = Callable[[Exception], AwsError]


class _Exchange:
    """One request and its answer on a connection of its own."""

    def __init__(self, streams: _Streams, scope: Scope, receive: Receive, send: Send, via: str, away: Away) -> None:
        self._reader, self._writer = streams
        self._scope, self._receive, self._send = scope, receive, send
        self._via = via
        self._away = away
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
        self._has_begun = False

    async def run(self) -> None:
        up, down = asyncio.create_task(self._upload()), asyncio.create_task(self._download())
        try:
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
            if not down.done() and isinstance(up.exception(), OSError):
                await asyncio.wait((down,))  # it may have answered before it had read everything
            (down if down.done() else up).result()
        except (AwsError, OSError, TimeoutError, h11.ProtocolError) as error:
            if self._has_begun:  # there is no other answer to give any more
                raise Truncated from error
            raise self._refusal(error) from None
        finally:
            for task in (up, down):
                task.cancel()
            await asyncio.gather(up, down, return_exceptions=True)

    def _refusal(self, error: Exception) -> AwsError:
        if isinstance(error, AwsError):
            return error
        if isinstance(error, h11.LocalProtocolError):
            return AwsError("InvalidRequest", f"The request cannot be passed on: {error}.")
        return self._away(error)

    async def _upload(self) -> None:
        """The request; then whether the client is still there, for as long as somebody asks."""
        target = self._scope.get("raw_path") or self._scope["path"].encode()
        if self._scope.get("query_string"):
            target += b"?" + self._scope["query_string"]
        head = h11.Request(method=self._scope["method"], target=target, headers=self._request_headers())
        self._writer.write(self._http.send(head) or b"")
        length, more = 0, True
        while more:
            try:
                async with asyncio.timeout(IDLE_SECONDS):
                    message = await self._receive()
            except TimeoutError:
                raise _too_slow() from None
            if message["type"] == "http.disconnect":
                raise Disconnected
            body, more = message.get("body", b""), message.get("more_body", False)
            length += len(body)
            if length > LONGEST_BODY:
                raise _too_large()
            if body:
                self._writer.write(self._http.send(h11.Data(data=body)) or b"")
            if not more:
                self._writer.write(self._http.send(h11.EndOfMessage()) or b"")
            await self._writer.drain()
        while (await self._receive())["type"] != "http.disconnect":
            pass
        raise Disconnected

    async def _download(self) -> None:
        interim = 0
        while True:
            await asyncio.sleep(0)  # a piece that was read may be thousands of events
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                async with asyncio.timeout(SILENT_SECONDS):
                    self._http.receive_data(await self._reader.read(_CHUNK))
            elif isinstance(event, h11.Response):
                self._has_begun = True
                headers = list(_end_to_end(event.headers))
                await self._tell({"type": "http.response.start", "status": event.status_code, "headers": headers})
            elif isinstance(event, h11.Data):
                await self._tell({"type": "http.response.body", "body": bytes(event.data), "more_body": True})
            elif isinstance(event, h11.EndOfMessage):
                await self._tell({"type": "http.response.body", "body": b""})
                return
            elif isinstance(event, h11.InformationalResponse):
                interim += 1
                if interim > MOST_INTERIM:
                    raise ConnectionError("it says without end that it will answer")
            else:
                raise ConnectionResetError("it closed the connection without an answer")

    async def _tell(self, message: dict[str, Any]) -> None:
        async with asyncio.timeout(IDLE_SECONDS):
            await self._send(message)

    def _request_headers(self) -> Headers:
        given: Headers = list(self._scope["headers"])
        headers = list(_end_to_end(given))
        names = {name for name, _ in given}
        if b"host" not in names:  # HTTP/1.0
            headers.append((b"host", b"localhost"))
        if b"transfer-encoding" in names and b"content-length" not in names:
            headers.append((b"transfer-encoding", b"chunked"))
        return [*headers, (b"via", f"1.1 {self._via}".encode()), (b"connection", b"close")]


def _end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> Iterable[tuple[bytes, bytes]]:
    """Those that are not of one hop alone, by the list or by what ``Connection`` names."""
    given = list(headers)
    named = {each.strip().lower() for name, value in given if name == b"connection" for each in value.split(b",")}
    return ((name, value) for name, value in given if name not in _ONE_HOP and name not in named)


def _declared_length(scope: Mapping[str, Any]) -> int:
    value = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(value) if value.isdigit() and len(value) < 20 else 0


def _too_slow() -> AwsError:
    return AwsError("RequestTimeout", "Your socket connection to the server was not read from within the timeout.", 400)


def _too_large() -> AwsError:
    return AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size.", 400)
