"""Planted mistakes are found: by the differential test, and those that both sides would share by the tests of ``net``.

A mistake that no test finds is a test that is missing.  In every run a sample is planted, with ``--whole-scope`` all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import realvpc
from realvpc.fabric import loader
from realvpc.fabric.bpf import build
from realvpc.fabric.bpf.generate import header

from .differ import differ
from .mutants import LAW, PROGRAM, Mutant

ONE_OF = 8
CHECKOUT = Path(__file__).parents[2]
OF_NET = [*("-m", "pytest", "-x", "-q", "-n0", "-p", "no:cacheprovider", "tests/net", "tests/reach")]
OF_NET += ["--deselect", "tests/net/test_small_scope.py"]


@pytest.fixture(scope="module", autouse=True)
def current_object() -> None:
    build.main()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, mutants in (("in_law", LAW), ("in_program", PROGRAM)):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, chosen(metafunc.config, mutants), ids=str)


def chosen(config: pytest.Config, mutants: Sequence[Mutant]) -> Sequence[Mutant]:
    return mutants if config.getoption("whole_scope") else mutants[::ONE_OF]


@pytest.mark.parametrize("mutant", [*LAW, *PROGRAM], ids=str)
def test_each_is_one_place_of_the_sources(mutant: Mutant) -> None:
    directory = build.SOURCE.parent if mutant in PROGRAM else CHECKOUT / "src/realvpc/net"
    assert mutant.apply((directory / mutant.file).read_text())


@pytest.mark.root
def test_a_mistake_in_the_law_is_found(tmp_path: Path, in_law: Mutant) -> None:
    package = tmp_path / "src" / "realvpc"
    shutil.copytree(Path(realvpc.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    changed = package / "net" / in_law.file
    changed.write_text(in_law.apply(changed.read_text()))

    def fails(*words: str) -> bool:
        environment = os.environ | {"PYTHONPATH": str(tmp_path / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run([sys.executable, *words], cwd=CHECKOUT, env=environment, check=False).returncode == 1

    assert fails("-m", "tests.mutations.differ", str(tmp_path)) or fails(*OF_NET)


@pytest.mark.root
def test_a_mistake_in_the_program_is_found(tmp_path: Path, in_program: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = tmp_path / "src"
    shutil.copytree(build.SOURCE.parent, sources)
    (tmp_path / "generated.h").write_text(header())
    changed = sources / in_program.file
    changed.write_text(in_program.apply(changed.read_text()))
    made = tmp_path / "vpc.bpf.o"
    build.compile_program(sources / build.SOURCE.name, made)
    monkeypatch.setattr(loader, "OBJECT", made)
    assert differ(tmp_path)
