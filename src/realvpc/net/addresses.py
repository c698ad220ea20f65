"""IP addresses and CIDR blocks as integers in one 128-bit space.

IPv4 lives in ``::ffff:0:0/96`` (RFC 4291 section 2.5.5.2), so that one type, one comparison and one BPF key serve both
families.  The IPv4 block 10.20.0.0/16 therefore has ``length`` 112 inside and prints as ``10.20.0.0/16``.
"""

from __future__ import annotations

import re
from functools import total_ordering
from ipaddress import IPv4Address, IPv6Address, ip_address

MAPPED = 0xFFFF  # the 32 bits before an IPv4 address
_V4_BASE = MAPPED << 32
_V4_SHIFT = 96
ADDRESS_BITS = 128
_LENGTH = re.compile(r"0|[1-9][0-9]{0,2}")
_ALL_ONES = (1 << ADDRESS_BITS) - 1


class Address(int):
    """One IPv4 or IPv6 address; an ``int`` of 128 bits that prints as people write it."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read ``10.20.0.7`` or ``2001:db8::7``; no mapped address, which IPv4 is here, and no zone.

        Raises ValueError.
        """
        parsed = ip_address(text)
        if isinstance(parsed, IPv4Address):
            return cls(int(parsed) | _V4_BASE)
        if parsed.ipv4_mapped is not None or parsed.scope_id is not None:
            raise ValueError(f"{text!r} is not an address of its own")
        return cls(int(parsed))

    @property
    def is_ipv4(self) -> bool:
        return self >> 32 == MAPPED

    @property
    def packed(self) -> bytes:
        """16 bytes in network order: the form that BPF keys use."""
        return int(self).to_bytes(16, "big")

    def __str__(self) -> str:
        if self.is_ipv4:  # by far the most, and several times faster than the standard library
            return "{}.{}.{}.{}".format(*self.packed[-4:])
        return str(IPv6Address(int(self)))

    __repr__ = __str__


@total_ordering
class Cidr:
    """A CIDR block (RFC 4632): ``network`` is its first address, ``length`` the prefix length in the 128-bit space."""

    __slots__ = ("length", "network")

    network: int
    length: int

    def __init__(self, network: int, length: int) -> None:
        mask = _mask(length)
        object.__setattr__(self, "network", int(network) & mask)
        object.__setattr__(self, "length", length)

    @classmethod
    def parse(cls, text: str) -> Cidr:
        """Read ``10.20.0.0/16``; host bits are cleared.  Raises ValueError."""
        address_text, slash, length_text = text.partition("/")
        if not slash or not _LENGTH.fullmatch(length_text):
            raise ValueError(f"{text!r} is not a CIDR block")
        address = Address.parse(address_text)
        length = int(length_text) + (_V4_SHIFT if address.is_ipv4 else 0)
        if length > ADDRESS_BITS:
            raise ValueError(f"{text!r} has a prefix that is too long")
        return cls(address, length)

    @classmethod
    def host(cls, address: Address) -> Cidr:
        """The block of this one address."""
        return cls(address, ADDRESS_BITS)

    @classmethod
    def around(cls, address: int, length: int) -> Cidr:
        """The block with this length inside that the address lies in."""
        return cls(address & _mask(length), length)

    @property
    def is_ipv4(self) -> bool:
        return self.length >= _V4_SHIFT and self.network >> 32 == MAPPED

    @property
    def prefix_length(self) -> int:
        """The prefix length as people write it: 16 for 10.20.0.0/16."""
        return self.length - _V4_SHIFT if self.is_ipv4 else self.length

    @property
    def is_default(self) -> bool:
        """True for 0.0.0.0/0 and ::/0."""
        return self.prefix_length == 0

    @property
    def size(self) -> int:
        return 1 << (ADDRESS_BITS - self.length)

    @property
    def first(self) -> Address:
        return Address(self.network)

    @property
    def last(self) -> Address:
        return Address(self.network + self.size - 1)

    def __contains__(self, address: int) -> bool:
        """An IPv4 address lies in no IPv6 block, ``::/0`` included."""
        return (address & _mask(self.length)) == self.network and (self.length >= _V4_SHIFT or address >> 32 != MAPPED)

    def covers(self, other: Cidr) -> bool:
        """True when every address of ``other`` lies in this block (RFC 4632: this prefix is equal or shorter)."""
        return other.length >= self.length and other.network in self

    def overlaps(self, other: Cidr) -> bool:
        return self.covers(other) or other.covers(self)

    def at(self, offset: int) -> Address:
        """The address at ``offset`` from the first one."""
        return Address(self.network + offset)

    def subnet(self, index: int, prefix_length: int) -> Cidr:
        """The ``index``-th block of ``prefix_length`` (as people write it) inside this one."""
        length = prefix_length + (_V4_SHIFT if self.is_ipv4 else 0)
        return Cidr(self.network + (index << (ADDRESS_BITS - length)), length)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a Cidr is immutable")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cidr) and self.network == other.network and self.length == other.length

    def __lt__(self, other: Cidr) -> bool:
        return (self.network, self.length) < (other.network, other.length)

    def __hash__(self) -> int:
        return hash((self.network, self.length))

    def __str__(self) -> str:
        return f"{self.first}/{self.prefix_length}"

    def __repr__(self) -> str:
        return f"Cidr({self})"

    def __reduce__(self) -> tuple[type[Cidr], tuple[int, int]]:
        return Cidr, (self.network, self.length)


def _mask(length: int) -> int:
    return _ALL_ONES ^ (_ALL_ONES >> length)


def overlapping(ours: tuple[Cidr, ...], theirs: tuple[Cidr, ...]) -> tuple[Cidr, Cidr] | None:
    """The first pair of blocks that overlap, or None."""
    return next(((a, b) for a in ours for b in theirs if a.overlaps(b)), None)


ANY_IPV4, ANY_IPV6 = Cidr.parse("0.0.0.0/0"), Cidr.parse("::/0")

# Space that an internet gateway never forwards to or from (RFC 1918, RFC 6598, RFC 4193).
RFC1918 = tuple(Cidr.parse(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
RFC6598 = Cidr.parse("100.64.0.0/10")
RFC4193 = Cidr.parse("fc00::/7")
PRIVATE = (*RFC1918, RFC6598, RFC4193)

LINK_LOCAL_IPV4 = Cidr.parse("169.254.0.0/16")  # RFC 3927
LINK_LOCAL_IPV6 = Cidr.parse("fe80::/10")
MULTICAST_IPV6 = Cidr.parse("ff00::/8")
ROUTER_LINK_LOCAL = Address.parse("fe80:ec2::1")
"""The VPC's router on the link of every interface (VPC guide, "IPv6 addressing")."""

# Unicast only: a VPC forwards no multicast, no broadcast, no loopback and no link-local traffic (VPC guide, "VPC
# CIDR blocks" and "Route table concepts"; RFC 6890).
NEVER_FORWARDED = (
    *(Cidr.parse(text) for text in ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::/127")),
    LINK_LOCAL_IPV4,
    LINK_LOCAL_IPV6,
    MULTICAST_IPV6,
)
