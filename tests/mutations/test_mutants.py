"""Planted mistakes are found: by the differential test, or by the tests of the side that they are made on.

A mistake that no test finds is a test that is missing.  Of those in the program a sample is planted in every run, which
is another one when either side has changed; with ``--whole-scope`` all are.
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

from .differ import unseen
from .mutants import LAW, PROGRAM, Mutant

ONE_OF = 20
CHECKOUT = Path(__file__).parents[2]
SOURCES = CHECKOUT / "src" / "realvpc"
FEW, FIRST, ALL = 6, 25, 400
"""Networks of the differential test: those that most mistakes show in, and as many as every run of it has."""

OF_LAW = {  # the tests of what is in the file
    "block_public_access.py": ("block_public_access",),
    "firewall.py": ("flows", "walk"),
    "gateway_endpoint.py": ("gateway_endpoint",),
    "internet.py": ("ipv6_walk", "gateway_route_table", "block_public_access"),
    "link_local.py": ("services",),
    "nat.py": ("nat",),
    "nat64.py": ("nat64",),
    "nat_flow.py": ("nat",),
    "network_acl.py": ("network_acl",),
    "private_link.py": ("private_link",),
    "return_to_sender.py": ("return_to_sender",),
    "walk.py": ("walk", "return_to_sender"),
}
OF_PROGRAM = tuple(f"tests/fabric/test_{name}.py" for name in (
    "bytes", "ipv6_bytes", "tracking", "nat_gateway", "nat64", "flow_records", "translation", "shares",
    "return_to_sender", "decisions", "allowances",
))  # fmt: skip
"""Those that wait come last."""
LOAD = "from realvpc.fabric.loader import Object; Object().close()"


@pytest.fixture(scope="module", autouse=True)
def current_object() -> None:
    build.main()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "in_program" in metafunc.fixturenames:
        everything = metafunc.config.getoption("whole_scope")
        metafunc.parametrize("in_program", PROGRAM if everything else sample(PROGRAM), ids=str)


def sample(mutants: Sequence[Mutant]) -> Sequence[Mutant]:
    """Follows from the sources, so that the same ones have the same sample."""
    return mutants[seed() % ONE_OF :: ONE_OF]


def seed() -> int:
    return crc32(b"".join(path.read_bytes() for path in sorted([*(SOURCES / "net").glob("*.py"), *_bpf().iterdir()])))


def _bpf() -> Path:
    return SOURCES / "fabric" / "bpf" / "src"


@pytest.mark.parametrize("mutant", [*LAW, *PROGRAM], ids=str)
def test_each_is_one_place_of_the_sources(mutant: Mutant) -> None:
    directory = _bpf() if mutant in PROGRAM else SOURCES / "net"
    assert mutant.apply((directory / mutant.file).read_text())


@pytest.mark.root
def test_mistakes_in_the_law_are_found(tmp_path: Path) -> None:
    """In a few networks, and what none of these shows by the tests of the law."""
    missed = unseen(tmp_path, LAW, range(FEW))
    assert len(missed) < len(LAW) // 2
    words = [sys.executable, "-m", "tests.mutations.planted", *(_with_tests_of_law(mutant) for mutant in missed)]
    done = subprocess.run(words, cwd=CHECKOUT, check=True, stdout=subprocess.PIPE, text=True)
    assert [str(LAW[int(number)]) for number in done.stdout.split()] == []


def _with_tests_of_law(mutant: Mutant) -> str:
    files = [f"tests/net/test_{name}.py" for name in OF_LAW.get(mutant.file, ())]
    files = files or ["tests/net", "tests/reach", "--deselect", "tests/net/test_small_scope.py"]
    return " ".join([str(LAW.index(mutant)), *files])


@pytest.mark.root
def test_a_mistake_in_the_program_is_found(tmp_path: Path, in_program: Mutant) -> None:
    package = tmp_path / "src" / "realvpc"
    shutil.copytree(Path(realvpc.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    changed = package / "fabric" / "bpf" / "src" / in_program.file
    changed.write_text(in_program.apply(changed.read_text()))
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "src"), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(*words: str) -> int:
        return subprocess.run([sys.executable, *words], cwd=CHECKOUT, env=environment, check=False).returncode

    def differ(first: int, count: int) -> bool:
        return run("-m", "tests.mutations.differ", str(tmp_path), str(first), str(count)) == 1

    def fails_tests() -> bool:
        return run("-m", "pytest", "-x", "-q", "-n0", "-p", "no:cacheprovider", *OF_PROGRAM) == 1

    assert run("-m", "realvpc.fabric.bpf.build") == 0, "it is a mistake that no compiler finds"
    assert run("-c", LOAD) == 0, "nor the kernel"
    assert differ(0, FIRST) or fails_tests() or differ(FIRST, ALL - FIRST), f"sample {seed() % ONE_OF}"
