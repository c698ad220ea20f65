"""The surroundings of all tests, which are nobody's but theirs."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import surroundings

settings.register_profile("shared", deadline=None)  # a machine that is busy makes no property false
settings.load_profile("shared")

gc.set_threshold(100_000, 50, 100)  # what is collected stays: to look at it again and again took a third of that time

_directory: list[Path] = []  # empty in a worker of pytest-xdist, which is a guest in the run's


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=50, help="How often test_kills.py kills a process [50].")
    parser.addoption("--worlds", type=int, default=400, help="Networks of test_differential.py [400].")
    parser.addoption("--whole-scope", action="store_true", help="All networks of test_small_scope.py.")
    parser.addoption("--first-seed", type=int, default=0, help="Of networks: the others' seeds follow [0].")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """After pytest's own, so that the screen is the person's."""
    if hasattr(config, "workerinput"):
        surroundings.adopt()
    else:
        _directory.append(surroundings.enter())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("waits") is None)
    if os.geteuid() != 0:
        for item in items:
            if item.get_closest_marker("root"):
                item.add_marker(pytest.mark.skip(reason="needs root"))


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """A run of which something stays has failed."""
    yield
    if _directory and (left := surroundings.leave(_directory.pop())):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        assert reporter
        reporter.section("left behind", red=True)
        for each in left:
            reporter.line(each)


def pytest_unconfigure() -> None:
    """Where no session began, nobody has finished it."""
    while _directory:
        surroundings.leave(_directory.pop())
