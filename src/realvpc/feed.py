"""The feed: what happens is published once, for whoever reads.

It is bounded and lossy by design.  A reader that is too slow loses what it has not read and is told so by a `Gap`; it
then looks at what is, instead of what happened.  Nobody who publishes waits for a reader, and no reader for another.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from msgspec import Struct

E = TypeVar("E")

CAPACITY = 1024  # events of one reader


class Gap(Struct, frozen=True):
    """Events that a reader lost: those between what it read last and what it reads next."""

    lost: int


class Feed:
    """For one event loop."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription[Any]] = []

    def publish(self, event: object) -> None:
        """Tell all who read events of this type."""
        for subscription in self._subscriptions:
            subscription.take(event)

    def subscribe(self, *kinds: type[E], capacity: int = CAPACITY) -> Subscription[E]:
        """The events of these types from now on, until the subscription is closed; it holds ``capacity`` at most."""
        subscription = Subscription(self, kinds, capacity)
        self._subscriptions.append(subscription)
        return subscription

    async def until(self, holds: Callable[[], bool], kind: type[Any], patience: float) -> bool:
        """Wait until something holds, looking again after events of this type; whether it does.

        ``patience`` is in seconds.
        """
        with self.subscribe(kind, capacity=1) as events, contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while not holds():
                    await anext(events)
        return holds()

    def end(self, subscription: Subscription[Any]) -> None:
        self._subscriptions = [each for each in self._subscriptions if each is not subscription]


class Subscription(Generic[E]):
    """An asynchronous iterator for one reader, and a context manager that ends it."""

    def __init__(self, feed: Feed, kinds: tuple[type[E], ...], capacity: int) -> None:
        self._feed = feed
        self._kinds = kinds
        self._capacity = capacity
        self._events: deque[E] = deque()
        self._lost = 0
        self._news = asyncio.Event()

    def take(self, event: object) -> None:
        """Keep the event for the reader, or lose it with all that wait when these are too many."""
        if not isinstance(event, self._kinds):
            return
        if len(self._events) == self._capacity:
            self._lost += len(self._events)
            self._events.clear()
        self._events.append(event)
        self._news.set()

    def taken(self) -> list[E | Gap]:
        """What waits to be read now."""
        found: list[E | Gap] = [Gap(self._lost)] if self._lost else []
        found += self._events
        self._lost = 0
        self._events.clear()
        return found

    def close(self) -> None:
        self._feed.end(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __aiter__(self) -> AsyncIterator[E | Gap]:
        return self

    async def __anext__(self) -> E | Gap:
        while not self._events:
            self._news.clear()
            await self._news.wait()
        if self._lost:
            lost, self._lost = self._lost, 0
            return Gap(lost)
        return self._events.popleft()
