"""A matrix of many instances keeps nobody waiting."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random

from realvpc.admin.desk import Desk
from realvpc.admin.reach import matrix
from realvpc.api.core.context import Options
from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.config import Settings
from realvpc.net.table import put
from realvpc.store.database import Database
from tests.worlds import instance, vpc_with_instance

INSTANCES = 30


def test_others_are_answered_while_it_is_worked_out(tmp_path: Path) -> None:
    clock, settings = Clock(timedelta()), Settings(state_dir=tmp_path, run_dir=tmp_path, operator=0)
    rows = vpc_with_instance("00000000", "10.20.0.0/16", "10.20.0.4")
    for number in range(1, INSTANCES):
        rows += instance(f"{number:08x}", f"10.20.0.{4 + number}", vpc="00000000")
    with closing(Database(tmp_path / "state.db")) as database:
        service = Service(database, clock.now, Random(1), Options())
        service.report(lambda ctx: put(*rows), "test")
        desk = Desk(settings, database, service, clock, None)
        turns = 0

        async def run() -> dict[str, object]:
            nonlocal turns
            asked = asyncio.create_task(matrix(desk, {}))
            while not asked.done():
                turns += 1
                await asyncio.sleep(0)
            result: dict[str, object] = asked.result()
            return result

        answer = asyncio.run(run())
    cells = answer["cells"]
    assert isinstance(cells, list)
    assert [len(row) for row in cells] == [INSTANCES] * INSTANCES
    assert turns > INSTANCES, "a turn of the loop for every few cells"
