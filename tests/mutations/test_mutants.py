"""Planted mistakes are found: by the differential test, or by the tests of the side that they are made on.

A mistake that no test finds is a test that is missing.  In every run a sample is planted, which is another one when
either side has changed; with ``--whole-scope`` all are.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import pytest

import realvpc
from realvpc.fabric.bpf import build

from .mutants import LAW, PROGRAM, Mutant

ONE_OF = 8
CHECKOUT = Path(__file__).parents[2]
SOURCES = CHECKOUT / "src" / "realvpc"
FIRST, ALL = 25, 400
"""Networks of the differential test: those that most mistakes show in, and as many as every run of it has."""

PYTEST = ("-m", "pytest", "-x", "-q", "-n0", "-p", "no:cacheprovider")
OF_LAW = ("tests/net", "tests/reach", "--deselect", "tests/net/test_small_scope.py")
OF_PROGRAM = tuple(f"tests/fabric/test_{name}.py" for name in (
    "bytes", "ipv6_bytes", "decisions", "tracking", "nat_gateway", "nat64", "flow_records", "translation", "allowances",
    "shares",
))  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def current_object() -> None:
    build.main()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "planted" in metafunc.fixturenames:
        everything = metafunc.config.getoption("whole_scope")
        chosen = (*LAW, *PROGRAM) if everything else (*sample(LAW), *sample(PROGRAM))
        metafunc.parametrize("planted", chosen, ids=str)


def sample(mutants: Sequence[Mutant]) -> Sequence[Mutant]:
    """Follows from the sources, so that the same ones have the same sample."""
    return mutants[seed() % ONE_OF :: ONE_OF]


def seed() -> int:
    return crc32(b"".join(path.read_bytes() for path in sorted([*(SOURCES / "net").glob("*.py"), *_bpf().iterdir()])))


def _bpf() -> Path:
    return SOURCES / "fabric" / "bpf" / "src"


def place_of(mutant: Mutant, sources: Path) -> Path:
    return sources / ("fabric/bpf/src" if mutant in PROGRAM else "net") / mutant.file


@pytest.mark.parametrize("mutant", [*LAW, *PROGRAM], ids=str)
def test_each_is_one_place_of_the_sources(mutant: Mutant) -> None:
    assert mutant.apply(place_of(mutant, SOURCES).read_text())


@pytest.mark.root
def test_a_mistake_is_found(tmp_path: Path, planted: Mutant) -> None:
    package = tmp_path / "src" / "realvpc"
    shutil.copytree(Path(realvpc.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    changed = place_of(planted, package)
    changed.write_text(planted.apply(changed.read_text()))
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "src"), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(*words: str) -> int:
        return subprocess.run([sys.executable, *words], cwd=CHECKOUT, env=environment, check=False).returncode

    def fails(*words: str) -> bool:
        return run(*words) == 1

    def differ(first: int, count: int) -> bool:
        return fails("-m", "tests.mutations.differ", str(tmp_path), str(first), str(count))

    assert run("-m", "realvpc.fabric.bpf.build") == 0, "it is a mistake that no compiler finds"
    of_its_side = OF_PROGRAM if planted in PROGRAM else OF_LAW
    assert differ(0, FIRST) or fails(*PYTEST, *of_its_side) or differ(FIRST, ALL - FIRST), f"sample {seed() % ONE_OF}"
