"""The upstream's Amazon S3, for what services of AWS themselves write: an object at a time (S3 API Reference,
PutObject).

Requests are signed with the account's id for a key, which other emulators take for the account itself.  HTTP is h11's
affair, and a request that is given up is over: no thread waits on for an upstream that never comes to an end.
"""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import quote

import h11
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from realvpc.wire.origin import Origin

SECONDS = 10.0
"""For an object."""

_CHUNK = 1 << 16


class StoreAwayError(Exception):
    """It does not answer."""


class ObjectStore:
    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._tls = ssl.create_default_context() if origin.scheme == "https" else None

    async def put(
        self, account: str, region: str, bucket: str, key: str, content: bytes, seconds: float = SECONDS
    ) -> int:
        """The status of the answer, of which nothing else is read.  Raises StoreAwayError, at the latest after
        `seconds`."""
        path = f"/{quote(bucket, safe='')}/{quote(key, safe='/=')}"
        headers = {"Host": str(self._origin).partition("://")[2], "Content-Type": "application/x-gzip"}
        signed = AWSRequest("PUT", f"{self._origin}{path}", data=content, headers=headers)
        S3SigV4Auth(Credentials(account, "vpc-flow-logs"), "s3", region).add_auth(signed)
        more = [("Content-Length", str(len(content))), ("Connection", "close")]
        head = h11.Request(method="PUT", target=path, headers=[*signed.headers.items(), *more])
        try:
            async with asyncio.timeout(seconds):
                return await self._answer(head, content)
        except (OSError, h11.ProtocolError) as error:  # TimeoutError and ssl.SSLError are the former
            reason = str(error) or "it does not answer"
            raise StoreAwayError(f"the upstream {self._origin} is away: {reason}") from error

    async def _answer(self, head: h11.Request, content: bytes) -> int:
        """The status.  Raises OSError and h11.ProtocolError."""
        reader, writer = await asyncio.open_connection(
            self._origin.host, self._origin.port, ssl=self._tls, limit=_CHUNK
        )
        try:
            http = h11.Connection(h11.CLIENT)
            for event in (head, h11.Data(data=content), h11.EndOfMessage()):
                writer.write(http.send(event) or b"")  # nobody waits for it to be read: the answer may come before
            while True:
                said = http.next_event()
                if said is h11.NEED_DATA:
                    http.receive_data(await reader.read(_CHUNK))
                elif isinstance(said, h11.Response):
                    return said.status_code
                elif not isinstance(said, h11.InformationalResponse):
                    raise ConnectionResetError("it closed the connection without an answer")
        finally:
            writer.transport.abort()
