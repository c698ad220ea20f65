"""The upstream's Amazon S3, for what services of AWS themselves write: an object at a time (S3 API Reference,
PutObject).

Requests are signed with the account's id for a key, which other emulators take for the account itself.
"""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session

from realvpc.wire.origin import Origin

_SECONDS = 10


class StoreAwayError(Exception):
    """It does not answer."""


class ObjectStore:
    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._session = URLLib3Session(timeout=_SECONDS)

    async def put(self, account: str, region: str, bucket: str, key: str, content: bytes) -> int:
        """The status of the answer.  Raises StoreAwayError."""
        return await asyncio.to_thread(self._put, account, region, bucket, key, content)

    def _put(self, account: str, region: str, bucket: str, key: str, content: bytes) -> int:
        url = f"{self._origin}/{quote(bucket, safe='')}/{quote(key, safe='/=')}"
        request = AWSRequest("PUT", url, data=content, headers={"Content-Type": "application/x-gzip"})
        S3SigV4Auth(Credentials(account, "vpc-flow-logs"), "s3", region).add_auth(request)
        try:
            return int(self._session.send(request.prepare()).status_code)
        except BotoCoreError as error:  # what connects badly is no HTTPClientError
            raise StoreAwayError(f"the upstream {self._origin} is away: {error}") from error
