"""Whether ``walk`` and the program differ in one of the first networks: ``python -m tests.mutations.differ DIRECTORY``.

Exits with 1 where they do, be it by an error.
"""

from __future__ import annotations

import sys
from pathlib import Path

from realvpc.fabric import namespace
from realvpc.fabric.loader import Object

from ..fabric.kernel import SMALL, devices
from ..fabric.test_differential import PACKETS, run_world

WORLDS = 400
"""As many as the differential test tries in every run; most mistakes show within the first five."""


def differ(directory: Path) -> bool:
    def looked_for() -> bool:
        with Object(max_entries=SMALL) as loaded:
            return any(_differ_in(loaded, seed) for seed in range(WORLDS))

    with devices(directory / "ns") as path:
        return namespace.run_in(path, looked_for)


def _differ_in(loaded: Object, seed: int) -> bool:
    try:
        run_world(loaded, seed, PACKETS)
    except AssertionError:
        return True
    return False


if __name__ == "__main__":
    sys.exit(differ(Path(sys.argv[1])))
