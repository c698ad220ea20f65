"""Services that tests start, and that are gone after them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest

from tests.running import Running
from tests.surroundings import directory_for_all


@pytest.fixture
def new_service() -> Iterator[Callable[..., Running]]:
    """Makes services that are not yet up; purges them afterwards."""
    with directory_for_all("service-") as directory:
        made: list[Running] = []

        def make(name: str = "state", *, user: int | None = None) -> Running:
            home = directory / f"home-{name}"
            home.mkdir()
            if user is not None:
                shutil.chown(home, user, user)
            made.append(Running(home / name, user=user, home=home))
            return made[-1]

        yield make
        for running in made:
            running("down", "--purge", "--yes", code=None)
            shutil.rmtree(running.run_dir, ignore_errors=True)  # of one that never started


@pytest.fixture
def service(new_service: Callable[..., Running]) -> Running:
    """A service without packets, up."""
    running = new_service()
    running.up("--fabric", "none")
    return running
