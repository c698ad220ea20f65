"""Why a call was refused, for those alone who may know it: sealed in the refusal, and read again by STS's
DecodeAuthorizationMessage (STS API Reference).

Nothing is stored: what was sealed under the service's key is known to be its own, and nobody else can read it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from realvpc.iam.evaluate import Conditions, Principal, Refused
from realvpc.iam.statement import Statement
from realvpc.iam.temporary_credentials import digest

_PURPOSE = "authorization message"
_LONGEST_RESOURCE = 2048  # characters
_OVERHEAD = 16  # bytes: what AES-SIV adds


def seal(key: bytes, principal: Principal, action: str, conditions: Conditions, refusal: Refused, room: int) -> str:
    """In no more than ``room`` characters, some hundreds at least, for what is cut cannot be read again.

    Of what does not fit there is left out, in this order: what the statements say beside their names, the conditions
    of the call, the statements, and the end of the resource.
    """
    most = room * 3 // 4 - _OVERHEAD
    content = next(_shorter_and_shorter(principal, action, conditions, refusal, most), b"")
    sealed = _cipher(key).encrypt(content, [principal.account.encode()])
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _shorter_and_shorter(
    principal: Principal, action: str, conditions: Conditions, refusal: Refused, most: int
) -> Iterator[bytes]:
    """Those that have no more than ``most`` bytes."""
    whole, named = ([tell(principal, each) for each in refusal.denying] for tell in (_statement, _named_only))
    resource = refusal.resource[:_LONGEST_RESOURCE]
    for statements, told_conditions in ((whole, conditions), (named, conditions), (named, {}), ([], {})):
        content = _told(principal, action, told_conditions, refusal, statements, resource)
        if len(content) <= most:
            yield content
    while resource:
        resource = resource[: len(resource) // 2]
        content = _told(principal, action, {}, refusal, [], resource)
        if len(content) <= most:
            yield content


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
    principal: Principal,
    action: str,
    conditions: Conditions,
    refusal: Refused,
    statements: Iterable[Mapping[str, Any]],
    resource: str,
) -> bytes:
    told = json.dumps(  # which writes every character in ASCII, half a surrogate pair too
        {
            "allowed": False,
            "explicitDeny": bool(refusal.denying),
            "matchedStatements": _items(statements),
            "failures": _items(()),
            "context": {
                "principal": _principal(principal),
                "action": action,
                "resource": resource,
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


def _named_only(principal: Principal, statement: Statement) -> Mapping[str, Any]:
    return {
        "statementId": statement.id,
        "effect": "DENY" if statement.denies else "ALLOW",
        "principals": _values([principal.user_id.partition(":")[0]]),
        "principalGroups": _items(()),
        "actions": _items(()),
        "resources": _items(()),
        "conditions": _items(()),
    }


def _statement(principal: Principal, statement: Statement) -> Mapping[str, Any]:
    return {
        **_named_only(principal, statement),
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
