"""Where an upstream is: the scheme, host and port of a URL (RFC 6454)."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

_PORTS = {"http": 80, "https": 443}


class Origin(msgspec.Struct, frozen=True):
    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def parse_origin(text: str) -> Origin:
    """``http://127.0.0.1:4567``: a scheme, a host, perhaps a port, and nothing else.  Raises ValueError."""
    parts = urlsplit(text)
    is_bare = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username or parts.password)
    if parts.scheme not in _PORTS or not parts.hostname or not is_bare or not text.isprintable():
        raise ValueError(text)
    parts.hostname.encode("idna")  # as whoever connects does: UnicodeError is a ValueError
    return Origin(parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme])
