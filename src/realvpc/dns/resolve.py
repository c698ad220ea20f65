"""A question asked in a VPC, and its answer: which zone is responsible, and aliases followed to their end."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from realvpc.net.addresses import Address
from realvpc.net.domain_name import canonical
from realvpc.net.nat64 import standing_for
from realvpc.net.vpc import Vpc

from .amazon import amazon_node
from .hosted import hosted_node
from .internet import internet_node
from .load_balancer import balancer_node
from .node import Node, Records
from .private_link import endpoint_node
from .sources import Sources

ANY = "ANY"
_LONGEST_CHAIN = 8


class Outcome(Enum):
    """The response codes of RFC 1035 section 4.1.1 that a good question can get."""

    NOERROR = "NOERROR"
    NXDOMAIN = "NXDOMAIN"
    SERVFAIL = "SERVFAIL"


class Resolution(Struct, frozen=True):
    """``answer`` begins at the name that was asked; ``authority`` is the SOA that goes with a negative answer."""

    outcome: Outcome
    answer: tuple[Records, ...] = ()
    authority: Records | None = None


def resolve(sources: Sources, asker: Vpc, name: str, record_type: str) -> Resolution:
    """The answer to a question of an interface in the VPC ``asker``.

    ``name`` is canonical, ``record_type`` as in master files, or ``ANY``.  SERVFAIL is for aliases that lead nowhere
    or around in a circle.
    """
    chain: tuple[Records, ...] = ()
    while len(chain) <= _LONGEST_CHAIN:
        node = node_at(sources, asker, name)
        if node.sets is None:
            return Resolution(Outcome.NXDOMAIN, chain, node.authority)  # RFC 6604: the code of the last name
        found = tuple(records for records in node.sets if record_type in (records.type, ANY))
        if not found and record_type == "SOA" and name == node.apex:
            found = (node.authority,)
        if found:
            return Resolution(Outcome.NOERROR, chain + found)
        alias = next((records for records in node.sets if records.type == "CNAME"), None)
        if alias is None:
            return Resolution(Outcome.NOERROR, chain, node.authority)
        chain += (alias,)
        try:
            name = canonical(alias.values[0])
        except ValueError:
            break
    return Resolution(Outcome.SERVFAIL)


def resolve_with_dns64(sources: Sources, asker: Vpc, name: str, record_type: str) -> Resolution:
    """As ``resolve``, but a name of IPv4 addresses alone has IPv6 addresses that stand for them (RFC 6147)."""
    found = resolve(sources, asker, name, record_type)
    if record_type != "AAAA" or found.outcome is not Outcome.NOERROR or found.authority is None:
        return found
    *chain, last = resolve(sources, asker, name, "A").answer or (None,)
    if last is None or last.type != "A":
        return found
    values = tuple(str(standing_for(Address.parse(value))) for value in last.values)
    return Resolution(Outcome.NOERROR, (*chain, Records(last.name, "AAAA", last.ttl, values)))


def node_at(sources: Sources, asker: Vpc, name: str) -> Node:
    """What there is at a name in the VPC: the most specific zone says, a private hosted zone before AWS's own (Route 53
    developer guide, "Considerations when working with a private hosted zone").

    Private hosted zones need both DNS attributes of the VPC.
    """
    network = sources.network
    amazon = endpoint_node(network, asker, name) or balancer_node(network, name) or amazon_node(network, asker, name)
    zone = sources.names.hosted_zone_for(asker.id, name) if asker.names_hosts else None
    if zone is not None and (amazon is None or len(zone.name) >= len(amazon.apex)):
        return hosted_node(sources.names, zone, name)
    return amazon or internet_node(sources.names, name)
