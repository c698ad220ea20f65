"""A key pair of EC2 (EC2 guide, "Amazon EC2 key pairs"): its public half.  The private one is its owner's alone."""

from __future__ import annotations

from datetime import datetime

from .resource import Resource


class KeyPair(Resource, frozen=True, kw_only=True):
    """``name`` is unique in its account and Region."""

    name: str
    key_type: str  # rsa or ed25519
    fingerprint: str  # as EC2 shows it: what of differs by type and by who made the key
    public_key: str  # an OpenSSH line, "ssh-ed25519 AAAA…", without a comment
    created_at: datetime

    @property
    def authorized_key(self) -> str:
        """The line that an instance gets in ``authorized_keys``, and that its metadata shows."""
        return f"{self.public_key} {self.name}"
