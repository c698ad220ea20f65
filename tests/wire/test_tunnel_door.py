"""The websocket of tunnels: who signs as AWS's client does is let in, and everybody else is told why not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from realvpc.api.core.call import Call, Credential, Through
from realvpc.api.core.errors import AwsError
from realvpc.api.ec2instanceconnect.tunnel import Tunnel
from realvpc.http_connection import ADMITTED
from realvpc.wire.sigv4 import Verifier
from realvpc.wire.tunnel_door import TunnelDoor

from .server import KEY, OWNER, REGIONS, SECRET

HOST = "eice-0123.realvpc0.ec2-instance-connect-endpoint.us-east-1.amazonaws.com"
WANTED = {"instanceConnectEndpointId": "eice-0123", "remotePort": 22, "privateIpAddress": "10.20.0.9"}
TUNNEL: dict[str, Any] = {
    "endpoint_id": "eice-0123",
    "account": "111111111111",
    "address": "10.20.0.9",
    "port": 22,
    "seconds": 3600,
}


def presigned(secret: str = SECRET, **more: Any) -> bytes:
    """The query string, as `aws ec2-instance-connect open-tunnel` makes it."""
    request = AWSRequest("GET", f"wss://{HOST}/openTunnel?{urlencode(WANTED | more)}", headers={"host": HOST})
    SigV4QueryAuth(Credentials(KEY, secret), "ec2-instance-connect", "us-east-1", expires=60).add_auth(request)
    return str(urlsplit(request.url).query).encode()


class Client:
    """Asks once; knows what it was sent, and what was performed and served."""

    def __init__(
        self, failure: AwsError | None = None, ahead: timedelta = timedelta(), through: Through | None = None
    ) -> None:
        self.sent: list[dict[str, Any]] = []
        self.calls: list[Call] = []
        self.served: list[Tunnel] = []
        self.failure = failure
        self.admitted = 0

        def lookup(access_key_id: str, session_token: str | None) -> Credential | None:
            return OWNER if access_key_id == KEY else None

        verifier = Verifier(lookup, REGIONS.__contains__, lambda: datetime.now(UTC) + ahead)
        known = (lambda scope: through) if through else None
        self.door = TunnelDoor(self._handle, verifier, self._serve, known)

    def _handle(self, call: Call) -> dict[str, Any]:
        self.calls.append(call)
        if self.failure is not None:
            raise self.failure
        return TUNNEL

    def _admit(self) -> None:
        self.admitted += 1

    async def _serve(self, tunnel: Tunnel, request_id: str, receive: Any, send: Any) -> None:
        self.served.append(tunnel)

    def asks(self, query: bytes, host: str = HOST) -> tuple[int, dict[str, str]]:
        """The HTTP status of the refusal, and what it says."""
        scope: dict[str, Any] = {"type": "websocket", "scheme": "wss", "path": "/openTunnel", "query_string": query}
        scope |= {
            "headers": [(b"host", host.encode()), (b"upgrade", b"websocket")],
            "extensions": {ADMITTED: self._admit},
        }

        async def receive() -> dict[str, Any]:
            return {"type": "websocket.connect"}

        def send(message: Any) -> Awaitable[None]:
            self.sent.append(message)
            return asyncio.sleep(0)

        asyncio.run(self.door(scope, receive, send))
        if not self.sent:
            return 101, {}
        start, body = self.sent
        assert dict(start["headers"])[b"x-amzn-requestid"]
        return start["status"], json.loads(body["body"])


def test_a_presigned_request_is_performed_as_its_signers() -> None:
    client = Client()
    assert client.asks(presigned(maxTunnelDuration=60)) == (101, {})
    (call,) = client.calls
    assert (call.service, call.action, call.scheme) == ("ec2-instance-connect", "OpenTunnel", "https")
    assert call.caller.arn == OWNER.arn
    assert call.params == {name: str(value) for name, value in (WANTED | {"maxTunnelDuration": 60}).items()}
    assert client.served == [Tunnel(**TUNNEL)]
    assert client.admitted == 1


@pytest.mark.parametrize(
    ("query", "host", "ahead", "code"),
    [
        (lambda: urlencode(WANTED).encode(), HOST, 0, "MissingAuthenticationTokenException"),
        (lambda: presigned("guess"), HOST, 0, "InvalidSignatureException"),
        (lambda: presigned() + b"&remotePort=3389", HOST, 0, "InvalidSignatureException"),
        (lambda: presigned().replace(b"remotePort=22", b"remotePort=3389"), HOST, 0, "InvalidSignatureException"),
        (presigned, "somebody.else", 0, "InvalidSignatureException"),
        (presigned, HOST, 61, "InvalidSignatureException"),
        (lambda: presigned(more="x" * 9000), HOST, 0, "InvalidParameter"),
    ],
    ids=["unsigned", "wrong key", "another port", "changed", "another host", "too late", "too long"],
)
def test_nobody_else_is_let_in(query: Callable[[], bytes], host: str, ahead: int, code: str) -> None:
    client = Client(ahead=timedelta(seconds=ahead))
    status, said = client.asks(query(), host)
    assert (status, said["ErrorCode"]) == (400, code)
    assert not client.calls
    assert not client.served
    assert not client.admitted


def test_a_refusal_is_said_as_awss_client_prints_it() -> None:
    client = Client(AwsError("InvalidParameter", "The specified RemotePort is not valid."))
    assert client.asks(presigned()) == (
        400,
        {"ErrorCode": "InvalidParameter", "Message": "The specified RemotePort is not valid."},
    )
    assert not client.served


def test_what_comes_through_an_interface_endpoint_says_so() -> None:
    """The endpoint's policy is asked, and which service it leads to."""
    client = Client(through=Through("vpce-1", "10.20.0.7"))
    client.asks(presigned())
    assert [call.through for call in client.calls] == [Through("vpce-1", "10.20.0.7")]
