"""A fabric of the test's own; the BPF object is made anew when its source is newer."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from realvpc.fabric.bpf import build
from realvpc.fabric.fabric import Fabric

from . import balancer


@pytest.fixture(scope="session", autouse=True)
def current_object() -> None:
    build.main()


@pytest.fixture
def fabric(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fabric]:
    made = Fabric(tmp_path / "fabric", use_tcx=getattr(request, "param", "tcx") == "tcx")
    try:
        made.open()
        yield made
    finally:
        made.destroy()
        assert not list((tmp_path / "fabric").iterdir()), "nothing is left behind"


@pytest.fixture
def balanced(fabric: Fabric) -> Iterator[Fabric]:
    """With a balancer before two targets, which serve."""
    balancer.bring_up(fabric)
    balancer.balance(fabric, balancer.forwards(*balancer.TARGETS))
    with contextlib.ExitStack() as stack:
        for name in balancer.TARGETS:
            stack.enter_context(balancer.serving(name, fabric.namespace(name)))
        yield fabric
