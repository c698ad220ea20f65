"""The State: everything that the service knows, at one moment."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from realvpc.iam.directory import Directory
from realvpc.net.network import Network
from realvpc.net.resource import GlobalResource, Resource
from realvpc.net.table import Change, Snapshot, Table


class IdempotencyToken(Resource, frozen=True, kw_only=True):
    """A ``ClientToken`` that was used: ``id`` names account, Region, action and token (EC2, "Ensuring idempotency")."""

    fingerprint: str  # of the parameters
    kept: bytes = b""  # of the first response, in MessagePack; rows of older files have none
    used_at: datetime


class SubmittedChange(GlobalResource, frozen=True, kw_only=True):
    """A change that Route 53 was asked for, so that a client can ask whether it is done; ``id`` is ``C…``."""

    submitted_at: datetime
    comment: str = ""


class Tokens(Snapshot):
    """What clients may come back with."""

    TYPES = (IdempotencyToken, SubmittedChange)

    __slots__ = ()

    @property
    def changes(self) -> Table[SubmittedChange]:
        return self.table(SubmittedChange)

    @property
    def used(self) -> Table[IdempotencyToken]:
        return self.table(IdempotencyToken)


class State(Struct, frozen=True):
    """Immutable; ``apply`` returns the next one."""

    network: Network
    directory: Directory
    tokens: Tokens

    @classmethod
    def empty(cls) -> State:
        return cls(Network(), Directory(), Tokens())

    @classmethod
    def of(cls, *resources: Resource) -> State:
        return cls.empty().apply(Change(puts=resources))

    def apply(self, change: Change) -> State:
        """Raises TypeError for a resource that no snapshot holds."""
        for row in change.puts + change.deletes:
            if type(row) not in RESOURCE_TYPES:
                raise TypeError(f"the state holds no {type(row).__name__}")
        return State(self.network.apply(change), self.directory.apply(change), self.tokens.apply(change))


RESOURCE_TYPES: tuple[type[Resource], ...] = Network.TYPES + Directory.TYPES + Tokens.TYPES
