"""Whether ``walk`` and the program differ in a network: ``python -m tests.mutations.differ DIRECTORY FIRST COUNT``.

Networks are those of the differential test from seed FIRST on.  Exits with 1 where they do, be it by an error.
"""

from __future__ import annotations

import sys
from pathlib import Path

from realvpc.fabric import namespace
from realvpc.fabric.loader import Object

from ..fabric.kernel import SMALL, devices
from ..fabric.test_differential import PACKETS, run_world


def differ(directory: Path, seeds: range) -> bool:
    def looked_for() -> bool:
        with Object(max_entries=SMALL) as loaded:
            return any(_differ_in(loaded, seed) for seed in seeds)

    with devices(directory / "ns") as path:
        return namespace.run_in(path, looked_for)


def _differ_in(loaded: Object, seed: int) -> bool:
    try:
        run_world(loaded, seed, PACKETS)
    except AssertionError as error:
        sys.stderr.write(f"seed {seed}: {error}\n")
        return True
    return False


if __name__ == "__main__":
    first, count = map(int, sys.argv[2:])
    sys.exit(differ(Path(sys.argv[1]), range(first, first + count)))
