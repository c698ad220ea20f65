"""How long the event loop stands still: nobody is answered meanwhile."""

from __future__ import annotations

import asyncio
import time
from typing import NoReturn

_TICK = 0.01  # seconds; what is shorter than this goes unnoticed now and then


class LoopWatch:
    """``longest`` is the longest time in seconds that the loop stood still since the start."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._latest = 0.0

    def since_last_asked(self) -> float:
        """The longest time, in seconds, since this was called before."""
        longest, self._latest = self._latest, 0.0
        return longest

    async def run(self) -> NoReturn:
        """Watch the loop that this runs on."""
        while True:
            due = time.monotonic() + _TICK
            await asyncio.sleep(_TICK)
            late = time.monotonic() - due
            self.longest, self._latest = max(self.longest, late), max(self._latest, late)
