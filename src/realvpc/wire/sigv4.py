"""Who sent a request: AWS Signature Version 4, in headers or presigned in the query string.

What the service reads must be signed: the host, the date, the target and the token. Source: IAM User Guide, "AWS
Signature Version 4 for API requests".
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import itemgetter

from realvpc.api.core.call import Caller, Credential, CredentialLookup, KnownRegion
from realvpc.api.core.refusals import MISMATCH, Refusals
from realvpc.net.zones import other_partition

from .http import Request
from .scalars import parse_timestamp
from .signature import ALGORITHM, TERMINATOR, Scope, Signature, expected_signature

STAMP = "%Y%m%dT%H%M%SZ"
MAXIMUM_LIFETIME = 604_800  # seconds that a presigned request may be valid: seven days
SKEW_MINUTES = {"ec2": 15, "iam": 15, "sts": 15}  # as their own messages and the EC2 API Reference (RequestExpired) say
DEFAULT_SKEW_MINUTES = 5
ANY_ACCOUNT = "123456789012"
ANY_REGION = "us-east-1"

# Headers that the service acts on, and that therefore must be signed when they are there.
READ_HEADERS = ("x-amz-date", "x-amz-security-token", "x-amz-target")

_STAMP_PARTS = itemgetter(slice(4), slice(4, 6), slice(6, 8), slice(9, 11), slice(11, 13), slice(13, 15))
_STAMP = re.compile("[0-9]{8}T[0-9]{6}Z", re.ASCII)
_STAMPS_KEPT = 64  # clients sign many requests in the same second
_ACCOUNT = re.compile("[0-9]{12}", re.ASCII)


class Verifier:
    """Verifies signatures (`--credentials strict`). The clock is the machine's, whatever time the service pretends."""

    def __init__(
        self,
        lookup: CredentialLookup,
        known_region: KnownRegion,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._lookup = lookup
        self._known_region = known_region
        self._now = now

    def authenticate(self, request: Request, signature: Signature | None, service: str, refusals: Refusals) -> Caller:
        """The caller of a request to a service. Raises what that service answers when it does not believe it."""
        if signature is None:
            raise refusals.missing()
        scope = self._scope(signature, service, refusals)
        stamp = self._stamp(signature, scope, service, refusals)
        credential = self._lookup(scope.access_key_id, signature.token)
        if credential is None:
            raise refusals.unknown_key()
        if not _same(signature.token or "", credential.session_token or ""):
            raise refusals.unknown_key()
        if not _covers_what_is_read(request, signature) or not _body_hash_is_true(request):
            raise refusals.bad_signature(MISMATCH)
        expected = expected_signature(request, signature.signed_headers, stamp, scope, credential.secret_access_key)
        if not _same(signature.signature, expected):
            raise refusals.bad_signature(MISMATCH)
        if credential.expired:
            raise refusals.expired_token()
        return _caller(credential, scope.region)

    def _scope(self, signature: Signature, service: str, refusals: Refusals) -> Scope:
        if signature.algorithm != ALGORITHM:
            raise refusals.incomplete(f"Unsupported AWS 'algorithm': '{signature.algorithm[:64]}'.")
        for name, given in (
            ("Credential", signature.credential),
            ("Signature", signature.signature),
            ("SignedHeaders", signature.signed_headers),
            ("X-Amz-Date", signature.date),
        ):
            if not given:
                raise refusals.incomplete(f"Authorization requires '{name}' parameter.")
        scope = signature.scope
        if scope is None or scope.terminator != TERMINATOR:
            raise refusals.incomplete(
                "Credential must have exactly 5 slash-delimited elements, keyid/date/region/service/term."
            )
        if scope.service != service:
            raise refusals.bad_signature(f"Credential should be scoped to correct service: '{service}'. ")
        if not self._known_region(scope.region):
            raise refusals.wrong_region(_not_a_region(scope.region))
        return scope

    def _stamp(self, signature: Signature, scope: Scope, service: str, refusals: Refusals) -> str:
        """The request's time in the basic ISO 8601 form, once it is near enough to now and on the scope's date."""
        try:
            moment, stamp = _parse_stamp(signature.date)
            lifetime = None if signature.lifetime is None else timedelta(seconds=_lifetime(signature.lifetime))
        except (ValueError, OverflowError):
            raise refusals.incomplete("Date or lifetime of the signature is malformed.") from None
        if scope.date != stamp[:8]:
            raise refusals.bad_signature("Date in Credential scope does not match the date of the request.")
        now, minutes = self._now(), SKEW_MINUTES.get(service, DEFAULT_SKEW_MINUTES)
        skew = timedelta(minutes=minutes)
        latest, earliest = now + skew, now - (lifetime or skew)
        if moment < earliest:
            age = f"{minutes} min." if lifetime is None else f"{lifetime.total_seconds():.0f} sec."
            raise refusals.expired(
                f"Signature expired: {stamp} is now earlier than {earliest.strftime(STAMP)} "
                f"({now.strftime(STAMP)} - {age})"
            )
        if moment > latest:
            raise refusals.expired(
                f"Signature not yet current: {stamp} is still later than {latest.strftime(STAMP)} "
                f"({now.strftime(STAMP)} + {minutes} min.)"
            )
        return stamp


class Anyone:
    """Believes every access key (`--credentials any`).

    A key that the service has issued is its owner's; twelve digits are the account itself; all else is one account.
    """

    def __init__(self, lookup: CredentialLookup, known_region: KnownRegion) -> None:
        self._lookup = lookup
        self._known_region = known_region

    def authenticate(self, request: Request, signature: Signature | None, service: str, refusals: Refusals) -> Caller:
        """The caller that a request names. Raises only for a Region that does not exist."""
        scope = signature.scope if signature is not None else None
        if scope is None:
            return _root(ANY_ACCOUNT, ANY_REGION, "")
        if not self._known_region(scope.region):
            raise refusals.wrong_region(_not_a_region(scope.region))
        credential = self._lookup(scope.access_key_id, signature.token if signature is not None else None)
        if credential is not None:
            return _caller(credential, scope.region)
        account = scope.access_key_id if _ACCOUNT.fullmatch(scope.access_key_id) else ANY_ACCOUNT
        return _root(account, scope.region, scope.access_key_id)


def _not_a_region(name: str) -> str:
    partition = other_partition(name)
    if partition is not None:
        return f"The Region '{name[:64]}' is of the partition {partition}; the Regions here are of the partition aws."
    return f"Credential should be scoped to a valid region, not '{name[:64]}'. "


def _lifetime(text: str) -> int:
    """Seconds that a presigned request is valid from its date."""
    if not text.isdecimal() or not 1 <= (seconds := int(text)) <= MAXIMUM_LIFETIME:
        raise ValueError(text)
    return seconds


@lru_cache(_STAMPS_KEPT)
def _parse_stamp(text: str) -> tuple[datetime, str]:
    """The time, and its basic form.  Raises ValueError or OverflowError."""
    if _STAMP.fullmatch(text):
        year, month, day, hour, minute, second = map(int, _STAMP_PARTS(text))
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC), text
    moment = parse_timestamp(text)
    return moment, moment.strftime(STAMP)


def _covers_what_is_read(request: Request, signature: Signature) -> bool:
    present = request.header_names
    required = {"host", *(name for name in READ_HEADERS if name in present)}
    return required <= set(signature.signed_headers) <= present


def _body_hash_is_true(request: Request) -> bool:
    """A client may announce its body's hash, which then enters the signature in place of the body: it has to fit."""
    announced = request.header("x-amz-content-sha256")
    return announced is None or _same(announced, request.body_hash)


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass"))


def _caller(credential: Credential, region: str) -> Caller:
    return Caller(
        credential.account,
        region,
        credential.arn,
        credential.user_id,
        credential.access_key_id,
        credential.session,
    )


def _root(account: str, region: str, access_key_id: str) -> Caller:
    return Caller(account, region, f"arn:aws:iam::{account}:root", account, access_key_id)
