"""What a service does against those who should not get in, and against processes that are there and do nothing."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sqlite3
import ssl
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import boto3
import pytest

from tests.certificate import self_signed
from tests.patience import PATIENCE_SECONDS
from tests.running import Running

pytestmark = pytest.mark.e2e


def ask(service: Running, method: str, path: str, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE_SECONDS)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_web_pages_cannot_use_a_service_that_believes_everybody(new_service: Callable[..., Running]) -> None:
    service = new_service()
    service.up("--fabric", "none", "--credentials", "any", "--host-name", "vpc.example")
    create = "/?Action=CreateVpc&Version=2016-11-15&CidrBlock=10.0.0.0/16"
    for headers in ({"Origin": "http://evil.example"}, {"Sec_Fetch_Site": "cross-site"}, {"Host": "evil.example"}):
        for method, path in (("POST", create), ("GET", create), ("POST", "/_realvpc/reset")):
            code, said = ask(service, method, path, **headers)
            assert code == 403, (method, path, headers)
            assert said
    assert "10.0.0.0/16" not in ask(service, "POST", "/?Action=DescribeVpcs&Version=2016-11-15")[1]
    assert ask(service, "GET", "/_realvpc/health", Host="vpc.example")[0] == 200


def test_strangers_learn_nothing_of_faults(service: Running) -> None:
    code, said = ask(service, "GET", "/_realvpc/health")
    assert (code, set(json.loads(said))) == (200, {"status", "ready", "version"})


def test_the_processes_inherit_nothing_of_their_starters_environment(new_service: Callable[..., Running]) -> None:
    service = new_service()
    service.up("--fabric", "none", environment={"AWS_SECRET_ACCESS_KEY": "hidden", "HTTP_PROXY": "http://x"})
    variables = Path(f"/proc/{service.pid('api')}/environ").read_bytes().split(b"\0")
    assert {line.partition(b"=")[0] for line in variables if line} <= {b"PATH", b"LANG", b"LC_CTYPE"}


@pytest.mark.root
def test_each_service_is_a_user_of_its_own(service: Running, new_service: Callable[..., Running]) -> None:
    second = new_service("second")
    second.up("--fabric", "none")
    owners = {Path(f"/proc/{each.pid('api')}").stat().st_uid for each in (service, second)}
    assert len(owners) == 2
    assert owners == {(each.state / "api").stat().st_uid for each in (service, second)}


def test_up_replaces_a_process_that_is_alive_and_silent(service: Running) -> None:
    vpc = service.client("ec2").create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    pid = service.pid("api")
    record = json.loads((service.state / "service.json").read_text())
    os.utime(Path(record["run_dir"]) / "api.pid", (0, 0))  # it has been up for long
    os.kill(pid, signal.SIGSTOP)
    said = service("up").err
    assert f"(pid {pid}) is silent: it is replaced" in said
    assert service.pid("api") != pid
    assert vpc in service.vpcs()


def test_up_replaces_a_process_whose_socket_is_gone(service: Running) -> None:
    pid = service.pid("api")
    record = json.loads((service.state / "service.json").read_text())
    os.utime(Path(record["run_dir"]) / "api.pid", (0, 0))
    (Path(record["run_dir"]) / "api.sock").unlink()
    service("up")
    assert service.status()["well"]
    assert service.pid("api") != pid


def test_a_state_that_has_lost_a_row_is_refused_at_once(new_service: Callable[..., Running]) -> None:
    service = new_service()
    service.up("--fabric", "none")
    ec2 = service.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.0.0/24")["Subnet"]
    service("down")
    with closing(sqlite3.connect(service.state / "api" / "state.db", isolation_level=None)) as database:
        database.execute("DELETE FROM resource WHERE type = 'Vpc' AND id = ?", [vpc])
    said = service("up", code=1).err
    assert f"Subnet {subnet['SubnetId']} names {vpc}, which is not there" in said
    assert "has ended" in said, "nobody waits for what will not come"


@pytest.mark.parametrize(
    "make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/null")], ids=["pipe", "directory", "link"]
)
def test_a_log_that_cannot_be_written_is_named(
    new_service: Callable[..., Running], make: Callable[[Path], object]
) -> None:
    service = new_service()
    (service.state / "log").mkdir(parents=True)
    make(service.state / "log" / "api.log")
    said = service("up", "--fabric", "none", code=1).err
    assert f"cannot write {service.state}/log/api.log" in said
    assert "Traceback" not in said


def test_others_that_can_connect_can_read_along_unless_there_is_tls(new_service: Callable[..., Running]) -> None:
    service = new_service()
    said = service("up", "--fabric", "none", "--listen", f"0.0.0.0:{service.port}").err
    assert "plain HTTP" in said
    assert "--tls-cert" in said


def test_https_with_a_certificate_of_ones_own(new_service: Callable[..., Running], tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    service = new_service()
    service.up("--fabric", "none", "--tls-cert", str(certificate), "--tls-key", str(key))
    variables = service.environment()
    assert variables["AWS_ENDPOINT_URL"] == f"https://127.0.0.1:{service.port}"
    client = boto3.client(
        "sts",
        region_name=variables["AWS_REGION"],
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        verify=variables["AWS_CA_BUNDLE"],
    )
    assert client.get_caller_identity()["Arn"].endswith(":user/admin")
    assert service.aws("sts", "get-caller-identity")["Arn"].endswith(":user/admin")
    with socket.create_connection(("127.0.0.1", service.port)) as plain:
        context = ssl.create_default_context(cafile=str(certificate))
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as secured:
            assert secured.version() in ("TLSv1.2", "TLSv1.3")
    service("down")
    service("up", "--no-tls")
    assert service.environment()["AWS_ENDPOINT_URL"].startswith("http://")


def test_half_of_tls_and_files_that_are_none_are_refused_with_the_reason(
    new_service: Callable[..., Running], tmp_path: Path
) -> None:
    certificate, key = self_signed(tmp_path)
    service = new_service()
    assert "go together" in service("up", "--fabric", "none", "--tls-cert", str(certificate), code=1).err
    refused = service("up", "--fabric", "none", "--tls-cert", str(key), "--tls-key", str(key), code=1)
    assert "no certificate and key in PEM form" in refused.err
    missing = tmp_path / "missing.pem"
    for files in ((missing, key), (certificate, missing)):
        words = [str(word) for pair in zip(("--tls-cert", "--tls-key"), files, strict=True) for word in pair]
        refused = service("up", "--fabric", "none", *words, code=1)
        assert f"cannot read {missing}: No such file or directory" in refused.err
