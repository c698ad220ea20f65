"""The contract between the wire and the actions: a decoded, authenticated call in, a response dictionary out.

Parameters and responses use botocore's member names (`VpcId`, `TagSpecifications`): structures and maps are
dictionaries, lists are lists, timestamps are aware datetimes, blobs are bytes. A response leaves out what it does not
have, or says None; a member that the model does not know is a defect and answers `InternalError`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeAlias

import msgspec


class Session(msgspec.Struct, frozen=True):
    """Of temporary credentials: the role, by ARN, or the user, by id, whose they are, and the session's policies, as
    documents and as ARNs; None where it has none and may what its holder may.  ``issued_at`` is aware; ``conditions``:
    condition keys that it has by itself, with their values."""

    holder: str
    policies: tuple[str, ...] | None = None
    issued_at: datetime | None = None
    conditions: tuple[tuple[str, str], ...] = ()


class Caller(msgspec.Struct, frozen=True):
    """Who calls, and in which Region."""

    account: str  # twelve digits
    region: str
    arn: str
    user_id: str  # as STS GetCallerIdentity shows it
    access_key_id: str
    session: Session | None = None

    @property
    def is_root(self) -> bool:
        """Whether it is an account itself: where everybody's credentials are believed, keys that nobody issued are."""
        return self.arn == f"arn:aws:iam::{self.account}:root"


class Through(msgspec.Struct, frozen=True):
    """The interface endpoint that a call came through, and the private address that it came from."""

    endpoint_id: str
    source: str


class Sender(msgspec.Struct, frozen=True):
    """The client of a call, as far as that is known: its address, and what it calls itself."""

    address: str = ""
    user_agent: str = ""


UNKNOWN = Sender()


class Call(msgspec.Struct, frozen=True):
    """An action to perform. `service` is the name in signatures, one of `wire.model.SERVICES`."""

    service: str
    action: str
    params: dict[str, Any]
    caller: Caller
    request_id: str
    host: str = ""  # as the client has addressed the service: the Host header
    scheme: str = "http"  # or https
    is_long: bool = False  # whether the request is so long that it had better be worked on beside the loop
    through: Through | None = None
    sender: Sender = UNKNOWN


class Credential(msgspec.Struct, frozen=True):
    """An access key with the principal behind it. `session_token` is set for temporary credentials only, and only
    these expire."""

    access_key_id: str
    secret_access_key: str
    account: str
    arn: str
    user_id: str
    session_token: str | None = None
    expired: bool = False
    session: Session | None = None

    def __repr__(self) -> str:
        """Without the secrets, so that no log line can carry them."""
        return f"Credential({self.access_key_id}, {self.arn})"


Handler: TypeAlias = Callable[[Call], dict[str, Any] | Awaitable[dict[str, Any]]]
"""Performs a call, at once, or by and by where somebody else has to be asked; raises `AwsError`."""


Knows: TypeAlias = Callable[[str, str], bool]
"""Whether this service (first argument) has this action (second) here."""

CredentialLookup: TypeAlias = Callable[[str, str | None], Credential | None]
"""The credential of an access key id and the session token that came with it."""

KnownRegion: TypeAlias = Callable[[str], bool]
"""Whether a Region exists here."""
