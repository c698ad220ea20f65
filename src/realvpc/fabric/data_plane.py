"""The data plane of one host: the maps and what they hold, and the programs on the devices of the fabric's namespace.

Pinned below a bpffs: the maps in a directory by version of their layout, and the attached programs.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Set
from pathlib import Path

from realvpc.net.flow_gathering import Gathered
from realvpc.net.reasons import Reason

from . import bpffs, kernel
from .apply import Changes, apply_changes, compile_changes, difference, follow, read_tables
from .attachment import Attachments
from .bpf import layout
from .bpf.generate import layout_version
from .edge import EDGES
from .errors import FabricError
from .flow_records import take_flows
from .identities import Identities
from .link import Link
from .loader import FROM_EDGES, FROM_INTERFACE, Object
from .pin import id_of, pin
from .plan import Plan
from .tables import Tables, compile_links, compile_tables

ENTRIES_AT_A_TIME = 250_000  # of all maps, in an audit


class DataPlane:
    """Methods raise FabricError, OSError and NetlinkError.  ``counters``, ``drops`` and ``take_flows`` are for any
    thread."""

    def __init__(self, directory: Path, fabric: Path, *, use_tcx: bool = True) -> None:
        self._bpffs = directory
        self.pins = directory / f"maps-{layout_version()}"
        self.attachments = Attachments(fabric, directory / "links", use_tcx=use_tcx)
        self._object: Object | None = None
        self._is_new = False
        self._devices: dict[str, tuple[int, str]] = {}  # ifindex and program by name
        self._places: Tables = {}  # what the maps hold besides the plan: where the links are
        self._written: Tables | None = None  # what the maps hold of the plan; None: nothing, or who knows what
        self._looked_at = 0  # in turns
        self._is_attached = False  # with this version's programs, everywhere
        self._identities = Identities()

    @property
    def is_open(self) -> bool:
        return self._object is not None

    def open(self) -> None:
        """Load the programs, over the maps that are there."""
        self._is_new = self._open_bpffs()
        self._object = Object(self.pins)

    def adopt(self, links: Iterable[Link], edges: Mapping[str, int]) -> None:
        """Take charge of the devices: of the links, and of the edges by name and ifindex.

        Programs that are attached are replaced by this version's, unless the layout of the maps has changed: then the
        old ones go on with the old maps until ``apply`` has filled the new ones.
        """
        links = tuple(links)
        self._devices = {link.name: (link.ifindex, FROM_INTERFACE) for link in links}
        self._devices |= {name: (ifindex, FROM_EDGES[name]) for name, ifindex in edges.items()}
        self._places = compile_links({link.interface_id: link.ifindex for link in links}) | {"edges": _edges(edges)}
        if not (self._is_new and self._outdated()):
            self._attach_all()

    def close(self) -> None:
        """Let go.  Packets keep flowing."""
        if self._object is not None:
            self._object.close()
            self._object = None
        self._is_attached, self._written = False, None

    def destroy(self) -> None:
        """Remove everything."""
        self.close()
        if kernel.is_mount(self._bpffs):
            kernel.unmount(self._bpffs)
        if self._bpffs.exists():
            self._bpffs.rmdir()

    # -- devices -------------------------------------------------------------------------------------------------

    def add(self, link: Link) -> None:
        """Let packets pass a link, and tell the data plane at once where its interface is."""
        self._devices[link.name] = link.ifindex, FROM_INTERFACE
        places = compile_links({link.interface_id: link.ifindex})
        for name, entries in places.items():
            self._places[name].update(entries)
        self.attach(link.name)
        apply_changes(self._opened().maps, Changes(places, {}))

    def remove(self, link: Link) -> None:
        """Before the link itself goes."""
        gone: dict[str, Set[bytes]] = {}
        for name, entries in compile_links({link.interface_id: link.ifindex}).items():
            gone[name] = entries.keys()
            for key in entries:
                self._places[name].pop(key, None)
        apply_changes(self._opened().maps, Changes({}, gone))
        self.attachments.detach(link.name)
        self._devices.pop(link.name, None)

    def place_edge(self, name: str, ifindex: int) -> None:
        """The edge of this name has a new link."""
        self._devices[name] = ifindex, FROM_EDGES[name]
        self.attach(name)
        edges = {each: self._devices[each][0] for each in FROM_EDGES}
        self._places["edges"] = _edges(edges)
        apply_changes(self._opened().maps, Changes({"edges": self._places["edges"]}, {}))

    def attach(self, device: str) -> None:
        """Attach the program that is for a device which it knows."""
        ifindex, program = self._devices[device]
        self.attachments.attach(device, ifindex, self._opened().program(program))

    def pin_all(self) -> None:
        """Pin maps and programs as they were."""
        self._open_bpffs()
        for name, table in self._opened().maps.items():
            pin(table.fd, self.pins / name)
        self._attach_all()

    def programs(self) -> dict[str, int]:
        """The kernel's number of the program that each device should have; none while they are being replaced."""
        if not self._is_attached:
            return {}
        opened = self._opened()
        numbers = {program: id_of(opened.program(program)) for program in (FROM_INTERFACE, *FROM_EDGES.values())}
        return {name: numbers[program] for name, (_, program) in self._devices.items()}

    def maps(self) -> dict[str, int]:
        """The kernel's number of each map."""
        return {name: id_of(each.fd) for name, each in self._opened().maps.items()}

    # -- tables --------------------------------------------------------------------------------------------------

    def apply(self, plan: Plan) -> None:
        """Follow the plan.  Every packet meets the old state of an entry or the new one."""
        opened = self._opened()
        identities = Identities()
        wanted = compile_tables(plan)
        wanted["identities"], _ = identities.change((entry.id for entry in plan.interfaces), ())
        self._written = None
        apply_changes(opened.maps, difference(read_tables(opened.maps), wanted | self._places))
        self._identities, self._written = identities, wanted
        if outdated := self._outdated():
            self._attach_all()
            for directory in outdated:
                shutil.rmtree(directory)

    def apply_delta(self, puts: Plan, deletes: Plan) -> None:
        """Follow a change of the plan that was applied last; what is in both has a new value.

        Costs what changes, not what there is.  When it fails, trying again is safe, and so is ``apply``.
        """
        opened = self._opened()
        added = {entry.id for entry in puts.interfaces}
        removed = {entry.id for entry in deletes.interfaces} - added
        changes = compile_changes(puts, deletes)
        put, deleted = self._identities.change(added, removed)
        changes = Changes({**changes.puts, "identities": put}, {**changes.deletes, "identities": deleted})
        written, self._written = self._written, None
        apply_changes(opened.maps, changes)
        if written is not None:
            follow(written, changes)
        self._written = written

    def faults(self) -> tuple[str, ...]:
        """What is wrong with the plan that was applied, in sentences."""
        return self._identities.faults

    def next_tables(self) -> tuple[str, ...]:
        """The names of the maps that an audit looks at now: all, or of very many entries some in turn."""
        sizes = {name: len(entries) for name, entries in self._wanted().items()}
        chosen: list[str] = []
        left = ENTRIES_AT_A_TIME
        for _ in sizes:
            name = list(sizes)[self._looked_at % len(sizes)]
            left -= sizes[name]
            if chosen and left < 0:
                break
            chosen.append(name)
            self._looked_at += 1
        return tuple(chosen)

    def trouble(self, name: str) -> str | None:
        """How a map differs from what was written into it."""
        wanted = self._wanted().get(name)
        if wanted is None:
            return None
        changes = difference({name: self._opened().maps[name].items()}, {name: wanted})
        puts, deletes = len(changes.puts[name]), len(changes.deletes[name])
        if not (puts or deletes):
            return None
        return f"did not hold what was written: {puts} entries lacking or changed, {deletes} too many"

    def mend_table(self, name: str) -> None:
        """Write into a map what it should hold."""
        maps, wanted = self._opened().maps, {name: self._wanted().get(name, {})}
        apply_changes(maps, difference({name: maps[name].items()}, wanted))

    def _wanted(self) -> Tables:
        """What the maps should hold; nothing as long as no plan is known to be in them."""
        return {} if self._written is None else self._written | self._places

    def counters(self) -> dict[str, int]:
        """Packets by the name of their Reason, since the maps were made; DELIVERED included."""
        counters = self._opened().maps["counters"]
        return {reason.name: counters.total(layout.INDEX_KEY.pack(reason.number)) for reason in Reason}

    def drops(self, interface_id: str) -> dict[str, int]:
        """Packets that were dropped at an interface, by the name of their Reason, since it was made."""
        counters, number = self._opened().maps["interface_counters"], layout.number_of(interface_id)
        return {reason.name: counters.total(layout.COUNTER_KEY.pack(number, reason.number)) for reason in Reason}

    def take_flows(self, *, turn: bool) -> Gathered:
        """What was gathered for flow logs: see ``flow_records.py``."""
        return take_flows(self._opened().maps, turn=turn)

    def _opened(self) -> Object:
        if self._object is None:
            raise FabricError("the fabric is not open")
        return self._object

    def _open_bpffs(self) -> bool:
        """Returns whether there were no maps of this version's layout."""
        bpffs.ensure(self._bpffs)
        bpffs.own_directory(self._bpffs / "links")
        return bpffs.own_directory(self.pins)

    def _outdated(self) -> list[Path]:
        return [path for path in bpffs.directories(self._bpffs, "maps-") if path != self.pins]

    def _attach_all(self) -> None:
        for device in self._devices:
            self.attach(device)
        self._is_attached = True


def _edges(ifindexes: Mapping[str, int]) -> dict[bytes, bytes]:
    return {
        layout.INDEX_KEY.pack(edge.number): layout.EDGE.pack(ifindexes[edge.name], edge.mac_bytes) for edge in EDGES
    }
