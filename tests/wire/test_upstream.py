"""What is for no service of ours goes to another emulator and comes back as that says it, over real connections."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from realvpc.http_connection import UNBOUNDED, BoundedHttp
from realvpc.wire import upstream
from realvpc.wire.asgi import AsgiApp, Receive, Scope, Send
from realvpc.wire.origin import Origin, parse_origin
from realvpc.wire.upstream import Upstream
from tests.patience import PATIENCE_SECONDS
from tests.serving import served

from .server import KEY, OWNER, Server, form_request

Asked = tuple[int, dict[str, str], bytes]
Ask = Callable[..., Coroutine[Any, Any, Asked]]


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with what arrived."""
    scope["extensions"][UNBOUNDED]()
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    arrived = {
        "method": scope["method"],
        "target": (scope["raw_path"] + b"?" * bool(scope["query_string"]) + scope["query_string"]).decode(),
        "headers": [[name.decode(), value.decode()] for name, value in scope["headers"]],
        "length": length,
    }
    headers = [(b"content-type", b"application/json"), (b"x-amz-meta-a", b"1"), (b"x-amz-meta-a", b"2")]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    for part in json.dumps(arrived).partition(","):
        await send({"type": "http.response.body", "body": part.encode(), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def signed(service: str, method: str = "GET", path: str = "/", body: bytes | str = b"", **headers: str) -> AWSRequest:
    request = AWSRequest(method, f"http://127.0.0.1:4566{path}", headers, body)
    auth.SigV4Auth(Credentials(KEY, OWNER.secret_access_key), service, "us-east-1").add_auth(request)
    return request


def _send(
    address: tuple[str, int], method: str, path: str, headers: Mapping[str, str], body: Any, source: str
) -> Asked:
    connection = http.client.HTTPConnection(*address, timeout=PATIENCE_SECONDS, source_address=(source, 0))
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def run(there: AsgiApp | None, test: Callable[[Ask, Server], Awaitable[None]]) -> None:
    """``test`` with our endpoint, whose upstream is ``there``, or nobody."""

    async def with_upstream(origin: Origin) -> None:
        server = Server(upstream=Upstream(origin, "ours"))
        async with served(server.app, BoundedHttp) as address:

            async def ask(request: AWSRequest, body: Any = None, source: str = "127.0.0.1") -> Asked:
                prepared = request.prepare()
                path = prepared.url.partition("4566")[2]
                headers = {name: str(value) for name, value in prepared.headers.items()} | {"Host": "127.0.0.1:4566"}
                if body is not None:  # which goes in chunks
                    headers.pop("Content-Length", None)
                body = prepared.body if body is None else body
                return await asyncio.to_thread(_send, address, prepared.method, path, headers, body, source)

            await test(ask, server)

    async def both() -> None:
        if there is None:
            await with_upstream(Origin("http", "127.0.0.1", 1))
            return
        async with served(there, BoundedHttp) as (host, port):
            await with_upstream(Origin("http", host, port))

    asyncio.run(both())


def test_a_request_goes_as_it_came_and_the_answer_comes_as_it_was_given() -> None:
    async def test(ask: Ask, server: Server) -> None:
        request = signed("s3", "PUT", "/bucket/a%2Fb%20c?partNumber=1&x=%2B", b"hello", **{"X-Amz-Meta-Mine": "Yes"})
        status, headers, body = await ask(request)
        arrived = json.loads(body)
        assert (status, headers["content-type"], headers["x-amz-meta-a"]) == (201, "application/json", "2")
        assert (arrived["method"], arrived["target"], arrived["length"]) == (
            "PUT",
            "/bucket/a%2Fb%20c?partNumber=1&x=%2B",
            5,
        )
        sent = {name.lower(): value for name, value in request.prepare().headers.items()}
        seen = dict(arrived["headers"])
        assert {name: seen[name] for name in ("authorization", "x-amz-date", "x-amz-meta-mine")} == {
            name: sent[name] for name in ("authorization", "x-amz-date", "x-amz-meta-mine")
        }
        assert (seen["host"], seen["via"]) == ("127.0.0.1:4566", "1.1 realvpc-ours")
        assert seen.keys() - sent.keys() <= {"accept-encoding", "host", "via", "connection", "content-length"}

    run(echo, test)


def test_what_is_ours_stays_here() -> None:
    async def test(ask: Ask, server: Server) -> None:
        request = form_request("ec2", "DescribeVpcs")
        auth.SigV4Auth(Credentials(KEY, OWNER.secret_access_key), "ec2", "us-east-1").add_auth(request)
        assert (await ask(request))[0] == 200
        for unsigned in (form_request("iam", "ListRoles"), AWSRequest("POST", "http://127.0.0.1:4566/", {}, b"")):
            status, _, body = await ask(unsigned)
            assert status >= 400
            assert b"via" not in body
        status, _, body = await ask(signed("ec2", path="/nowhere"))
        assert (status, b"There is nothing at this path" in body) == (404, True)
        assert [call.action for call in server.calls] == ["DescribeVpcs"]

    run(echo, test)


@pytest.mark.parametrize(
    "request_",
    [
        AWSRequest("GET", "http://127.0.0.1:4566/bucket/public.txt"),
        AWSRequest("POST", "http://127.0.0.1:4566/", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}, b"{}"),
        AWSRequest("GET", "http://127.0.0.1:4566/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=K/2/us-east-1/s3/aws4_request"),
    ],
    ids=["object", "target", "presigned"],
)  # fmt: skip
def test_requests_that_no_header_signs_find_their_way(request_: AWSRequest) -> None:
    async def test(ask: Ask, server: Server) -> None:
        assert (await ask(request_))[0] == 201

    run(echo, test)


def test_a_long_body_is_passed_on_in_pieces_and_a_too_long_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(ask: Ask, server: Server) -> None:
        pieces = [b"x" * 65_536] * 64
        _, _, body = await ask(signed("s3", "PUT", "/b/k"), iter(pieces))  # chunked
        assert json.loads(body)["length"] == 4 << 20
        monkeypatch.setattr(upstream, "LONGEST_BODY", 1 << 20)
        for long in (signed("s3", "PUT", "/b/k", **{"Content-Length": str(2 << 20)}), signed("s3", "PUT", "/b/k")):
            status, _, body = await ask(long, iter(pieces[:20]) if "Content-Length" not in long.headers else None)
            assert (status, b"<Code>EntityTooLarge</Code>" in body) == (400, True)

    run(echo, test)


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "IDLE_SECONDS", 0.2)

    async def test(ask: Ask, server: Server) -> None:
        status, _, body = await ask(signed("s3", "PUT", "/b/k", **{"Content-Length": "5"}))
        assert (status, b"<Code>RequestTimeout</Code>" in body) == (400, True)

    run(echo, test)


