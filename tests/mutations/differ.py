"""Whether ``walk`` and the program differ in a network: ``python -m tests.mutations.differ DIRECTORY FIRST COUNT``.

Networks are those of the differential test from seed FIRST on.  Exits with 1 where they do, be it by an error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from realvpc.fabric import namespace
from realvpc.fabric.loader import Object

from ..fabric.kernel import SMALL, devices
from ..fabric.test_differential import PACKETS, run_world
from .mutants import Mutant
from .planted import plant


def differ(directory: Path, seeds: range) -> bool:
    def looked_for() -> bool:
        with Object(max_entries=SMALL) as loaded:
            return any(_differ_in(loaded, seed) for seed in seeds)

    with devices(directory / "ns") as path:
        return namespace.run_in(path, looked_for)


def unseen(directory: Path, mutants: Sequence[Mutant], seeds: range) -> list[Mutant]:
    """Those of the law with which none of the networks differs.  Each is tried in a process of its own, for which the
    program is not loaded again."""

    def looked_for() -> list[Mutant]:
        with Object(max_entries=SMALL) as loaded:
            return [mutant for mutant in mutants if not _is_seen(loaded, mutant, seeds)]

    with devices(directory / "ns") as path:
        return namespace.run_in(path, looked_for)


def _is_seen(loaded: Object, mutant: Mutant, seeds: range) -> bool:
    child = os.fork()
    if child == 0:
        code = 2
        try:
            plant(mutant)
            code = any(_differ_in(loaded, seed, quietly=True) for seed in seeds)
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 1), f"{mutant} was not tried"
    return code == 1


def _differ_in(loaded: Object, seed: int, *, quietly: bool = False) -> bool:
    try:
        run_world(loaded, seed, PACKETS)
    except Exception as error:  # noqa: BLE001 - whatever the mistake leads to
        if not quietly:
            sys.stderr.write(f"seed {seed}: {error}\n")
        return True
    return False


if __name__ == "__main__":
    first, count = map(int, sys.argv[2:])
    sys.exit(differ(Path(sys.argv[1]), range(first, first + count)))
