"""The service starts, answers, stops, heals, and loses nothing that it acknowledged."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shlex
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError

from realvpc.net.zones import REGIONS, zones
from tests.patience import PATIENCE_SECONDS
from tests.running import AWS, REGION, Running, shell

pytestmark = pytest.mark.e2e


def test_up_answers_and_up_again_says_so(service: Running) -> None:
    pid = service.pid("api")
    again = service.up("--fabric", "none")
    assert "already up" in again.err
    assert service.pid("api") == pid
    status = service.status()
    assert (status["well"], status["fabric"], status["credentials"]) == (True, "none", "strict")


def test_the_exports_work_in_a_shell_with_the_aws_command(service: Running) -> None:
    """Of a person with a proxy and with an account of AWS's own."""
    theirs = {"http_proxy": "http://127.0.0.1:1", "AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "theirs"}
    exports = service("env", "--account", "other", environment=theirs).out
    own = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    answer = shell(f"{exports}\n{shlex.quote(AWS)} sts get-caller-identity", own | theirs)
    assert answer.code == 0, answer.err
    identity = json.loads(answer.out)
    accounts = {each["name"]: each["id"] for each in json.loads(service("accounts", "--json").out)}
    assert identity["Account"] == accounts["other"] != accounts["main"]
    assert identity["Arn"] == f"arn:aws:iam::{accounts['other']}:user/admin"


def test_an_unknown_account_or_region_is_named_with_those_there_are(service: Running) -> None:
    assert "main, other" in service("env", "--account", "third", code=1).err
    assert REGION in service("env", "--region", "mars-north-1", code=1).err


def test_hosts_of_a_vpc_that_there_is_not_are_no_empty_list(service: Running) -> None:
    vpc = service.client("ec2").create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    assert json.loads(service("hosts", "--vpc", vpc, "--json").out) == []
    assert "there is no VPC vpc-0 " in service("hosts", "--vpc", "vpc-0", code=1).err.replace(",", " ")


def test_the_two_accounts_see_other_zones_behind_the_same_names(service: Running) -> None:
    def zone_ids(*options: str) -> dict[str, str]:
        answer = service.client("ec2", *options).describe_availability_zones()
        return {zone["ZoneName"]: zone["ZoneId"] for zone in answer["AvailabilityZones"]}

    main, other = zone_ids(), zone_ids("--account", "other")
    assert main.keys() == other.keys()
    assert main != other
    assert main == {zone.name: zone.id for zone in zones(REGIONS[REGION], 0)}


def test_down_keeps_the_state_and_purge_does_not(service: Running) -> None:
    vpc = service.client("ec2").create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    assert "is down" in service("down").err
    assert "was not up" in service("down").err
    assert service("status", code=1).err
    service("up")  # with the port and the fabric that it had
    assert vpc in service.vpcs()
    service("down", "--purge", "--yes")
    assert not service.state.exists()


def test_purge_asks_first(service: Running) -> None:
    service("down", "--purge", code=1)
    assert service.status()["up"]


def test_two_services_run_side_by_side(service: Running, new_service: Callable[..., Running]) -> None:
    second = new_service("second")
    second.up("--fabric", "none")
    mine = service.client("ec2").create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    assert mine in service.vpcs()
    assert mine not in second.vpcs()
    second("down")
    assert service.status()["well"]


def test_a_port_in_use_is_named_with_another_to_try(service: Running, new_service: Callable[..., Running]) -> None:
    second = new_service("second")
    second.port = service.port
    refused = second("up", "--fabric", "none", "--listen", f"127.0.0.1:{service.port}", code=1)
    assert f"cannot listen on 127.0.0.1:{service.port}" in refused.err
    suggested = re.search(r"--listen 127\.0\.0\.1:(\d+)", refused.err)
    assert suggested
    socket.create_server(("127.0.0.1", int(suggested[1]))).close()


def test_another_setting_while_up_is_refused_with_the_way_to_it(service: Running) -> None:
    refused = service("up", "--credentials", "any", code=1)
    assert "realvpc down --keep-instances" in refused.err
    assert service.status()["credentials"] == "strict"


def test_up_heals_after_kill_9(service: Running) -> None:
    vpc = service.client("ec2").create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    service.kill("api")
    broken = service("status", code=1)
    assert "up` starts it again" in broken.out
    service("up")
    assert service.status()["well"]
    assert vpc in service.vpcs()


def test_every_acknowledged_write_survives_kill_9_at_any_moment(service: Running) -> None:
    chance = random.Random(7)
    acknowledged: list[str] = []
    deleted: set[str] = set()
    for _ in range(4):
        before = len(acknowledged)
        writer = threading.Thread(target=_write_until_refused, args=(service, acknowledged, deleted))
        writer.start()
        while len(acknowledged) == before and writer.is_alive():
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.15))
        service.kill("api")
        writer.join(PATIENCE_SECONDS)
        service("up")
        assert len(acknowledged) > before
        assert set(acknowledged) - deleted <= service.vpcs()


def _write_until_refused(service: Running, acknowledged: list[str], deleted: set[str]) -> None:
    """Create VPCs, and delete them again (a Region takes only a few), until the connection breaks."""
    client = service.client("ec2", attempts=1)
    with contextlib.suppress(BotoCoreError):
        for old in service.vpcs():
            deleted.add(old)
            client.delete_vpc(VpcId=old)
        while True:
            vpc = client.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
            acknowledged.append(vpc)
            client.create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": vpc}])
            if len(acknowledged) % 2:
                deleted.add(vpc)
                client.delete_vpc(VpcId=vpc)
            elif len(set(acknowledged) - deleted) > 2:
                old = next(each for each in acknowledged if each not in deleted)
                deleted.add(old)
                client.delete_vpc(VpcId=old)


