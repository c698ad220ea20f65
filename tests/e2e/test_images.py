"""An image of the operator's, run with a key pair and user data; and instances after the host was restarted."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from realvpc.net.images import AL2023
from realvpc.node.connection import NodeConnection
from realvpc.node.messages import MachineUp
from tests.instance.systems import busybox_system
from tests.running import REGION, Running, eventually

pytestmark = [pytest.mark.root, pytest.mark.e2e]
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDIG9fHqrEfnTiFgrcvdPcbFPwX7dMUYNUzWmhDCEuEF"


def subnet(ec2: Any, cidr: str) -> str:
    vpc_id = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
    subnet_id: str = ec2.create_subnet(VpcId=vpc_id, CidrBlock=cidr)["Subnet"]["SubnetId"]
    return subnet_id


def run(ec2: Any, **more: Any) -> str:
    """The id of a new instance, which runs."""
    launched = ec2.run_instances(InstanceType="t3.micro", MinCount=1, MaxCount=1, **more)
    instance_id: str = launched["Instances"][0]["InstanceId"]
    ec2.get_waiter("instance_running").wait(InstanceIds=[instance_id])
    return instance_id


def console(ec2: Any, instance_id: str) -> str:
    """What the instance has written; botocore has taken the base64 off."""
    output: str = ec2.get_console_output(InstanceId=instance_id, Latest=True).get("Output", "")
    return output


def test_an_image_is_added_run_with_a_key_and_user_data_and_removed(service: Running, tmp_path: Path) -> None:
    ec2 = service.client("ec2")
    system = busybox_system(tmp_path / "system")
    (added,) = json.loads(service("image", "add", "tiny", str(system), "--json").out)
    assert "already in use" in service("image", "add", "tiny", str(system), code=1).err
    ec2.import_key_pair(KeyName="tiny", PublicKeyMaterial=KEY.encode())
    data = "#!/bin/sh\nhostname\ncat /etc/os-release\n"
    instance_id = run(ec2, ImageId=added["id"], SubnetId=subnet(ec2, "10.90.0.0/24"), KeyName="tiny", UserData=data)
    eventually(lambda: 'NAME="tiny"' in console(ec2, instance_id), what="user data on the console")
    assert (
        service("exec", "--user", "ec2-user", instance_id, "--", "cat", ".ssh/authorized_keys").out == f"{KEY} tiny\n"
    )
    attribute = ec2.describe_instance_attribute(InstanceId=instance_id, Attribute="userData")
    assert base64.b64decode(attribute["UserData"]["Value"]).decode() == data
    service("image", "remove", "tiny")
    assert json.loads(service("image", "list", "--json").out) == []
    content = service.state / "node/images" / added["content"]
    assert content.exists(), "the instance needs it"
    ec2.terminate_instances(InstanceIds=[instance_id])
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[instance_id])
    with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
        ec2.describe_images(ImageIds=[added["id"]])
    assert "no image can be made of it" in service("image", "add", "words", str(_words(tmp_path)), code=1).err
    assert not content.exists(), "adding and removing images tidies up"
    assert json.loads(service("image", "list", "--json").out) == [], "one that failed is not there"


def _words(tmp_path: Path) -> Path:
    (tmp_path / "words/etc").mkdir(parents=True)
    return tmp_path / "words"


@pytest.fixture
def restarted() -> Iterator[Running]:
    """A service of its own: a restart of the host takes everything down."""
    directory = Path(tempfile.mkdtemp(prefix="realvpc-e2e-"))
    directory.chmod(0o755)
    service = Running(directory / "state")
    try:
        service.up()
        yield service
    finally:
        service("down", "--purge", "--yes", code=None)
        shutil.rmtree(directory, ignore_errors=True)


def _restart_the_host(service: Running) -> None:
    """What a restart does to a service: no process lives on, and what is in /run is gone, mounts and all."""
    run_dir = Path(json.loads((service.state / "service.json").read_text())["run_dir"])
    with NodeConnection(run_dir / "node.sock") as node:
        machines = [report.pid for report in node.status().machines if isinstance(report, MachineUp)]
    for role in ("api", "node"):
        service.kill(role)
    for pid in machines:
        os.kill(pid, signal.SIGKILL)
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for mount in reversed([each for each in mounts if Path(each).is_relative_to(run_dir)]):
        subprocess.run(["umount", "--lazy", mount], check=True)
    shutil.rmtree(run_dir)


def test_what_ran_before_the_host_was_restarted_runs_again_and_what_was_stopped_stays_so(restarted: Running) -> None:
    ec2 = restarted.client("ec2")
    launch = {"ImageId": AL2023.id_in(REGION), "SubnetId": subnet(ec2, "10.91.0.0/24")}
    runs, stays = run(ec2, **launch), run(ec2, **launch)
    restarted("exec", runs, "--", "sh", "-c", "echo kept >/home/kept")
    ec2.stop_instances(InstanceIds=[stays])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[stays])
    _restart_the_host(restarted)
    restarted("up")
    eventually(lambda: restarted.status()["status"] == "ok", what="the service is well again")

    def states() -> dict[str, str]:
        reservations = ec2.describe_instances(InstanceIds=[runs, stays])["Reservations"]
        return {row["InstanceId"]: row["State"]["Name"] for each in reservations for row in each["Instances"]}

    eventually(lambda: states() == {runs: "running", stays: "stopped"}, what="the instances are as they were")
    eventually(lambda: restarted("exec", runs, "--", "cat", "/home/kept", code=None).out == "kept\n", what="its disk")
