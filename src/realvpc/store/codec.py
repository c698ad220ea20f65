"""Resources as JSON rows, readable by people."""

from __future__ import annotations

from typing import Any

import msgspec

from realvpc.net import security_group
from realvpc.net.addresses import Address, Cidr
from realvpc.net.resource import Resource

_PEER: Any = security_group.Peer


def _encode(value: Any) -> str:
    if isinstance(value, Address | Cidr):
        return str(value)
    raise NotImplementedError(f"cannot store a {type(value).__name__}")


def _decode(kind: type[Any], value: Any) -> Any:
    if kind in (Address, Cidr):
        return kind.parse(value)
    if kind is _PEER:
        return _peer(value)
    raise NotImplementedError(f"cannot read a {kind.__name__}")


def _peer(value: Any) -> Any:
    """A block is a text; references are told apart by what they name."""
    if isinstance(value, str):
        return Cidr.parse(value)
    names_list = isinstance(value, dict) and "prefix_list_id" in value
    return msgspec.convert(value, security_group.PrefixListReference if names_list else security_group.GroupReference)


_ENCODER = msgspec.json.Encoder(enc_hook=_encode)


def to_row(resource: Resource) -> bytes:
    return _ENCODER.encode(resource)


def from_row(kind: type[Resource], body: bytes) -> Resource:
    """Raises msgspec.DecodeError for a row that is not of this type."""
    return msgspec.json.decode(body, type=kind, dec_hook=_decode)
