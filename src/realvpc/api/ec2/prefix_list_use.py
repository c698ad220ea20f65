"""What a reference to a prefix list takes of a quota: as much as the list may ever have (VPC guide, "Amazon VPC
quotas")."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from realvpc.net.addresses import Cidr
from realvpc.net.network import Network
from realvpc.net.prefix_list import REFERENCES_MAXIMUM
from realvpc.net.resource import Resource
from realvpc.net.security_group import PrefixListReference, SecurityGroupRule

from ..core.errors import AwsError


def check_references(others: Collection[Resource], user_id: str) -> None:
    """``others`` are the routes, or the groups, that name a list already; ``user_id`` wants to.

    Raises PrefixListReferenceLimitExceeded.
    """
    if len(others) >= REFERENCES_MAXIMUM and all(row.id != user_id for row in others):
        raise AwsError(
            "PrefixListReferenceLimitExceeded", "The maximum number of references to the prefix list has been reached."
        )


def rule_counts(network: Network, rules: Iterable[SecurityGroupRule]) -> Counter[tuple[bool, bool]]:
    """How many rules these count as, by direction and address family: whether outbound, whether IPv4."""
    counts: Counter[tuple[bool, bool]] = Counter()
    for rule in rules:
        if isinstance(rule.peer, PrefixListReference):
            named = network.prefix_list(rule.peer.prefix_list_id)
            if named is not None:
                counts[rule.is_egress, named.is_ipv4] += named.max_entries
        else:
            counts[rule.is_egress, not isinstance(rule.peer, Cidr) or rule.peer.is_ipv4] += 1
    return counts


def route_count(network: Network, route_table_id: str, *, ipv4: bool) -> int:
    """How many routes of one address family those of a table count as, without the local ones."""
    named = (network.prefix_list(row.prefix_list_id) for row in network.prefix_list_routes_in(route_table_id))
    listed = sum(row.max_entries for row in named if row is not None and row.is_ipv4 is ipv4)
    return len(network.routes_of_family(route_table_id, ipv4=ipv4)) + listed
