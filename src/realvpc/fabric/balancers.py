"""The balancers among a fabric's machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from realvpc.net.machine import Forward, LinkSpec

from . import addressing, namespace
from .balancer import Balancing, balance, forget, look
from .forwards import SLOTS, Way, next_ifindex, slots
from .rtnetlink import Listing

_NOTHING = Balancing(0, {})  # which no audit finds


class Balancers:
    """What each was given to forward, and how it was left."""

    def __init__(self) -> None:
        self._forwards: dict[str, tuple[Forward, ...]] = {}
        self._made: dict[str, Balancing] = {}
        self._slots: dict[str, frozenset[int]] = {}  # of targets that may have flows of datagrams
        self._last: dict[str, int] = {}  # ifindex that a link of its was given

    def __contains__(self, name: str) -> bool:
        return name in self._forwards

    @property
    def made(self) -> Mapping[str, Balancing]:
        return dict(self._made)

    def take(self, name: str, forwards: tuple[Forward, ...] | None) -> None:
        """Hold what a machine is to forward; None: it is no balancer."""
        if forwards is None:
            self.forget(name)
        else:
            self._forwards[name] = forwards

    def gives_by(self, name: str, interface_id: str | None) -> bool:
        """Whether what it forwards goes on by this interface, which is then its own: what begins in the balancer
        itself is no affair of those from where connections only come."""
        return any(each.source_interface_id == interface_id for each in self._forwards[name])

    def forget(self, name: str) -> None:
        self._forwards.pop(name, None)
        self._made.pop(name, None)
        self._slots.pop(name, None)
        self._last.pop(name, None)

    def new_ifindex(self, name: str, path: Path) -> int:
        """For a link that it is about to have, in its namespace; no connection is left there of one that had it before.

        Raises OSError and NetlinkError.
        """

        def find() -> int:
            with Listing() as listing:
                taken = {device.ifindex for device in listing.devices()}
            found = next_ifindex(self._last.get(name, max(taken)), taken)
            forget(Way("", found).marks)
            return found

        self._last[name] = namespace.run_in(path, find)
        return self._last[name]

    def make(self, name: str, path: Path, links: Iterable[LinkSpec]) -> None:
        """Let the machine, in its namespace, forward what it was given, by its links.

        Raises OSError, NetlinkError and FabricError.
        """
        specs, given = tuple(links), self._forwards[name]

        def make() -> Balancing:
            with Listing() as listing:
                devices = {device.name: device for device in listing.devices()}
            ways = {spec.interface_id: Way(spec.device_name, devices[spec.device_name].ifindex) for spec in specs}
            done = balance(given, ways)
            forget((slot, SLOTS) for slot in self._slots.get(name, frozenset()) - slots(given))
            addressing.set_rules(addressing.of_machine(specs, devices, balances=True).rules)
            return done

        self._made[name] = _NOTHING
        self._made[name] = namespace.run_in(path, make)
        self._slots[name] = slots(given)

    def spoil(self, name: str) -> None:
        """A link is another: what the machine was left with is of no use any more, which the next audit finds."""
        if name in self._made:
            self._made[name] = _NOTHING

    def is_made(self, name: str, path: Path) -> bool:
        """Whether all is as it was made.  Raises OSError."""
        made = self._made[name]
        return namespace.run_in(path, lambda: look(made.settings)) == made
