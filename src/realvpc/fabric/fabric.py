"""The fabric of one host: namespaces, links and the data plane, all of which outlive the process that runs this.

Everything is below ``run_dir`` and is found there again: ``ns/`` holds a namespace per machine, ``ns/fabric``,
``ns/internet`` and ``ns/services``; ``bpf/`` is a bpffs of our own with the maps (by version of their layout) and the
attached programs.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path

from realvpc.net.machine import LinkSpec
from realvpc.net.reasons import Reason

from . import bpffs, kernel, namespace
from .apply import Changes, apply_changes, compile_changes, difference, read_tables
from .attachment import Attachments
from .audit import FABRIC, TABLES, Expected, Finding, Part, audit, listeners
from .bpf import layout
from .bpf.generate import layout_version
from .edge import EDGES, ensure_edge, open_listeners
from .errors import FabricError
from .identities import Identities
from .link import Link, adopt_links, are_pair, delete_link, has_link, make_link, mend_link
from .loader import FROM_EDGES, FROM_INTERFACE, Object
from .pin import id_of, pin
from .plan import Plan
from .survey import survey
from .tables import Tables, compile_links, compile_tables

VISITED_AT_A_TIME = 1000

RESERVED = frozenset({FABRIC, *(edge.name for edge in EDGES)})


class Fabric:
    """Owns ``run_dir``.  Methods raise FabricError, OSError and NetlinkError.

    Not for several threads at once, but for ``counters``, ``socket_in``, ``probe_in`` and ``listeners``: what only asks
    does not wait for what is being done.

    With ``user_namespaces``, the namespace of a machine that is made from now on belongs to a user namespace.
    """

    def __init__(self, run_dir: Path, *, use_tcx: bool = True, user_namespaces: bool = True) -> None:
        self._create_namespace = namespace.create_for_guest if user_namespaces else namespace.create
        self._namespaces = run_dir / "ns"
        self._bpffs = run_dir / "bpf"
        self._maps = self._bpffs / f"maps-{layout_version()}"
        self._attachments = Attachments(self.namespace(FABRIC), self._bpffs / "links", use_tcx=use_tcx)
        self._object: Object | None = None
        self._links: dict[str, Link] = {}  # by interface id
        self._edges: dict[str, int] = {}  # ifindex by name
        self._specs: dict[str, LinkSpec] = {}  # of the links that were asked for, by interface id
        self._machines: set[str] = set()  # that were asked for
        self._held_namespaces: dict[str, int] = {}  # descriptors: what holds them otherwise is a file
        self._turn = 0
        self._is_attached = False  # with this version's programs, everywhere
        self._is_applied = False  # some plan, since it was opened
        self._identities = Identities()

    def open(self) -> None:
        """Make what is missing and adopt what is there.

        Programs that are attached are replaced by this version's, unless the layout of the maps has changed: then the
        old ones go on with the old maps until ``apply`` has filled the new ones.
        """
        if self._object is not None:
            return
        if os.geteuid() != 0:
            raise FabricError("namespaces, links and BPF take root (CAP_SYS_ADMIN, CAP_NET_ADMIN and CAP_BPF)")
        bpffs.own_directory(self._namespaces)
        is_new = self._open_bpffs()
        namespace.create(self.namespace(FABRIC))
        self._object = Object(self._maps)
        try:
            fabric = self.namespace(FABRIC)
            self._edges = {edge.name: ensure_edge(edge, fabric, self.namespace(edge.name)) for edge in EDGES}
            for name in RESERVED:
                self._held_namespaces[name] = os.open(self.namespace(name), os.O_RDONLY | os.O_CLOEXEC)
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
        return frozenset(path.name for path in self._namespaces.iterdir()) - RESERVED

    def ensure_machine(self, name: str, links: tuple[LinkSpec, ...], pid: int | None = None) -> Path:
        """The machine's namespace, with exactly these links; what is there already stays as it is.

        ``pid`` is that of the machine's process, if it runs: then the namespace is the one that it is in.
        """
        self._opened()
        path = self._machine_namespace(name)
        self._machines.add(name)
        if pid is not None:
            self._hold_namespace_of(pid, path)
        self._create_namespace(path)
        wanted = {spec.interface_id for spec in links}
        for link in [link for link in self._links.values() if link.machine == name]:
            if link.interface_id not in wanted:
                self._remove_link(link)
        for spec in links:
            known = self._links.get(spec.interface_id)
            if known is not None and known.machine == name and has_link(self.namespace(FABRIC), known):
                self._specs[spec.interface_id] = spec
                continue
            if known is not None:
                self._remove_link(known)
            self._make_link(name, spec)
        return path

    def remove_machine(self, name: str) -> None:
        """Remove the links and let go of the namespace.  A machine that is not there is no error."""
        self._opened()
        path = self._machine_namespace(name)
        for link in [link for link in self._links.values() if link.machine == name]:
            self._remove_link(link)
        self._machines.discard(name)
        namespace.remove(path)

    def apply(self, plan: Plan) -> None:
        """Make the data plane follow the plan.  Every packet meets the old state of an entry or the new one."""
        opened = self._opened()
        identities = Identities()
        wanted = compile_tables(plan) | self._own_tables()
        wanted["identities"], _ = identities.change((entry.id for entry in plan.interfaces), ())
        apply_changes(opened.maps, difference(read_tables(opened.maps), wanted))
        self._identities, self._is_applied = identities, True
        if outdated := self._outdated_maps():
            self._attach_all()
            for directory in outdated:
                shutil.rmtree(directory)

    def apply_delta(self, puts: Plan, deletes: Plan) -> None:
        """Make the data plane follow a change of the plan that was applied last; what is in both has a new value.

        Costs what changes, not what there is.  When it fails, trying again is safe, and so is ``apply``.
        """
        opened = self._opened()
        added = {entry.id for entry in puts.interfaces}
        removed = {entry.id for entry in deletes.interfaces} - added
        changes = compile_changes(puts, deletes)
        put, deleted = self._identities.change(added, removed)
        apply_changes(
            opened.maps,
            Changes({**changes.puts, "identities": put}, {**changes.deletes, "identities": deleted}),
        )

    def faults(self) -> tuple[str, ...]:
        """What is wrong with the plan that was applied, in sentences."""
        return self._identities.faults

    def counters(self) -> dict[str, int]:
        """Packets by the name of their Reason, since the maps were made; DELIVERED included."""
        counters = self._opened().maps["counters"]
        return {reason.name: counters.total(layout.INDEX_KEY.pack(reason.number)) for reason in Reason}

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

    def expected(self) -> Expected:
        """What an audit is to find, of all that was asked for."""
        opened = self._opened()
        links = {link: self._specs[name] for name, link in self._links.items() if name in self._specs}
        programs: dict[str, int] = {}
        if self._is_attached:
            of_links = id_of(opened.program(FROM_INTERFACE))
            programs = {link.name: of_links for link in links}
            programs |= {name: id_of(opened.program(FROM_EDGES[name])) for name in self._edges}
        return Expected(
            machines=frozenset(self._machines),
            visited=self._next_to_visit(),
            namespaces={name: os.fstat(fd).st_ino for name, fd in self._held_namespaces.items()},
            links=links,
            edges=dict(self._edges),
            programs=programs,
            maps={name: id_of(each.fd) for name, each in opened.maps.items()},
        )

    def _next_to_visit(self) -> frozenset[str]:
        """In turns, so that an audit of very many machines does not take all the time there is."""
        turns = max(1, -(-len(self._machines) // VISITED_AT_A_TIME))
        self._turn = (self._turn + 1) % turns
        return frozenset(sorted(self._machines)[self._turn :: turns])

    def look(self, expected: Expected, processes: Mapping[str, int], *, served: bool) -> tuple[Finding, ...]:
        """What is not as expected.  For any thread.

        ``processes`` has the pids of the machines that run; when things are ``served``, somebody has the sockets.
        """
        found = survey(expected, self._namespaces, self._maps, self._attachments, processes)
        return (*audit(expected, found), *(listeners(found) if served else ()))

    def look_at_tables(self) -> tuple[Finding, ...]:
        """The maps that do not say where the links are, as was written into them."""
        if not self._is_applied:
            return ()
        opened, wanted = self._opened(), self._own_tables()
        lost = (name for name, entries in wanted.items() if opened.maps[name].items() != entries)
        return tuple(Finding(Part.TABLE, TABLES, f"the map {name}", "did not hold what was written") for name in lost)

    def mend(self, finding: Finding, pid: int | None = None) -> bool:
        """Make it as it should be.  False when there is nothing to mend: what was found has changed since.

        ``pid`` is that of the process of the machine that the finding is about.
        """
        opened, name = self._opened(), finding.subject
        link = self._links.get(finding.name)
        if link and link.ifindex != finding.ifindex:
            return False
        match finding.part:
            case Part.PINS | Part.MAP:
                self._open_bpffs()
                for each, table in opened.maps.items():
                    pin(table.fd, self._maps / each)
                self._attach_all()
            case Part.NAMESPACE if name in self._held_namespaces:
                namespace.bind(Path(f"/proc/self/fd/{self._held_namespaces[name]}"), self.namespace(name))
            case Part.NAMESPACE if name in self._machines:
                before = namespace.inode(self.namespace(name))
                if pid is not None:
                    self._hold_namespace_of(pid, self.namespace(name))
                self._create_namespace(self.namespace(name))
                return namespace.inode(self.namespace(name)) != before
            case Part.EDGE:
                edge = next(each for each in EDGES if each.name == name)
                self._edges[name] = ensure_edge(edge, self.namespace(FABRIC), self.namespace(name))
                self._attach(name)
                self._write_own_tables()
            case Part.LINK if link and (spec := self._specs.get(finding.name)):
                return self._make_link_anew(link, spec)
            case Part.DEVICE if link and (spec := self._specs.get(finding.name)):
                mend_link(self.namespace(FABRIC), self.namespace(name), link, spec)
            case Part.PROGRAM if name in self._edges:
                self._attach(name)
            case Part.PROGRAM if link:
                self._attach(link.name)
            case Part.TABLE:
                self._write_own_tables()
            case _:
                return False
        return True

    def close(self) -> None:
        """Let go.  Packets keep flowing."""
        if self._object is not None:
            self._object.close()
            self._object = None
        while self._held_namespaces:
            os.close(self._held_namespaces.popitem()[1])
        self._is_attached = self._is_applied = False

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
        if name in RESERVED or "/" in name or not name.strip("."):
            raise FabricError(f"{name!r} cannot be the name of a machine")
        return self.namespace(name)

    def _open_bpffs(self) -> bool:
        """Returns whether there were no maps of this version's layout."""
        bpffs.ensure(self._bpffs)
        bpffs.own_directory(self._bpffs / "links")
        return bpffs.own_directory(self._maps)

    def _outdated_maps(self) -> list[Path]:
        return [path for path in bpffs.directories(self._bpffs, "maps-") if path != self._maps]

    def _own_tables(self) -> Tables:
        """What the maps hold besides the plan: where the links are."""
        edges = {
            layout.INDEX_KEY.pack(edge.number): layout.EDGE.pack(self._edges[edge.name], edge.mac_bytes)
            for edge in EDGES
        }
        return compile_links({link.interface_id: link.ifindex for link in self._links.values()}) | {"edges": edges}

    def _write_own_tables(self) -> None:
        opened, wanted = self._opened(), self._own_tables()
        apply_changes(opened.maps, difference({name: opened.maps[name].items() for name in wanted}, wanted))

    def _attach_all(self) -> None:
        for device in (*(link.name for link in self._links.values()), *self._edges):
            self._attach(device)
        self._is_attached = True

    def _attach(self, device: str) -> None:
        """Attach to a device of the fabric's namespace the program that is for it."""
        if device in self._edges:
            ifindex, program = self._edges[device], FROM_EDGES[device]
        else:
            ifindex = next(link.ifindex for link in self._links.values() if link.name == device)
            program = FROM_INTERFACE
        self._attachments.attach(device, ifindex, self._opened().program(program))

    def _make_link(self, machine: str, spec: LinkSpec) -> None:
        link = make_link(self.namespace(FABRIC), self.namespace(machine), machine, spec)
        self._links[spec.interface_id], self._specs[spec.interface_id] = link, spec
        self._attachments.attach(link.name, link.ifindex, self._opened().program(FROM_INTERFACE))
        self._announce(spec.interface_id, link.ifindex)

    def _make_link_anew(self, link: Link, spec: LinkSpec) -> bool:
        """Returns whether it had to be."""
        fabric, inside = self.namespace(FABRIC), self.namespace(link.machine)
        if has_link(fabric, link) and are_pair(fabric, link.name, inside, spec.device_name):
            return False
        self._remove_link(link)
        try:
            self._make_link(link.machine, spec)
        except BaseException:
            self._links[spec.interface_id], self._specs[spec.interface_id] = link, spec  # still expected, and missed
            raise
        return True

    def _hold_namespace_of(self, pid: int, path: Path) -> None:
        """Let ``path`` hold the network namespace that the process is in, if that is known."""
        theirs = Path(f"/proc/{pid}/ns/net")
        with contextlib.suppress(FileNotFoundError):  # it has just ended
            if namespace.inode(path) != theirs.stat().st_ino:
                namespace.bind(theirs, path)

    def _remove_link(self, link: Link) -> None:
        gone = compile_links({link.interface_id: link.ifindex})
        apply_changes(self._opened().maps, Changes({}, {name: entries.keys() for name, entries in gone.items()}))
        self._attachments.detach(link.name)
        delete_link(self.namespace(FABRIC), link.name)
        del self._links[link.interface_id]
        self._specs.pop(link.interface_id, None)

    def _announce(self, interface_id: str, ifindex: int) -> None:
        """Tell the data plane at once where an interface is."""
        apply_changes(self._opened().maps, Changes(compile_links({interface_id: ifindex}), {}))
