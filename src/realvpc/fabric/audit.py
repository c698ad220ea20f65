"""Whether the kernel still has what the fabric made: pure, from what should be and what was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from realvpc.net.machine import LinkSpec

from .addressing import Addressing, of_machine, troubles
from .balancer import Balancing
from .edge import EDGES, SERVED, SETTINGS, Edge, of_edge
from .finding import FABRIC, LISTENERS, PINS, Finding, Part
from .link import Link
from .pin import PinnedLink
from .rtnetlink import Device


class Expected(Struct, frozen=True, kw_only=True):
    """What should be, at the moment when an audit begins."""

    machines: frozenset[str]  # that have a namespace
    own: frozenset[str] = (
        frozenset()
    )  # those of them whose root configures it: what is inside is nobody else's business
    visited: frozenset[str]  # those of them whose namespaces are entered: of very many, some at a time
    namespaces: Mapping[str, int]  # inodes of those that are held: the fabric's and the edges'
    links: Mapping[Link, LinkSpec]
    edges: Mapping[str, int]  # ifindex of the fabric's end
    programs: Mapping[str, int]  # id by device of the fabric's namespace; none while they are being replaced
    maps: Mapping[str, int]  # id by name
    balancers: Mapping[str, Balancing] = {}  # by machine
    tables: tuple[str, ...] = ()  # the maps whose entries are compared: of very many, some at a time


class Inside(Struct, frozen=True):
    """What is in the namespace of an edge, besides devices and addressing."""

    settings: Mapping[str, str]
    listening: frozenset[tuple[str, str, int]]  # protocol, address, port


class Found(Struct, frozen=True, kw_only=True):
    """What there is.  A namespace that could not be entered is in none of the mappings by namespace."""

    has_bpffs: bool
    namespaces: Mapping[str, int | None]  # inode of what each file holds
    processes: Mapping[str, int]  # inode of the namespace that a machine's process is in
    devices: Mapping[str, Mapping[str, Device]]  # by namespace and name
    addressing: Mapping[str, Addressing]  # by namespace
    edges: Mapping[str, Inside]
    balancers: Mapping[str, Balancing] = {}
    programs: Mapping[str, PinnedLink | None]
    maps: Mapping[str, int | None]


def audit(expected: Expected, found: Found) -> Iterator[Finding]:
    """In the order in which they are to be mended: what is in a namespace or a bpffs after that itself."""
    if found.has_bpffs:
        yield from _maps(expected, found)
    else:
        yield Finding(Part.PINS, PINS, "the bpffs", "is not mounted")
    lost = list(_namespaces(expected, found))
    yield from lost
    lost_names = {finding.subject for finding in lost}
    if FABRIC in lost_names or FABRIC not in found.devices:
        return
    for edge in EDGES:
        if edge.name in found.devices and edge.name not in lost_names:
            yield from _edge(edge, expected, found)
    machines: dict[str, dict[Link, LinkSpec]] = {}
    for link, spec in expected.links.items():
        if link.machine not in lost_names:
            machines.setdefault(link.machine, {})[link] = spec
    for name, links in machines.items():
        yield from _links(links, found, may_be_down=name in expected.own, balances=name in expected.balancers)
    yield from _balancers(expected, found)
    if found.has_bpffs:
        yield from _programs(expected, found)


def listeners(found: Found) -> Iterator[Finding]:
    """Services that nobody can serve: while the API process is there it has a socket for each."""
    listening = {each for inside in found.edges.values() for each in inside.listening}
    for each in SERVED:
        if (each.protocol, str(each.address), each.port) not in listening:
            yield Finding(Part.LISTENER, LISTENERS, f"{each.address}:{each.port}/{each.protocol}", "has no socket")


def _maps(expected: Expected, found: Found) -> Iterator[Finding]:
    for name, wanted in expected.maps.items():
        if found.maps.get(name) != wanted:
            yield Finding(Part.MAP, PINS, f"the map {name}", "is not pinned")


def _namespaces(expected: Expected, found: Found) -> Iterator[Finding]:
    for name, wanted in expected.namespaces.items():
        if found.namespaces.get(name) != wanted:
            yield Finding(Part.NAMESPACE, name, f"the namespace {name}", "is not held by its file")
    for name in sorted(expected.machines):
        held = found.namespaces.get(name)
        if held is None:
            yield Finding(Part.NAMESPACE, name, "its namespace", "is not held by its file")
        elif found.processes.get(name, held) != held:
            yield Finding(Part.NAMESPACE, name, "its namespace", "is not the one that its file holds")


def _edge(edge: Edge, expected: Expected, found: Found) -> Iterator[Finding]:
    devices, inside = found.devices[edge.name], found.edges[edge.name]
    outside, eth0, loopback = found.devices[FABRIC].get(edge.name), devices.get("eth0"), devices.get("lo")

    def finding(name: str, trouble: str) -> Finding:
        return Finding(Part.EDGE, edge.name, name, trouble)

    if outside is None or outside.ifindex != expected.edges[edge.name] or eth0 is None or eth0.peer != outside.ifindex:
        yield finding("its link", "is gone")
        return
    if not (outside.is_up and eth0.is_up and loopback and loopback.is_up):
        yield finding("its link", "is down")
    elif text := ", ".join(troubles(of_edge(edge, loopback.ifindex, eth0.ifindex), found.addressing[edge.name])):
        yield finding("its namespace", f"was {text}")
    if (eth0.mac, eth0.mtu, eth0.is_noarp, outside.mtu) != (edge.mac, edge.mtu, True, edge.mtu):
        yield finding("its link", "has another MAC address or MTU")
    if inside.settings != SETTINGS:
        yield finding("its settings", "are others")


def _links(links: Mapping[Link, LinkSpec], found: Found, *, may_be_down: bool, balances: bool) -> Iterator[Finding]:
    """Of one machine.  Without a device its addresses and routes are gone too, which is not said as well."""
    findings = [
        finding for link, spec in links.items() for finding in _link(link, spec, found, may_be_down=may_be_down)
    ]
    yield from findings
    link = next(iter(links))
    if findings or link.machine not in found.addressing or link.machine not in found.devices:
        return
    devices = found.devices[link.machine]
    wanted, loopback = of_machine(links.values(), devices, balances=balances), devices.get("lo")
    if not (loopback and loopback.is_up):
        yield Finding(Part.DEVICE, link.machine, link.interface_id, "was without its loopback device", link.ifindex)
    elif text := ", ".join(troubles(wanted, found.addressing[link.machine])):
        yield Finding(Part.DEVICE, link.machine, link.interface_id, f"was {text}", link.ifindex)


def _link(link: Link, spec: LinkSpec, found: Found, *, may_be_down: bool) -> Iterator[Finding]:
    outside, entered = found.devices[FABRIC].get(link.name), found.devices.get(link.machine)
    inside = entered.get(spec.device_name) if entered is not None else None
    is_elsewhere = entered is not None and (inside is None or inside.peer != link.ifindex)
    if outside is None or outside.ifindex != link.ifindex or is_elsewhere:
        yield Finding(Part.LINK, link.machine, link.interface_id, "has lost its link", link.ifindex)
        return
    troubles = []
    if not outside.is_up:
        troubles.append("down outside")
    elif not (outside.has_carrier or may_be_down):
        troubles.append("down inside")
    if outside.alias != link.alias:
        troubles.append("without its name outside")
    if inside and inside.mac != spec.mac_address:
        troubles.append(f"{inside.mac} inside")
    for end, device in (("outside", outside), ("inside", inside)):
        if device and device.mtu != spec.mtu:
            troubles.append(f"of MTU {device.mtu} {end}")
    if troubles:
        yield Finding(Part.DEVICE, link.machine, link.interface_id, f"was {', '.join(troubles)}", link.ifindex)


def _balancers(expected: Expected, found: Found) -> Iterator[Finding]:
    for name, there in found.balancers.items():
        wanted = expected.balancers[name]
        if there.generation != wanted.generation:
            yield Finding(Part.FORWARDS, name, "its forwarding", "was by other rules")
        elif there.settings != wanted.settings:
            yield Finding(Part.FORWARDS, name, "its forwarding", "was with other settings")


def _programs(expected: Expected, found: Found) -> Iterator[Finding]:
    owners = {link.name: (link.machine, link.interface_id, link.ifindex) for link in expected.links}
    owners |= {name: (name, "its link", ifindex) for name, ifindex in expected.edges.items()}
    for device, wanted in expected.programs.items():
        subject, name, ifindex = owners[device]
        if device in found.devices[FABRIC] and found.programs.get(device) != PinnedLink(wanted, ifindex):
            yield Finding(Part.PROGRAM, subject, name, "was without the program that decides on packets", ifindex)
