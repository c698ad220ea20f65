"""One service with packets for all tests of unmodified clients; each makes VPCs of its own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import Running

from .peer import OpenPeer
from .port_server import serve
from .target import Target


@pytest.fixture(scope="session")
def service() -> Iterator[Running]:
    if os.geteuid() != 0:
        pytest.fail("moving packets takes root: run scripts/test as root")
    directory = Path(tempfile.mkdtemp(prefix="realvpc-e2e-"))
    directory.chmod(0o755)
    service = Running(directory / "state")
    try:
        service.up("--session-transcripts")
        yield service
        assert not service.defects()
    finally:
        service("down", "--purge", "--yes", code=None)
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def target(service: Running) -> Iterator[Target]:
    """For sessions."""
    target = Target(service)
    serve(service, target.instance_id)
    yield target
    target.ec2.terminate_instances(InstanceIds=[target.instance_id])


@pytest.fixture(scope="session")
def peer(target: Target) -> Iterator[OpenPeer]:
    """In a VPC that is peered with the target's."""
    peer = OpenPeer(target, "session-peer", "10.71.0.0/16")
    serve(target.service, peer.instance_id)
    yield peer
    target.ec2.terminate_instances(InstanceIds=[peer.instance_id])
