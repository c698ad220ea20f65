"""The load generator sends every request once and reads every answer whole, whatever a server does with connections."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from click.testing import CliRunner

from realvpc.bench.api.cases import CASES, cases_of
from realvpc.bench.api.load import LoadError, run
from realvpc.cli import root


class Server(ThreadingHTTPServer):
    request_queue_size = 64  # whoever does not find a place in the queue comes again after a second


class Echo(BaseHTTPRequestHandler):
    wbufsize = -1  # an answer in two pieces would wait for an acknowledgement between them

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(500 if body == b"13" else 200)
        self.send_header("content-length", str(len(body) * 1000))
        self.end_headers()
        self.wfile.write(body * 1000)

    def log_message(self, *arguments: object) -> None:
        """Into no test's output."""


@pytest.fixture(params=["HTTP/1.0", "HTTP/1.1"])
def address(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    handler = type("Handler", (Echo,), {"protocol_version": request.param})
    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield ("127.0.0.1", server.server_address[1])
        server.shutdown()
        thread.join()


def requests(count: int) -> list[bytes]:
    return [
        f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(str(number))}\r\n\r\n{number}".encode()
        for number in range(count)
    ]


@pytest.mark.parametrize("connections", [1, 8])
def test_every_request_has_its_own_answer(address: tuple[str, int], connections: int) -> None:
    load = run(address, requests(40), connections)
    assert load.bodies == [str(number).encode() * 1000 for number in range(40)]
    assert load.refused == 1
    assert load.rate > 0
    assert load.generator > 0


def test_a_server_that_leaves_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def leave() -> None:
            connection, _ = listening.accept()
            connection.close()

        thread = threading.Thread(target=leave)
        thread.start()
        with pytest.raises((LoadError, ConnectionError)):
            run(listening.getsockname(), requests(1), 1)
        thread.join()


def test_cases_are_chosen_by_how_they_begin() -> None:
    writes = [case.name for case in cases_of(("CreateVpc", "CreateRoute"))]
    assert writes == ["CreateVpc", "CreateRoute into a growing table", "CreateVpcPeeringConnection"]
    assert cases_of(()) == CASES
    result = CliRunner().invoke(root, ["bench", "api", "--case", "nothing"])
    assert "no case begins so" in str(result.exception)
