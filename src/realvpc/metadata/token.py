"""IMDSv2's session tokens: signed, so that none is remembered and one outlives a restart of the service.

Source: EC2 guide, "Use the Instance Metadata Service to access instance metadata".
"""

from __future__ import annotations

import base64
import binascii
import hmac
import math
from datetime import datetime

from realvpc.iam.temporary_credentials import digest

SHORTEST, LONGEST = 1, 21_600  # seconds
NONCE_BYTES = 8
_TIME_BYTES, _SEAL_BYTES = 8, 24


def read_lifetime(text: str | None) -> int | None:
    """The seconds that ``X-aws-ec2-metadata-token-ttl-seconds`` asks for; None for what is no lifetime."""
    if text is None or not (text.isascii() and text.isdecimal() and len(text) <= len(str(LONGEST))):
        return None
    seconds = int(text)
    return seconds if SHORTEST <= seconds <= LONGEST else None


def make_token(key: bytes, instance_id: str, now: datetime, lifetime: int, nonce: bytes) -> str:
    """A token for this instance.  ``key`` is the service's, ``nonce`` has ``NONCE_BYTES``."""
    content = int(now.timestamp() + lifetime).to_bytes(_TIME_BYTES, "big") + nonce
    return base64.urlsafe_b64encode(content + _seal(key, instance_id, content)).decode()


def remaining_lifetime(key: bytes, instance_id: str, now: datetime, token: str) -> int | None:
    """The seconds, at least one, that it is still good for; None if it is not, or was made for another instance."""
    try:
        data = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    content, seal = data[: _TIME_BYTES + NONCE_BYTES], data[_TIME_BYTES + NONCE_BYTES :]
    if not hmac.compare_digest(seal, _seal(key, instance_id, content)):
        return None
    left = int.from_bytes(content[:_TIME_BYTES], "big") - now.timestamp()
    return math.ceil(left) if left > 0 else None


def _seal(key: bytes, instance_id: str, content: bytes) -> bytes:
    return digest(key, f"metadata token of {instance_id}", content)[:_SEAL_BYTES]
