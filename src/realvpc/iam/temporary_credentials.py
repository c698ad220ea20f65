"""Temporary credentials that nobody has to remember: what they say is in the session token, under the service's key.

The access key id and the secret are derived from the token's content, so any number of them costs nothing to keep, and
they stay valid when the service is started again (IAM guide, "Temporary security credentials").
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime

import msgspec

KEY_BYTES = 32  # of the service's key
_DIGEST_BYTES = hashlib.sha256().digest_size
_SECRET_LENGTH = 40
_PREFIX, _ID_LENGTH = "ASIA", 16  # and what comes after the prefix
_HEAD_BYTES, _REST_BITS, _FIRST_BIT = 6, 7, 1 << 47  # of an id: what has the account in it


class Grant(msgspec.Struct, frozen=True, array_like=True):
    """Who may call as whom until when.  ``principal`` is a role's ARN, or a long-term access key id.

    ``account`` has twelve digits; those that older versions gave have none.  ``policies`` are the session's: documents,
    and ARNs of managed ones; None bounds the session no further.  ``is_federated``: ``session_name`` is a federated
    user's.  ``conditions``: condition keys that the session has, with their values.

    Times are in seconds since 1970.  Equal grants are equal credentials: a ``nonce`` keeps two of them apart.
    """

    principal: str
    principal_id: str  # AROA… or AIDA…: somebody else who gets the name later is somebody else
    session_name: str  # empty for an access key's own session
    issued_at: int
    expires_at: int
    nonce: int = 0
    account: str = ""
    policies: tuple[str, ...] | None = None
    is_federated: bool = False
    conditions: tuple[tuple[str, str], ...] = ()

    @property
    def expiration(self) -> datetime:
        return datetime.fromtimestamp(self.expires_at, UTC)

    @property
    def last_updated(self) -> datetime:
        return datetime.fromtimestamp(self.issued_at, UTC)


class TemporaryCredentials(msgspec.Struct, frozen=True):
    grant: Grant
    access_key_id: str  # ASIA…
    secret_access_key: str
    session_token: str

    def __repr__(self) -> str:
        """Without the secrets, so that no log line can carry them."""
        return f"TemporaryCredentials({self.access_key_id}, {self.grant.principal})"


def issue(key: bytes, grant: Grant) -> TemporaryCredentials:
    """The credentials of this grant under the service's key."""
    return _sealed(key, grant, msgspec.msgpack.encode(grant))


def _sealed(key: bytes, grant: Grant, content: bytes) -> TemporaryCredentials:
    return TemporaryCredentials(
        grant,
        _key_id(grant.account, digest(key, "access key id", content)),
        base64.b64encode(digest(key, "secret access key", content)).decode()[:_SECRET_LENGTH],
        base64.b64encode(content + digest(key, "session token", content)).decode(),
    )


def read(key: bytes, access_key_id: str, session_token: str) -> TemporaryCredentials | None:
    """The credentials that ``issue`` made, expired or not; None when id and token are not a pair that we made."""
    try:
        sealed = base64.b64decode(session_token, validate=True)
    except (binascii.Error, ValueError):
        return None
    content, seal = sealed[:-_DIGEST_BYTES], sealed[-_DIGEST_BYTES:]
    if not hmac.compare_digest(seal, digest(key, "session token", content)):
        return None
    credentials = _sealed(key, msgspec.msgpack.decode(content, type=Grant), content)
    return credentials if credentials.access_key_id == access_key_id else None  # an id is no secret


def account_of(access_key_id: str) -> str | None:
    """The account of temporary credentials, which is in their id as it is on AWS: behind the prefix, in base 32, one
    bit that is set and the number of 39 bits.  Whether they were ever issued the id alone does not tell."""
    if len(access_key_id) != len(_PREFIX) + _ID_LENGTH or not access_key_id.startswith(_PREFIX):
        return None
    try:
        head = int.from_bytes(base64.b32decode(access_key_id[len(_PREFIX) :])[:_HEAD_BYTES])
    except binascii.Error:
        return None
    return f"{(head & ~_FIRST_BIT) >> _REST_BITS:012d}" if head & _FIRST_BIT else None


def _key_id(account: str, random: bytes) -> str:
    if account:
        head = _FIRST_BIT | int(account) << _REST_BITS | random[0] & (1 << _REST_BITS) - 1
        random = head.to_bytes(_HEAD_BYTES) + random[1:]
    return _PREFIX + base64.b32encode(random).decode()[:_ID_LENGTH]


def digest(key: bytes, purpose: str, content: bytes) -> bytes:
    """HMAC-SHA256 under the service's key; what is made for one purpose is of no use for another."""
    return hmac.digest(key, purpose.encode() + b"\0" + content, "sha256")
