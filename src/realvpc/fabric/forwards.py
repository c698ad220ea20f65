"""A balancer's rules for nftables(8): pure, from what it is to forward and the links that it has.

The kernel translates: a connection's destination becomes a target, its source an address of the balancer's, and the
kernel remembers what it was.  Addresses of two links may be equal, and those of their clients.  So

- each link is a zone of its own for what comes in by it: clients of two links may have the same address and port;
- a connection bears in its mark by which link it came and by which it goes on, and each of its packets the one by
  which it leaves, to whose table rules of routing lead it (`addressing`);
- nothing passes that has no such mark, or would leave by another link: a balancer is no router.

Links are told apart by ifindex, of which marks have room for `_BACK`: a new link has the next one that is free, round
about, and the kernel is first told to forget what is left of connections by the link that had it before.  Chains accept
by policy and drop in their last rule, since a chain that is new is there before its rules are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from zlib import crc32

from msgspec import Struct

from realvpc.net.machine import Forward, Target

from .errors import FabricError

TABLE = "inet realvpc"
_BITS = 13  # of a mark's 32, for each of the two links; those left say, of datagrams, which target has them
_BACK, _ON = (1 << _BITS) - 1, (1 << 2 * _BITS) - (1 << _BITS)
SLOTS = (1 << 32) - (1 << 2 * _BITS)
"""Where a mark has the slot of a target of datagrams."""
_PORTS = "1024-65535"  # that connections go on from
_SEED = 0x5EA1  # a flow that was forgotten finds its target again, while these are the same
_TCP_UDP = "meta l4proto { tcp, udp }"  # have ports
_FAMILIES = ("ip", "ip6")
_NEIGHBOURS = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept"


class Way(Struct, frozen=True):
    """A link of a balancer's, as it is inside."""

    device: str
    ifindex: int

    @property
    def mark_back(self) -> int:
        """Of what leaves by it for who began the connection."""
        return self.ifindex

    @property
    def mark_on(self) -> int:
        """Of what leaves by it for a target."""
        return self.ifindex << _BITS

    @property
    def marks(self) -> tuple[tuple[int, int], ...]:
        """With their masks, of all connections by it."""
        return (self.mark_back, _BACK), (self.mark_on, _ON)


def next_ifindex(last: int, taken: Collection[int]) -> int:
    """The one after the last that a link was given, round about, of those that marks have room for and no link has."""
    return next(each for at in range(_BACK) if (each := (last + at) % _BACK + 1) not in taken)


class _End(Struct, frozen=True):
    """Where connections by the same two links go."""

    mark: int
    list: str

    @property
    def name(self) -> str:
        return f"to_{self.list}_by_{self.mark:x}"


def ruleset(forwards: Collection[Forward], ways: Mapping[str, Way]) -> str:
    """What `nft -f` replaces all rules by at once.  ``ways`` has the links by the ids of their interfaces.

    Raises FabricError where there can be no such rules.
    """
    _check(forwards, ways)
    served = [each for each in forwards if each.targets]
    sources = {source: f"from_{at}" for at, source in enumerate(dict.fromkeys(each.source for each in served))}
    lists = {targets: f"one_of_{at}" for at, targets in enumerate(dict.fromkeys(each.targets for each in served))}
    ends = {each: _End(_mark(each, ways), lists[each.targets]) for each in served}
    devices, leaving = ways.values(), [*_leaving(ways.values())]
    chains = (
        *(_chain(name, [_choice(targets)]) for targets, name in lists.items()),
        *(_chain(end.name, [f"ct mark set {end.mark:#x}", f"goto {end.list}"]) for end in dict.fromkeys(ends.values())),
        *(_chain(name, [_snat(source)]) for source, name in sources.items()),
        *(_chain(f"slot_{slot:x}", [f"ct mark set ct mark | {slot:#x}"]) for slot in sorted(slots(served))),
        *(_chain(_by(way), _coming_by(key, way, forwards)) for key, way in ways.items()),
        # Before fragments are put together, which is done for each zone by itself.
        _hook("zones", "filter", "prerouting", "-450", _zones(devices)),
        _hook("new", "nat", "prerouting", "dstnat", _new(ends, ways)),
        _hook("coming", "filter", "prerouting", "-50", _coming(devices)),
        _chain("ended", [f"meta mark set ct mark & {_BACK:#x}", "meta l4proto tcp reject with tcp reset", "drop"]),
        _hook("passing", "filter", "forward", "0", _passing(forwards, leaving)),
        _hook("going", "nat", "postrouting", "srcnat", _going(served, ways, sources)),
        # Of its own are sockets that are opened here, resets, and finding neighbours.
        _hook(
            "mine",
            "filter",
            "input",
            "0",
            [f"ct mark & {_BACK:#x} == 0 ct direction reply accept", _NEIGHBOURS, "drop"],
        ),
        _hook(
            "own",
            "filter",
            "output",
            "0",
            [
                "meta l4proto tcp ct state new ct mark set meta mark",
                *(f"meta l4proto tcp {each} accept" for each in leaving),
                _NEIGHBOURS,
                "drop",
            ],
        ),
    )
    return f"add table {TABLE}\ndelete table {TABLE}\ntable {TABLE} {{\n{''.join(chains)}}}\n"


