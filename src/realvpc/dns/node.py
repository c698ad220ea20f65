"""What a zone says of one name: pure values, without wire format.

Names are canonical (``net.domain_name``): lower case, with a trailing dot.
"""

from __future__ import annotations

from msgspec import Struct

from realvpc.net.addresses import Address

TTL = 60  # seconds: what AWS gives the names of its own,
PUBLIC_NAME_TTL = 20  # but for public ones
_TIMERS = f"2012103100 3600 3600 3600 {TTL}"  # serial, refresh, retry, expire, minimum, as AWS shows them


class Records(Struct, frozen=True):
    """All records of one name and type; ``values`` in the form of master files (RFC 1035 section 5)."""

    name: str
    type: str
    ttl: int  # seconds
    values: tuple[str, ...]


class Node(Struct, frozen=True):
    """One name in the zone that is responsible for it.

    ``sets`` is empty for a name that exists and has no records, and None for one that does not exist.
    """

    authority: Records  # the zone's SOA
    sets: tuple[Records, ...] | None

    @property
    def apex(self) -> str:
        return self.authority.name


def amazon_authority(apex: str) -> Records:
    """The SOA of a zone that AWS makes."""
    server = "a.root-servers.net." if apex == "." else f"ns0.{apex}"
    return Records(apex, "SOA", TTL, (f"{server} hostmaster.amazon.com. {_TIMERS}",))


def nothing(apex: str) -> Node:
    """No such name."""
    return Node(amazon_authority(apex), None)


def empty(apex: str) -> Node:
    """A name without records."""
    return Node(amazon_authority(apex), ())


def host(apex: str, name: str, *addresses: Address, ttl: int = TTL) -> Node:
    """A name of these addresses, of either family."""
    ipv4 = tuple(str(address) for address in addresses if address.is_ipv4)
    ipv6 = tuple(str(address) for address in addresses if not address.is_ipv4)
    sets = (Records(name, "A", ttl, ipv4), Records(name, "AAAA", ttl, ipv6))
    return Node(amazon_authority(apex), tuple(records for records in sets if records.values))


def pointer(apex: str, name: str, target: str) -> Node:
    """A name that points to another, as reverse names do."""
    return Node(amazon_authority(apex), (Records(name, "PTR", TTL, (f"{target}.",)),))
