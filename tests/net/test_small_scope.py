"""``walk`` against a reference that was written apart from it, in all small networks.

Three enumerations, each of up to three VPCs whose blocks are prefixes of two bits, with a machine in each subnet:

- routes: every assignment of blocks of one or two bits, every peering graph that AWS allows (what overlaps has no
  peering), and in each VPC every route table of up to two routes to prefixes of zero to two bits, over each peering
  connection or to nowhere.  Tables of several VPCs are combined so that each has every one once, not all with all;
- security groups: every list of up to two rules in each direction (all, ICMP, TCP with three ranges of ports; any
  prefix), for the group of one of three peered VPCs;
- network ACLs: every list of up to two entries in each direction (allow, deny; all, TCP with two ranges of ports; any
  prefix), for one of its subnets.

Lists of the two directions are combined as tables are.  Packets go from the first machine of each VPC to every cell, or
between the machine that the lists are for and all others, and answers to those that arrive.  By symmetry (bits flipped,
VPCs in another order) one of each class of networks is enough; ``--whole-scope`` has all of them, every machine as the
sender, addresses that nobody has, and further combinations of lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, permutations, product
from math import gcd
from typing import Any

import pytest

from realvpc.net.addresses import Address, Cidr
from realvpc.net.instance import Instance, InstanceState
from realvpc.net.network import Network
from realvpc.net.network_acl import AclEntry, NetworkAcl
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.packet import Packet
from realvpc.net.peering import Peering, PeeringSide, PeeringStatus
from realvpc.net.resource import Resource
from realvpc.net.route_table import Route as NetworkRoute
from realvpc.net.route_table import RouteTable, RouteTableAssociation, TableRoute, Target, TargetKind
from realvpc.net.security_group import SecurityGroup, SecurityGroupRule
from realvpc.net.subnet import Subnet
from realvpc.net.table import Change
from realvpc.net.vpc import CidrAssociation, Vpc
from realvpc.net.walk import walk

from ..packets.hosts import COMMON, NOW, number
from .reference import (
    ALL,
    BLOCKS,
    CELLS,
    EPHEMERAL,
    EVERY_PORT,
    EVERYWHERE,
    ICMP,
    TCP,
    UDP,
    Block,
    Entry,
    Fate,
    Machine,
    Message,
    Route,
    Rule,
    Site,
    World,
    answered,
    asked,
)

NUMBERS = {ALL: -1, ICMP: 1, TCP: 6, UDP: 17}
FIRST_HOSTS = tuple(map(Address.parse, ("10.0.0.4", "100.64.0.4", "172.16.0.4", "192.168.0.4")))
"""The machines of a cell count up from here: each is in a quarter of all addresses, and private."""

NOBODY = 9
ANYTHING = Rule(ALL, EVERY_PORT, EVERYWHERE)
LETS_PASS = (Entry(True, ANYTHING),)


# -- a world as a Network --------------------------------------------------------------------------------------------


def address(cell: int, place: int) -> Address:
    return Address(FIRST_HOSTS[cell] + place)


def cidr(block: Block) -> Cidr:
    return Cidr.parse(f"{block.bits << (8 - block.length)}.0.0.0/{block.length}")


def interface_of(machine: Machine) -> str:
    return number("eni", machine.site << 8 | machine.cell << 4 | machine.number)


def rows(world: World) -> Iterator[Resource]:
    for place, site in enumerate(world.sites):
        vpc = number("vpc", place)
        yield Vpc(id=vpc, cidr_associations=(CidrAssociation("vpc-cidr-assoc-1", cidr(site.block)),), **COMMON)
        yield from changing(world, place)
        for cell in filter(site.block.holds, CELLS):
            acl = number("acl", place + 16) if cell == first_cell(site) else None
            zone: dict[str, Any] = {"zone_name": "a", "zone_id": "apne1-az4", "network_acl_id": acl}
            name = number("subnet", place << 4 | cell)
            yield Subnet(id=name, vpc_id=vpc, cidr=cidr(Block(cell, 2)), **zone, **COMMON)
    for machine in world.machines:
        yield from machine_rows(machine)
    for near, far in combinations(range(len(world.sites)), 2):
        sides = [PeeringSide(vpc_id=number("vpc", side), **COMMON) for side in (near, far)]
        status = PeeringStatus.ACTIVE if (near, far) in world.peerings else PeeringStatus.DELETED
        fields: dict[str, Any] = {"requester": sides[0], "accepter": sides[1], "status": status, "requested_at": NOW}
        yield Peering(id=peering_of(near, far), **fields, **COMMON)


def changing(world: World, place: int) -> Iterator[Resource]:
    """What the lists of a site are: other lists take their place."""
    site, vpc = world.sites[place], {"vpc_id": number("vpc", place)} | COMMON
    table = RouteTable(id=number("rtb", place), associations=(RouteTableAssociation("rtbassoc-1"),), **vpc)
    yield table
    for route in site.routes:
        pcx = number("pcx", 999) if route.target is None else peering_of(place, route.target)
        yield TableRoute.of(table, NetworkRoute(cidr(route.block), Target(TargetKind.PEERING, pcx)))
    sides = ((False, site.inbound), (True, site.outbound))
    rules = tuple(_rule(rule, is_egress) for is_egress, each in sides for rule in each)
    yield SecurityGroup(id=number("sg", place), name="group", description="", rules=rules, **vpc)
    entries = [
        _entry(entry, order, is_egress)
        for is_egress, each in ((False, site.acl_in), (True, site.acl_out))
        for order, entry in enumerate(each, start=1)
    ]
    yield NetworkAcl(id=number("acl", place + 16), entries=tuple(sorted(entries)), **vpc)


def machine_rows(machine: Machine) -> Iterator[Resource]:
    name, place = interface_of(machine), machine.site
    owner = name.replace("eni", "i")
    fields: dict[str, Any] = {
        "image_id": "ami-1",
        "instance_type": "t2.micro",
        "launched_at": NOW,
        "reservation_id": "r-1",
    }
    yield Instance(id=owner, state=InstanceState.RUNNING, **fields, **COMMON)
    yield NetworkInterface(
        id=name,
        vpc_id=number("vpc", place),
        subnet_id=number("subnet", place << 4 | machine.cell),
        mac_address="06:00:00:00:00:01",
        private_addresses=(address(machine.cell, machine.number),),
        group_ids=(number("sg", place),),
        attachment=Attachment(id="eni-attach-1", owner_id=owner, device_index=0, attached_at=NOW),
        **COMMON,
    )


def peering_of(a: int, b: int) -> str:
    return number("pcx", min(a, b) << 4 | max(a, b))


def _rule(rule: Rule, is_egress: bool) -> SecurityGroupRule:
    low, high = rule.ports if rule.protocol == TCP else (-1, -1)
    protocol = NUMBERS[rule.protocol]
    fields: dict[str, Any] = {"protocol": protocol, "from_port": low, "to_port": high, "peer": cidr(rule.block)}
    return SecurityGroupRule(id="sgr-1", is_egress=is_egress, **fields)


def _entry(entry: Entry, order: int, is_egress: bool) -> AclEntry:
    low, high = entry.rule.ports if entry.rule.protocol == TCP else (-1, -1)
    fields: dict[str, Any] = {"number": order, "allows": entry.allows, "protocol": NUMBERS[entry.rule.protocol]}
    return AclEntry(is_egress=is_egress, cidr=cidr(entry.rule.block), low=low, high=high, **fields)


def first_cell(site: Site) -> int:
    return min(filter(site.block.holds, CELLS))


def changed(network: Network, before: World, after: World) -> Network:
    """The network of the world before, made that of the world after, which differs in lists alone."""
    old = {row.id: row for place in range(len(before.sites)) for row in changing(before, place)}
    new = {row.id: row for place in range(len(after.sites)) for row in changing(after, place)}
    puts = tuple(row for name, row in new.items() if old.get(name) != row)
    return network.apply(Change(puts=puts, deletes=tuple(row for name, row in old.items() if name not in new)))


# -- the comparison --------------------------------------------------------------------------------------------------


def compare(world: World, network: Network, messages: Iterable[Message]) -> int:
    """How many packets were compared."""
    count = 0
    for message in messages:
        ports: dict[str, Any] = (
            {} if message.protocol == ICMP else {"source_port": EPHEMERAL, "destination_port": message.port}
        )
        echo: dict[str, Any] = (
            {"icmp_type": 8, "source_port": 1, "destination_port": 1} if message.protocol == ICMP else {}
        )
        packet = Packet(
            source=address(message.source.cell, message.source.number),
            destination=address(*message.destination),
            protocol=NUMBERS[message.protocol],
            **ports,
            **echo,
        )
        expected, at = asked(world, message), interface_of(message.source)
        trace = walk(network, packet, at)
        own = {flow.interface_id for flow in trace.tracked}
        found = (trace.reason.name, trace.delivered_to)
        assert found == (expected.reason, _name(expected)), (world, message)
        count += 1
        if expected.receiver is not None:
            tracked = (at in own, interface_of(expected.receiver) in own)
            assert tracked == expected.tracked, (world, message)
            back = walk(network, trace.packet.reply(), interface_of(expected.receiver), trace.tracked)
            wanted = answered(world, message, expected)
            assert (back.reason.name, back.delivered_to) == (wanted.reason, _name(wanted)), (world, message)
            count += 1
    return count


def _name(fate: Fate) -> str | None:
    return interface_of(fate.receiver) if fate.receiver else None


def paired(length: int, others: int) -> Iterator[tuple[int, ...]]:
    """Each number below ``length`` with as many others, so that each place has every one of them once."""
    steps = [step for step in range(1, length) if gcd(step, length) == 1] or [1]
    chosen = [steps[len(steps) * (place + 1) // (others + 1)] for place in range(others)]
    for each in range(length):
        yield (each, *((each * step + place + 1) % length for place, step in enumerate(chosen)))


# -- routes ----------------------------------------------------------------------------------------------------------


def shapes(*, whole: bool) -> Iterator[tuple[tuple[Block, ...], frozenset[tuple[int, int]]]]:
    """Blocks and peering graphs of three VPCs: two of them are what three without a peering to the third are."""
    seen: set[tuple[tuple[Block, ...], frozenset[tuple[int, int]]]] = set()
    for blocks in product(BLOCKS[1:], repeat=3):
        pairs = [pair for pair in combinations(range(3), 2) if not _overlap(blocks[pair[0]], blocks[pair[1]])]
        for count in range(len(pairs) + 1):
            for chosen in combinations(pairs, count):
                shape = (blocks, frozenset(chosen))
                if whole or not seen & set(_alike(*shape)):
                    seen.add(shape)
                    yield shape


def _overlap(one: Block, other: Block) -> bool:
    return any(one.holds(cell) and other.holds(cell) for cell in CELLS)


def _alike(
    blocks: tuple[Block, ...], peerings: frozenset[tuple[int, int]]
) -> Iterator[tuple[tuple[Block, ...], frozenset[tuple[int, int]]]]:
    for order in permutations(range(3)):
        renamed = frozenset((min(order[a], order[b]), max(order[a], order[b])) for a, b in peerings)
        for flip in CELLS:
            flipped = [Block(block.bits ^ flip >> (2 - block.length), block.length) for block in blocks]
            yield tuple(flipped[order.index(place)] for place in range(3)), renamed


def route_lists(blocks: tuple[Block, ...], place: int) -> list[tuple[Route, ...]]:
    """Of up to two routes, to what is not inside of the VPC, which CreateRoute refuses."""
    inside = set(filter(blocks[place].holds, CELLS))
    destinations = [block for block in BLOCKS if not set(filter(block.holds, CELLS)) <= inside]
    routes = [Route(block, target) for block in destinations for target in (*(s for s in range(3) if s != place), None)]
    two = [(a, b) for a, b in combinations(routes, 2) if a.block != b.block]
    return [(), *((each,) for each in routes), *two]


def test_every_small_route_table_leads_where_the_reference_says(pytestconfig: pytest.Config) -> None:
    whole = pytestconfig.getoption("whole_scope")
    networks = packets = 0
    for blocks, peerings in shapes(whole=whole):
        lists = [route_lists(blocks, place) for place in range(3)]
        machines = frozenset(
            Machine(place, cell) for place, block in enumerate(blocks) for cell in CELLS if block.holds(cell)
        )
        world, network = None, None
        senders = sorted(machines) if whole else [min(row for row in machines if row.site == n) for n in range(3)]
        targets = [(cell, 0) for cell in CELLS] + [(cell, NOBODY) for cell in (CELLS if whole else ())]
        for chosen in paired(max(map(len, lists)), 2):
            sites = tuple(
                Site(block, lists[n][chosen[n] % len(lists[n])], (ANYTHING,), (ANYTHING,), LETS_PASS, LETS_PASS)
                for n, block in enumerate(blocks)
            )
            after = World(sites, peerings, machines)
            network = changed(network, world, after) if network and world else Network.of(*rows(after))
            world = after
            messages = [
                Message(each, to, ICMP, 0) for each, to in product(senders, targets) if to != (each.cell, each.number)
            ]
            networks, packets = networks + 1, packets + compare(world, network, messages)
    assert networks > 3_000
    assert packets > 30_000


# -- lists of rules --------------------------------------------------------------------------------------------------

STAR = (Block(0, 1), Block(2, 2), Block(3, 2))  # the first is peered with both others
TWO_NEIGHBOURS = [Machine(0, 0), Machine(0, 0, 1), Machine(0, 1), Machine(1, 2), Machine(2, 3)]


def star(site: Site) -> World:
    over = tuple(Route(STAR[place], place) for place in (1, 2))
    back = (Route(STAR[0], 0),)
    others = [Site(block, back, (ANYTHING,), (ANYTHING,), LETS_PASS, LETS_PASS) for block in STAR[1:]]
    return World((site._replace(routes=over), *others), frozenset({(0, 1), (0, 2)}), frozenset(TWO_NEIGHBOURS))


def messages_of_star(protocols: Sequence[tuple[str, int]]) -> list[Message]:
    """From and to the first machine, and between its neighbours."""
    first = TWO_NEIGHBOURS[0]
    pairs = [(first, other) for other in TWO_NEIGHBOURS[1:]] + [(other, first) for other in TWO_NEIGHBOURS[1:]]
    return [Message(a, (b.cell, b.number), *protocol) for a, b in pairs for protocol in protocols]


def up_to_two(each: Sequence[Rule]) -> list[tuple[Rule, ...]]:
    return [(), *((rule,) for rule in each), *combinations(each, 2)]


def compare_lists(sites: Iterable[Site], protocols: Sequence[tuple[str, int]]) -> int:
    world, network, packets = None, None, 0
    for site in sites:
        after = star(site)
        network = changed(network, world, after) if network and world else Network.of(*rows(after))
        world = after
        packets += compare(world, network, messages_of_star(protocols))
    return packets


OPEN = Site(STAR[0], (), (ANYTHING,), (ANYTHING,), LETS_PASS, LETS_PASS)


def test_every_small_list_of_security_group_rules_means_what_the_reference_says(pytestconfig: pytest.Config) -> None:
    whole = pytestconfig.getoption("whole_scope")
    matching = [(ALL, EVERY_PORT), (ICMP, EVERY_PORT), *((TCP, ports) for ports in (EVERY_PORT, (0, 1), (1, 2)))]
    lists = up_to_two([Rule(*match, block) for match in matching for block in BLOCKS])
    protocols = [(TCP, port) for port in range(4)] if whole else [(TCP, 1), (TCP, 3)]
    protocols += [(UDP, 1), (ICMP, 0)]
    pairs = [pair for others in ((1, 2, 3) if whole else (1,)) for pair in paired(len(lists), others)]
    sites = (OPEN._replace(inbound=lists[pair[0]], outbound=lists[pair[-1]]) for pair in pairs)
    assert compare_lists(sites, protocols) > 10_000


def test_every_small_list_of_acl_entries_means_what_the_reference_says(pytestconfig: pytest.Config) -> None:
    whole = pytestconfig.getoption("whole_scope")
    matching = [(ALL, EVERY_PORT), *((TCP, ports) for ports in ((0, 1), (EPHEMERAL, 65535)))]
    entries = [Entry(allows, Rule(*match, block)) for allows in (True, False) for match in matching for block in BLOCKS]
    lists: list[tuple[Entry, ...]] = [(), *((each,) for each in entries), *permutations(entries, 2)]
    protocols = [(TCP, 1), (TCP, 3), (ICMP, 0)] if whole else [(TCP, 1), (ICMP, 0)]
    pairs = [pair for others in ((1, 2, 3) if whole else (1,)) for pair in paired(len(lists), others)]
    sites = (OPEN._replace(acl_in=lists[pair[0]], acl_out=lists[pair[-1]]) for pair in pairs)
    assert compare_lists(sites, protocols) > 10_000