def _check(forwards: Iterable[Forward], ways: Mapping[str, Way]) -> None:
    if any(way.ifindex > _BACK for way in ways.values()):
        raise FabricError("more links have come and gone here than marks can tell apart")
    known = set()
    sources: dict[tuple[str, str], str] = {}
    for each in forwards:
        for interface_id in (each.interface_id, each.source_interface_id):
            if interface_id not in ways:
                raise FabricError(f"what is to be forwarded by {interface_id} has no link")
        places = (to.address for to in (*each.targets, *each.ended))
        if len({_family(text) for text in (each.address, each.source, *places)}) > 1:
            raise FabricError(f"what arrives for {each.address} cannot go on in the other family")
        if (key := (each.interface_id, each.protocol, each.address, each.port)) in known:
            raise FabricError(f"what arrives for {each.address} port {each.port} is to be forwarded in two ways")
        known.add(key)
        if sources.setdefault((each.interface_id, each.address), each.source) != each.source:
            raise FabricError(f"what arrives for {each.address} is to go on from two addresses")


def _chain(name: str, rules: Iterable[str]) -> str:
    return "\n".join((f"chain {name} {{", *rules, "}\n"))


def _hook(name: str, kind: str, hook: str, priority: str, rules: Iterable[str]) -> str:
    return _chain(name, [f"type {kind} hook {hook} priority {priority}; policy accept;", *rules])


# -- what comes ---------------------------------------------------------------------------------------------------


def _zones(ways: Collection[Way]) -> Iterator[str]:
    if ways:
        yield f"ct original zone set iifname map {_set(f'{_quoted(way)} : {way.ifindex}' for way in ways)}"


def _new(ends: Mapping[Forward, _End], ways: Mapping[str, Way]) -> Iterator[str]:
    """By what it came for, a new connection finds its end."""
    for family in _FAMILIES:
        if rows := [
            f'"{ways[each.interface_id].device}" . {each.address} . {each.protocol} . {each.port} : goto {end.name}'
            for each, end in ends.items()
            if _family(each.address) == family
        ]:
            yield f"iifname . {family} daddr . meta l4proto . th dport vmap {_set(rows)}"


def _choice(targets: tuple[Target, ...]) -> str:
    """By a hash of who asks, which is even; once made it is remembered with the connection."""
    family = _family(targets[0].address)
    if len(targets) == 1:
        return f"{_TCP_UDP} dnat {family} to {_place(targets[0].address, targets[0].port)}"
    rows = (f"{at} : {to.address} . {to.port}" for at, to in enumerate(targets))
    number = f"jhash {family} saddr . th sport mod {len(targets)} seed {_SEED:#x}"
    return f"{_TCP_UDP} dnat {family} to {number} map {_set(rows)}"


def _coming(ways: Collection[Way]) -> Iterator[str]:
    if ways:
        yield f"iifname vmap {_set(f'{_quoted(way)} : goto {_by(way)}' for way in ways)}"


