"""Either process may be killed: no packet is lost, and the next `realvpc up` finds everything as it was."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE_SECONDS
from tests.running import Running, eventually
from tests.surroundings import directory_for_all

from .site import Site

pytestmark = [pytest.mark.root, pytest.mark.e2e]

PACKETS = 300


@pytest.fixture(scope="module")
def service() -> Iterator[Running]:
    """Of these tests' own: they lose its state."""
    with directory_for_all("survival-") as directory:
        running = Running(directory / "state")
        try:
            running.up()
            yield running
            assert not running.defects()
        finally:
            running("down", "--purge", "--yes", code=None)


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
    tag = [{"Key": "written", "Value": f"just before {victim} died"}]
    ping = service.start("exec", a.instance_id, "--", "ping", "-i", "0.01", "-c", str(PACKETS), b.address)
    assert ping.stdout is not None
    while "icmp_seq" not in (line := ping.stdout.readline()):
        assert line, "it pings"
    a.ec2.create_tags(Resources=[a.vpc_id], Tags=tag)
    before = _everything(a)
    service.kill(victim)
    time.sleep(0.5)
    service("up")
    output, _ = ping.communicate(timeout=PATIENCE_SECONDS)  # the ping writes into our pipe, whoever dies
    found = re.search(r"(\d+) packets transmitted, (\d+) received", output)
    assert found, output
    assert found.groups() == (str(PACKETS), str(PACKETS)), output
    eventually(lambda: service.status()["status"] == "ok", what="the service is well again")
    assert _everything(a) == before
    assert (
        a.ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [a.vpc_id]}])["Tags"][0]["Value"]
        == tag[0]["Value"]
    )
    assert a.ping(b.address) == 0


def test_a_restart_of_both_adopts_the_same_machines(service: Running, pair: tuple[Site, Site]) -> None:
    a, b = pair
    boot = service("exec", a.instance_id, "--", "stat", "-c", "%Z", "/proc/1").out
    for victim in ("node", "api"):
        service.kill(victim)
    service("up")
    eventually(lambda: service.status()["status"] == "ok", what="the service is well again")
    assert service("exec", a.instance_id, "--", "stat", "-c", "%Z", "/proc/1").out == boot
    assert b.ping(a.address) == 0


def test_down_and_up_bring_the_instances_back(service: Running, pair: tuple[Site, Site]) -> None:
    a, b = pair
    before = _everything(a)
    service("exec", a.instance_id, "--", "sh", "-c", "echo kept > /root/note")
    service("down")
    assert "running" in service("up").err
    assert all(_runs(service, site) for site in pair)  # `up` has waited for them
    eventually(lambda: a.ping_briefly(b.address) == 0, what="the instances answer again")
    assert _everything(a) == before
    assert service("exec", a.instance_id, "--", "cat", "/root/note").out == "kept\n"


def test_a_lost_state_costs_no_disk(service: Running, pair: tuple[Site, Site], tmp_path: Path) -> None:
    a, b = pair
    service("exec", a.instance_id, "--", "sh", "-c", "echo precious > /root/note")
    service("down")
    lost = [path.rename(tmp_path / path.name) for path in (service.state / "api").glob("state.db*")]
    assert lost
    assert "2 disks of instances that this state does not know" in service("up").err
    assert service.status()["node"]["machines_up"] == 0
    assert {disk["name"] for disk in _kept(service)} == {a.instance_id, b.instance_id}
    assert "2 that were kept aside" in service("down", "--purge", code=1).out, "as the question, which nobody answers"
    service("down")
    for path in (service.state / "api").glob("state.db*"):
        path.unlink()
    for path in lost:
        path.rename(service.state / "api" / path.name)
    service("up")
    assert service("exec", a.instance_id, "--", "cat", "/root/note").out == "precious\n"
    assert _kept(service) == []


def test_a_stopped_instance_that_is_terminated_leaves_no_disk(service: Running, pair: tuple[Site, Site]) -> None:
    _, b = pair
    b.ec2.stop_instances(InstanceIds=[b.instance_id])
    b.ec2.get_waiter("instance_stopped").wait(InstanceIds=[b.instance_id], WaiterConfig={"Delay": 1})
    service.kill("node")
    b.ec2.terminate_instances(InstanceIds=[b.instance_id])
    service.kill("api")
    service("up")
    disk = service.state / "node" / "disks" / b.instance_id
    eventually(lambda: not disk.exists(), what="its disk is gone")
    assert _kept(service) == []


def _kept(service: Running) -> list[dict[str, Any]]:
    disks: list[dict[str, Any]] = json.loads(service("disks", "list", "--json").out)
    return disks


def _runs(service: Running, site: Site) -> bool:
    return service("exec", site.instance_id, "--", "true", code=None).code == 0


def _everything(site: Site) -> list[Any]:
    """What the API says of all that this account has."""
    calls = ("vpcs", "subnets", "route_tables", "security_groups", "instances", "vpc_peering_connections")
    answers = [getattr(site.ec2, f"describe_{call}")() for call in calls]
    for answer in answers:
        answer.pop("ResponseMetadata")
    return answers
