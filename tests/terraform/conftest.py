"""One service for all configurations, with packets: what Terraform makes is real."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.walkthrough.running import Running, running


@pytest.fixture(scope="session")
def service() -> Iterator[Running]:
    if os.geteuid() != 0:
        pytest.fail("moving packets takes root: run scripts/test as root")
    with running() as service:
        yield service