@pytest.mark.parametrize(
    ("service", "headers", "words"),
    [
        ("s3", {}, b"<Code>ServiceUnavailable</Code><Message>The upstream http://127.0.0.1:1 is away"),
        ("lambda", {}, b'{"message":"The upstream http://127.0.0.1:1 is away'),
        ("dynamodb", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}, b'"__type":"ServiceUnavailable"'),
    ],
)
def test_an_upstream_that_is_away_is_said_in_the_clients_words(
    service: str, headers: dict[str, str], words: bytes
) -> None:
    async def test(ask: Ask, server: Server) -> None:
        status, _, body = await ask(signed(service, "POST", "/", b"{}", **headers))
        assert (status, words in body) == (503, True), body

    run(None, test)


def test_a_request_that_comes_back_goes_no_further() -> None:
    async def test(ask: Ask, server: Server) -> None:
        status, _, body = await ask(signed("s3", path="/b/k", Via="1.1 other, 1.1 realvpc-ours"))
        assert (status, b"leads back to this service" in body) == (508, True)
        assert (await ask(signed("s3", path="/b/k", Via="1.1 other")))[0] == 201

    run(echo, test)


def test_only_so_many_are_passed_on_at_once_and_one_client_leaves_as_many_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(upstream, "AT_ONCE", 4)
    held = {2: asyncio.Event(), 3: asyncio.Event()}
    release = asyncio.Event()
    count = 0

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal count
        count += 1
        if count in held:
            held[count].set()
        await release.wait()
        await echo(scope, receive, send)

    async def test(ask: Ask, server: Server) -> None:
        first = [asyncio.create_task(ask(signed("s3", path="/b/k"))) for _ in range(2)]
        await held[2].wait()
        status, _, body = await ask(signed("s3", path="/b/k"))
        assert (status, b"SlowDown" in body) == (503, True)
        other = asyncio.create_task(ask(signed("s3", path="/b/k"), source="127.0.0.2"))
        await held[3].wait()
        assert (await ask(signed("s3", path="/b/k"), source="127.0.0.2"))[0] == 503
        release.set()
        assert [(await each)[0] for each in (*first, other)] == [201] * 3
        assert (await ask(signed("s3", path="/b/k")))[0] == 201

    run(slow, test)


