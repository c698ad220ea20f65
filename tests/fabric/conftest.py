"""The BPF object is made anew when its source is newer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from realvpc.fabric import namespace
from realvpc.fabric.bpf import build
from realvpc.fabric.loader import Object

from .kernel import SMALL, Kernel, devices
from .program import TRACKING, A, Send, network


@pytest.fixture(scope="session", autouse=True)
def current_object() -> None:
    build.main()


@pytest.fixture(scope="module")
def loaded() -> Iterator[Object]:
    with Object(max_entries=SMALL) as loaded:
        yield loaded


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with devices(tmp_path_factory.mktemp("program") / "ns") as path:
        yield path


@pytest.fixture
def kernel(loaded: Object) -> Kernel:
    return Kernel(loaded, network())


@pytest.fixture
def send(kernel: Kernel, where: Path) -> Send:
    return lambda data, at=A, gso_size=0: namespace.run_in(where, lambda: kernel.run(data, at, gso_size))


@pytest.fixture
def tracking(kernel: Kernel) -> Kernel:
    """A and C track everything between them, and nothing yet; B tracks only ICMP."""
    kernel.apply(network(TRACKING))
    kernel.loaded.maps["tallies"].delete(list(kernel.loaded.maps["tallies"]))
    return kernel
