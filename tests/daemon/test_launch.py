"""What a command knows of a service that has gone."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from realvpc.config import Settings
from realvpc.daemon import launch
from realvpc.daemon.ground import LaunchError, prepare
from realvpc.daemon.process import Process, spawn

pytestmark = pytest.mark.root


def test_a_down_that_failed_is_not_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one begins again: machines may run on."""
    settings = Settings(state_dir=tmp_path / "state", run_dir=tmp_path / "run", operator=0)
    prepare(settings)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(settings.node_socket))
    started = []

    def ends_at_once(command: list[str], log: Path | None, descriptors: list[int]) -> Process:
        started.append(command)
        return spawn([sys.executable, "-c", ""], log, descriptors)

    monkeypatch.setattr(launch, "spawn", ends_at_once)
    for _ in range(2):
        with pytest.raises(LaunchError, match="could not clean up"):
            launch.stop(settings, print)
    assert len(started) == 2
