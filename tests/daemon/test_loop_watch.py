"""Standing still is noticed, and told apart from waiting."""

from __future__ import annotations

import asyncio
import time

from realvpc.daemon.loop_watch import LoopWatch


def test_work_that_does_not_yield_is_a_stall() -> None:
    watch = LoopWatch()

    async def run() -> None:
        watching = asyncio.create_task(watch.run())
        await asyncio.sleep(0.05)
        time.sleep(0.3)
        await asyncio.sleep(0.05)
        watching.cancel()

    asyncio.run(run())
    assert watch.longest >= 0.25
    assert watch.since_last_asked() == watch.longest
    assert watch.since_last_asked() == 0.0
