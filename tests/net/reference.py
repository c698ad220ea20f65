"""What becomes of a question and its answer, said a second time: from docs/semantics.md, by brute force.

A world has two bits of addresses, four cells of one subnet each, and knows of VPCs, peering, routes, security groups
and network ACLs of IPv4.  Nothing of ``net`` is used: who reads the page should find here what it says, and no more.
"""

from __future__ import annotations

from typing import NamedTuple

CELLS = range(4)
TCP, UDP, ICMP, ALL = "tcp", "udp", "icmp", "all"
EPHEMERAL = 50000
EVERY_PORT = (0, 65535)


class Block(NamedTuple):
    """The cells whose number begins with these bits: ``length`` 0, 1 or 2 of them."""

    bits: int
    length: int

    def holds(self, cell: int) -> bool:
        return cell >> (2 - self.length) == self.bits


EVERYWHERE = Block(0, 0)
BLOCKS = (EVERYWHERE, Block(0, 1), Block(1, 1), *(Block(cell, 2) for cell in CELLS))


class Rule(NamedTuple):
    """Of a security group."""

    protocol: str
    ports: tuple[int, int]
    block: Block


class Entry(NamedTuple):
    """Of a network ACL."""

    allows: bool
    rule: Rule


class Route(NamedTuple):
    """``target`` is the number of a site over there, or None: a blackhole."""

    block: Block
    target: int | None


class Site(NamedTuple):
    """A VPC.  Its route table and security group are for all of it, the ACLs for its first cell."""

    block: Block
    routes: tuple[Route, ...]
    inbound: tuple[Rule, ...]
    outbound: tuple[Rule, ...]
    acl_in: tuple[Entry, ...]
    acl_out: tuple[Entry, ...]


class Machine(NamedTuple):
    """Where it is and its number in that subnet; several sites may have the same cells."""

    site: int
    cell: int
    number: int = 0


class Message(NamedTuple):
    source: Machine
    destination: tuple[int, int]  # cell and number
    protocol: str
    port: int  # that it goes to
    from_port: int = EPHEMERAL


class World(NamedTuple):
    """``peerings`` are pairs of sites, the smaller first; ``machines`` all that there are."""

    sites: tuple[Site, ...]
    peerings: frozenset[tuple[int, int]]
    machines: frozenset[Machine]


class Fate(NamedTuple):
    """Whether each end tracks the flow afterwards, where it arrived."""

    reason: str
    receiver: Machine | None = None
    tracked: tuple[bool, bool] = (False, False)


def asked(world: World, message: Message) -> Fate:
    """The question: nothing is tracked yet."""
    return _go(world, message, known=(False, False))


def answered(world: World, message: Message, fate: Fate) -> Fate:
    """The answer to it, from where it arrived."""
    assert fate.receiver is not None
    to = (message.source.cell, message.source.number)
    answer = Message(fate.receiver, to, message.protocol, message.from_port, message.port)
    return _go(world, answer, known=(fate.tracked[1], fate.tracked[0]), asker=message.source)


def _go(world: World, message: Message, known: tuple[bool, bool], asker: Machine | None = None) -> Fate:
    """``known``: whether the flow is one that the sender tracks, and one that ``asker`` does."""
    near, (cell, number) = world.sites[message.source.site], message.destination
    # 3. security group egress
    if not known[0] and not _admits(near.outbound, message, cell):
        return Fate("SECURITY_GROUP_EGRESS")
    crosses = cell != message.source.cell
    # 4. network ACL outbound, 5. route table
    site = message.source.site
    if crosses:
        if not _allows(near.acl_out, _has_acl(near, message.source.cell), message, cell):
            return Fate("NETWORK_ACL_EGRESS")
        routes = [Route(near.block, site), *near.routes]
        fitting = [route for route in routes if route.block.holds(cell)]
        if not fitting:
            return Fate("NO_ROUTE")
        target = max(fitting, key=lambda route: route.block.length).target
        if target is None or (target != site and (min(site, target), max(site, target)) not in world.peerings):
            return Fate("BLACKHOLE_ROUTE")
        # 6. gateway: the source is always in the sender's VPC here; 7. VPC entry
        if not world.sites[target].block.holds(cell):
            return Fate("PCX_REQUIRES_ADDRESS_IN_VPC_CIDR")
        site = target
    receiver = Machine(site, cell, number)
    if receiver not in world.machines:
        return Fate("NO_DESTINATION")
    # 9. network ACL inbound
    far = world.sites[site]
    if crosses and not _allows(far.acl_in, _has_acl(far, cell), message, message.source.cell):
        return Fate("NETWORK_ACL_INGRESS")
    # 11. security group ingress
    knows = known[1] and receiver == asker
    if not knows and not _admits(far.inbound, message, message.source.cell):
        return Fate("SECURITY_GROUP_INGRESS")
    untracked = (
        _is_untracked(near.outbound, near.inbound, message, cell),
        _is_untracked(far.inbound, far.outbound, message, message.source.cell),
    )
    return Fate("DELIVERED", receiver, (known[0] or not untracked[0], knows or not untracked[1]))


def _has_acl(site: Site, cell: int) -> bool:
    return cell == min(each for each in CELLS if site.block.holds(each))


def _matches(rule: Rule, message: Message, cell: int, port: int) -> bool:
    if rule.protocol not in (ALL, message.protocol) or not rule.block.holds(cell):
        return False
    return rule.protocol not in (TCP, UDP) or rule.ports[0] <= port <= rule.ports[1]


def _admits(rules: tuple[Rule, ...], message: Message, cell: int) -> bool:
    return any(_matches(rule, message, cell, message.port) for rule in rules)


def _allows(entries: tuple[Entry, ...], is_asked: bool, message: Message, cell: int) -> bool:
    """The first that matches decides; none: no.  Subnets without an ACL of their own have one that lets all pass."""
    if not is_asked:
        return True
    return next((entry.allows for entry in entries if _matches(entry.rule, message, cell, message.port)), False)


def _is_untracked(here: tuple[Rule, ...], back: tuple[Rule, ...], message: Message, cell: int) -> bool:
    """A rule admits it from (or to) everywhere, and the opposite direction every port to (or from) everywhere; or the
    same of its answers, which are as good a beginning of the flow."""
    if message.protocol == ICMP:
        return False

    def opens(rules: tuple[Rule, ...], port: int) -> bool:
        return any(rule.block == EVERYWHERE and _matches(rule, message, cell, port) for rule in rules)

    def opens_every_port(rules: tuple[Rule, ...]) -> bool:
        return any(
            rule.block == EVERYWHERE
            and (rule.protocol == ALL or (rule.protocol, rule.ports) == (message.protocol, EVERY_PORT))
            for rule in rules
        )

    return (opens(here, message.port) and opens_every_port(back)) or (
        opens(back, message.from_port) and opens_every_port(here)
    )
