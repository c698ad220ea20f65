"""One service for all tests that can share it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .running import Running, running


@pytest.fixture(scope="session")
def service() -> Iterator[Running]:
    """Strict, with packets.  Tests leave it as they found it, or make what nobody else touches."""
    if os.geteuid() != 0:
        pytest.fail("moving packets takes root: run scripts/test as root")
    with running() as service:
        yield service
