"""What the handlers of the operator's endpoint work with, and how they refuse."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias

from msgspec import Struct

from ..api.service import Service
from ..clock import Clock
from ..config import Settings
from ..iam.account import Account
from ..node_link import NodeLink
from ..store.database import Database

CLOCK_SETTING = "clock-offset"

Answer: TypeAlias = Any
"""What JSON can say."""


class Refusal(Exception):  # noqa: N818 - like AwsError: an answer, not a fault
    """What was asked for cannot be: a sentence for people, and the HTTP status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class Stall(Protocol):
    """How long the event loop stood still, in seconds: ever, and since this was asked before."""

    longest: float

    def since_last_asked(self) -> float: ...


class Desk:
    """What the handlers work with.  ``node`` is None where there is no fabric."""

    def __init__(
        self, settings: Settings, database: Database, service: Service, clock: Clock, node: NodeLink | None
    ) -> None:
        self.settings = settings
        self.database = database
        self.service = service
        self.clock = clock
        self.node = node
        self.stall: Stall | None = None
        self.internal_errors: Callable[[], int] = lambda: 0
        self.defects = 0  # of the operator's endpoint and of callbacks, which answer nobody

    def account(self, wanted: Any) -> Account:
        """The account with this id or name.  Raises Refusal."""
        accounts = self.service.state.directory.accounts.values()
        found = next((row for row in accounts if wanted in (row.id, row.name)), None)
        if found is None:
            names = ", ".join(sorted(row.name for row in accounts))
            raise Refusal(f"there is no account {wanted}. There are: {names}")
        return found

    def unexpected(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """The event loop's exception handler: what nobody caught is counted, and logged as ever."""
        self.defects += 1
        loop.default_exception_handler(context)

    def faults(self) -> list[str]:
        """What is wrong right now, in sentences; empty when all is well."""
        found = list(self.node.faults()) if self.node else []
        if self.service.trouble:
            found.append(self.service.trouble)
        if count := self.internal_errors():
            found.append(f"{count} requests were answered with InternalError: see {self.settings.log('api')}")
        if self.defects:
            found.append(f"{self.defects} times something failed that nobody expected: see {self.settings.log('api')}")
        return found


Handler: TypeAlias = Callable[[Desk, dict[str, Any]], Awaitable[Answer]]
"""Answers a request's parameters.  Raises Refusal."""


class Route(Struct, frozen=True):
    """``over_tcp`` answers there, where anybody does.  ``any_mode``: only where signatures are not checked."""

    handle: Handler
    over_tcp: Handler | None = None
    any_mode: bool = False
