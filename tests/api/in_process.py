"""boto3's own clients, whose requests go to a service in memory and not through a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

from realvpc.api.service import Service
from realvpc.net.zones import REGIONS
from realvpc.wire.app import App
from realvpc.wire.sigv4 import Anyone

from .conftest import MAIN, TOKYO

_ONCE = Config(retries={"total_max_attempts": 1}, parameter_validation=False)


class InProcess:
    """``client("ec2")`` is boto3's, as the account itself or by somebody's key; it checks no parameters, so that the
    service has to."""

    def __init__(self, service: Service) -> None:
        self.app = App(service.handle, service.knows, Anyone(service.credential, REGIONS.__contains__))

    def client(self, name: str, access_key_id: str = MAIN) -> Any:
        keys = {"aws_access_key_id": access_key_id, "aws_secret_access_key": "x", "region_name": TOKYO}
        client = boto3.client(name, endpoint_url="http://127.0.0.1:4566", config=_ONCE, **keys)
        client.meta.events.register("before-send", self._send)
        return client

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        status, headers, body = asyncio.run(self._exchange(request))
        return AWSResponse(request.url, status, headers, _Raw(body))

    async def _exchange(self, request: AWSPreparedRequest) -> tuple[int, dict[str, str], bytes]:
        url, sent = urlsplit(request.url), []
        body = request.body or b""
        message = {"type": "http.request", "body": body.encode() if isinstance(body, str) else body}

        async def receive() -> dict[str, Any]:
            return message

        async def send(answer: Any) -> None:
            sent.append(answer)

        headers = {name.lower(): value for name, value in request.headers.items()} | {"host": url.netloc}
        scope = {
            "type": "http",
            "method": request.method,
            "path": url.path or "/",
            "raw_path": (url.path or "/").encode(),
            "query_string": url.query.encode(),
            "headers": [(name.encode(), _bytes(value)) for name, value in headers.items()],
        }
        await self.app(scope, receive, send)
        return sent[0]["status"], {k.decode(): v.decode() for k, v in sent[0]["headers"]}, sent[1]["body"]


class _Raw:
    """As much of a urllib3 response as botocore reads."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("latin-1")
