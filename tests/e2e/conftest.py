"""One service with packets for all tests of unmodified clients; each makes VPCs of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.running import Running
from tests.surroundings import directory_for_all

from .peer import OpenPeer
from .port_server import serve
from .target import Target


@pytest.fixture(scope="session")
def service() -> Iterator[Running]:
    if os.geteuid() != 0:
        pytest.fail("moving packets takes root: run scripts/test as root")
    with directory_for_all("e2e-") as directory:
        service = Running(directory / "state")
        try:
            service.up("--session-transcripts")
            yield service
            assert not service.defects()
        finally:
            service("down", "--purge", "--yes", code=None)


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