def test_the_clock_moves_and_stays_moved_over_a_restart(service: Running) -> None:
    service("clock", "--advance", "7d")
    service("down")
    service("up")
    assert service.status()["clock_offset"] == 7 * 86400
    service("clock", "--reset")
    assert service.status()["clock_offset"] == 0


def test_over_tcp_only_health_is_answered(service: Running) -> None:
    assert _http(service, "GET", "/_realvpc/health")[0] == 200
    for path in ("status", "accounts", "instances", "console", "clock", "why", "matrix", "counters"):
        assert _http(service, "GET", f"/_realvpc/{path}")[0] == 403
    assert _http(service, "POST", "/_realvpc/reset")[0] == 403
    assert _http(service, "GET", "/_realvpc/nothing")[0] == 404


def test_any_credentials_and_a_reset_for_test_suites(new_service: Callable[..., Running]) -> None:
    import boto3

    service = new_service()
    assert "signatures are not checked" in service.up("--fabric", "none", "--credentials", "any").err
    endpoint = f"http://127.0.0.1:{service.port}"
    key = {"aws_access_key_id": "333333333333", "aws_secret_access_key": "x", "endpoint_url": endpoint}
    session = boto3.Session(region_name="us-east-1")
    assert session.client("sts", **key).get_caller_identity()["Account"] == "333333333333"
    client = session.client("ec2", **key)
    vpc = client.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    for path in ("/_realvpc/reset", "/moto-api/reset"):
        assert _http(service, "POST", path)[0] == 200
        assert vpc not in {each["VpcId"] for each in client.describe_vpcs()["Vpcs"]}


def _http(service: Running, method: str, path: str) -> tuple[int, Any]:
    request = urllib.request.Request(f"http://127.0.0.1:{service.port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_the_operators_socket_and_the_state_are_nobody_elses(service: Running) -> None:
    record = json.loads((service.state / "service.json").read_text())
    socket = Path(record["run_dir"]) / "api.sock"
    assert socket.stat().st_mode & 0o777 == 0o600
    assert socket.stat().st_uid == int(os.environ.get("SUDO_UID", os.geteuid()))
    assert (service.state / "api").stat().st_mode & 0o077 == 0
    for log in (service.state / "log").iterdir():
        assert "secret" not in log.read_text().lower()


@pytest.mark.root
def test_the_api_process_has_no_rights(service: Running) -> None:
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{service.pid('api')}/status").read_text().splitlines())
    uids = set(status["Uid"].split())
    assert len(uids) == 1
    assert "0" not in uids | set(status["Gid"].split())
    assert status["Groups"].strip() == ""
    for field in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[field], 16) == 0
    assert status["NoNewPrivs"] == "1"


@pytest.mark.root
def test_a_person_without_root_runs_the_api_alone(new_service: Callable[..., Running]) -> None:
    service = new_service("own", user=65534)
    refused = service("up", code=1)
    assert "--fabric none" in refused.err
    service.up("--fabric", "none")
    assert Path(f"/proc/{service.pid('api')}").stat().st_uid == 65534
    assert service.client("sts").get_caller_identity()["Arn"].endswith(":user/admin")


@pytest.mark.root
def test_the_api_process_sees_nothing_else_of_a_directory_that_is_closed_to_it(
    new_service: Callable[..., Running],
) -> None:
    service = new_service()
    closed = service.state.parent.parent
    (closed / "private").write_text("not for the service")
    closed.chmod(0o700)
    service.up("--fabric", "none")
    seen = Path(f"/proc/{service.pid('api')}/root{closed}")
    assert [path.name for path in seen.iterdir()] == [service.state.parent.name]
    assert [path.name for path in (seen / service.state.parent.name / service.state.name).iterdir()] == ["api"]
    assert service.client("sts").get_caller_identity()["Arn"].endswith(":user/admin")
    service("down")
    assert (closed / "private").exists()


@pytest.mark.root
def test_who_typed_sudo_may_ask_the_service_without_it(new_service: Callable[..., Running]) -> None:
    service = new_service("sudo")
    person = new_service("person", user=65534)
    service.up("--fabric", "none", environment={"SUDO_UID": "65534"})
    person.state = service.state
    assert person.status()["well"]
    assert person.client("sts").get_caller_identity()["Arn"].endswith(":user/admin")
    assert "belongs to root: do this as root" in person("down", code=1).err
    assert service.status()["well"]


def test_in_the_foreground_it_stops_with_a_signal(new_service: Callable[..., Running]) -> None:
    service = new_service()
    process = service.start("up", "--fabric", "none", "--foreground", "--listen", f"127.0.0.1:{service.port}")
    assert process.stderr
    said = ""
    while "is up at" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    vpc = service.client("ec2").create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    process.send_signal(signal.SIGTERM)
    said += process.communicate(timeout=PATIENCE_SECONDS)[1]
    assert process.returncode == 0, said
    assert not service.status()["up"]
    assert "serving http" in said  # the log
    service("up")
    assert vpc in service.vpcs()


def test_an_empty_variable_is_no_directory_and_no_instance(service: Running) -> None:
    of_state = ("--state", "")
    for words in (("up", *of_state), ("down", "--purge", "--yes", *of_state), ("status", *of_state), ("logs", "")):
        assert "is a variable not set?" in service(*words, code=2).err


def test_purge_leaves_what_others_have_put_there(service: Running) -> None:
    (service.state / "thesis.txt").touch()
    service("down", "--purge", "--yes")
    assert [each.name for each in service.state.iterdir()] == ["thesis.txt"]
    (service.state / "thesis.txt").unlink()
