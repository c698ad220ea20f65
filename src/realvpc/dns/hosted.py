"""Hosted zones as a resolver reads them (Route 53 developer guide)."""

from __future__ import annotations

from realvpc.net.hosted_zone import HostedZone, RecordSet
from realvpc.net.names import Names

from .node import Node, Records


def hosted_node(names: Names, zone: HostedZone, name: str) -> Node:
    """What the zone says of a canonical name in it; a wildcard's records are shown under the name that was asked."""
    found = names.record_sets_at(zone, name)
    authority = next(row for row in names.record_sets_at(zone, zone.name) or () if row.type == "SOA")
    return Node(
        _negative(_records(authority, zone.name)),
        None if found is None else tuple(_records(row, name) for row in found),
    )


def _records(row: RecordSet, name: str) -> Records:
    return Records(name, row.type, row.ttl, row.values)


def _negative(authority: Records) -> Records:
    """An SOA record says for how long it may be remembered that something does not exist (RFC 2308 section 3)."""
    minimum = int(authority.values[0].split()[-1])
    return Records(authority.name, "SOA", min(authority.ttl, minimum), authority.values)
