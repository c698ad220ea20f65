"""The service's clock: the machine's time plus an offset, so that a seven-day expiry can be seen today."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """``offset`` may be moved while the service runs."""

    def __init__(
        self, offset: timedelta = timedelta(0), source: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.offset = offset
        self._source = source

    def now(self) -> datetime:
        """An aware datetime in UTC."""
        return self._source() + self.offset
