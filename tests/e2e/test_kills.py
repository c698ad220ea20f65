"""Killed at any moment, again and again: nothing that was acknowledged is lost, and no packet through a peering.

A short run belongs to every test run; `scripts/nightly` makes it a long one.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.running import Running, eventually

from .site import Site

pytestmark = [pytest.mark.root, pytest.mark.e2e]

_LIVE_AT_MOST = 6  # VPCs of the writer's


class Writer:
    """Writes as fast as it is answered, and remembers what was acknowledged, whoever dies."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._client = site.service.client("ec2", attempts=1)
        self._ends = threading.Event()
        self.acknowledged = 0
        self.present: set[str] = set()
        self.tagged: set[str] = set()
        self.doubtful: set[str] = set()  # whose deletion was asked for and not answered
        self.launched: set[str] = set()
        self.missed: list[str] = []  # what somebody was told is not there, of what was acknowledged
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def has_written_since(self, acknowledged: int) -> bool:
        return self.acknowledged > acknowledged

    def stop(self) -> None:
        self._ends.set()
        self._thread.join(60)

    def _run(self) -> None:
        while not self._ends.is_set():
            try:
                self._write()
            except (BotoCoreError, ClientError) as error:
                if "NotFound" in str(error):
                    self.missed.append(str(error))
                time.sleep(0.02)  # nobody is there

    def _write(self) -> None:
        vpc_id: str = self._client.create_vpc(CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
        self.present.add(vpc_id)
        self._client.create_tags(Resources=[vpc_id], Tags=[{"Key": "Name", "Value": vpc_id}])
        self.tagged.add(vpc_id)
        self.acknowledged += 2
        if self.acknowledged % 40 == 0:
            self._relaunch()
        if len(self.present) > _LIVE_AT_MOST:
            old = min(self.present)
            self.present.discard(old)
            self.doubtful.add(old)
            self._client.delete_vpc(VpcId=old)
            self.doubtful.discard(old)
            self.acknowledged += 1

    def _relaunch(self) -> None:
        """One instance more and one less."""
        old = set(self.launched)
        launched = self._client.run_instances(**self._site.launch)["Instances"][0]["InstanceId"]
        self.launched.add(launched)
        if old:
            self._client.terminate_instances(InstanceIds=sorted(old))
            self.launched -= old
        self.acknowledged += 2


class Endless:
    """A ping that writes into our pipe, whoever dies."""

    def __init__(self, site: Site, address: str) -> None:
        words = f"echo $$ > /tmp/endless.pid; exec ping -i 0.05 -q {address}"
        self._site = site
        self._process = site.service.start("exec", site.instance_id, "--", "sh", "-c", words)

    def lost(self) -> int:
        """Ends it.  The last answer may be under way."""
        self._site.service("exec", self._site.instance_id, "--", "sh", "-c", "kill -INT $(cat /tmp/endless.pid)")
        output, _ = self._process.communicate(timeout=60)
        found = re.search(r"(\d+) packets transmitted, (\d+) received", output)
        assert found, output
        return max(int(found[1]) - int(found[2]) - 1, 0)


@pytest.fixture(scope="module")
def sites(service: Running) -> Iterator[tuple[Site, Site]]:
    a = Site(service, "main", "kills-a", "10.81.0.0/16", "10.81.0.0/20")
    b = Site(service, "main", "kills-b", "10.82.0.0/16", "10.82.0.0/20")
    pcx = a.peer(b)
    a.route(b.cidr, pcx)
    b.route(a.cidr, pcx)
    yield a, b
    a.ec2.terminate_instances(InstanceIds=[a.instance_id, b.instance_id])


def test_kills_under_writes_and_launches_lose_nothing(
    service: Running, sites: tuple[Site, Site], pytestconfig: pytest.Config
) -> None:
    chance, kills = random.Random(7), pytestconfig.getoption("kills")
    a, b = sites
    ping, writer = Endless(a, b.address), Writer(a)
    try:
        for _ in range(kills):
            before = writer.acknowledged
            eventually(partial(writer.has_written_since, before), what="a write is acknowledged")
            time.sleep(chance.uniform(0, 0.1))
            service.kill(chance.choice(("api", "node")))
            service("up")
    finally:
        writer.stop()
    assert not writer.missed
    assert ping.lost() == 0
    seen: dict[str, Any] = {vpc["VpcId"]: vpc for vpc in a.ec2.describe_vpcs()["Vpcs"]}
    assert writer.present <= set(seen)
    tagged = writer.present & writer.tagged
    assert all({"Key": "Name", "Value": each} in seen[each].get("Tags", []) for each in tagged)
    assert tagged
    running = a.ec2.describe_instances(InstanceIds=sorted(writer.launched))["Reservations"] if writer.launched else []
    assert {each["InstanceId"] for row in running for each in row["Instances"]} == writer.launched
    eventually(lambda: service.status()["status"] == "ok", what="the service is well again")
    if writer.launched:
        a.ec2.terminate_instances(InstanceIds=sorted(writer.launched))
    for vpc_id in (writer.present | writer.doubtful) & set(seen):
        a.ec2.delete_vpc(VpcId=vpc_id)
