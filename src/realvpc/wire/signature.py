"""AWS Signature Version 4: what a client says about its signature, and what the signature should be.

The canonical form is written here and not by botocore's signer, whose request objects cost more than most actions; a
test holds the two together. Source: IAM User Guide, "Create a signed AWS API request".

Of a query the names and values are signed, not their spelling: they are decoded as a form is (`+` is a space), and then
encoded as that page's `UriEncode` has it. What a URL leaves unescaped or escapes in another way, a client has to sign
as if it were escaped so; a signer that signs its own spelling is refused.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache
from urllib.parse import quote

import msgspec
from botocore.utils import normalize_url_path

from .http import Request

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
_KEYS_KEPT = 1024  # derived signing keys: one for each user, day, Region and service


class Scope(msgspec.Struct, frozen=True):
    """The credential of a signature: `AKIA.../20240501/ap-northeast-1/ec2/aws4_request`."""

    access_key_id: str
    date: str
    region: str
    service: str
    terminator: str


class Signature(msgspec.Struct, frozen=True):
    """What a client says about its signature. `lifetime` is in seconds, for presigned requests only."""

    algorithm: str
    credential: str
    signed_headers: tuple[str, ...]
    signature: str
    date: str
    token: str | None
    lifetime: str | None = None

    @property
    def scope(self) -> Scope | None:
        """The parts of the credential; None where they are not five. An access key may contain slashes."""
        parts = self.credential.rsplit("/", 4)
        return Scope(*parts) if len(parts) == 5 else None


def find_signature(request: Request) -> Signature | None:
    """The signature of a request, from its header or else its query string; None for an unsigned request."""
    authorization = request.header("authorization")
    if authorization is not None:
        algorithm, _, rest = authorization.strip().partition(" ")
        fields = {name.strip(): value.strip() for name, _, value in (part.partition("=") for part in rest.split(","))}
        return Signature(
            algorithm,
            fields.get("Credential", ""),
            _names(fields.get("SignedHeaders", "")),
            fields.get("Signature", ""),
            request.header("x-amz-date") or request.header("date") or "",
            request.header("x-amz-security-token"),
        )
    algorithm = request.parameter("X-Amz-Algorithm") or ""
    if not algorithm and request.parameter("X-Amz-Credential") is None:
        return None
    return Signature(
        algorithm,
        request.parameter("X-Amz-Credential") or "",
        _names(request.parameter("X-Amz-SignedHeaders") or ""),
        request.parameter("X-Amz-Signature") or "",
        request.parameter("X-Amz-Date") or "",
        request.parameter("X-Amz-Security-Token"),
        request.parameter("X-Amz-Expires") or "",
    )


def expected_signature(request: Request, signed_headers: tuple[str, ...], stamp: str, scope: Scope, secret: str) -> str:
    """The signature, in hexadecimal, that the holder of the secret would have put on this request at `stamp`."""
    canonical = hashlib.sha256(_canonical(request, signed_headers).encode()).hexdigest()
    place = f"{stamp[:8]}/{scope.region}/{scope.service}/{TERMINATOR}"
    key = _signing_key(secret, stamp[:8], scope.region, scope.service)
    return hmac.digest(key, f"{ALGORITHM}\n{stamp}\n{place}\n{canonical}".encode(), "sha256").hex()


@lru_cache(_KEYS_KEPT)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _canonical(request: Request, signed_headers: tuple[str, ...]) -> str:
    """Method, path, query, the headers that are signed, their names, and the hash of the body."""
    names = sorted(set(signed_headers))
    values: dict[str, list[str]] = {name: [] for name in names}
    for name, value in request.headers:
        if name in values:
            values[name].append(" ".join(value.split()))
    headers = "\n".join(f"{name}:{','.join(values[name])}" for name in names)
    path = "/" if request.path in ("", "/") else quote(normalize_url_path(request.path), safe="/~")
    query = "&".join(
        f"{name}={value}"
        for name, value in sorted(
            (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
            for name, value in request.query
            if name != "X-Amz-Signature"
        )
    )
    return f"{request.method}\n{path}\n{query}\n{headers}\n\n{';'.join(names)}\n{request.body_hash}"


def _names(signed_headers: str) -> tuple[str, ...]:
    return tuple(name.lower() for name in signed_headers.split(";") if name)
