"""The fabric of one host: namespaces and links, with the data plane on them; all outlive the process that runs this.

Everything is below ``run_dir`` and is found there again: ``ns/`` holds a namespace per machine, ``ns/fabric``,
``ns/internet`` and ``ns/services``; ``bpf/`` is a bpffs of our own for the data plane.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path

from pyroute2.netlink.exceptions import NetlinkError

from realvpc.net.flow_gathering import Gathered
from realvpc.net.machine import Forward, LinkSpec

from . import bpffs, namespace
from .audit import Expected, audit, listeners
from .balancer import own_socket
from .balancers import Balancers
from .data_plane import DataPlane
from .edge import EDGES, ensure_edge, open_listeners
from .errors import FabricError
from .finding import FABRIC, TABLES, Finding, Part
from .link import (
    Link,
    adopt_links,
    are_pair,
    delete_devices,
    delete_link,
    has_link,
    make_link,
    mend_links,
    mend_outside,
    tell_link,
    told,
)
from .plan import Plan
from .survey import survey

VISITED_AT_A_TIME = 1000

RESERVED = frozenset({FABRIC, *(edge.name for edge in EDGES)})


class Fabric:
    """Owns ``run_dir``.  Methods raise FabricError, OSError and NetlinkError.

    Not for several threads at once, but for ``counters``, ``drops``, ``take_flows``, ``socket_in``, ``probe_in`` and
    ``listeners``: what only asks does not wait for what is being done.

    With ``user_namespaces``, the namespace of a machine that is made from now on belongs to a user namespace.
    """

    def __init__(self, run_dir: Path, *, use_tcx: bool = True, user_namespaces: bool = True) -> None:
        self._create_namespace = namespace.create_for_guest if user_namespaces else namespace.create
        self._namespaces = run_dir / "ns"
        self._data_plane = DataPlane(run_dir / "bpf", self.namespace(FABRIC), use_tcx=use_tcx)
        self._links: dict[str, Link] = {}  # by interface id
        self._edges: dict[str, int] = {}  # ifindex by name
        self._specs: dict[str, LinkSpec] = {}  # of the links that were asked for, by interface id
        self._machines: set[str] = set()  # that were asked for
        self._own: set[str] = set()  # those of them that configure their network themselves
        self._held_namespaces: dict[str, int] = {}  # descriptors: what holds them otherwise is a file
        self._balancers = Balancers()
        self._turn = 0  # of audits
        self._tables: tuple[str, ...] = ()  # that it is the turn of

    def open(self) -> None:
        """Make what is missing and adopt what is there."""
        if self._data_plane.is_open:
            return
        if os.geteuid() != 0:
            raise FabricError("namespaces, links and BPF take root (CAP_SYS_ADMIN, CAP_NET_ADMIN and CAP_BPF)")
        bpffs.own_directory(self._namespaces)
        namespace.create(self.namespace(FABRIC))
        self._data_plane.open()
        try:
            fabric = self.namespace(FABRIC)
            self._edges = {edge.name: ensure_edge(edge, fabric, self.namespace(edge.name)) for edge in EDGES}
            for name in RESERVED:
                self._held_namespaces[name] = os.open(self.namespace(name), os.O_RDONLY | os.O_CLOEXEC)
            self._links = {link.interface_id: link for link in adopt_links(fabric)}
            self._data_plane.adopt(self._links.values(), self._edges)
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

    def ensure_machine(
        self,
        name: str,
        links: tuple[LinkSpec, ...],
        pid: int | None = None,
        forwards: tuple[Forward, ...] | None = None,
    ) -> Path:
        """The machine's namespace, with exactly these links; what is there already stays as it is.

        ``pid`` is that of the machine's process, if it runs: then the namespace is the one that it is in.  A balancer
        has ``forwards``; in its namespace nobody else is root, whoever owns that.
        """
        self._check_open()
        path = self._machine_namespace(name)
        self._machines.add(name)
        if pid is not None:
            self._hold_namespace_of(pid, path)
        self._create_namespace(path)
        self._balancers.take(name, forwards)
        self._note_owner(name)
        wanted = {spec.interface_id for spec in links}
        for link in [link for link in self._links.values() if link.machine == name]:
            if link.interface_id not in wanted:
                self._remove_link(link)
        for spec in links:
            self._ensure_link(name, spec, in_use=pid is not None and name in self._own)
        if forwards is not None:
            self._balancers.make(name, path, links)
        return path

    def remove_machine(self, name: str) -> None:
        """Remove the links and let go of the namespace.  A machine that is not there is no error."""
        self._check_open()
        path = self._machine_namespace(name)
        for link in [link for link in self._links.values() if link.machine == name]:
            self._remove_link(link)
        self._machines.discard(name)
        self._balancers.forget(name)
        self._own.discard(name)
        _let_go(path)

    def apply(self, plan: Plan) -> None:
        """Make the data plane follow the plan."""
        self._data_plane.apply(plan)

    def apply_delta(self, puts: Plan, deletes: Plan) -> None:
        """Make the data plane follow a change of the plan that was applied last."""
        self._data_plane.apply_delta(puts, deletes)

    def faults(self) -> tuple[str, ...]:
        """What is wrong with the plan that was applied, in sentences."""
        return self._data_plane.faults()

    def counters(self) -> dict[str, int]:
        """Packets by the name of their Reason."""
        return self._data_plane.counters()

    def drops(self, interface_id: str) -> dict[str, int]:
        """Packets that were dropped at an interface, by the name of their Reason."""
        return self._data_plane.drops(interface_id)

    def take_flows(self, *, turn: bool) -> Gathered:
        """What was gathered for flow logs.  For one thread at a time."""
        return self._data_plane.take_flows(turn=turn)

    def socket_in(self, name: str, interface_id: str | None = None, *, is_ipv6: bool = False) -> socket.socket:
        """A TCP socket in a machine's namespace, connected to nothing.  It leaves a balancer by the interface that is
        named, and by none from which the balancer gives no connections on."""
        self._check_open()
        family = socket.AF_INET6 if is_ipv6 else socket.AF_INET
        if name not in self._balancers:
            return namespace.run_in(self._machine_namespace(name), lambda: socket.socket(family))
        spec = self._specs.get(interface_id or "")
        if spec is None or not self._balancers.gives_by(name, interface_id):
            raise FabricError(f"{name} gives no connections on by {interface_id or 'an interface that nobody named'}")
        return namespace.run_in(self._machine_namespace(name), lambda: own_socket(family, spec.device_name))

    def probe_in(self, name: str) -> socket.socket:
        """A raw ICMP socket in a machine's namespace: it sees the echoes that the machine's kernel answers."""
        self._check_open()
        return namespace.run_in(
            self._machine_namespace(name),
            lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
        )

    def listeners(self) -> tuple[socket.socket, ...]:
        """New sockets of what is served to machines, in the order of ``Listener``."""
        self._check_open()
        return open_listeners(self._namespaces)

    def next_turn(self) -> None:
        """Let the next audit look at others, of very many machines and entries: so that none takes all the time."""
        self._turn += 1
        self._tables = self._data_plane.next_tables()

    def expected(self) -> Expected:
        """What an audit is to find, of all that was asked for."""
        self._check_open()
        links = {link: self._specs[name] for name, link in self._links.items() if name in self._specs}
        devices = {link.name for link in links} | self._edges.keys()
        turns = max(1, -(-len(self._machines - self._own) // VISITED_AT_A_TIME))
        return Expected(
            machines=frozenset(self._machines),
            visited=frozenset(sorted(self._machines - self._own)[self._turn % turns :: turns]),
            own=frozenset(self._own),
            namespaces={name: os.fstat(fd).st_ino for name, fd in self._held_namespaces.items()},
            links=links,
            edges=dict(self._edges),
            programs={name: number for name, number in self._data_plane.programs().items() if name in devices},
            maps=self._data_plane.maps(),
            balancers=self._balancers.made,
            tables=self._tables,
        )

    def look(self, expected: Expected, processes: Mapping[str, int], *, served: bool) -> tuple[Finding, ...]:
        """What is not as expected.  For any thread.

        ``processes`` has the pids of the machines that run; when things are ``served``, somebody has the sockets.
        """
        found = survey(expected, self._namespaces, self._data_plane.pins, self._data_plane.attachments, processes)
        return (*audit(expected, found), *(listeners(found) if served else ()))

    def look_at_table(self, name: str) -> tuple[Finding, ...]:
        """Whether a map does not hold what was written into it: the plan, and where the links are."""
        trouble = self._data_plane.trouble(name)
        return (Finding(Part.TABLE, TABLES, name, trouble),) if trouble else ()

    def mend(self, finding: Finding, pid: int | None = None) -> bool:
        """Make it as it should be.  False when there is nothing to mend: what was found has changed since.

        ``pid`` is that of the process of the machine that the finding is about.
        """
        self._check_open()
        name = finding.subject
        link = self._links.get(finding.name)
        if link and link.ifindex != finding.ifindex:
            return False
        match finding.part:
            case Part.PINS | Part.MAP:
                self._data_plane.pin_all()
            case Part.NAMESPACE if name in self._held_namespaces:
                namespace.bind(Path(f"/proc/self/fd/{self._held_namespaces[name]}"), self.namespace(name))
            case Part.NAMESPACE if name in self._machines:
                before = namespace.inode(self.namespace(name))
                if pid is not None:
                    self._hold_namespace_of(pid, self.namespace(name))
                self._create_namespace(self.namespace(name))
                self._note_owner(name)
                return namespace.inode(self.namespace(name)) != before
            case Part.EDGE:
                edge = next(each for each in EDGES if each.name == name)
                self._edges[name] = ensure_edge(edge, self.namespace(FABRIC), self.namespace(name))
                self._data_plane.place_edge(name, self._edges[name])
            case Part.LINK if link and (spec := self._specs.get(finding.name)):
                return self._make_link_anew(link, spec, in_use=pid is not None and name in self._own)
            case Part.DEVICE if link and name in self._own:
                mend_outside(self.namespace(FABRIC), self._links_of(name))
            case Part.DEVICE if link and finding.name in self._specs:
                is_balancer = name in self._balancers
                mend_links(self.namespace(FABRIC), self.namespace(name), self._links_of(name), balances=is_balancer)
            case Part.FORWARDS if name in self._balancers and not self._balancers.is_made(name, self.namespace(name)):
                self._balancers.make(name, self.namespace(name), self._links_of(name).values())
            case Part.PROGRAM if name in self._edges:
                self._data_plane.attach(name)
            case Part.PROGRAM if link:
                return self._attach_again(link)
            case Part.TABLE:
                self._data_plane.mend_table(finding.name)
            case _:
                return False
        return True

    def close(self) -> None:
        """Let go.  Packets keep flowing."""
        self._data_plane.close()
        while self._held_namespaces:
            os.close(self._held_namespaces.popitem()[1])

    def destroy(self) -> None:
        """Remove everything below ``run_dir/ns`` and ``run_dir/bpf``: machines, internet, fabric, data plane.

        A namespace that cannot be let go of keeps no other; while it is there, the data plane is.
        """
        self.close()
        if self._namespaces.exists():
            trouble: OSError | NetlinkError | None = None
            for path in self._namespaces.iterdir():
                try:
                    _let_go(path)
                except (OSError, NetlinkError) as error:
                    trouble = trouble or error
            if trouble:
                raise trouble
            self._namespaces.rmdir()
        self._data_plane.destroy()

    def _check_open(self) -> None:
        if not self._data_plane.is_open:
            raise FabricError("the fabric is not open")

    def _machine_namespace(self, name: str) -> Path:
        if name in RESERVED or "/" in name or not name.strip("."):
            raise FabricError(f"{name!r} cannot be the name of a machine")
        return self.namespace(name)

    def _note_owner(self, machine: str) -> None:
        owns = machine not in self._balancers and namespace.is_a_guests(self.namespace(machine))
        (self._own.add if owns else self._own.discard)(machine)

    def _ensure_link(self, machine: str, spec: LinkSpec, *, in_use: bool) -> None:
        """The link as it is, told of what is new; or a new one, where that is not enough or nobody knows what was told
        before.  ``in_use`` when its root may have configured the namespace already."""
        known, before = self._links.get(spec.interface_id), self._specs.get(spec.interface_id)
        is_there = known is not None and known.machine == machine and has_link(self.namespace(FABRIC), known)
        if known is not None and is_there and known.told in ("", told(spec)):
            self._specs[spec.interface_id] = spec
        elif known is not None and is_there and before is not None and before.device_index == spec.device_index:
            self._tell(known, before, spec, in_use=in_use)
        else:
            if known is not None:
                self._remove_link(known)
            self._make_link(machine, spec, in_use=in_use)

    def _tell(self, link: Link, before: LinkSpec, after: LinkSpec, *, in_use: bool) -> None:
        fabric, inside = self.namespace(FABRIC), self.namespace(link.machine)
        self._links[link.interface_id] = tell_link(fabric, inside, link, before, after, in_use=in_use)
        self._specs[link.interface_id] = after

    def _make_link(self, machine: str, spec: LinkSpec, *, in_use: bool) -> None:
        fabric, inside = self.namespace(FABRIC), self.namespace(machine)
        ifindex = self._balancers.new_ifindex(machine, inside) if machine in self._balancers else 0
        link = make_link(fabric, inside, machine, spec, in_use=in_use, ifindex=ifindex)
        self._links[spec.interface_id], self._specs[spec.interface_id] = link, spec
        self._data_plane.add(link)

    def _links_of(self, machine: str) -> dict[Link, LinkSpec]:
        """Those that were asked for."""
        return {
            link: self._specs[name]
            for name, link in self._links.items()
            if link.machine == machine and name in self._specs
        }

    def _attach_again(self, link: Link) -> bool:
        """Returns whether the link is still there: the kernel may be removing it, with a namespace that is gone."""
        try:
            self._data_plane.attach(link.name)
        except (OSError, NetlinkError):
            if has_link(self.namespace(FABRIC), link):
                raise
            return False
        return True

    def _make_link_anew(self, link: Link, spec: LinkSpec, *, in_use: bool) -> bool:
        """Returns whether it had to be."""
        fabric, inside = self.namespace(FABRIC), self.namespace(link.machine)
        if has_link(fabric, link) and are_pair(fabric, link.name, inside, spec.device_name):
            return False
        self._remove_link(link)
        try:
            self._make_link(link.machine, spec, in_use=in_use)
        except BaseException:
            self._links[spec.interface_id], self._specs[spec.interface_id] = link, spec  # still expected, and missed
            raise
        self._balancers.spoil(link.machine)
        return True

    def _hold_namespace_of(self, pid: int, path: Path) -> None:
        """Let ``path`` hold the network namespace that the process is in, if that is known."""
        theirs = Path(f"/proc/{pid}/ns/net")
        with contextlib.suppress(FileNotFoundError):  # it has just ended
            if namespace.inode(path) != theirs.stat().st_ino:
                namespace.bind(theirs, path)

    def _remove_link(self, link: Link) -> None:
        self._data_plane.remove(link)
        delete_link(self.namespace(FABRIC), link.name)
        del self._links[link.interface_id]
        self._specs.pop(link.interface_id, None)


def _let_go(path: Path) -> None:
    """Of a namespace in which somebody else is root nothing may go on; what is at the path might be the host's own."""
    if namespace.inode(path) is not None and namespace.is_a_guests(path):
        delete_devices(path)
    namespace.remove(path)
