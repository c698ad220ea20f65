"""What somebody with root does to a running service's links, namespaces and files: it is mended, or one is told."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from realvpc.config import run_dir_for
from realvpc.fabric import kernel
from tests.e2e.site import Site
from tests.running import Running, eventually

pytestmark = [pytest.mark.root, pytest.mark.e2e]


def run_dir_of(service: Running) -> Path:
    return run_dir_for(service.state, {}, os.geteuid())


def in_namespace(service: Running, name: str, *command: str) -> None:
    path = run_dir_of(service) / "ns" / name
    subprocess.run(["nsenter", f"--net={path}", *command], check=True)


def test_a_service_tells_what_was_done_to_it_and_goes_on(new_service: Callable[..., Running]) -> None:
    service = new_service()
    service.up()
    site = Site(service, "main", "sabotaged", "10.20.0.0/16", "10.20.0.0/20")
    asking = ("exec", site.instance_id, "--", "getent", "hosts", "one.example.com")
    assert service(*asking).out

    service("exec", site.instance_id, "--", "ping", "-c", "1", "-W", "1", "192.0.2.1", code=None)
    assert "NO_ROUTE" in service("counters", site.instance_id).out

    def resolves_again() -> bool:
        return service(*asking, code=None).code == 0

    def repaired() -> set[str]:
        return {repair["subject"] for repair in service.status()["node"]["repairs"]}

    in_namespace(service, site.instance_id, "ip", "link", "delete", "eth0")
    eventually(lambda: site.instance_id in repaired(), what="a link that is gone is plugged in again")
    assert "repaired" in service("status").out
    eventually(resolves_again, what="with its address and routes")

    # The sockets that the API process holds are in a namespace that is gone: it gets new ones.
    path = run_dir_of(service) / "ns" / "services"
    service.kill("node")
    kernel.unmount(path)
    service("up")
    eventually(resolves_again, what="services of a namespace that was made anew are served")
    assert "opened anew" in (service.state / "log" / "api.log").read_text()

    node_socket = run_dir_of(service) / "node.sock"
    node_socket.unlink()
    eventually(node_socket.exists, what="the socket is made anew")
    assert service(*asking).out

    # What cannot be mended is the system's fault, which the API shows.
    forgotten = run_dir_of(service) / "crun" / site.instance_id
    away = run_dir_of(service) / "away"
    forgotten.rename(away)

    def system_status() -> str:
        (status,) = service.client("ec2").describe_instance_status(InstanceIds=[site.instance_id])["InstanceStatuses"]
        assert status["InstanceStatus"]["Status"] == "ok"
        return str(status["SystemStatus"]["Status"])

    eventually(lambda: system_status() == "impaired", what="the instance's system is impaired")
    assert not service.status()["well"]
    assert site.instance_id in json.dumps(service.status()["faults"])
    away.rename(forgotten)
    eventually(lambda: system_status() == "ok", what="and well again")
    assert not service.defects()
