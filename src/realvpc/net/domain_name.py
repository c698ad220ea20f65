"""Domain names in the one form that Route 53 keeps and shows (developer guide, "DNS domain name format").

Lower case, with a trailing dot; every byte of a label save ``a-z 0-9 - _`` is written as ``\\ooo``, three octal digits.
A dot in this form is therefore always a boundary of labels; the wildcard ``*.example.com`` is ``\\052.example.com.``.
Master files (RFC 1035 section 5.1) and dnspython write such bytes in decimal: see ``presentation``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

WILDCARD = "\\052"
MAXIMUM_LABEL, MAXIMUM_NAME = 63, 255  # bytes (RFC 1035 section 2.3.4)

_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")
_ESCAPE = re.compile(r"\\(?:([0-3][0-7]{2})|.)", re.DOTALL)
_PIECE = re.compile(r"\\[0-3][0-7]{2}|[\x21-\x5b\x5d-\x7e]")


def canonical(text: str) -> str:
    """The canonical form of a name as people or clients write it; a trailing dot changes nothing.

    Raises ValueError for empty labels, labels or names that are too long, and characters that have to be escaped.
    """
    labels = [_label(part) for part in text.removesuffix(".").split(".")]
    return from_labels(labels)


def from_labels(labels: Iterable[bytes]) -> str:
    """The name with these labels, without the root's, as a DNS message carries them.  Raises ValueError."""
    parts = []
    size = 1
    for label in labels:
        if not 0 < len(label) <= MAXIMUM_LABEL:
            raise ValueError(f"a label of {len(label)} bytes")
        parts.append("".join(chr(byte) if byte in _PLAIN else f"\\{byte:03o}" for byte in label.lower()))
        size += len(label) + 1
    if size > MAXIMUM_NAME:
        raise ValueError(f"a name of {size} bytes")
    return ".".join(parts) + "."


def to_labels(name: str) -> tuple[bytes, ...]:
    """The labels of a canonical name, without the root's."""
    return tuple(_label(part) for part in name.removesuffix(".").split("."))


def ancestors(name: str) -> Iterator[str]:
    """A canonical name, then its parent, and so on up to the top-level domain."""
    while name:
        yield name
        name = name.partition(".")[2]


def order(name: str) -> str:
    """What Route 53 sorts canonical names by: the labels from right to left, each followed by a dot, byte for byte (API
    reference, ListResourceRecordSets).  ``com.example.www.`` for ``www.example.com.``.
    """
    return "".join(label.decode("latin-1") + "." for label in reversed(to_labels(name)))


def is_within(name: str, domain: str) -> bool:
    """Whether a canonical name is the domain or lies under it."""
    return name == domain or name.endswith("." + domain)


def presentation(text: str) -> str:
    """A name or a record's value with Route 53's octal escapes as the decimal ones of RFC 1035 section 5.1."""
    return _ESCAPE.sub(lambda match: f"\\{int(match[1], 8):03d}" if match[1] else match[0], text)


def _label(part: str) -> bytes:
    pieces = _PIECE.findall(part)
    if not part or "".join(pieces) != part:
        raise ValueError(f"{part!r} is not a label")
    return bytes(int(piece[1:], 8) if len(piece) > 1 else ord(piece) for piece in pieces)
