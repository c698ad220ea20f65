"""Why a call was refused, for those alone who may know it: sealed in the refusal, and read again by STS's
DecodeAuthorizationMessage (STS API Reference).

Nothing is stored: what was sealed under the service's key is known to be its own, and nobody else can read it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from realvpc.iam.evaluate import Conditions, Principal, Refused
from realvpc.iam.statement import Statement
from realvpc.iam.temporary_credentials import digest

_PURPOSE = "authorization message"
LONGEST = 10_240  # bytes that are told: of more, conditions and statements are left out
_LONGEST_RESOURCE = 2048  # characters


def seal(key: bytes, principal: Principal, action: str, conditions: Conditions, refusal: Refused) -> str:
    content = _told(principal, action, conditions, refusal, refusal.denying)
    if len(content) > LONGEST:
        content = _told(principal, action, {}, refusal, ())
    sealed = _cipher(key).encrypt(content, [principal.account.encode()])
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def unseal(key: bytes, account: str, message: str) -> str | None:
    """What a refusal in this account was told, as JSON, or None for what is no such message."""
    try:
        sealed = base64.b64decode(message + "=" * (-len(message) % 4), altchars=b"-_", validate=True)
        return _cipher(key).decrypt(sealed, [account.encode()]).decode()
    except (binascii.Error, InvalidTag, ValueError):
        return None


def _cipher(key: bytes) -> AESSIV:
    """One that needs no nonce: the same refusal is sealed in the same way (RFC 5297)."""
    return AESSIV(digest(key, _PURPOSE, b"encrypt") + digest(key, _PURPOSE, b"authenticate"))


def _told(
    principal: Principal, action: str, conditions: Conditions, refusal: Refused, denying: Iterable[Statement]
) -> bytes:
    told = json.dumps(  # which writes every character in ASCII, half a surrogate pair too
        {
            "allowed": False,
            "explicitDeny": bool(refusal.denying),
            "matchedStatements": _items(_statement(principal, each) for each in denying),
            "failures": _items(()),
            "context": {
                "principal": _principal(principal),
                "action": action,
                "resource": refusal.resource[:_LONGEST_RESOURCE],
                "conditions": _items({"key": key, "values": _values(_several(conditions[key]))} for key in conditions),
            },
        },
        separators=(",", ":"),
    )
    return told.encode()


def _principal(principal: Principal) -> Mapping[str, str]:
    """Users are told with their names."""
    name = {"name": principal.arn.rpartition("/")[2]} if ":user/" in principal.arn else {}
    return {"id": principal.user_id, **name, "arn": principal.arn}


def _statement(principal: Principal, statement: Statement) -> Mapping[str, Any]:
    return {
        "statementId": statement.id,
        "effect": "DENY" if statement.denies else "ALLOW",
        "principals": _values([principal.user_id.partition(":")[0]]),
        "principalGroups": _items(()),
        "actions": _values(statement.actions),
        "resources": _values(statement.resources),
        "conditions": _items(
            {"key": key, "value": {"operator": operator, "values": _values(map(str, _several(values)))}}
            for operator, keys in statement.condition.items()
            for key, values in keys.items()
        ),
    }


def _values(values: Iterable[str]) -> Mapping[str, Any]:
    return _items({"value": value} for value in values)


def _items(items: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {"items": list(items)}


def _several(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list | tuple) else (value,)
