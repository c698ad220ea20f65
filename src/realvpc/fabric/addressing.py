"""IP inside a namespace: what there should be of addresses, routes and rules, what differs, and setting it right.

Of the table ``local`` only matters whose packets are taken for the namespace's own.  What the kernel has of IPv6 by
itself does not matter: ``::1``, link-local addresses, multicast.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from pyroute2 import IPRoute

from realvpc.net.machine import LinkSpec

from .forwards import Way
from .lease import address_arguments, family_of, lease, rule_arguments, subnet_of, table_of
from .rtnetlink import (
    HAS_IPV6,
    RT_SCOPE_NOWHERE,
    RT_TABLE_DEFAULT,
    RT_TABLE_LOCAL,
    RT_TABLE_MAIN,
    RTN_LOCAL,
    Address,
    Device,
    Listing,
    Route,
    Rule,
)

_RULES = (Rule(0, RT_TABLE_LOCAL), Rule(32766, RT_TABLE_MAIN))
RULES = frozenset(
    (*_RULES, Rule(32767, RT_TABLE_DEFAULT), *(replace(rule, family=socket.AF_INET6) for rule in _RULES if HAS_IPV6))
)
_BY_MARK, _AFTER_MARKS = 10, 100  # of a balancer's rules
_OF_KERNEL = ("fe80:", "ff00:", "::1")


class Addressing(Struct, frozen=True):
    """``routes`` of all tables but ``local``; ``own``: the addresses that packets are taken for, by that table."""

    addresses: frozenset[Address]
    routes: frozenset[Route]
    own: frozenset[tuple[int, str]]  # ifindex and address
    rules: frozenset[Rule] = RULES


def read(listing: Listing) -> Addressing:
    """What there is in the namespace of the calling thread.  Raises OSError."""
    routes = [route for route in listing.routes() if not _is_of_kernel(route.destination)]
    return Addressing(
        addresses=frozenset(each for each in listing.addresses() if not _is_of_kernel(each.address)),
        routes=frozenset(route for route in routes if route.table != RT_TABLE_LOCAL),
        own=frozenset(
            (route.ifindex, route.destination.partition("/")[0])
            for route in routes
            if (route.table, route.kind) == (RT_TABLE_LOCAL, RTN_LOCAL)
        ),
        rules=frozenset(listing.rules()),
    )


def _is_of_kernel(text: str) -> bool:
    return text.startswith(_OF_KERNEL)


def of_machine(specs: Iterable[LinkSpec], devices: Mapping[str, Device], *, balances: bool = False) -> Addressing:
    """What a machine with these links should have; one whose device is missing counts for nothing.

    In one that ``balances``, marks say by which link a packet leaves, even where its destination is the address of
    another link: so the table ``local`` is asked after them.
    """
    addresses: set[Address] = set()
    routes: set[Route] = set()
    rules = {replace(rule, priority=rule.priority or _AFTER_MARKS) if balances else rule for rule in RULES}
    if loopback := devices.get("lo"):
        addresses.add(of_loopback(loopback.ifindex))
    for spec in specs:
        if device := devices.get(spec.device_name):
            given = lease(spec, device.ifindex)
            addresses |= given.addresses
            routes |= given.routes
            rules |= given.rules
            if balances:
                rules |= _by_mark(spec, Way(device.name, device.ifindex))
            if any(each.has_route and each.address == spec.address for each in given.addresses):
                routes.add(Route(device.ifindex, subnet_of(spec), source=spec.address))
    return addressing_of(addresses, routes, rules)


def _by_mark(spec: LinkSpec, way: Way) -> set[Rule]:
    families = {rule.family for rule in RULES}
    marks = (way.mark_back, way.mark_on)
    return {Rule(_BY_MARK, table_of(spec), family=family, mark=mark) for family in families for mark in marks}


def of_loopback(ifindex: int) -> Address:
    """What the kernel gives to the loopback device."""
    return Address(ifindex, "127.0.0.1", 8)


def addressing_of(
    addresses: Iterable[Address],
    routes: Iterable[Route],
    rules: Iterable[Rule] = RULES,
    also_own: Iterable[tuple[int, str]] = (),
) -> Addressing:
    """With all of these addresses being the namespace's own, and with them blocks, by the first address."""
    there = frozenset(addresses)
    own = frozenset((*((each.ifindex, each.address) for each in there), *also_own))
    return Addressing(there, frozenset(routes), own, frozenset(rules))


def troubles(wanted: Addressing, found: Addressing) -> Iterator[str]:
    """What differs, in words.  Addresses on other devices are nobody's business."""
    devices = {each.ifindex for each in wanted.addresses}
    for each in sorted(wanted.addresses - found.addresses, key=str):
        yield f"without its address {each.address}/{each.prefix_length}"
    for each in sorted(found.addresses - wanted.addresses, key=str):
        if each.ifindex in devices:
            yield f"with the address {each.address}/{each.prefix_length}"
    for address in sorted({address for _, address in wanted.own - found.own}):
        yield f"deaf to {address}"
    for what, routes in (("without its", wanted.routes - found.routes), ("with a", found.routes - wanted.routes)):
        yield from sorted(f"{what} route to {route.destination}" for route in routes)
    if wanted.rules != found.rules:
        yield "with other rules of routing"


def clear(wanted: Addressing) -> None:
    """Take away what should not be in the namespace of the calling thread, and add the rules that should.

    Addresses and routes that are missing are for whoever made them to make again.  Raises OSError and NetlinkError.
    """
    devices = {each.ifindex for each in wanted.addresses}
    with Listing() as listing, closing(IPRoute()) as netlink:
        found = read(listing)
        _set_rules(netlink, found.rules, wanted.rules)
        lacking = wanted.own - found.own | {(each.ifindex, each.source) for each in wanted.routes - found.routes}
        for address in found.addresses:
            is_foreign = address.ifindex in devices and address not in wanted.addresses
            if is_foreign or (address.ifindex, address.address) in lacking:  # its routes come again with it
                netlink.addr("del", **address_arguments(address))
        for route in read(listing).routes - wanted.routes:
            netlink.route("del", **_named(route))


def set_rules(wanted: frozenset[Rule]) -> None:
    """Let these be all the rules in the namespace of the calling thread.  Raises OSError and NetlinkError."""
    with Listing() as listing, closing(IPRoute()) as netlink:
        _set_rules(netlink, frozenset(listing.rules()), wanted)


def _set_rules(netlink: IPRoute, found: frozenset[Rule], wanted: frozenset[Rule]) -> None:
    for rule in found - wanted:
        netlink.rule("del", **rule_arguments(rule))
    for rule in wanted - found:
        netlink.rule("add", **rule_arguments(rule))


def _named(route: Route) -> dict[str, Any]:
    """As pyroute2 takes it to delete it."""
    optional = {"oif": route.ifindex, "gateway": route.gateway, "priority": route.metric}
    return {
        "family": family_of(route.destination),
        "dst": route.destination,
        "table": route.table,
        "type": route.kind,
        "scope": RT_SCOPE_NOWHERE,  # whatever it is
        "proto": 0,
        **{name: value for name, value in optional.items() if value},
    }
