"""The fabric of one host: namespaces, links and the data plane, all of which outlive the process that runs this.

Everything is below ``run_dir`` and is found there again: ``ns/`` holds a namespace per machine, ``ns/fabric``,
``ns/internet`` and ``ns/services``; ``bpf/`` is a bpffs of our own with the maps (by version of their layout) and the
attached programs.
"""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

from realvpc.net.machine import LinkSpec
from realvpc.net.reasons import Reason
from realvpc.net.trace import INTERNET

from . import kernel, namespace
from .apply import apply_tables, read_tables
from .attachment import Attachments
from .bpf import layout
from .bpf.generate import layout_version
from .bpf.layout import number_of
from .edge import EDGES, ensure_edge, open_listeners
from .errors import FabricError
from .link import Link, adopt_links, delete_link, has_link, make_link
from .loader import FROM_EDGES, FROM_INTERFACE, Object
from .plan import Plan
from .tables import Tables, compile_tables

_FABRIC = "fabric"
_RESERVED = frozenset({_FABRIC, *(edge.name for edge in EDGES)})


class Fabric:
    """Owns ``run_dir``.  Not for several threads at once.  Methods raise FabricError, OSError and NetlinkError.

    With ``user_namespaces``, the namespace of a machine that is made from now on belongs to a user namespace.
    """

    def __init__(self, run_dir: Path, *, use_tcx: bool = True, user_namespaces: bool = True) -> None:
        self._create_namespace = namespace.create_for_guest if user_namespaces else namespace.create
        self._namespaces = run_dir / "ns"
        self._bpffs = run_dir / "bpf"
        self._maps = self._bpffs / f"maps-{layout_version()}"
        self._attachments = Attachments(self.namespace(_FABRIC), self._bpffs / "links", use_tcx=use_tcx)
        self._object: Object | None = None
        self._links: dict[str, Link] = {}  # by interface id
        self._edges: dict[str, int] = {}  # ifindex by name
        self._plan = Plan()
        self._held: Tables | None = None  # what the maps hold, once it is known

    def open(self) -> None:
        """Make what is missing and adopt what is there.

        Programs that are attached are replaced by this version's, unless the layout of the maps has changed: then the
        old ones go on with the old maps until ``apply`` has filled the new ones.
        """
        if self._object is not None:
            return
        if os.geteuid() != 0:
            raise FabricError("namespaces, links and BPF take root (CAP_SYS_ADMIN, CAP_NET_ADMIN and CAP_BPF)")
        self._bpffs.mkdir(parents=True, exist_ok=True)
        if not kernel.is_mount(self._bpffs):
            kernel.mount("bpffs", self._bpffs, "bpf")
        is_new = not self._maps.exists()
        for directory in (self._maps, self._bpffs / "links"):
            directory.mkdir(exist_ok=True)
        namespace.create(self.namespace(_FABRIC))
        self._object = Object(self._maps)
        try:
            fabric = self.namespace(_FABRIC)
            self._edges = {edge.name: ensure_edge(edge, fabric, self.namespace(edge.name)) for edge in EDGES}
            self._links = {link.interface_id: link for link in adopt_links(fabric)}
            if not (is_new and self._outdated_maps()):
                self._attach_all()
        except BaseException:
            self.close()
            raise

    def namespace(self, name: str) -> Path:
        """The network namespace of a machine, of the ``fabric`` or of an edge: ``internet``, ``services``."""
        return self._namespaces / name

    def machines(self) -> frozenset[str]:
        """The machines that have a namespace here."""
        if not self._namespaces.exists():
            return frozenset()
        return frozenset(path.name for path in self._namespaces.iterdir()) - _RESERVED

    def ensure_machine(self, name: str, links: tuple[LinkSpec, ...]) -> Path:
        """The machine's namespace, with exactly these links; what is there already stays as it is."""
        opened = self._opened()
        path = self._machine_namespace(name)
        self._create_namespace(path)
        wanted = {spec.interface_id for spec in links}
        for link in [link for link in self._links.values() if link.machine == name]:
            if link.interface_id not in wanted:
                self._remove_link(link)
        for spec in links:
            known = self._links.get(spec.interface_id)
            if known is not None and known.machine == name and has_link(self.namespace(_FABRIC), known):
                continue
            if known is not None:
                self._remove_link(known)
            link = make_link(self.namespace(_FABRIC), path, name, spec)
            self._attachments.attach(link.name, link.ifindex, opened.program(FROM_INTERFACE))
            self._links[spec.interface_id] = link
            self._announce(spec.interface_id, link.ifindex)
        return path

    def remove_machine(self, name: str) -> None:
        """Remove the links and let go of the namespace.  A machine that is not there is no error."""
        self._opened()
        path = self._machine_namespace(name)
        for link in [link for link in self._links.values() if link.machine == name]:
            self._remove_link(link)
        namespace.remove(path)

    def apply(self, plan: Plan) -> None:
        """Make the data plane follow the plan.  Every packet meets the old state of an entry or the new one."""
        opened = self._opened()
        if self._held is None:
            self._held = read_tables(opened.maps)
        wanted = compile_tables(plan, {link.interface_id: link.ifindex for link in self._links.values()})
        wanted["edges"] = {
            layout.INDEX_KEY.pack(edge.number): layout.EDGE.pack(self._edges[edge.name], edge.mac_bytes)
            for edge in EDGES
        }
        held, self._held = self._held, None
        apply_tables(opened.maps, held, wanted)
        self._held, self._plan = wanted, plan
        if outdated := self._outdated_maps():
            self._attach_all()
            for directory in outdated:
                shutil.rmtree(directory)

    def counters(self) -> dict[str, int]:
        """Packets by the name of their Reason, since the maps were made; DELIVERED included."""
        counters = self._opened().maps["counters"]
        return {reason.name: counters.total(layout.INDEX_KEY.pack(reason.number)) for reason in Reason}

    def interface_counters(self) -> dict[str, dict[str, int]]:
        """Packets dropped at each interface of the plan (or INTERNET), by the name of the Reason."""
        counters = self._opened().maps["interface_counters"]
        ids = {number_of(entry.id): entry.id for entry in self._plan.interfaces} | {layout.INTERNET_ID: INTERNET}
        found: dict[str, dict[str, int]] = {}
        for key in counters:
            number, reason = layout.COUNTER_KEY.unpack(key).values()
            if number in ids:
                found.setdefault(ids[number], {})[Reason.by_number(reason).name] = counters.total(key)
        return found

    def socket_in(self, name: str) -> socket.socket:
        """A TCP socket in a machine's namespace, connected to nothing."""
        self._opened()
        return namespace.run_in(self._machine_namespace(name), lambda: socket.socket(socket.AF_INET))

    def probe_in(self, name: str) -> socket.socket:
        """A raw ICMP socket in a machine's namespace: it sees the echoes that the machine's kernel answers."""
        self._opened()
        return namespace.run_in(
            self._machine_namespace(name),
            lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
        )

    def listeners(self) -> tuple[socket.socket, ...]:
        """New sockets of what is served to machines, in the order of ``Listener``."""
        self._opened()
        return open_listeners(self._namespaces)

    def close(self) -> None:
        """Let go.  Packets keep flowing."""
        if self._object is not None:
            self._object.close()
            self._object = None
        self._held = None

    def destroy(self) -> None:
        """Remove everything below ``run_dir/ns`` and ``run_dir/bpf``: machines, internet, fabric, data plane."""
        self.close()
        if self._namespaces.exists():
            for path in self._namespaces.iterdir():
                namespace.remove(path)
            self._namespaces.rmdir()
        if kernel.is_mount(self._bpffs):
            kernel.unmount(self._bpffs)
        if self._bpffs.exists():
            self._bpffs.rmdir()

    def _opened(self) -> Object:
        if self._object is None:
            raise FabricError("the fabric is not open")
        return self._object

    def _machine_namespace(self, name: str) -> Path:
        if name in _RESERVED or "/" in name or not name.strip("."):
            raise FabricError(f"{name!r} cannot be the name of a machine")
        return self.namespace(name)

    def _outdated_maps(self) -> list[Path]:
        return [path for path in self._bpffs.glob("maps-*") if path != self._maps]

    def _attach_all(self) -> None:
        opened = self._opened()
        for link in self._links.values():
            self._attachments.attach(link.name, link.ifindex, opened.program(FROM_INTERFACE))
        for name, ifindex in self._edges.items():
            self._attachments.attach(name, ifindex, opened.program(FROM_EDGES[name]))

    def _remove_link(self, link: Link) -> None:
        self._announce(link.interface_id, 0)
        key = layout.LINK_KEY.pack(link.ifindex)
        apply_tables(self._opened().maps, {"links": {key: b""}}, {"links": {}})
        if self._held is not None:
            self._held["links"].pop(key, None)
        self._attachments.detach(link.name)
        delete_link(self.namespace(_FABRIC), link.name)
        del self._links[link.interface_id]

    def _announce(self, interface_id: str, ifindex: int) -> None:
        """Tell the data plane at once where an interface of the current plan is, or that it is nowhere (0)."""
        entry = next((entry for entry in self._plan.interfaces if entry.id == interface_id), None)
        if entry is None or self._held is None:
            return
        part = Plan(
            rule_sets=tuple(rule_set for rule_set in self._plan.rule_sets if rule_set.id == entry.rule_set),
            interfaces=(entry,),
        )
        tables = compile_tables(part, {interface_id: ifindex} if ifindex else {})
        wanted = {name: tables[name] for name in ("interfaces", "links")}
        apply_tables(self._opened().maps, {name: {} for name in wanted}, wanted)
        for name, entries in wanted.items():
            self._held[name] |= entries