def _coming_by(interface_id: str, way: Way, forwards: Collection[Forward]) -> Iterator[str]:
    """What is no connection any more, or has nowhere to go, is reset; all else learns by which link it leaves."""
    reset = f"meta mark set {way.mark_back:#x} reject with tcp reset"
    is_lost = "ct state invalid tcp flags & rst == 0"
    listeners = [each for each in forwards if each.protocol == "tcp" and each.interface_id == interface_id]
    sources = {each.source for each in forwards if each.protocol == "tcp" and each.source_interface_id == interface_id}
    for family in _FAMILIES:
        if rows := _ports(listeners, family):
            yield f"{is_lost} {family} daddr . tcp dport {rows} {reset}"
        if rows := _ports([each for each in listeners if not each.targets], family):
            yield f"ct state new {family} daddr . tcp dport {rows} {reset}"
        if own := sorted(source for source in sources if _family(source) == family):
            yield f"{is_lost} {family} daddr {_set(own)} tcp dport {_PORTS} {reset}"
    yield "ct mark 0 return"
    yield f"ct direction original meta mark set ct mark & {_ON:#x} return"
    yield f"ct mark & {_ON:#x} != {way.mark_on:#x} drop"  # an answer by another link is not a target's
    yield f"meta mark set ct mark & {_BACK:#x}"


def _ports(forwards: Iterable[Forward], family: str) -> str:
    rows = [f"{each.address} . {each.port}" for each in forwards if _family(each.address) == family]
    return _set(rows) if rows else ""


# -- what leaves --------------------------------------------------------------------------------------------------


def _leaving(ways: Collection[Way]) -> Iterator[str]:
    """Matches what leaves by the link that its mark says."""
    if ways:
        rows = (f"{mark:#x} . {_quoted(way)}" for way in ways for mark in (way.mark_back, way.mark_on))
        yield f"meta mark . oifname {_set(rows)}"


def slots(forwards: Iterable[Forward]) -> frozenset[int]:
    """Those in marks of the targets of datagrams: by these the kernel can be told to forget the flows of one that is
    not there any more.  Several may share one."""
    return frozenset(_slot(to) for each in forwards if each.protocol == "udp" for to in each.targets)


def _slot(target: Target) -> int:
    """Never 0, which is that of connections by TCP."""
    count = SLOTS >> 2 * _BITS
    return (crc32(f"{target.address} {target.port}".encode()) % count + 1) << 2 * _BITS


def _passing(forwards: Collection[Forward], leaving: Iterable[str]) -> Iterator[str]:
    by_tcp = [each for each in forwards if each.protocol == "tcp"]
    ended = {to for each in by_tcp for to in each.ended} - {to for each in by_tcp for to in each.targets}
    for family in _FAMILIES:
        if rows := sorted(f"{to.address} . {to.port}" for to in ended if _family(to.address) == family):
            yield f"ct direction original {family} daddr . tcp dport {_set(rows)} goto ended"
    for family in _FAMILIES:
        by_udp = {to for each in forwards if each.protocol == "udp" for to in each.targets}
        if rows := sorted(
            f"{to.address} . {to.port} : jump slot_{_slot(to):x}" for to in by_udp if _family(to.address) == family
        ):
            yield f"ct state new {family} daddr . udp dport vmap {_set(rows)}"
    for each in leaving:
        yield f"ct status dnat {each} accept"
    yield "drop"


def _going(served: Iterable[Forward], ways: Mapping[str, Way], sources: Mapping[str, str]) -> Iterator[str]:
    """By what it came for, a new connection finds the address that it goes on from."""
    for family in _FAMILIES:
        if rows := sorted(
            {
                f'"{ways[each.interface_id].device}" . {each.address} : goto {sources[each.source]}'
                for each in served
                if _family(each.address) == family
            }
        ):
            yield f"iifname . ct original {family} daddr vmap {_set(rows)}"


def _snat(source: str) -> str:
    return f"{_TCP_UDP} snat {_family(source)} to {_place(source, _PORTS)}"


# -- words --------------------------------------------------------------------------------------------------------


def _mark(forward: Forward, ways: Mapping[str, Way]) -> int:
    return ways[forward.interface_id].mark_back | ways[forward.source_interface_id].mark_on


def _by(way: Way) -> str:
    return f"by_{way.ifindex}"


def _quoted(way: Way) -> str:
    return f'"{way.device}"'


def _set(rows: Iterable[str]) -> str:
    return f"{{ {', '.join(rows)} }}"


def _family(text: str) -> str:
    return "ip6" if ":" in text else "ip"


def _place(address: str, port: int | str) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
