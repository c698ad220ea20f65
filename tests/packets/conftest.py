"""The BPF object is made anew when its source is newer."""

from __future__ import annotations

import pytest

from realvpc.fabric.bpf import build


@pytest.fixture(scope="session", autouse=True)
def current_object() -> None:
    build.main()
