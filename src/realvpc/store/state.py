"""The State: everything that the service knows, at one moment."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from msgspec import Struct

from realvpc.iam.directory import Directory
from realvpc.net.inventory import Inventory
from realvpc.net.logs import Logs
from realvpc.net.names import Names
from realvpc.net.network import Network
from realvpc.net.remains import Remains
from realvpc.net.resource import GlobalResource, Resource
from realvpc.net.table import Change, Snapshot, Table

R = TypeVar("R", bound=Resource)


class IdempotencyToken(Resource, frozen=True, kw_only=True):
    """A ``ClientToken`` that was used: ``id`` names account, Region, action and token (EC2, "Ensuring idempotency")."""

    fingerprint: str  # of the parameters
    kept: bytes  # of the first response, in MessagePack
    used_at: datetime


class SubmittedChange(GlobalResource, frozen=True, kw_only=True):
    """A change that Route 53 was asked for, so that a client can ask whether it is done; ``id`` is ``C…``."""

    submitted_at: datetime
    comment: str = ""


class Tokens(Snapshot):
    """What clients may come back with, and what hosts have to come back to."""

    TYPES = (IdempotencyToken, SubmittedChange, Remains)

    __slots__ = ()

    @property
    def changes(self) -> Table[SubmittedChange]:
        return self.table(SubmittedChange)

    @property
    def remains(self) -> Table[Remains]:
        return self.table(Remains)

    @property
    def used(self) -> Table[IdempotencyToken]:
        return self.table(IdempotencyToken)


class State(Struct, frozen=True):
    """Immutable; ``apply`` returns the next one.

    What decides a packet's fate is the network, and that alone.
    """

    network: Network = Network()
    names: Names = Names()
    inventory: Inventory = Inventory()
    directory: Directory = Directory()
    tokens: Tokens = Tokens()
    logs: Logs = Logs()

    @classmethod
    def empty(cls) -> State:
        return cls()

    @classmethod
    def of(cls, *resources: Resource) -> State:
        return cls.empty().apply(Change(puts=resources))

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        return self.network, self.names, self.inventory, self.directory, self.tokens, self.logs

    def table(self, kind: type[R]) -> Table[R]:
        """The table of one type, wherever it is.  Raises TypeError for a type that no snapshot holds."""
        for snapshot in self.snapshots:
            if kind in snapshot.TYPES:
                return snapshot.table(kind)
        raise TypeError(f"the state holds no {kind.__name__}")

    def apply(self, change: Change) -> State:
        """Raises TypeError for a resource that no snapshot holds."""
        for row in change.puts + change.deletes:
            if type(row) not in RESOURCE_TYPES:
                raise TypeError(f"the state holds no {type(row).__name__}")
        return State(
            self.network.apply(change),
            self.names.apply(change),
            self.inventory.apply(change),
            self.directory.apply(change),
            self.tokens.apply(change),
            self.logs.apply(change),
        )


RESOURCE_TYPES: tuple[type[Resource], ...] = tuple(
    kind for snapshot in State.empty().snapshots for kind in snapshot.TYPES
)
