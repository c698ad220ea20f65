"""Managed prefix lists: named sets of CIDR blocks that routes and security group rules refer to (VPC guide, "Managed
prefix lists")."""

from __future__ import annotations

from bisect import bisect_left
from enum import StrEnum
from typing import Self

from msgspec import Struct

from .addresses import Cidr
from .resource import Resource

AWS = "AWS"
"""The account that owns the lists of AWS's own services, as responses spell it."""

ENTRIES_MAXIMUM = 1000  # of one list
REFERENCES_MAXIMUM = 5000  # to one list, from route tables, and as many from security groups
VERSIONS_MAXIMUM = 1000  # of one list; the oldest are forgotten


class AddressFamily(StrEnum):
    IPV4 = "IPv4"
    IPV6 = "IPv6"


class PrefixListState(StrEnum):
    """Those that last: what is under way is over before anybody can look."""

    CREATE_COMPLETE = "create-complete"
    MODIFY_COMPLETE = "modify-complete"
    MODIFY_FAILED = "modify-failed"
    RESTORE_COMPLETE = "restore-complete"
    DELETE_FAILED = "delete-failed"


class PrefixListEntry(Struct, frozen=True, gc=False):
    cidr: Cidr
    description: str | None = None


class PrefixList(Resource, frozen=True, kw_only=True):
    """``entries`` are in the order of their blocks, each block once.

    ``max_entries`` is what a reference to the list counts as, against the quota of whatever refers to it.  ``version``
    counts the changes of the entries, from 1.  ``state_message`` says why a change has failed.
    """

    name: str
    address_family: AddressFamily
    max_entries: int
    entries: tuple[PrefixListEntry, ...] = ()
    version: int = 1
    state: PrefixListState = PrefixListState.CREATE_COMPLETE
    state_message: str | None = None

    @property
    def is_ipv4(self) -> bool:
        return self.address_family is AddressFamily.IPV4

    @property
    def cidrs(self) -> tuple[Cidr, ...]:
        return tuple(entry.cidr for entry in self.entries)

    def lists(self, cidr: Cidr) -> bool:
        """Whether exactly this block is an entry."""
        at = bisect_left(self.entries, cidr, key=lambda entry: entry.cidr)
        return at < len(self.entries) and self.entries[at].cidr == cidr


class PrefixListVersion(Resource, frozen=True, kw_only=True):
    """A version that is no longer the current one, as what led from it to the next: the entries that went, and the
    blocks of those that came.  What is kept of a list is then as much as was ever changed, however long it is."""

    prefix_list_id: str
    version: int
    went: tuple[PrefixListEntry, ...] = ()
    came: tuple[Cidr, ...] = ()

    @classmethod
    def before(cls, old: PrefixList, new: PrefixList) -> Self:
        kept = set(old.entries) & set(new.entries)
        return cls(
            id=f"{old.id} {old.version}",
            account=old.account,
            region=old.region,
            prefix_list_id=old.id,
            version=old.version,
            went=tuple(entry for entry in old.entries if entry not in kept),
            came=tuple(entry.cidr for entry in new.entries if entry not in kept),
        )

    def undo(self, entries: dict[Cidr, PrefixListEntry]) -> None:
        """Make the entries of the version after this one those of this one."""
        for cidr in self.came:
            del entries[cidr]
        entries.update((entry.cidr, entry) for entry in self.went)

    @property
    def size(self) -> int:
        return len(self.went) + len(self.came)
