"""An `App` to talk to in process, and requests made as a real client makes them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
from botocore import auth, parsers
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from realvpc.api.core.call import Call, Credential
from realvpc.wire.app import App
from realvpc.wire.model import service_model
from realvpc.wire.sigv4 import Anyone, Verifier
from realvpc.wire.upstream import Upstream

KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SESSION = Credential(
    "ASIASESSION", "session-secret", "222222222222", "arn:aws:sts::222222222222:x", "AROA:x", "tok/en="
)
OWNER = Credential(KEY, SECRET, "111111111111", "arn:aws:iam::111111111111:user/admin", "AIDAEXAMPLE")
EXPIRED = Credential(
    "ASIAEXPIRED", "past", "222222222222", "arn:aws:sts::222222222222:x", "AROA:x", "past", expired=True
)
REGIONS = {"us-east-1", "ap-northeast-1"}


class Answer(msgspec.Struct):
    """What came back; `error` is botocore's view of it: code and message, empty for a success."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> tuple[str, str]:
        json = self.headers["content-type"].startswith("application/x-amz-json")
        ec2 = b"<Response>" in self.body
        parser = parsers.create_parser("json" if json else "ec2" if ec2 else "query")
        parsed = parser.parse({"body": self.body, "status_code": self.status, "headers": self.headers}, None)
        return parsed["Error"]["Code"], parsed["Error"]["Message"]


class Server:
    """Records the calls that reach the actions and answers them with `responses[action]`, or raises `failure`."""

    def __init__(
        self,
        *,
        strict: bool = True,
        now: Callable[[], datetime] | None = None,
        admin: Any = None,
        failure: Exception | None = None,
        upstream: Upstream | None = None,
        missing: Collection[str] = ("DeleteVpc", "DeleteRole", "DeleteParameter"),
    ) -> None:
        credentials = {credential.access_key_id: credential for credential in (OWNER, SESSION, EXPIRED)}
        self.calls: list[Call] = []
        self.failure = failure
        self.slow: set[str] = set()  # actions that are answered by and by
        self._missing = missing  # the actions that are "not implemented"
        self.responses: dict[str, Any] = {}
        known = REGIONS.__contains__
        clock = now or (lambda: datetime.now(UTC))

        def lookup(access_key_id: str, session_token: str | None) -> Credential | None:
            return credentials.get(access_key_id)

        authenticator = Verifier(lookup, known, clock) if strict else Anyone(lookup, known)
        self.app = App(self._handle, self._knows, authenticator, admin, upstream=upstream)

    def _knows(self, service: str, action: str) -> bool:
        return action not in self._missing

    def _handle(self, call: Call) -> dict[str, Any] | Awaitable[dict[str, Any]]:
        self.calls.append(call)
        return self._later(call) if call.action in self.slow else self._now(call)

    def _now(self, call: Call) -> dict[str, Any]:
        if self.failure is not None:
            raise self.failure
        response: dict[str, Any] = self.responses.get(call.action, {})
        return response

    async def _later(self, call: Call) -> dict[str, Any]:
        await asyncio.sleep(0)
        return self._now(call)

    def send(
        self,
        body: bytes = b"",
        headers: list[tuple[bytes, bytes]] | None = None,
        *,
        method: str = "POST",
        path: str = "/",
        query: bytes = b"",
        scope: dict[str, Any] | None = None,
        chunk: int = 1 << 20,
    ) -> Answer:
        chunks = [body[i : i + chunk] for i in range(0, len(body), chunk)] or [b""]
        messages = [
            {"type": "http.request", "body": part, "more_body": i < len(chunks) - 1} for i, part in enumerate(chunks)
        ]
        sent: list[Any] = []

        async def receive() -> Any:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        http = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query,
            "headers": headers or [],
        }
        asyncio.run(self.app(http | (scope or {}), receive, send))
        start, content = sent
        return Answer(start["status"], {k.decode().lower(): v.decode() for k, v in start["headers"]}, content["body"])

    def send_signed(self, request: AWSRequest) -> Answer:
        """Send what a signer has signed, as an HTTP client would put it on the wire."""
        prepared = request.prepare()
        url = urlsplit(prepared.url)
        headers = {name.lower(): value for name, value in prepared.headers.items()} | {"host": url.netloc}
        body = prepared.body or b""
        return self.send(
            body.encode() if isinstance(body, str) else body,
            [
                (name.encode(), value if isinstance(value, bytes) else str(value).encode("latin-1"))
                for name, value in headers.items()
            ],
            method=prepared.method,
            path=url.path or "/",
            query=url.query.encode(),
        )


def form_request(service: str, action: str, **params: str) -> AWSRequest:
    """An unsigned request of a form-encoded service."""
    body = {"Action": action, "Version": service_model(service).metadata["apiVersion"], **params}
    return AWSRequest("POST", "http://127.0.0.1:4566/", {"Content-Type": "application/x-www-form-urlencoded"}, body)


def json_request(action: str, body: bytes = b"{}") -> AWSRequest:
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"AmazonSSM.{action}"}
    return AWSRequest("POST", "http://127.0.0.1:4566/", headers, body)


def sign(
    request: AWSRequest,
    service: str = "ec2",
    region: str = "ap-northeast-1",
    credential: Credential = OWNER,
    *,
    presign: int | None = None,
) -> AWSRequest:
    """Sign as botocore does: in the headers, or for `presign` seconds in the query string."""
    keys = Credentials(credential.access_key_id, credential.secret_access_key, credential.session_token)
    if presign is None:
        auth.SigV4Auth(keys, service, region).add_auth(request)
    else:
        request.method = "GET"
        request.params, request.data = dict(request.data), b""
        request.headers = type(request.headers)()
        auth.SigV4QueryAuth(keys, service, region, expires=presign).add_auth(request)
    return request


def any_credential(service: str, key: str = "test", region: str = "ap-northeast-1") -> list[tuple[bytes, bytes]]:
    """The header of a client of `--credentials any`, whose signature nobody looks at."""
    value = (
        f"AWS4-HMAC-SHA256 Credential={key}/20240501/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
    return [(b"authorization", value.encode())]


def form(**params: str) -> bytes:
    return urlencode(params).encode()
