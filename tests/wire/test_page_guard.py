"""Web pages stay out of an endpoint that checks no signatures; whatever else connects does not notice."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from realvpc.wire.page_guard import page_guard

HERE = "127.0.0.1:4566"


def status(headers: dict[str, str], hosts: tuple[str, ...] = ()) -> int:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    scope = {"type": "http", "headers": [(name.encode(), value.encode()) for name, value in headers.items()]}

    async def ask() -> None:
        await page_guard(app, hosts)(scope, receive, send)

    asyncio.run(ask())
    found: int = sent[0]["status"]
    return found


@pytest.mark.parametrize(
    "host",
    [HERE, "localhost:4566", "LOCALHOST", "[::1]:4566", "10.0.0.7", "realvpc:4566", "ec2.localhost:4566",
     "host.docker.internal:4566", "localhost.:4566", socket.gethostname()],
)  # fmt: skip
def test_clients_are_let_in_by_the_names_that_no_stranger_owns(host: str) -> None:
    assert status({"host": host}) == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:4566", "127.0.0.1.evil.example", "localhost.evil.example"]
)
def test_a_page_whose_own_name_leads_here_is_refused(host: str) -> None:
    assert status({"host": host}) == 403
    assert status({"host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"}) == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8000"},  # another server of this machine
        {"origin": "file://"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "CROSS-SITE"},
        {"origin": ""},
    ],
)
def test_other_pages_are_refused(headers: dict[str, str]) -> None:
    assert status({"host": HERE, **headers}) == 403


def test_a_person_who_types_the_address_and_a_page_of_its_own_are_let_in() -> None:
    assert status({"host": HERE, "sec-fetch-site": "none"}) == 200
    assert status({"host": HERE, "sec-fetch-site": "same-origin", "origin": f"http://{HERE}"}) == 200


def test_names_that_the_operator_gives() -> None:
    assert status({"host": "vpc.corp.example"}) == 403
    assert status({"host": "VPC.corp.example:443"}, ("vpc.corp.example",)) == 200