def test_an_answer_that_breaks_off_is_no_whole_one() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"10")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})

    async def test(ask: Ask, server: Server) -> None:
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            await ask(signed("s3", path="/b/k"))
        assert server.app.internal_errors == 0

    run(broken, test)


def test_others_have_their_turn_whatever_small_pieces_an_answer_comes_in() -> None:
    pieces, between, most = 2000, 0, 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * pieces + b"0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def others() -> None:
        nonlocal between
        while True:
            between = 0
            await asyncio.sleep(0)

    async def receive() -> dict[str, Any]:
        if not asked:
            asked.append(True)
            return {"type": "http.request", "body": b""}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Mapping[str, Any]) -> None:
        nonlocal between, most
        got.append(message)
        between += 1
        most = max(most, between)

    async def run_it() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            _, port = server.sockets[0].getsockname()
            turns = asyncio.create_task(others())
            scope = {"method": "GET", "path": "/", "headers": []}
            await Upstream(Origin("http", "127.0.0.1", port), "ours").forward(scope, receive, send)
            turns.cancel()

    asked: list[bool] = []
    got: list[Mapping[str, Any]] = []
    asyncio.run(run_it())
    assert b"".join(message.get("body", b"") for message in got) == b"x" * pieces
    assert most < 10


def test_who_goes_away_is_not_waited_for() -> None:
    gone = asyncio.Event()

    async def patient(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        gone.set()

    async def test(ask: Ask, server: Server) -> None:
        upstream_ = server.app._upstream
        assert upstream_ is not None
        asked = signed("s3", path="/b/k").prepare()
        messages = [{"type": "http.request", "body": b""}, {"type": "http.disconnect"}]

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Any) -> None:
            raise AssertionError(message)

        headers = [(name.lower().encode(), str(value).encode()) for name, value in asked.headers.items()]
        scope = {"type": "http", "method": "GET", "path": "/b/k", "raw_path": b"/b/k", "query_string": b""}
        await server.app(scope | {"headers": headers}, receive, send)
        await asyncio.wait_for(gone.wait(), PATIENCE_SECONDS)

    run(patient, test)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("http://127.0.0.1:4567", Origin("http", "127.0.0.1", 4567)),
        ("https://emulator.example/", Origin("https", "emulator.example", 443)),
        ("http://[::1]:80", Origin("http", "::1", 80)),
    ],
)
def test_an_origin_is_a_scheme_a_host_and_a_port(text: str, origin: Origin) -> None:
    assert parse_origin(text) == origin
    assert parse_origin(str(origin)) == origin


@pytest.mark.parametrize(
    "text", ["", "127.0.0.1:4567", "ftp://a", "http://", "http://a/b", "http://a?b", "http://u:p@a", "http://a:x", "http://a:99999",
             "http://a..b", f"http://{'a' * 64}"]
)  # fmt: skip
def test_what_is_no_origin(text: str) -> None:
    with pytest.raises(ValueError):
        parse_origin(text)
