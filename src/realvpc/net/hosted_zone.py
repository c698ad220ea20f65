"""Hosted zones and their records (Route 53 developer guide, "Working with hosted zones").

Route 53 is one service for all Regions: a zone is its account's, wherever the call comes from.  Which VPC sees it is
another matter, and the VPC may be another account's.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from msgspec import Struct

from .resource import GlobalResource

_PRIVATE_SERVERS = ("ns-1536.awsdns-00.co.uk", "ns-0.awsdns-00.com", "ns-1024.awsdns-00.org", "ns-512.awsdns-00.net")
_TOP_LEVELS = ("com", "net", "org", "co.uk")
_SERVERS_PER_TOP_LEVEL, _STRIPES = 512, 64


class ZoneVpc(Struct, frozen=True, order=True):
    """A VPC as Route 53 names it: ids alone are not enough there."""

    region: str
    vpc_id: str


class HostedZone(GlobalResource, frozen=True, kw_only=True):
    """``id`` is ``Z…``; ``name`` is canonical (``net.domain_name``): ``corp.example.``.

    A private zone answers in its ``vpcs``, a public one everywhere.  ``authorised_vpcs`` are VPCs of other accounts
    whose owners may associate them.
    """

    name: str
    caller_reference: str
    created_at: datetime
    comment: str = ""
    is_private: bool = False
    vpcs: tuple[ZoneVpc, ...] = ()
    authorised_vpcs: tuple[ZoneVpc, ...] = ()

    @property
    def name_servers(self) -> tuple[str, ...]:
        """The same four for every private zone, where nobody asks them; a set of its own for a public one."""
        if self.is_private:
            return _PRIVATE_SERVERS
        digest = hashlib.sha256(self.id.encode()).digest()
        numbers = [
            int.from_bytes(digest[2 * i : 2 * i + 2], "big") % _SERVERS_PER_TOP_LEVEL for i in range(len(_TOP_LEVELS))
        ]
        return tuple(
            f"ns-{number + i * _SERVERS_PER_TOP_LEVEL}.awsdns-{number % _STRIPES:02d}.{_TOP_LEVELS[i]}"
            for i, number in enumerate(numbers)
        )

    def born_with(self) -> tuple[RecordSet, RecordSet]:
        """The NS and SOA record sets that every zone has from the start."""
        servers = tuple(f"{server}." for server in self.name_servers)
        authority = f"{servers[0]} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
        return self.record_set(self.name, "NS", 172_800, servers), self.record_set(self.name, "SOA", 900, (authority,))

    def record_set(self, name: str, record_type: str, ttl: int, values: tuple[str, ...]) -> RecordSet:
        """A record set of this zone; ``name`` is canonical."""
        return RecordSet(
            id=f"{self.id}/{name}/{record_type}",
            account=self.account,
            zone_id=self.id,
            name=name,
            type=record_type,
            ttl=ttl,
            values=values,
        )


class RecordSet(GlobalResource, frozen=True, kw_only=True):
    """All records of one name and type.

    ``name`` is canonical.  ``values`` are as the client wrote them, in the form of master files but for the escapes
    (``net.domain_name.presentation``): ``10.0.0.7``, ``10 mail.example.com``, ``"a text" "in two strings"``.  Names in
    values are absolute, with a trailing dot or without.
    """

    zone_id: str
    name: str
    type: str  # A, AAAA, CNAME, TXT, …
    ttl: int  # seconds
    values: tuple[str, ...]


def aws_zone_id(of: str) -> str:
    """Of a zone that no account has: AWS keeps it.  ``of`` tells it from others."""
    return f"Z{hashlib.blake2b(of.encode(), digest_size=10).hexdigest().upper()}"
