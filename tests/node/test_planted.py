"""A node that was away finds things in its directories that it has not made: it starts, and machines go on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.instance.specs import machine
from tests.node.conftest import NodeProcess

pytestmark = pytest.mark.root


def pipe(name: str) -> Callable[[Path], None]:
    def plant(base: Path) -> None:
        (base / name).parent.mkdir(exist_ok=True)
        os.mkfifo(base / name)

    return plant


def instead_of(path: Path) -> None:
    path.unlink()
    (path / "one" / "two").mkdir(parents=True)


PLANTS: dict[str, Callable[[Path], None]] = {
    "a pipe among the bundles": pipe("machines/i-0123456789abcdef0"),
    "a pipe for what crun knows": pipe("crun/i-0123456789abcdef0/status"),
    "a pipe among commands": pipe("exec/pipe"),
    "a directory among commands": lambda base: (base / "exec/one/two").mkdir(parents=True),
    "a directory among consoles": lambda base: (base / "consoles/one/two").mkdir(parents=True),
    "a directory for the socket": lambda base: instead_of(base / "node.sock"),
    "a directory for the next socket": lambda base: (base / "node.new/one").mkdir(parents=True),
    "a pipe among consoles": pipe("consoles/pipe"),
    "a pipe among namespaces": pipe("ns/pipe"),
    "a link among the bundles": lambda base: (base / "machines/i-0123456789abcdef1").symlink_to("/etc"),
    "a link among consoles": lambda base: (base / "consoles/link").symlink_to("/etc"),
}


def test_what_was_planted_holds_nobody_up_and_leads_nowhere(node: NodeProcess) -> None:
    spec = machine(1)
    node.want(spec)
    pid = node.pid(spec)
    before = sorted(path.name for path in Path("/etc").iterdir())
    for plant in PLANTS.values():
        node.kill()
        plant(node.run_dir)
        node.start()
        node.want(spec)
        assert node.pid(spec) == pid
    assert sorted(path.name for path in Path("/etc").iterdir()) == before
